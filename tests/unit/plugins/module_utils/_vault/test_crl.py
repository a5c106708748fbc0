# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CRL's history of revocations."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ansible_collections.sre.preflight.plugins.module_utils._vault.crl import read_history
from ansible_collections.sre.preflight.plugins.module_utils._vault.leaf_cache import Leaf
from ansible_collections.sre.preflight.plugins.module_utils._vault.leaves import revoked_by_day

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=timezone.utc)


def make_crl(revoked: dict[int, datetime], number: int | None = 7) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Root")])
    builder = x509.CertificateRevocationListBuilder().issuer_name(name)
    builder = builder.last_update(NOW).next_update(NOW + timedelta(days=3))
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for serial, instant in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(instant).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER)


def test_revocations_by_day() -> None:
    der = make_crl({1: NOW - timedelta(days=2), 2: NOW - timedelta(hours=5), 3: NOW, 4: NOW})
    revoked: dict[int, str] = {}
    assert read_history(der, revoked) == {
        "bytes": len(der),
        "entries": 4,
        "this_update": "2026-11-23T04:00:00Z",
        "next_update": "2026-11-26T04:00:00Z",
        "crl_number": 7,
        "issuer": "CN=Root",
        "revocation_days": [["2026-11-21", 1], ["2026-11-22", 1], ["2026-11-23", 2]],
        "newest_revocation": "2026-11-23T04:00:00Z",
    }
    assert revoked == {1: "2026-11-21", 2: "2026-11-22", 3: "2026-11-23", 4: "2026-11-23"}


def test_an_empty_crl_without_a_number() -> None:
    history = read_history(make_crl({}, number=None))
    assert (history["entries"], history["crl_number"], history["newest_revocation"]) == (0, None, None)
    assert history["revocation_days"] == []


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"{}",
        make_crl({1: NOW})[:-5],
        make_crl({1: NOW}).replace(b"261123040000Z", b"26 123040000Z"),
        make_crl({1: NOW}).replace(b"261123040000Z", b"261123 40000Z"),
    ],
)
def test_what_is_no_crl(der: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the CRL is not well-formed"):
        read_history(der)


def test_entries_get_the_dates_of_their_certificates() -> None:
    leaves = {
        "00:01": Leaf("2026-11-01T00:00:00Z", "2026-12-01T04:00:00Z", "CN=Root"),
        "02": Leaf("2026-11-01T00:00:00Z", "2026-12-01T05:00:00Z", "CN=Root"),
        "09": Leaf("2026-11-01T00:00:00Z", "2026-12-02T00:00:00Z", "CN=Root"),
    }
    entries = {1: "2026-11-21", 2: "2026-11-21", 3: "2026-11-21", 4: "2026-11-22"}
    assert revoked_by_day(entries, leaves) == [
        ["2026-11-21", None, 1],
        ["2026-11-21", "2026-12-01", 2],
        ["2026-11-22", None, 1],
    ]
    assert revoked_by_day(entries, {}) is None
