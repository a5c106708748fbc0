# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PKCS#7 (RFC 2315, RFC 5652): the certificates and CRLs of signed data, which often is nothing but them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .certificate_reader import read_certificate
from .crl import read_crl
from .der import CONTEXT_0, CONTEXT_1, SEQUENCE, as_der, children, read_element
from .items import CertificateItem, CrlItem, Item, ProblemItem

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"


def read_pkcs7(data: bytes) -> Iterator[Item]:
    """The certificates, then the CRLs, of one signedData; positions are their numbers from 1 on.

    Attribute certificates and other kinds of certificate that RFC 5652 allows are passed over.
    """
    number = 0
    try:
        der = as_der(data)
        content = list(children(der, read_element(der, 0)))[1]
        (signed_data,) = children(der, content)
        for field in children(der, signed_data):
            if field.tag in (CONTEXT_0, CONTEXT_1):
                for element in children(der, field):
                    number += 1
                    if element.tag == SEQUENCE:
                        yield _read(str(number), der[element.position : element.end], field.tag)
    except (ValueError, IndexError) as error:
        yield ProblemItem(str(number + 1), "unparseable", f"the PKCS#7 is not well-formed: {error}")


def _read(position: str, der: bytes, kind: int) -> Item:
    try:
        if kind == CONTEXT_0:
            return CertificateItem(position, read_certificate(der))
        return CrlItem(position, read_crl(der))
    except ValueError as error:
        return ProblemItem(position, "unparseable", str(error))
