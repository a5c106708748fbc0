# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Java keystores: certificates without a password, integrity with one."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import (
    CertificateItem,
    Item,
    KeyItem,
    ProblemItem,
    read_items,
)
from tests.support.certificates import make_ca, make_leaf
from tests.support.keystores import JCEKS_MAGIC, JKS_MAGIC, key_entry, keystore, secret_entry, trusted_entry

AUTHORITY = make_ca()
LEAF = make_leaf(issuer=AUTHORITY)
STORE = (key_entry("vault", b"protected", [LEAF.der, AUTHORITY.der]), trusted_entry("root", AUTHORITY.der))


def shape(items: list[Item]) -> list[tuple[str, str]]:
    """(position, what it is): fingerprints of certificates, kinds of problems."""
    return [
        (item.position, item.certificate.fingerprint_sha256)
        if isinstance(item, CertificateItem)
        else (item.position, item.kind if isinstance(item, ProblemItem) else "key")
        for item in items
    ]


WHOLE = [
    ("vault", "key"),
    ("vault", LEAF.fingerprint),
    ("vault#2", AUTHORITY.fingerprint),
    ("root", AUTHORITY.fingerprint),
]


@pytest.mark.parametrize("magic", [JKS_MAGIC, JCEKS_MAGIC])
@pytest.mark.parametrize("passwords", [[], ["changeit"], ["wrong", "changeit"]])
def test_whole(magic: bytes, passwords: list[str]) -> None:
    assert shape(read_items(keystore(*STORE, magic=magic), passwords=passwords)) == WHOLE


def test_a_wrong_password_is_a_problem_and_hides_nothing() -> None:
    items = read_items(keystore(*STORE, password="pässword"), passwords=["wrong", "\udcff"])
    assert shape(items) == [*WHOLE, ("", "password")]
    assert isinstance(items[-1], ProblemItem)
    assert "integrity is not known" in items[-1].reason
    assert shape(read_items(keystore(*STORE, password="pässword"), passwords=["pässword"])) == WHOLE


def test_a_changed_store_does_not_fit_its_password() -> None:
    store = bytearray(keystore(*STORE))
    store[-1] ^= 1
    assert shape(read_items(bytes(store), passwords=["changeit"])) == [*WHOLE, ("", "password")]


def test_an_empty_store() -> None:
    assert read_items(keystore()) == []


def test_version_1_has_no_certificate_types() -> None:
    entry = trusted_entry("root", AUTHORITY.der).replace(b"\0\5X.509", b"")
    assert shape(read_items(keystore(entry, version=1))) == [("root", AUTHORITY.fingerprint)]


def test_a_secret_key_hides_only_what_follows() -> None:
    items = read_items(keystore(STORE[0], secret_entry("aes"), STORE[1], magic=JCEKS_MAGIC), passwords=["changeit"])
    assert shape(items) == [*WHOLE[:3], ("", "unparseable")]
    assert isinstance(items[-1], ProblemItem)
    assert "secret key" in items[-1].reason


def test_a_bad_certificate_does_not_hide_its_neighbours() -> None:
    store = keystore(
        trusted_entry("a", AUTHORITY.der), trusted_entry("b", b"bad"), trusted_entry("c", LEAF.der),
        trusted_entry("d", b"pgp", kind="PGP"),
    )  # fmt: skip
    assert shape(read_items(store)) == [
        ("a", AUTHORITY.fingerprint),
        ("b", "unparseable"),
        ("c", LEAF.fingerprint),
        ("d", "unparseable"),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (JKS_MAGIC, "cut short at byte 4"),
        (JKS_MAGIC + b"\0\0\0\3\0\0\0\0" + bytes(20), "version 3"),
        (JKS_MAGIC + b"\0\0\0\2\0\0\0\1\0\0\0\x09" + bytes(20), "unknown kind 9"),
        (JKS_MAGIC + b"\0\0\0\2\xff\xff\xff\xff", "cut short at byte 12"),
    ],
)
def test_what_is_no_keystore_after_all(data: bytes, reason: str) -> None:
    (problem,) = read_items(data)
    assert isinstance(problem, ProblemItem)
    assert reason in problem.reason


def test_a_store_cut_short_anywhere_keeps_what_came_before() -> None:
    store = keystore(*STORE)
    for size in range(4, len(store) - 20):
        items = shape(read_items(store[:size]))
        assert items[-1] == ("", "unparseable")
        assert items[:-1] == WHOLE[: len(items) - 1]


def test_a_huge_count_ends_where_the_data_ends() -> None:
    store = keystore(*STORE).replace(b"\0\0\0\2\0\0\0\2", b"\0\0\0\2\xff\xff\xff\xff", 1)
    assert shape(read_items(store))[:4] == WHOLE


def test_no_key_material_in_any_item() -> None:
    key = b"\x55PRIVATE\xaa" * 4
    text = repr(read_items(keystore(key_entry("k", key, []))))
    assert text == repr([KeyItem("k")])
