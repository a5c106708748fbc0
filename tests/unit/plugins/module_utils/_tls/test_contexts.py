# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CA files and directories, client certificates, and what is said when they are of no use."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from ansible_collections.sre.preflight.plugins.module_utils._tls.contexts import Contexts
from tests.support.certificates import Made, make_ca, make_leaf

AUTHORITY = make_ca()
CLIENT = make_leaf(issuer=AUTHORITY, common_name="client")


def count(contexts: Contexts) -> int:
    return contexts.get(verify=True).cert_store_stats()["x509_ca"]


def encrypted_key(made: Made, password: bytes) -> bytes:
    return made.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )


@pytest.fixture
def client(tmp_path: Path) -> tuple[str, str]:
    """Certificate and encrypted key."""
    (tmp_path / "client.pem").write_bytes(CLIENT.pem)
    (tmp_path / "client.key").write_bytes(encrypted_key(CLIENT, b"sesame-9"))
    return str(tmp_path / "client.pem"), str(tmp_path / "client.key")


def test_one_context_for_all_without_client_certificate() -> None:
    contexts = Contexts()
    assert contexts.get(verify=False) is contexts.get(verify=False)
    assert contexts.get(verify=False).verify_mode == ssl.CERT_NONE


def test_a_ca_file(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(AUTHORITY.pem + make_ca(common_name="Other").pem)
    assert count(Contexts(ca_path=str(path))) == 2


def test_a_directory_of_ca_files(tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_bytes(AUTHORITY.pem)
    (tmp_path / "two.CRT").write_bytes(make_ca(common_name="Other").pem)
    (tmp_path / "README").write_text("not a certificate")
    assert count(Contexts(ca_path=str(tmp_path))) == 2


def test_a_hashed_directory_is_left_to_openssl(tmp_path: Path) -> None:
    """There OpenSSL loads what a chain asks for; loading all of /etc/ssl/certs would cost seconds."""
    (tmp_path / "one.pem").write_bytes(AUTHORITY.pem)
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True)
    assert count(Contexts(ca_path=str(tmp_path))) == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.pem", "ca_path: {0}/missing.pem cannot be read (No such file or directory); name a file that the"),
        ("text.pem", "ca_path: {0}/text.pem has no CA certificate (NO_CERTIFICATE_OR_CRL_FOUND); give a PEM file or"),
        ("empty", "ca_path: {0}/empty has no CA certificate; put files *.pem or *.crt there, or name one file"),
    ],
)
def test_a_useless_ca_path_is_named_at_once(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "text.pem").write_text("no certificate here")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError) as caught:
        Contexts(ca_path=str(tmp_path / name))
    assert str(caught.value).startswith(message.format(tmp_path))


def test_an_encrypted_client_key_and_the_right_password(client: tuple[str, str]) -> None:
    contexts = Contexts(passwords=["wrong", "sesame-9"])
    assert contexts.get(*client, verify=False) is contexts.get(*client, verify=False)
    assert contexts.get(*client, verify=False) is not contexts.get(verify=False)


@pytest.mark.parametrize("passwords", [[], ["wrong-1", "wrong-2"]])
def test_a_client_key_that_cannot_be_decrypted(client: tuple[str, str], passwords: list[str]) -> None:
    """No prompt on the terminal, and no password in the message."""
    with pytest.raises(ValueError) as caught:
        Contexts(passwords=passwords).get(*client, verify=False)
    assert str(caught.value) == (
        f"client_certificate: {client[0]} with the key in {client[1]} cannot be used: the key is encrypted and no "
        "password given fits; add it to passwords"
    )


def test_a_client_key_of_another_certificate(client: tuple[str, str], tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    other.write_bytes(AUTHORITY.key_pem)
    with pytest.raises(ValueError, match=r"KEY_VALUES_MISMATCH; name the PEM files of a certificate and its key$"):
        Contexts(passwords=["wrong-1"]).get(client[0], str(other), verify=False)


def test_a_missing_client_key(client: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^client_key: /nowhere/k\.pem cannot be read \(No such file or directory\)"):
        Contexts().get(client[0], "/nowhere/k.pem", verify=False)
