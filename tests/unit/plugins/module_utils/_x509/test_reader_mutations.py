# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real files, damaged at random: nothing escapes, and what lies beside the damage is still read."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import CertificateItem, read_items
from tests.support import keystores
from tests.support.certificates import make_ca, make_crl, make_leaf, pem_to_der

AUTHORITY = make_ca()
LEAF = make_leaf(issuer=AUTHORITY, names=["vault.example.com", "10.0.0.1", "::1", "spiffe://lab/vault"])
OTHER = make_leaf(common_name="other")

SEEDS = [
    LEAF.pem + LEAF.key_pem + AUTHORITY.pem,
    LEAF.der,
    pem_to_der(make_crl(AUTHORITY, serial_numbers=[1, 2])),
    keystores.keystore(
        keystores.key_entry("vault", b"key", [LEAF.der]), keystores.trusted_entry("root", AUTHORITY.der)
    ),
    keystores.pfx(
        keystores.clear_content(keystores.certificate_bag(LEAF.der, "a"), keystores.key_bag("b")),
        keystores.encrypted_content(iterations=1),
        mac=keystores.mac_data(1),
    ),
    keystores.indefinite(keystores.pfx(keystores.clear_content(keystores.certificate_bag(LEAF.der)))),
    pkcs12.serialize_key_and_certificates(
        b"vault", LEAF.key, LEAF.certificate, [AUTHORITY.certificate], BestAvailableEncryption(b"a")
    ),
]

# (kind, place as a fraction, bytes)
DAMAGE = st.lists(
    st.tuples(st.sampled_from(["flip", "insert", "delete", "cut"]), st.floats(0, 1), st.binary(min_size=1, max_size=8)),
    min_size=1,
    max_size=4,
)


def damaged(data: bytes, damage: list[tuple[str, float, bytes]]) -> bytes:
    for kind, place, material in damage:
        at = int(place * len(data))
        if kind == "flip":
            data = data[:at] + material + data[at + len(material) :]
        elif kind == "insert":
            data = data[:at] + material + data[at:]
        elif kind == "delete":
            data = data[:at] + data[at + len(material) :]
        else:
            data = data[:at]
    return data


def is_sound(data: bytes) -> None:
    for item in read_items(data, passwords=["a"]):
        assert isinstance(item.position, str)
        if isinstance(item, CertificateItem):
            row = item.certificate.to_row()
            assert type(item.certificate).from_row(row).to_row() == row


@settings(max_examples=400)
@given(st.sampled_from(SEEDS), DAMAGE)
def test_damaged_files(seed: bytes, damage: list[tuple[str, float, bytes]]) -> None:
    is_sound(damaged(seed, damage))


@settings(max_examples=200)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x30\x82", b"\xfe\xed\xfe\xed\0\0\0\2", b"-----BEGIN ", b"\xff\xfe"]),
)
def test_any_bytes(data: bytes, start: bytes) -> None:
    is_sound(start + data)


@settings(max_examples=300)
@given(
    st.integers(0, len(LEAF.pem) - 1), st.sampled_from(["flip", "insert", "delete"]), st.binary(min_size=1, max_size=6)
)
def test_neighbours_of_a_damaged_block_survive(place: int, kind: str, material: bytes) -> None:
    """Wherever in a block the damage is, unless it forges the frame of a block itself."""
    middle = damaged(LEAF.pem, [(kind, place / len(LEAF.pem), material)])
    items = read_items(OTHER.pem + middle + b"\n" + AUTHORITY.pem)
    found = [item.certificate.fingerprint_sha256 for item in items if isinstance(item, CertificateItem)]
    assert found[0] == OTHER.fingerprint
    assert found[-1] == AUTHORITY.fingerprint
