# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate revocation lists."""

from __future__ import annotations

import hashlib
import time

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._x509.crl import read_crl
from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import CrlItem, ProblemItem, read_items
from tests.support import asn1
from tests.support.certificates import make_ca, make_crl, make_name, pem_to_der

AUTHORITY = make_ca(subject=make_name("Lab CA", ORGANIZATION_NAME="Lab, Inc."))
UTC = asn1.tlv(asn1.UTC_TIME, b"260101000000Z")


def crl(*, version: bytes = b"", next_update: bytes = b"", entries: bytes = b"", issuer: bytes | None = None) -> bytes:
    algorithm = asn1.tlv(asn1.SEQUENCE, asn1.oid(asn1.ECDSA_SHA256))
    issuer = asn1.common_name("Old CA") if issuer is None else issuer
    body = asn1.tlv(asn1.SEQUENCE, version, algorithm, issuer, UTC, next_update, entries)
    return asn1.tlv(asn1.SEQUENCE, body, algorithm, asn1.tlv(asn1.BIT_STRING, b"\0\x30\0"))


def test_every_field() -> None:
    der = pem_to_der(make_crl(AUTHORITY, serial_numbers=range(1, 8)))
    assert read_crl(der) == {
        "issuer": r"CN=Lab CA,O=Lab\, Inc.",
        "this_update": "2026-01-01T00:00:00Z",
        "next_update": "2027-01-01T00:00:00Z",
        "entries": 7,
        "bytes": len(der),
        "fingerprint_sha256": hashlib.sha256(der).hexdigest(),
    }


def test_without_entries() -> None:
    assert read_crl(pem_to_der(make_crl(AUTHORITY)))["entries"] == 0


def test_pem_and_der_beside_one_another() -> None:
    pem = make_crl(AUTHORITY)
    for data in (pem, pem_to_der(pem), pem_to_der(pem) + b"\n"):
        (item,) = read_items(data)
        assert isinstance(item, CrlItem)
        assert item.position == ""
    assert [item.position for item in read_items(AUTHORITY.pem + pem)] == ["1", "2"]


def test_version_1_without_next_update() -> None:
    (item,) = read_items(crl())
    assert isinstance(item, CrlItem)
    assert (item.crl["issuer"], item.crl["next_update"]) == ("CN=Old CA", None)


def test_an_issuer_in_latin_1() -> None:
    issuer = asn1.name([(asn1.COMMON_NAME, asn1.T61, b"M\xfcnchen CA")])
    assert read_crl(crl(issuer=issuer))["issuer"] == "CN=München CA"


@pytest.mark.parametrize("der", [crl()[:-1], crl() + b"x", b"", crl(entries=b"\x30\x01")])
def test_what_is_no_crl(der: bytes) -> None:
    with pytest.raises(ValueError, match="the CRL is not well-formed"):
        read_crl(der)


def test_cut_short_is_a_problem() -> None:
    (item,) = read_items(crl()[:-1])
    assert isinstance(item, ProblemItem)
    assert "cut short" in item.reason


def test_a_million_entries_take_no_three_seconds() -> None:
    entry = b"".join(asn1.tlv(asn1.SEQUENCE, asn1.integer(2**150 + number), UTC) for number in range(1000))
    der = crl(version=asn1.integer(1), next_update=UTC, entries=asn1.tlv(asn1.SEQUENCE, entry * 1000))
    started = time.process_time()
    (item,) = read_items(der)
    assert time.process_time() - started < 3
    assert isinstance(item, CrlItem)
    assert item.crl["entries"] == 1_000_000
