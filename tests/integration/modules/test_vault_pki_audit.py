# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_audit as a user runs it, on a real OpenBao whose raft takes little: the outage of 2021 in the small."""

from __future__ import annotations

import json
from datetime import timedelta

import jsonschema
import pytest
import yaml

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import unpack
from ansible_collections.sre.preflight.plugins.modules import vault_pki_audit
from tests.lab.fill import Batch, fill
from tests.lab.least_privilege import policy_for, token_with
from tests.lab.pairings import OPENBAO_RAFT, start_pairing
from tests.lab.pki_mount import PkiMount
from tests.support.runs import ROOT, run_module, run_playbook

MODULE = "sre.preflight.vault_pki_audit"
LIMIT = 16_384


@pytest.fixture(scope="module")
def server(lab_authority, server_certificate):
    with start_pairing(OPENBAO_RAFT, certificate=server_certificate, authority=lab_authority, limit=LIMIT) as started:
        yield started


@pytest.fixture(scope="module")
def audited(server, tmp_path_factory):
    """(options, token) for a mount with a CRL at 70 % of its limit, leases that would overflow it, and no tidy."""
    mount = PkiMount(server.client, "incident")
    mount.enable()
    mount.generate_root("Incident CA")
    fill(
        mount,
        Batch(count=290, ttl=timedelta(hours=12), revoked=290),
        Batch(count=400, ttl=timedelta(days=30), lease=True),
    )
    ca = tmp_path_factory.mktemp("vault") / "ca.pem"
    ca.write_bytes(server.authority.pem)
    token = token_with(server, policy_for("incident"))
    return {"url": server.url, "ca_cert": str(ca), "token": token, "mounts": ["incident"]}


def _found(result):
    return {each["rule"]: each for each in result["findings"]}


def test_it_names_the_causes_the_limit_and_the_settings(audited):
    result = run_module(MODULE, audited)
    assert not result["failed"], result
    (mount,) = result["mounts"]
    assert mount["path"] == "incident/"
    assert mount["crl"]["limit_source"] == "measured"
    assert mount["crl"]["entries"] == 290
    assert 0.6 < mount["crl"]["bytes"] / mount["crl"]["limit_bytes"] < 0.8
    assert mount["leases"] == 400
    assert mount["crl"]["frozen"] is False
    assert mount["forecast"]["backlog"]["worst"]["peak_entries"] >= 690
    assert mount["forecast"]["backlog"]["worst"]["overflow_at"]
    assert mount["recommended"]["settings"]
    rules = _found(result)
    causes = {"auto-tidy-disabled", "crl-auto-rebuild-off", "crl-near-limit", "crl-overflow", "role-generates-leases"}
    assert {f"vault.{cause}" for cause in causes} <= set(rules), sorted(rules)
    assert rules["vault.crl-overflow"]["outage_at"] is not None
    remedy = rules["vault.auto-tidy-disabled"]["remediation"]
    assert remedy["role"] == "vault_tidy"
    assert remedy["settings"]
    assert [row["subject"] for row in result["certificates"]] == ["CN=Incident CA"]


def test_nothing_is_unknown_with_the_shipped_policy(audited):
    result = run_module(MODULE, audited)
    unknown = [each["message"] for each in result["findings"] if each["status"] == "unknown"]
    # A server that has just started cannot know what ran before.
    assert [message for message in unknown if "what ran before is forgotten" not in message] == []


def test_a_bundle_can_be_judged_again_with_another_policy(audited, tmp_path):
    kept = tmp_path / "evidence"
    first = run_module(MODULE, {**audited, "evidence_path": str(kept)})
    assert audited["token"] not in json.dumps(unpack(kept.read_text()))
    now = unpack(kept.read_text())["judged_at"]
    replayed = run_module(MODULE, {"replay_path": str(kept), "now": now})
    assert replayed["findings"] == first["findings"]
    assert replayed["mounts"] == first["mounts"]
    lenient = run_module(MODULE, {"replay_path": str(kept), "now": now, "max_crl_fill": 100})
    assert lenient["summary"]["by_status"]["fail"] < first["summary"]["by_status"]["fail"]


def test_check_mode_gives_the_same(audited):
    at = {**audited, "now": "2030-01-01"}
    checked, real = run_module(MODULE, at, check=True), run_module(MODULE, at)
    assert checked["findings"] == real["findings"]


def test_the_playbook_reports_it(audited, tmp_path):
    host = {"ansible_connection": "local", "preflight_vault_mounts": audited["mounts"]}
    host.update({f"preflight_vault_{key}": audited[key] for key in ("url", "token", "ca_cert")})
    directory = tmp_path / "report"
    completed = run_playbook(
        "sre.preflight.audit",
        tmp_path,
        "-e",
        f"preflight_report_directory={directory}",
        "-vvv",
        inventory={"all": {"hosts": {"vault1": host}}},
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    report = json.loads((directory / "preflight.json").read_text())
    jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "report.schema.json").read_text())).validate(report)
    assert "vault.crl-overflow" in [finding["rule"] for finding in report["findings"]]
    assert report["coverage"]["hosts_unknown"] == []
    assert report["verdict"] == "fail"
    for text in (completed.stdout + completed.stderr, json.dumps(report), (directory / "preflight.html").read_text()):
        assert audited["token"] not in text


def test_the_examples(server, audited, tmp_path):
    """As they stand, but for the address, its CA and the mount's name."""
    server.client.write("sys/auth/approle", type="approle")
    server.client.write("sys/policies/acl/preflight", policy=policy_for("incident"))
    server.client.write("auth/approle/role/preflight", token_policies="preflight")
    server.client.write("auth/approle/role/preflight/role-id", role_id="preflight")
    secret = server.client.request("POST", "auth/approle/role/preflight/secret-id", {})["data"]["secret_id"]
    tasks = yaml.safe_load(vault_pki_audit.EXAMPLES)
    for task in tasks:
        task[MODULE].update(url=server.url, ca_cert=audited["ca_cert"])
        if "mounts" in task[MODULE]:
            task[MODULE].update(mounts=["incident"], leaves_cache_path=str(tmp_path / "leaves.sqlite"))
        task["register"] = "result"
    shown = {"name": "Show", "ansible.builtin.debug": {"var": "result.mounts[0].crl.entries"}}
    play = [
        {"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": [tasks[0], shown, tasks[1], shown]}
    ]
    variables = json.dumps({"vault_secret_id": secret, "vault_token": audited["token"], "ansible_connection": "local"})
    completed = run_playbook(play, tmp_path, "-e", variables)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "ok=4 " in completed.stdout
    assert secret not in completed.stdout + completed.stderr
    assert (tmp_path / "leaves.sqlite").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"url": "https://127.0.0.1:1"}, "url: "),
        ({"token": "s.wrong"}, "token"),
        ({"max_crl_fill": 130}, "max_crl_fill: 130.0 is out of range"),
        ({"leaves_sample": 0}, "leaves_sample: 0 is too small; give 1 or more"),
    ],
)
def test_bad_input_is_one_clear_line_without_the_token(audited, change, message):
    result = run_module(MODULE, {**audited, "retries": 0, **change})
    assert result["failed"] or any(each["status"] == "unknown" for each in result["findings"])
    text = json.dumps(result)
    assert message in text
    assert audited["token"] not in text
