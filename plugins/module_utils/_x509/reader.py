# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any file or store that may hold certificates, told by its content and never by its name."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Callable

from . import jks
from .certificate_reader import read_certificate
from .crl import read_crl
from .der import read_element
from .items import CertificateItem, CrlItem, Item, KeyItem, ProblemItem
from .pem import Block, blocks, decode, only_certificate
from .pkcs7 import read_pkcs7
from .pkcs12 import read_pkcs12
from .sniff import Kind, sniff

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CertificateItem", "CrlItem", "Item", "KeyItem", "ProblemItem", "read_items"]

# A hostile file of 100 MB has room for millions of broken blocks, each of which would become a problem.
MAX_ITEMS = 200_000

_PADDING = re.compile(rb"[\0\s]*")
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_PKCS7_LABELS = ("PKCS7", "PKCS #7 SIGNED DATA", "CMS")


def read_items(data: bytes, *, passwords: Sequence[str] = ()) -> list[Item]:
    """All certificates, CRLs, private keys (that they are there) and problems in ``data``, in their order.

    ``data``: PEM text with any number of blocks, DER (X.509, CRL, PKCS#7, PKCS#12, private keys), JKS or JCEKS.
    ``passwords`` are for the keystores. [] where it plainly holds nothing of the kind. Never raises on any bytes.
    """
    only = only_certificate(data)
    if only is not None:
        return [_read_block(only, "", _certificate_item)]
    items = list(islice(_items(data, passwords), MAX_ITEMS + 1))
    if len(items) > MAX_ITEMS:
        items[MAX_ITEMS] = ProblemItem(
            "", "unparseable", f"it holds more than {MAX_ITEMS} items: the rest was not read"
        )
    if len(items) == 1 and items[0].position.isdigit():
        return [items[0]._replace(position="")]
    return items


def _items(data: bytes, passwords: Sequence[str]) -> Iterator[Item]:
    if data.startswith(jks.MAGICS):
        return jks.read_jks(data, passwords)
    if data[:1] == b"\x30" and sniff(data, 0)[0] is not Kind.OTHER:
        return _read_der(data, passwords)
    if data[:2] in _UTF16:
        data = data[2:].decode(_UTF16[data[:2]], "replace").encode("ascii", "replace")
    return _read_pem(data)


def _read_pem(data: bytes) -> Iterator[Item]:
    """The items of PEM text; requests, parameters, public keys and what else is not ours are passed over."""
    for block in blocks(data):
        position = str(block.number)
        if block.label in _CERTIFICATE_LABELS:
            yield _read_block(block, position, _certificate_item)
        elif block.label.endswith("PRIVATE KEY"):
            yield KeyItem(position)
        elif block.label in _PKCS7_LABELS:
            yield from _read_pem_pkcs7(block, position)
        elif block.label == "X509 CRL":
            yield _read_block(block, position, _crl_item)


def _read_block(block: Block, position: str, read: Callable[[str, bytes], Item]) -> Item:
    if block.problem:
        return _problem(position, f"the {block.label} block is not well-formed: {block.problem}")
    try:
        der = decode(block.body)
        if block.label == "TRUSTED CERTIFICATE":
            der = der[: read_element(der, 0).end]  # OpenSSL's trust settings follow it
        return read(position, der)
    except ValueError as error:
        return _problem(position, str(error))


def _read_pem_pkcs7(block: Block, position: str) -> Iterator[Item]:
    if block.problem:
        yield _problem(position, f"the {block.label} block is not well-formed: {block.problem}")
        return
    try:
        der = decode(block.body)
    except ValueError as error:
        yield _problem(position, str(error))
        return
    for item in read_pkcs7(der):
        yield item._replace(position=f"{position}.{item.position}")


def _read_der(data: bytes, passwords: Sequence[str]) -> Iterator[Item]:
    """One DER structure after the other; zeros and white space may lie between them."""
    position, number = 0, 0
    while position < len(data):
        kind, end = sniff(data, position)
        if kind is Kind.OTHER:
            yield _problem(str(number + 1), f"{len(data) - position} bytes follow which are no certificate")
            return
        number += 1
        yield from _read_structure(data[position:end], kind, str(number), passwords)
        position = _padding_end(data, end)


def _padding_end(data: bytes, position: int) -> int:
    padding = _PADDING.match(data, position)
    return padding.end() if padding else position


def _read_structure(der: bytes, kind: Kind, position: str, passwords: Sequence[str]) -> Iterator[Item]:
    if kind is Kind.PKCS12:
        yield from read_pkcs12(der, passwords)
    elif kind is Kind.PKCS7:
        yield from read_pkcs7(der)
    elif kind is Kind.PRIVATE_KEY:
        yield KeyItem(position)
    else:
        try:
            yield (_certificate_item if kind is Kind.CERTIFICATE else _crl_item)(position, der)
        except ValueError as error:
            yield _problem(position, str(error))


def _certificate_item(position: str, der: bytes) -> Item:
    return CertificateItem(position, read_certificate(der))


def _crl_item(position: str, der: bytes) -> Item:
    return CrlItem(position, read_crl(der))


def _problem(position: str, reason: str) -> ProblemItem:
    return ProblemItem(position, "unparseable", reason)
