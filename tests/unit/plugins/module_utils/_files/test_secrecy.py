# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing of a private key, a token or a password comes into the evidence, whatever form it lies there in."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from ansible_collections.sre.preflight.plugins.module_utils._files.collect import collect_files, collect_kubeconfigs
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from tests.support.certificates import Made, make_ca, make_leaf, to_pem

PASSWORD = "hunter2-of-the-keystore"
TOKEN = "hunter2-of-the-cluster"
CHUNK = 12


def key_forms(made: Made) -> dict[str, bytes]:
    """One private key in every format that files hold it in; the encrypted ones under PASSWORD."""
    locked = BestAvailableEncryption(PASSWORD.encode())
    export = made.key.private_bytes
    forms = {
        "pkcs8.pem": export(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "pkcs8.der": export(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "locked.pem": export(Encoding.PEM, PrivateFormat.PKCS8, locked),
        "locked.der": export(Encoding.DER, PrivateFormat.PKCS8, locked),
        "traditional.pem": export(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "traditional.der": export(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "openssh.pem": export(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
    }
    forms["broken.pem"] = forms["pkcs8.pem"].replace(b"-----END", b"----END")
    forms["mislabelled.pem"] = forms["pkcs8.pem"].replace(b"PRIVATE KEY", b"CERTIFICATE")
    forms["as-pkcs7.pem"] = to_pem(forms["pkcs8.der"], "PKCS7")
    forms["as-crl.pem"] = to_pem(forms["traditional.der"], "X509 CRL")
    forms["garbled.pem"] = forms["mislabelled.pem"].replace(b"\n", b"!\n", 3)
    forms["cut.der"] = forms["pkcs8.der"][:-3]
    return forms


def jks(made: Made) -> bytes:
    """A JKS keystore with a key entry, whose key is not even encrypted here."""
    key = made.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    entry = struct.pack(">IH5sQI", 1, 5, b"vault", 0, len(key)) + key
    chain = struct.pack(">IH5sI", 1, 5, b"X.509", len(made.der)) + made.der
    return struct.pack(">4sII", b"\xfe\xed\xfe\xed", 2, 1) + entry + chain + bytes(20)


def plant(tree: Path, made: Made) -> None:
    """The key in all its forms: alone, beside its certificate, in stores, kubeconfigs and other configuration."""
    forms = key_forms(made)
    for name, data in forms.items():
        (tree / name).write_bytes(data)
        (tree / f"cert-and-{name}").write_bytes(made.pem + data)
        (tree / f"{name}-and-cert").write_bytes(data + made.pem)
    (tree / "store.jks").write_bytes(jks(made))
    (tree / "cut.jks").write_bytes(jks(made)[:100])
    for name, encryption in (("a.p12", BestAvailableEncryption(PASSWORD.encode())), ("b.p12", NoEncryption())):
        store = pkcs12.serialize_key_and_certificates(b"vault", made.key, made.certificate, None, encryption)
        (tree / name).write_bytes(store)
        (tree / f"cut-{name}").write_bytes(store[:-5])
    user = {
        "client-certificate-data": base64.b64encode(made.pem).decode(),
        "client-key-data": base64.b64encode(made.key_pem).decode(),
        "token": TOKEN,
        "password": TOKEN,
    }
    swapped = {**user, "client-certificate-data": user["client-key-data"], "client-certificate": "x"}
    users = [{"name": "a", "user": user}, {"name": "b", "user": swapped}, {"name": "c", "user": TOKEN}, TOKEN]
    config = {"kind": "Config", "apiVersion": "v1", "users": users}
    text = json.dumps(config)
    (tree / "config").write_text(text, encoding="utf-8")
    (tree / "cut-config").write_text(text[:-4], encoding="utf-8")
    (tree / "config.yml").write_text(f"kind: Config\nusers: {json.dumps(users)}\n", encoding="utf-8")
    (tree / "config-of-key").write_text(
        json.dumps(
            {**config, "users": [{"name": "a", "user": {"client-certificate": "pkcs8.pem", "client-key": "pkcs8.pem"}}]}
        ),
        encoding="utf-8",
    )


def pieces(made: Made) -> set[str]:
    """What would give the key away: parts of its secret numbers and files as base64 (at any offset) and as hex."""
    secrets = [key for name, key in key_forms(made).items() if name.endswith(".der")]
    found = set()
    public = made.der.hex()
    for secret in secrets:
        for start in range(0, len(secret) - CHUNK, 3):
            part = secret[start : start + CHUNK]
            if part.hex() not in public and len(set(part)) > 4:
                found |= {part.hex(), base64.b64encode(part).decode(), repr(part)[2:-1]}
    for name, data in key_forms(made).items():
        if name.endswith(".pem"):
            found |= {line.decode() for line in data.splitlines() if len(line) > CHUNK and b"-----" not in line}
    return found


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_no_secret_of_any_file_comes_into_the_evidence(tree: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    made = make_leaf(issuer=make_ca(), names=["vault.example.com"], key_kind=kind)
    plant(tree, made)
    inventory = Inventory()
    passwords = [{"path": "*.p12", "password": PASSWORD}, {"path": "*.jks", "password": PASSWORD + "x"}]
    named = sorted(str(path) for path in tree.iterdir())
    collect_files([str(tree), *named], inventory, passwords=passwords)
    collect_files(named, inventory)
    collect_kubeconfigs(named, inventory)
    evidence = inventory.to_evidence()
    text = json.dumps({**evidence, "certificates": list(evidence["certificates"])}, ensure_ascii=False) + caplog.text
    assert made.fingerprint in text
    assert any(source["private_key"] for source in inventory.sources)
    assert len(inventory.problems) > 20
    leaked = sorted(piece for piece in pieces(made) | {PASSWORD, TOKEN} if piece in text)
    assert leaked == []
    assert len(pieces(made)) > 50


def test_the_pieces_would_be_noticed() -> None:
    made = make_leaf()
    planted = "reason: " + made.key_pem.decode().splitlines()[1]
    assert any(piece in planted for piece in pieces(made))
