# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CRL's entries, as cryptography reads them one by one."""

from __future__ import annotations

import random

import pytest
from cryptography import x509

from ansible_collections.sre.preflight.plugins.module_utils._x509.crl_entries import read_runs
from tests.support import asn1

NOW = asn1.tlv(asn1.UTC_TIME, b"261123040000Z")
DATES = [
    asn1.tlv(asn1.UTC_TIME, b"260101000000Z"),
    asn1.tlv(asn1.UTC_TIME, b"491231235959Z"),
    asn1.tlv(asn1.UTC_TIME, b"500101000000Z"),
    asn1.tlv(asn1.UTC_TIME, b"991231235959Z"),
    asn1.tlv(asn1.UTC_TIME, b"000229120000Z"),
    asn1.tlv(asn1.GENERALIZED_TIME, b"20500101000000Z"),
    asn1.tlv(asn1.GENERALIZED_TIME, b"99991231235959Z"),
]
REASON = asn1.extension("2.5.29.21", b"\x0a\x01\x01")
INVALID_SINCE = asn1.extension("2.5.29.24", asn1.tlv(asn1.GENERALIZED_TIME, b"20260101000000Z"))
UNKNOWN = asn1.extension("1.3.6.1.4.1.99999.1", bytes(300))
EXTENSIONS = [b"", *(asn1.tlv(asn1.SEQUENCE, *each) for each in ([REASON], [REASON, INVALID_SINCE], [UNKNOWN]))]


def make_crl(*entries: bytes, next_update: bytes = NOW, version: int = 2) -> bytes:
    algorithm = asn1.tlv(asn1.SEQUENCE, asn1.oid(asn1.ECDSA_SHA256))
    revoked = asn1.tlv(asn1.SEQUENCE, *entries) if entries else b""
    number = asn1.tlv(asn1.CONTEXT, asn1.tlv(asn1.SEQUENCE, asn1.extension("2.5.29.20", asn1.integer(7))))
    before, after = (asn1.integer(1), number) if version == 2 else (b"", b"")
    body = asn1.tlv(asn1.SEQUENCE, before, algorithm, asn1.common_name("Root"), NOW, next_update, revoked, after)
    return asn1.tlv(asn1.SEQUENCE, body, algorithm, asn1.tlv(asn1.BIT_STRING, b"\0\x30\0"))


def entry(number: int, date: bytes = DATES[0], extensions: bytes = b"") -> bytes:
    return asn1.tlv(asn1.SEQUENCE, asn1.integer(number), date, extensions)


def as_read(der: bytes) -> list[tuple[int, bytes]]:
    return [pair for run in read_runs(der) for pair in zip(run.serial_numbers, run.dates)]


def as_cryptography_reads(der: bytes) -> list[tuple[int, bytes]]:
    def date(revoked: x509.RevokedCertificate) -> bytes:
        at = revoked.revocation_date_utc if hasattr(revoked, "revocation_date_utc") else revoked.revocation_date
        return f"{at.year:04}{at:%m%d%H%M%S}Z".encode()

    return [(each.serial_number, date(each)) for each in x509.load_der_x509_crl(der)]


def is_taken(der: bytes) -> bool:
    """Old versions of cryptography refuse a negative serial number, and so does read_crl with them."""
    try:
        x509.load_der_x509_crl(der)
    except ValueError:
        return False
    return True


def any_entries(source: random.Random, count: int) -> list[bytes]:
    """Alike for a while, as a server's are, or of many shapes; a serial number may hold what looks like an entry."""
    numbers = [lambda: source.getrandbits(159), lambda: source.getrandbits(8 * source.randrange(1, 40))]
    numbers.append(lambda: int.from_bytes(b"\x30\x25\x02\x14" * 5, "big"))
    if is_taken(make_crl(entry(-1))):
        numbers.append(lambda: -source.getrandbits(64))
    found = []
    while len(found) < count:
        number, date, extensions = (source.choice(each) for each in (numbers, DATES, EXTENSIONS))
        alike = source.choice([1, 2, 50])
        found += [entry(number(), date, extensions) for _each in range(alike)]
    return found


@pytest.mark.parametrize("seed", range(20))
def test_entries_of_any_shape(seed: int) -> None:
    der = make_crl(*any_entries(random.Random(seed), 500))
    assert as_read(der) == as_cryptography_reads(der)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("next_update", [b"", NOW, DATES[5]])
@pytest.mark.parametrize("entries", [[], [entry(1)], [entry(2**4000)]], ids=["none", "one", "a long number"])
def test_lists_of_any_form(version: int, next_update: bytes, entries: list[bytes]) -> None:
    der = make_crl(*entries, next_update=next_update, version=version)
    assert as_read(der) == as_cryptography_reads(der)


def test_what_is_alike_is_read_at_once_but_not_all_of_it() -> None:
    runs = list(read_runs(make_crl(*(entry(2**150 + number) for number in range(10_000)))))
    assert [len(run.dates) for run in runs] == [4096, 4096, 1808]


def test_what_was_not_found_well_formed_ends_in_an_error() -> None:
    cut = asn1.tlv(asn1.SEQUENCE, asn1.integer(2**150), b"\x17\x0d2601")
    with pytest.raises(ValueError, match=r"^the CRL is not well-formed: an entry is expected at byte "):
        list(read_runs(make_crl(entry(1), cut)))
