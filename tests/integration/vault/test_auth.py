# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every auth method, on a real OpenBao where one can be had without a directory or a cluster."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ansible_collections.sre.preflight.plugins.module_utils._audit.libraries import Library
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._vault import auth as auth_module
from ansible_collections.sre.preflight.plugins.module_utils._vault import libraries
from ansible_collections.sre.preflight.plugins.module_utils._vault.auth import AUTH_OPTIONS, log_in
from ansible_collections.sre.preflight.plugins.module_utils._vault.connection import ENVIRONMENT, from_params
from ansible_collections.sre.preflight.plugins.module_utils._vault.transport import TOKEN_PATH, Transport
from tests.integration.vault.collecting import options
from tests.lab.openbao import OpenBao
from tests.lab.pki import lab_certificate, now
from tests.support.scripted_http import Received, Reply, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.certificates import Made

SECRET = "correct horse"
POLICIES = ["default"]


@pytest.fixture(scope="module")
def server(lab_authority: Made, server_certificate: Made) -> Iterator[OpenBao]:
    with OpenBao(certificate=server_certificate, authority=lab_authority) as bao:
        for method in ("userpass", "approle", "jwt", "cert"):
            bao.client.write(f"sys/auth/{method}", type=method)
        yield bao


def token_after(server: OpenBao, tmp_path: Path, environment: dict[str, str] | None = None, **params: Any) -> str:
    """The token's display name after the login; the token works."""
    given = options(server, tmp_path, **params)
    transport = Transport(from_params(given, environment or {}))
    try:
        log_in(transport, given, environment or {})
        return str(transport.read(TOKEN_PATH)["display_name"])
    finally:
        transport.close()


def refusal(server: OpenBao, tmp_path: Path, **params: Any) -> str:
    with pytest.raises(OptionError) as caught:
        token_after(server, tmp_path, **params)
    message = str(caught.value)
    assert SECRET not in message
    assert server.client.token not in message
    return message


def test_token(server: OpenBao, tmp_path: Path) -> None:
    assert token_after(server, tmp_path, token=server.client.token) == "root"


@pytest.mark.parametrize("variable", ENVIRONMENT["token"])
def test_token_of_the_environment(variable: str, server: OpenBao, tmp_path: Path) -> None:
    assert token_after(server, tmp_path, {variable: server.client.token}) == "root"


@pytest.mark.parametrize("name", [None, "mine"])
def test_token_of_a_file(name: str | None, server: OpenBao, tmp_path: Path) -> None:
    (tmp_path / (name or ".vault-token")).write_text(server.client.token + "\n")
    assert token_after(server, tmp_path, {"HOME": str(tmp_path)}, token_file=name) == "root"
    assert token_after(server, tmp_path, token_path=str(tmp_path), token_file=name) == "root"


def test_without_a_token(server: OpenBao, tmp_path: Path) -> None:
    assert refusal(server, tmp_path).startswith("token: is missing")


def test_a_token_with_a_line_break_never_becomes_a_header(server: OpenBao, tmp_path: Path) -> None:
    message = refusal(server, tmp_path, token=f"{SECRET}\r\nX-Other: 1")
    assert message == "token: holds a blank or a control character; give the bare token"


def test_a_token_is_validated_on_demand(server: OpenBao, tmp_path: Path) -> None:
    assert "cannot look itself up" in refusal(server, tmp_path, token="hvs.wrong", token_validate=True)


def test_userpass(server: OpenBao, tmp_path: Path) -> None:
    server.client.write("auth/userpass/users/auditor", password=SECRET)
    given = {"auth_method": "userpass", "username": "auditor"}
    assert token_after(server, tmp_path, **given, password=SECRET) == "userpass-auditor"
    environment = {
        "ANSIBLE_HASHI_VAULT_AUTH_METHOD": "userpass",
        "ANSIBLE_HASHI_VAULT_USERNAME": "auditor",
        "ANSIBLE_HASHI_VAULT_PASSWORD": SECRET,
    }
    assert token_after(server, tmp_path, environment) == "userpass-auditor"
    assert refusal(server, tmp_path, **given, password=SECRET + "!").startswith(
        "auth_method: 'userpass' could not log in: auth/userpass/login/auditor: the server refused the request (400)"
    )
    assert refusal(server, tmp_path, **given) == "password: is missing; auth_method 'userpass' needs it"


def test_another_mount_point(server: OpenBao, tmp_path: Path) -> None:
    server.client.write("sys/auth/people/staff", type="userpass")
    server.client.write("auth/people/staff/users/auditor", password=SECRET)
    given = {"auth_method": "userpass", "username": "auditor", "password": SECRET, "mount_point": "people/staff/"}
    assert token_after(server, tmp_path, **given) == "people-staff-auditor"


def test_approle(server: OpenBao, tmp_path: Path) -> None:
    server.client.write("auth/approle/role/audit", token_policies=POLICIES)
    role_id = server.client.read("auth/approle/role/audit/role-id")["role_id"]
    secret_id = server.client.write("auth/approle/role/audit/secret-id")["secret_id"]
    given = {"auth_method": "approle", "role_id": role_id}
    assert token_after(server, tmp_path, **given, secret_id=secret_id) == "approle"
    assert "could not log in: auth/approle/login" in refusal(server, tmp_path, **given, secret_id=SECRET)


def test_jwt(server: OpenBao, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    server.client.write("auth/jwt/config", jwt_validation_pubkeys=[public.decode()])
    role = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"], "token_policies": POLICIES}
    server.client.write("auth/jwt/role/audit", **role)
    given = {"auth_method": "jwt", "role_id": "audit"}
    assert token_after(server, tmp_path, **given, jwt=signed(key, audience="vault")) == "jwt-auditor"
    assert "could not log in" in refusal(server, tmp_path, **given, jwt=signed(key, audience="other"))


def signed(key: ec.EllipticCurvePrivateKey, *, audience: str) -> str:
    """A JSON Web Token (RFC 7519), ES256."""
    expires = int((now() + timedelta(minutes=5)).timestamp())
    claims = {"sub": "auditor", "aud": audience, "exp": expires, "iat": expires - 600}
    text = ".".join(url_safe(json.dumps(part).encode()) for part in ({"alg": "ES256", "typ": "JWT"}, claims))
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{url_safe(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_client_certificate(server: OpenBao, lab_authority: Made, tmp_path: Path) -> None:
    certificate = lab_certificate(lab_authority, ["auditor.lab.internal"], client=True)
    path, key = tmp_path / "client.pem", tmp_path / "client.key"
    path.write_bytes(certificate.pem)
    key.write_bytes(certificate.key_pem)
    server.client.write("auth/cert/certs/audit", certificate=lab_authority.pem.decode(), token_policies=POLICIES)
    given = {"cert_auth_public_key": str(path), "cert_auth_private_key": str(key), "auth_method": "cert"}
    assert token_after(server, tmp_path, **given).startswith("cert-audit")
    assert token_after(server, tmp_path, **given, role_id="audit") == "cert-audit"
    other = {**given, "cert_auth_private_key": str(tmp_path / "none.key")}
    assert refusal(server, tmp_path, **other) == f"cert_auth_private_key: '{tmp_path / 'none.key'}' does not exist"
    assert "cert_auth_public_key: is missing" in refusal(server, tmp_path, auth_method="cert")


def test_an_encrypted_key_is_refused_without_asking(server: OpenBao, lab_authority: Made, tmp_path: Path) -> None:
    certificate = lab_certificate(lab_authority, ["auditor.lab.internal"], client=True)
    path, key = tmp_path / "client.pem", tmp_path / "client.key"
    path.write_bytes(certificate.pem)
    encryption = serialization.BestAvailableEncryption(b"secret")
    key.write_bytes(
        certificate.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    given = {"cert_auth_public_key": str(path), "cert_auth_private_key": str(key), "auth_method": "cert"}
    assert "cannot be used with cert_auth_private_key" in refusal(server, tmp_path, **given)


def login_script(request: Received) -> Reply:
    if request.path.endswith("lookup-self"):
        return Reply(body={"data": {"display_name": request.headers["X-Vault-Token"]}})
    return Reply(body={"auth": {"client_token": "s.scripted"}})


@pytest.mark.parametrize(
    ("params", "path", "body"),
    [
        (
            {"auth_method": "kubernetes", "role_id": "audit", "jwt": "x.y.z"},
            "/v1/auth/kubernetes/login",
            {"role": "audit", "jwt": "x.y.z"},
        ),
        (
            {"auth_method": "ldap", "username": "auditor", "password": SECRET, "mount_point": "corp"},
            "/v1/auth/corp/login/auditor",
            {"password": SECRET},
        ),
    ],
)
def test_methods_whose_servers_are_not_in_the_lab(params: dict[str, Any], path: str, body: dict[str, str]) -> None:
    with ScriptedServer(login_script) as scripted:
        transport = Transport(from_params({"url": scripted.url}, {}))
        log_in(transport, params, {})
        assert transport.read(TOKEN_PATH)["display_name"] == "s.scripted"
        transport.close()
    assert (scripted.requests[0].method, scripted.requests[0].path) == ("POST", path)
    assert scripted.requests[0].body == body


def test_kubernetes_takes_the_pods_own_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_module, "SERVICE_ACCOUNT_TOKEN", str(tmp_path / "token"))
    (tmp_path / "token").write_text("x.y.z\n")
    with ScriptedServer(login_script) as scripted:
        transport = Transport(from_params({"url": scripted.url}, {}))
        log_in(transport, {"auth_method": "kubernetes", "role_id": "audit"}, {})
        transport.close()
    assert scripted.requests[0].body == {"role": "audit", "jwt": "x.y.z"}


def test_none_sends_no_token() -> None:
    with ScriptedServer(lambda request: Reply(body={"data": {}})) as scripted:
        transport = Transport(from_params({"url": scripted.url}, {}))
        log_in(transport, {"auth_method": "none"}, {"VAULT_TOKEN": SECRET})
        transport.read("pki/config/crl")
        transport.close()
    assert "X-Vault-Token" not in scripted.requests[0].headers


def test_a_library_that_is_missing_or_too_old_is_said() -> None:
    libraries.require()
    with pytest.raises(OptionError, match=r"^the Python package hvac is missing; install hvac >= 1.2.1 \(pip install"):
        libraries.require((Library("hvac", "1.2.1", import_error="Traceback"),))
    with pytest.raises(OptionError, match=r"^hvac >= 99.0 is needed, and version [\d.]+ was found in "):
        libraries.require((dataclasses.replace(libraries.HVAC, minimum="99.0"),))


def test_every_method_has_a_login() -> None:
    assert set(AUTH_OPTIONS["auth_method"]["choices"]) == set(auth_module._LOGINS)
