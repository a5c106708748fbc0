# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PKCS#12 stores: in the clear, encrypted, with the wrong password, and made to burn time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12

from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import (
    CertificateItem,
    KeyItem,
    ProblemItem,
    read_items,
)
from tests.support import asn1, keystores
from tests.support.certificates import make_ca, make_leaf

AUTHORITY = make_ca()
LEAF = make_leaf(issuer=AUTHORITY)

EMPTY_CERTIFICATE_BAG = asn1.tlv(asn1.SEQUENCE, asn1.oid("1.2.840.113549.1.12.10.1.3"), asn1.tlv(asn1.CONTEXT))


def store(password: str | None = "changeit", alias: bytes | None = b"vault") -> bytes:
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return pkcs12.serialize_key_and_certificates(alias, LEAF.key, LEAF.certificate, [AUTHORITY.certificate], encryption)


def fingerprints(items: list) -> set[str]:
    return {item.certificate.fingerprint_sha256 for item in items if isinstance(item, CertificateItem)}


def only_problem(items: list) -> ProblemItem:
    (problem,) = [item for item in items if isinstance(item, ProblemItem)]
    return problem


@pytest.mark.parametrize("passwords", [["changeit"], ["wrong", "pässword", "changeit"]])
def test_the_password_that_fits_is_found(passwords: list[str]) -> None:
    items = read_items(store(), passwords=passwords)
    assert fingerprints(items) == {LEAF.fingerprint, AUTHORITY.fingerprint}
    assert sum(isinstance(item, KeyItem) for item in items) == 1
    assert len(items) == 3
    leaf = next(item for item in items if fingerprints([item]) == {LEAF.fingerprint})
    assert leaf.position == "vault"


def test_a_password_beyond_ascii() -> None:
    assert len(fingerprints(read_items(store("pässword"), passwords=["pässword"]))) == 2


def test_a_store_without_encryption_needs_no_password() -> None:
    items = read_items(store(None))
    assert fingerprints(items) == {LEAF.fingerprint, AUTHORITY.fingerprint}
    assert not any(isinstance(item, ProblemItem) for item in items)


@pytest.mark.parametrize(("passwords", "reason"), [([], "none is given"), (["a", "b"], "none of 2 passwords")])
def test_the_wrong_password(passwords: list[str], reason: str) -> None:
    problem = only_problem(read_items(store(), passwords=passwords))
    assert problem.kind == "password"
    assert reason in problem.reason
    assert "changeit" not in problem.reason


def test_an_old_cipher_is_named_as_a_reason() -> None:
    content = keystores.encrypted_content(scheme=keystores.PBE_SHA1_RC2_40)
    assert "old cipher" in only_problem(read_items(keystores.pfx(content), passwords=["x"])).reason


def test_what_lies_in_the_clear_needs_no_password_and_keeps_its_alias() -> None:
    clear = keystores.clear_content(
        keystores.key_bag("vault"), keystores.certificate_bag(LEAF.der, "vault"),
        keystores.certificate_bag(b"bad", "b"),
        keystores.certificate_bag(AUTHORITY.der),
    )  # fmt: skip
    items = read_items(keystores.pfx(clear, keystores.encrypted_content(), mac=keystores.mac_data(2048)))
    assert [item.position for item in items] == ["vault", "vault", "b", "4", ""]
    assert isinstance(items[0], KeyItem)
    assert fingerprints(items) == {LEAF.fingerprint, AUTHORITY.fingerprint}
    assert [item.kind for item in items if isinstance(item, ProblemItem)] == ["unparseable", "password"]


def test_ber_is_read_too() -> None:
    """As Bouncy Castle writes it."""
    data = keystores.indefinite(keystores.pfx(keystores.clear_content(keystores.certificate_bag(LEAF.der, "a"))))
    assert fingerprints(read_items(data)) == {LEAF.fingerprint}


@pytest.mark.parametrize(
    "data",
    [
        keystores.pfx(keystores.encrypted_content(iterations=2**31 - 1)),
        keystores.pfx(keystores.encrypted_content(iterations=2**31 - 1, scheme=keystores.PBE_SHA1_RC2_40)),
        keystores.pfx(keystores.encrypted_content(), mac=keystores.mac_data(2**31 - 1)),
        keystores.pfx(keystores.clear_content(keystores.key_bag(iterations=2**40)), keystores.encrypted_content()),
        keystores.pfx(*(keystores.encrypted_content(iterations=9_000_000) for _each in range(2))),
    ],
)
def test_a_derivation_that_would_take_ages_is_refused(data: bytes) -> None:
    started = time.process_time()
    problem = only_problem(read_items(data, passwords=["changeit"]))
    assert time.process_time() - started < 1
    assert "iterations, at most 10000000 are done" in problem.reason


@pytest.mark.parametrize(
    "data",
    [
        asn1.tlv(asn1.SEQUENCE, asn1.integer(4), keystores.clear_content()),
        keystores.pfx(keystores.clear_content(asn1.tlv(asn1.SEQUENCE))),
        keystores.pfx(keystores.clear_content(asn1.tlv(asn1.SEQUENCE, asn1.integer(1), asn1.integer(2)))),
        keystores.pfx(keystores.clear_content(EMPTY_CERTIFICATE_BAG)),
        keystores.pfx(asn1.tlv(asn1.SEQUENCE, asn1.oid("1.2.840.113549.1.7.1"))),
        keystores.pfx(b"\x05\x00"),
        store()[:-1],
        store()[:200],
        keystores.indefinite(keystores.pfx(keystores.clear_content()))[:-2],
    ],
)
def test_what_is_not_well_formed(data: bytes) -> None:
    problem = only_problem(read_items(data, passwords=["changeit"]))
    assert problem.kind == "unparseable"
    assert "not well-formed" in problem.reason


def test_a_store_of_every_size_is_a_store_or_a_problem() -> None:
    data = store()
    for size in range(60, len(data)):
        only_problem(read_items(data[:size]))


@pytest.mark.full
@pytest.mark.parametrize(
    "options",
    [
        ["-legacy"],
        ["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES"],
        ["-certpbe", "NONE", "-keypbe", "NONE", "-nomac"],
        ["-certpbe", "AES-256-CBC", "-macalg", "sha512"],
    ],
)
def test_what_openssl_writes(tmp_path: Path, options: list[str]) -> None:
    import subprocess

    (tmp_path / "all.pem").write_bytes(LEAF.pem + LEAF.key_pem + AUTHORITY.pem)
    command = ["openssl", "pkcs12", "-export", "-in", "all.pem", "-out", "s.p12", "-passout", "pass:changeit"]
    subprocess.run(command + options, cwd=tmp_path, check=True)
    items = read_items((tmp_path / "s.p12").read_bytes(), passwords=["changeit"])
    assert fingerprints(items) == {LEAF.fingerprint, AUTHORITY.fingerprint}
    assert sum(isinstance(item, KeyItem) for item in items) == 1


def test_a_store_in_ber_is_read_without_a_word_on_standard_error(tmp_path: Path) -> None:
    """cryptography warns of it there, and a module's standard error may end up in its result."""
    path = tmp_path / "store.p12"
    path.write_bytes(keystores.indefinite(store("a")))
    code = (
        "import sys; from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import read_items; "
        "print(len(read_items(open(sys.argv[1], 'rb').read(), passwords=['a'])))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (completed.stdout, completed.stderr) == ("3\n", "")
