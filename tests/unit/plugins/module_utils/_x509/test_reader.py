# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever is in a file: told by its content, block by block, and without a key in any result."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from ansible_collections.sre.preflight.plugins.module_utils._x509 import reader
from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import (
    CertificateItem,
    CrlItem,
    Item,
    KeyItem,
    ProblemItem,
    read_items,
)
from tests.support import asn1, keystores
from tests.support.certificates import make_ca, make_crl, make_key, make_leaf, to_pem

AUTHORITY = make_ca()
LEAF = make_leaf(issuer=AUTHORITY)


def positions(items: list[Item]) -> list[tuple[str, type]]:
    return [(item.position, type(item)) for item in items]


def test_the_only_item_has_no_position() -> None:
    assert positions(read_items(LEAF.pem)) == [("", CertificateItem)]
    assert positions(read_items(LEAF.der)) == [("", CertificateItem)]
    assert positions(read_items(LEAF.key_pem)) == [("", KeyItem)]
    assert positions(read_items(to_pem(b"x", "EC PARAMETERS") + LEAF.key_pem)) == [("", KeyItem)]


def test_a_bundle_with_its_key() -> None:
    request = to_pem(b"request", "CERTIFICATE REQUEST")
    items = read_items(LEAF.pem + request + LEAF.key_pem + AUTHORITY.pem + make_crl(AUTHORITY))
    assert positions(items) == [("1", CertificateItem), ("3", KeyItem), ("4", CertificateItem), ("5", CrlItem)]


def test_der_after_der() -> None:
    items = read_items(LEAF.der + b"\r\n\0" + AUTHORITY.der)
    assert positions(items) == [("1", CertificateItem), ("2", CertificateItem)]


def test_what_follows_der_is_no_secret() -> None:
    items = read_items(LEAF.der + b"junk")
    assert positions(items) == [("1", CertificateItem), ("2", ProblemItem)]
    assert items[1] == ProblemItem("2", "unparseable", "4 bytes follow which are no certificate")


@pytest.mark.parametrize("label", ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])
def test_labels_of_certificates(label: str) -> None:
    (item,) = read_items(to_pem(LEAF.der, label))
    assert isinstance(item, CertificateItem)
    assert item.certificate.fingerprint_sha256 == LEAF.fingerprint


def test_trust_settings_after_the_certificate_are_cut_off() -> None:
    (item,) = read_items(to_pem(LEAF.der + asn1.tlv(asn1.SEQUENCE, b"\x30\x00"), "TRUSTED CERTIFICATE"))
    assert isinstance(item, CertificateItem)
    assert item.certificate.fingerprint_sha256 == LEAF.fingerprint


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_text_as_windows_writes_it(encoding: str) -> None:
    text = (LEAF.pem + AUTHORITY.pem).decode().replace("\n", "\r\n")
    data = b"\xfe\xff" + text.encode(encoding) if encoding == "utf-16-be" else text.encode(encoding)
    assert positions(read_items(data)) == [("1", CertificateItem), ("2", CertificateItem)]


def test_text_that_begins_with_a_zero_is_no_der() -> None:
    """As `openssl s_client -showcerts` writes it: 0x30 is both a SEQUENCE and the digit."""
    assert positions(read_items(b"0 s:CN = leaf\n" + LEAF.pem)) == [("", CertificateItem)]


@pytest.mark.parametrize(
    "bad",
    [
        b"-----BEGIN CERTIFICATE-----\nQUJD!\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nQUJD\n",
        b"-----BEGIN TRUSTED CERTIFICATE-----\nQUJD\n-----END TRUSTED CERTIFICATE-----\n",
        b"-----BEGIN X509 CRL-----\nQUJD\n-----END X509 CRL-----\n",
        b"-----BEGIN X509 CRL-----\nQUJD\n-----END CERTIFICATE-----\n",
        LEAF.pem[:200] + b"\n",
        to_pem(LEAF.der[:-5]),
        to_pem(b"\x30" + LEAF.der),
        to_pem(LEAF.der * 2),
    ],
)
def test_a_bad_block_does_not_hide_its_neighbours(bad: bytes) -> None:
    items = read_items(LEAF.pem + bad + AUTHORITY.pem)
    assert positions(items) == [("1", CertificateItem), ("2", ProblemItem), ("3", CertificateItem)]
    assert isinstance(items[1], ProblemItem)
    assert items[1].kind == "unparseable"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"just text",
        b"0",
        b"0123456789",
        b"\x30\x00",
        b"\x30\x02\x02\x00",
        b"\x30\x80",
        b"\x30\x80\x00\x00",
        b"\x7fELF" + bytes(100),
        bytes(1000),
        b"\xff\xfe",
        b"PK\3\4" + bytes(50),
        to_pem(b"x", "PUBLIC KEY"),
        to_pem(b"x", "CERTIFICATE REQUEST"),
        to_pem(b"x", "PGP MESSAGE"),
        LEAF.key.public_key().public_bytes(Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        asn1.tlv(asn1.SEQUENCE, asn1.integer(2), asn1.integer(3)),
        b"\xce\xfa\xed\xfe" + bytes(40),
        make_key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())[:-1],
    ],
)
def test_what_holds_nothing_of_the_kind(data: bytes) -> None:
    assert read_items(data) == []


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, "encrypted"])
def test_private_keys_as_der_and_pem(kind: str, form: PrivateFormat) -> None:
    if kind == "ed25519" and form is PrivateFormat.TraditionalOpenSSL:
        form = PrivateFormat.PKCS8  # it has no other
    key = make_key(kind)
    encryption = BestAvailableEncryption(b"secret") if form == "encrypted" else NoEncryption()
    form = PrivateFormat.PKCS8 if form == "encrypted" else form
    for encoding in (Encoding.DER, Encoding.PEM):
        assert read_items(key.private_bytes(encoding, form, encryption)) == [KeyItem("")]


@pytest.mark.parametrize("label", ["OPENSSH PRIVATE KEY", "DSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PRIVATE KEY"])
def test_private_key_blocks_are_never_decoded(label: str) -> None:
    """Not even what is broken about one is told."""
    body = b"-----BEGIN %s-----\nnot base64!\n" % label.encode()
    assert read_items(body) == [KeyItem("")]
    assert read_items(body + b"-----END SOMETHING-----\n" + LEAF.pem)[0] == KeyItem("1")


def test_no_key_material_in_any_item() -> None:
    key = make_key("ec")
    number = key.private_numbers().private_value
    raw = number.to_bytes(32, "big")
    for data in (
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())[:-30],
        keystores.keystore(keystores.key_entry("k", raw, [LEAF.der])),
        b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(raw) + b"\n-----END CERTIFICATE-----\n",
    ):
        text = repr(read_items(data, passwords=["hunter2"]))
        for form in (raw.hex(), str(number), base64.b64encode(raw).decode(), repr(raw)[2:-1], "hunter2"):
            assert form not in text


@pytest.mark.parametrize("data", [LEAF.der, AUTHORITY.der])
def test_a_certificate_cut_short_is_a_problem_and_not_nothing(data: bytes) -> None:
    for size in range(16, len(data)):
        (item,) = read_items(data[:size])
        assert isinstance(item, ProblemItem)
        assert "cut short" in item.reason


def test_too_many_items_end_with_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_ITEMS", 3)
    assert positions(read_items(LEAF.pem * 3)) == [(str(number), CertificateItem) for number in (1, 2, 3)]
    *kept, last = read_items(LEAF.pem * 6)
    assert len(kept) == 3
    assert isinstance(last, ProblemItem)
    assert "more than 3 items" in last.reason


HOSTILE = """
import sys, time
from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import read_items
size = 100_000_000
kind = sys.argv[1]
if kind == "begin":
    data = b"-----BEGIN CERTIFICATE-----\\n" * (size // 28)
elif kind == "headers":
    data = b"-----BEGIN CERTIFICATE-----\\n" + b"a: b\\n" * (size // 5) + b"-----END CERTIFICATE-----\\n"
elif kind == "base64":
    data = b"-----BEGIN CERTIFICATE-----\\n" + b"QUJD" * (size // 4) + b"\\n-----END CERTIFICATE-----\\n"
elif kind == "sequence":
    data = b"\\x30\\x84\\x05\\xf5\\xe0\\xf0" + b"\\x30\\x80" * (size // 2)
else:
    data = bytes(range(256)) * (size // 256)

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

with open("/proc/self/clear_refs", "w") as clear:
    clear.write("5")  # forget the peak of making the data
before = peak()
started = time.process_time()
items = read_items(data, passwords=["a"])
grown = peak() - before
assert time.process_time() - started < 20, time.process_time() - started
assert grown < 200 * 1024, grown  # KiB: with the data itself at most three times its size
"""


@pytest.mark.parametrize("kind", ["begin", "headers", "base64", "sequence", "garbage"])
def test_100_megabytes_neither_hang_nor_blow_up(kind: str) -> None:
    path = [entry for entry in sys.path if entry]
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{HOSTILE}", kind],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
