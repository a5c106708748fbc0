# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PKCS#7: certificates and CRLs of signed data."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import (
    CertificateItem,
    CrlItem,
    ProblemItem,
    read_items,
)
from tests.support import asn1
from tests.support.certificates import make_ca, make_crl, make_leaf, pem_to_der, to_pem
from tests.support.keystores import indefinite

AUTHORITY = make_ca()
LEAF = make_leaf(issuer=AUTHORITY)
CRL = pem_to_der(make_crl(AUTHORITY, serial_numbers=[1, 2, 3]))


def signed_data(*certificates: bytes, crls: bytes = b"", kind: str = "1.2.840.113549.1.7.2") -> bytes:
    """The degenerate form: no content, no signer."""
    content = asn1.tlv(asn1.SEQUENCE, asn1.oid("1.2.840.113549.1.7.1"))
    body = asn1.tlv(
        asn1.SEQUENCE,
        asn1.integer(1),
        asn1.tlv(asn1.SET),
        content,
        asn1.tlv(0xA0, *certificates) if certificates else b"",
        asn1.tlv(0xA1, crls) if crls else b"",
        asn1.tlv(asn1.SET),
    )
    return asn1.tlv(asn1.SEQUENCE, asn1.oid(kind), asn1.tlv(asn1.CONTEXT, body))


WHOLE = signed_data(LEAF.der, b"\xa1\x02\x05\x00", AUTHORITY.der, crls=CRL)


@pytest.mark.parametrize("data", [WHOLE, indefinite(WHOLE), WHOLE + b"\n"])
def test_whole(data: bytes) -> None:
    leaf, authority, crl = read_items(data)
    assert isinstance(leaf, CertificateItem)
    assert isinstance(authority, CertificateItem)
    assert isinstance(crl, CrlItem)
    assert (leaf.position, authority.position, crl.position) == ("1", "3", "4")
    assert leaf.certificate.fingerprint_sha256 == LEAF.fingerprint
    assert crl.crl["entries"] == 3


@pytest.mark.parametrize("label", ["PKCS7", "PKCS #7 SIGNED DATA", "CMS"])
def test_pem(label: str) -> None:
    items = read_items(to_pem(signed_data(LEAF.der, AUTHORITY.der), label) + LEAF.pem)
    assert [item.position for item in items] == ["1.1", "1.2", "2"]
    assert all(isinstance(item, CertificateItem) for item in items)


def test_a_single_certificate_has_no_position() -> None:
    assert [item.position for item in read_items(signed_data(LEAF.der))] == [""]


def test_a_bad_certificate_does_not_hide_its_neighbours() -> None:
    first, bad, last = read_items(signed_data(LEAF.der, asn1.tlv(asn1.SEQUENCE, b"\x05\x00"), AUTHORITY.der))
    assert isinstance(first, CertificateItem)
    assert isinstance(bad, ProblemItem)
    assert isinstance(last, CertificateItem)


def test_other_kinds_hold_nothing() -> None:
    assert read_items(signed_data(LEAF.der, kind="1.2.840.113549.1.7.3")) == []


def test_cut_short_keeps_what_came_before() -> None:
    data = signed_data(LEAF.der, AUTHORITY.der)
    for size in range(30, len(data)):
        *_before, last = read_items(data[:size])
        assert isinstance(last, ProblemItem)


@pytest.mark.parametrize("body", [b"!!", b"QUJD"])
def test_bad_pem(body: bytes) -> None:
    (item,) = read_items(b"-----BEGIN PKCS7-----\n" + body + b"\n-----END PKCS7-----\n")
    assert isinstance(item, ProblemItem)
    (item,) = read_items(b"-----BEGIN PKCS7-----\n" + body)
    assert isinstance(item, ProblemItem)
