# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No private key and no password in any result, evidence, report or output of a run over files full of keys."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import unpack
from tests.support.certificates import make_ca, make_leaf
from tests.support.runs import run_adhoc, run_playbook

PASSWORD = "correct horse battery staple"
WRONG = "another password entirely"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """(directory, texts that must appear nowhere): keys in every form beside their certificates."""
    path = tmp_path_factory.mktemp("secrets")
    ca = make_ca()
    (path / "ca.pem").write_bytes(ca.pem)
    leaves = [make_leaf(issuer=ca, names=[f"{kind}.example.com"], key_kind=kind) for kind in ("ec", "rsa", "ed25519")]
    hidden = [PASSWORD, WRONG]
    for leaf, kind in zip(leaves, ("ec", "rsa", "ed25519"), strict=True):
        (path / f"{kind}.pem").write_bytes(leaf.key_pem + leaf.pem)
        (path / f"{kind}.key").write_bytes(leaf.key_pem)
        der = leaf.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        (path / f"{kind}.key.der").write_bytes(der)
        encryption = BestAvailableEncryption(PASSWORD.encode())
        store = pkcs12.serialize_key_and_certificates(b"name", leaf.key, leaf.certificate, None, encryption)
        (path / f"{kind}.p12").write_bytes(store)
        hidden += [line for line in leaf.key_pem.decode().splitlines() if len(line) > 30 and "-----" not in line]
        hidden += [der[-24:].hex(), base64.b64encode(der[-24:]).decode()]
    user = {
        "client-certificate-data": base64.b64encode(leaves[0].pem).decode(),
        "client-key-data": base64.b64encode(leaves[0].key_pem).decode(),
        "token": "token-that-nobody-may-see",
        "password": "password-that-nobody-may-see",
    }
    config = {"apiVersion": "v1", "kind": "Config", "users": [{"name": "admin", "user": user}], "clusters": []}
    (path / "kubeconfig").write_text(json.dumps(config))
    hidden += [user["client-key-data"][:60], user["client-key-data"][-60:], user["token"], user["password"]]
    return path, hidden


def _leaks(text, hidden):
    return [secret for secret in hidden if secret in text]


def test_results_and_evidence(secrets, tmp_path):
    path, hidden = secrets
    passwords = [{"password": WRONG}, {"path": "*.p12", "password": PASSWORD}]
    arguments = {"paths": [str(path)], "passwords": passwords, "include_passes": True}
    result = run_adhoc("sre.preflight.certificate_audit", {**arguments, "evidence_path": str(tmp_path / "evidence")})
    assert len(result["certificates"]) == 4
    evidence = unpack((tmp_path / "evidence").read_text())
    assert evidence["evidence"]["certificates"]
    for text in (json.dumps(result), json.dumps(evidence)):
        assert _leaks(text, hidden) == []


def test_the_search_for_leaks_finds_one(secrets):
    path, hidden = secrets
    assert len(_leaks((path / "ec.key").read_text(), hidden)) >= 2
    assert _leaks((path / "kubeconfig").read_text(), hidden)


@pytest.mark.parametrize("password", [PASSWORD, WRONG], ids=["right password", "wrong password"])
def test_reports_and_the_output_at_the_highest_verbosity(secrets, tmp_path, password):
    path, hidden = secrets
    host = {
        "ansible_connection": "local",
        "preflight_paths": [str(path)],
        "preflight_passwords": [{"path": "*.p12", "password": password}],
        "preflight_evidence_path": str(tmp_path / "evidence"),
    }
    inventory = {"all": {"hosts": {"web": host}}}
    arguments = ("-e", f"preflight_report_directory={tmp_path / 'report'}", "-vvv", "--diff")
    completed = run_playbook(
        "sre.preflight.audit", tmp_path, *arguments, inventory=inventory, ANSIBLE_LOG_PATH=str(tmp_path / "log")
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    report = (tmp_path / "report" / "preflight.json").read_text()
    unknown = [each for each in json.loads(report)["findings"] if each["status"] == "unknown"]
    assert len(unknown) == (0 if password == PASSWORD else 3)
    texts = {
        "output": completed.stdout + completed.stderr,
        "log": (tmp_path / "log").read_text(),
        "json": report,
        "html": (tmp_path / "report" / "preflight.html").read_text(),
        "evidence": json.dumps(unpack((tmp_path / "evidence").read_text())),
    }
    assert {name: _leaks(text, hidden) for name, text in texts.items()} == {name: [] for name in texts}
