# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No token, given or received, and no secret of a login is in anything that a run of vault_pki_audit leaves behind."""

from __future__ import annotations

import json
import re

import pytest
from ansible.release import __version__

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import unpack
from tests.lab.least_privilege import policy_for, token_with
from tests.lab.openbao import OpenBao
from tests.lab.pki_mount import PkiMount
from tests.support.runs import run_playbook

MODULE = "sre.preflight.vault_pki_audit"
PASSWORD = "correct-horse-battery"
PROXY_PASSWORD = "staple-of-the-proxy"
RECEIVED = re.compile(r"\b(?:hvs|s|b)\.[A-Za-z0-9_-]{20,}")
"""The form of a token that a login gives."""


@pytest.fixture(scope="module")
def secrets(lab_authority, server_certificate, tmp_path_factory):
    """{name: option values} of each way to log in, on a server that stops afterwards."""
    with OpenBao(certificate=server_certificate, authority=lab_authority) as server:
        mount = PkiMount(server.client, "pki").enable()
        mount.generate_root()
        mount.create_role("web", generate_lease=True)
        mount.issue_many("web", ["a.lab", "b.lab"])
        client = server.client
        client.write("sys/policies/acl/preflight", policy=policy_for("pki"))
        for method in ("userpass", "approle"):
            client.write(f"sys/auth/{method}", type=method)
        client.write("auth/userpass/users/auditor", password=PASSWORD, token_policies="preflight")
        client.write("auth/approle/role/audit", token_policies="preflight")
        role_id = client.read("auth/approle/role/audit/role-id")["role_id"]
        authority = tmp_path_factory.mktemp("authority") / "ca.pem"
        authority.write_bytes(server.authority.pem)
        common = {"url": server.url, "ca_cert": str(authority), "mounts": ["pki"], "retries": 0}
        secret_id = client.write("auth/approle/role/audit/secret-id")["secret_id"]
        user = {"auth_method": "userpass", "username": "auditor", "password": PASSWORD}
        yield {
            "token": {**common, "token": token_with(server, policy_for("pki"))},
            "less": {**common, "token": token_with(server, 'path "pki/roles" { capabilities = ["list"] }')},
            "wrong": {**common, "token": "hvs.WrongWrongWrongWrongWrong"},
            "approle": {**common, "auth_method": "approle", "role_id": role_id, "secret_id": secret_id},
            "userpass": {**common, **user},
            "refused": {**common, **user, "password": PASSWORD + "-too-long"},
            "jwt": {**common, "auth_method": "jwt", "jwt": "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "role_id": "none"},
            "proxy": {**common, "token": "hvs.Proxied", "proxies": f"http://user:{PROXY_PASSWORD}@127.0.0.1:1"},
        }


def values(secrets):
    """All that is secret."""
    options = [given.get(option) for given in secrets.values() for option in ("token", "password", "secret_id", "jwt")]
    return {*filter(None, options), PROXY_PASSWORD}


def play(secrets, kept):
    """Each login with all that a run writes, and a file with all that the tasks returned."""
    tasks = []
    for name in secrets:
        files = {"evidence_path": str(kept / f"{name}.evidence"), "leaves_cache_path": str(kept / f"{name}.sqlite")}
        audit = {key: f"{{{{ secrets.{name}.{key} }}}}" for key in secrets[name]}
        tasks.append({"name": name, MODULE: {**audit, **files}, "register": f"result_{name}", "ignore_errors": True})
    returned = ", ".join(f"'{name}': result_{name}" for name in secrets)
    keep = {"content": f"{{{{ {{ {returned} }} | to_json }}}}", "dest": str(kept / "returned.json"), "mode": "0600"}
    tasks.append({"name": "Keep", "ansible.builtin.copy": keep})
    return [{"name": "Logins", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]


def test_no_secret_is_in_anything_that_a_run_leaves_behind(secrets, tmp_path):
    kept, given = tmp_path / "kept", tmp_path / "given.json"
    kept.mkdir()
    given.write_text(json.dumps({"secrets": secrets, "ansible_connection": "local"}))
    log = kept / "ansible.log"
    completed = run_playbook(play(secrets, kept), tmp_path, "-e", f"@{given}", "-vvvv", ANSIBLE_LOG_PATH=str(log))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    returned = json.loads((kept / "returned.json").read_text())
    failed = {name for name, result in returned.items() if result["failed"]}
    assert failed == {"refused", "jwt", "proxy"}, completed.stdout
    # Until 2.20 a result shows what the module was called with.
    shows_invocations = tuple(map(int, __version__.split(".")[:2])) < (2, 21)
    assert ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in completed.stdout) is shows_invocations
    written = {path.name: path.read_bytes().decode(errors="replace") for path in kept.iterdir()}
    assert {"token.evidence", "approle.evidence", "token.sqlite", "ansible.log"} <= set(written)
    opened = {name: json.dumps(unpack(text)) for name, text in written.items() if name.endswith(".evidence")}
    texts = {**written, **{f"{name}, unpacked": text for name, text in opened.items()}}
    texts["output"] = completed.stdout + completed.stderr
    for name, text in texts.items():
        assert [secret for secret in values(secrets) if secret in text] == [], f"in {name}"
        assert RECEIVED.findall(text) == [], f"in {name}"
