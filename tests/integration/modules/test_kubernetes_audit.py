# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kubernetes_audit as a user runs it, on a real API server and with the rights that the role ships."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import unpack
from ansible_collections.sre.preflight.plugins.modules import kubernetes_audit
from tests.integration.kubernetes.filling import HOST, filled_cluster
from tests.lab.kubernetes import encoded
from tests.support import cluster_objects as make
from tests.support.runs import ROOT, run_module, run_playbook

pytestmark = pytest.mark.full

MODULE = "sre.preflight.kubernetes_audit"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    with filled_cluster(tmp_path_factory.mktemp("kubernetes")) as started:
        yield started


def secrets_of(filled):
    """All that is secret: keys, as text and as the API carries them, and the token."""
    bodies = [b"".join(made.key_pem.split(b"-----")[2].split()).decode()[10:50] for made in filled.made.values()]
    carried = [encoded(made.key_pem)[40:90] for made in filled.made.values()]
    return [*bodies, *carried, filled.token, "hunter2", encoded(b"hunter2-of-the-lab")]


def test_it_says_what_breaks_and_for_whom(filled):
    result = run_module(MODULE, {"kubeconfig": filled.kubeconfig})
    assert not result["failed"], result
    found = {each["rule"]: each for each in result["findings"]}
    assert found["certificate.renewal-due"]["evidence"]["hosts"] == [HOST]
    assert found["kubernetes.trust-bundle-without-valid-ca"]["severity"] == "critical"
    assert result["cluster"]["address"] == filled.cluster.address
    assert {row["status"] for row in result["sources"]} == {"evaluated"}
    overdue = next(row for row in result["secrets"] if row["name"] == "overdue")
    assert overdue["used_by"] == ["Ingress web/edge", "Deployment web/shop"]
    assert result["coverage"]["targets_unknown"] == 0
    assert len(result["certificates"]) > len(filled.made)


def test_a_bundle_can_be_judged_again_without_the_cluster(filled, tmp_path):
    kept = tmp_path / "evidence"
    first = run_module(MODULE, {"kubeconfig": filled.kubeconfig, "evidence_path": str(kept)})
    document = unpack(kept.read_text())
    replayed = run_module(MODULE, {"replay_path": str(kept), "now": document["judged_at"]})
    assert replayed["findings"] == first["findings"]
    assert replayed["secrets"] == first["secrets"]
    later = run_module(MODULE, {"replay_path": str(kept), "now": "2040-01-01"})
    expired = [each for each in later["findings"] if each["rule"] == "certificate.expired"]
    assert HOST in " ".join(each["message"] for each in expired)


def test_check_mode_gives_the_same(filled):
    at = {"kubeconfig": filled.kubeconfig, "now": "2030-01-01"}
    assert run_module(MODULE, at, check=True)["findings"] == run_module(MODULE, at)["findings"]


def test_the_playbook_reports_it_and_nothing_secret_is_anywhere(filled, tmp_path):
    host = {"ansible_connection": "local", "preflight_kubernetes_kubeconfig": filled.kubeconfig}
    directory = tmp_path / "report"
    completed = run_playbook(
        "sre.preflight.audit",
        tmp_path,
        "-e",
        f"preflight_report_directory={directory}",
        "-vvv",
        inventory={"all": {"hosts": {"control": host}}},
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    report = json.loads((directory / "preflight.json").read_text())
    jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "report.schema.json").read_text())).validate(report)
    assert {"kubernetes.trust-bundle-without-valid-ca", "certificate.renewal-due"} <= {
        finding["rule"] for finding in report["findings"]
    }
    assert report["coverage"]["hosts_unknown"] == []
    assert report["verdict"] == "fail"
    written = [completed.stdout + completed.stderr, *(path.read_text() for path in directory.iterdir())]
    assert [secret for secret in secrets_of(filled) for text in written if secret in text] == []


def test_the_role_takes_a_token_and_namespaces(filled, tmp_path):
    authority = tmp_path / "ca.pem"
    authority.write_bytes(filled.cluster.authorities.cluster.pem)
    host = {
        "ansible_connection": "local",
        "preflight_kubernetes_host": filled.cluster.url,
        "preflight_kubernetes_api_key": filled.token,
        "preflight_kubernetes_ca_cert": str(authority),
        "preflight_kubernetes_namespaces": ["web"],
        "preflight_kubernetes_resources": ["secrets"],
    }
    play = [
        {
            "name": "Audit",
            "hosts": "all",
            "gather_facts": False,
            "roles": ["sre.preflight.audit"],
            "tasks": [
                {
                    "name": "Keep",
                    "ansible.builtin.copy": {
                        "content": "{{ preflight_kubernetes_audit.bundle }}",
                        "dest": str(tmp_path / "kept"),
                        "mode": "0600",
                    },
                }
            ],
        }
    ]
    completed = run_playbook(play, tmp_path, "-vvv", inventory={"all": {"hosts": {"control": host}}})
    assert completed.returncode == 0, completed.stdout + completed.stderr
    document = unpack((tmp_path / "kept").read_text())
    assert [(row["resource"], row["namespace"]) for row in document["evidence"]["sources"]] == [("secrets", "web")]
    assert filled.token not in completed.stdout + completed.stderr


def test_the_examples(filled, tmp_path):
    """As they stand, but for addresses and files; the second with a login that has rights in its namespaces alone."""
    rules = [
        each for each in make.shipped_rules() if set(each["apiGroups"]) & {"", "apps", "batch", "networking.k8s.io"}
    ]
    for namespace in ("shop", "search"):
        filled.cluster.namespace(namespace)
        token = make.login_with(filled.cluster, "example", rules, namespace=namespace)
    authority = tmp_path / "ca.pem"
    authority.write_bytes(filled.cluster.authorities.cluster.pem)
    first, second = yaml.safe_load(kubernetes_audit.EXAMPLES)
    first[MODULE].update(kubeconfig=filled.kubeconfig, context="lab")
    second[MODULE].update(host=filled.cluster.url, ca_cert=str(authority))
    second["register"] = "audit"
    checked = {"name": "All was read", "ansible.builtin.assert": {"that": "audit.coverage.targets_unknown == 0"}}
    tasks = [first, checked, second, checked]
    play = [{"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    variables = json.dumps({"kubernetes_token": token, "ansible_connection": "local"})
    completed = run_playbook(play, tmp_path, "-e", variables)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "ok=4 " in completed.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kubeconfig": "/no/such"}, "kubeconfig: '/no/such' cannot be read, or is not there"),
        ({"timeout": 0}, "timeout: 0.0 is out of range"),
        ({"max_request_age": "soon"}, "max_request_age: 'soon' is refused"),
        ({"namespaces": ["a/b"]}, "namespaces: 'a/b' is no name of a namespace"),
        ({"resources": ["nodes"]}, "value of resources must be one or more of: secrets"),
    ],
)
def test_bad_input_is_one_clear_line(filled, change, message):
    result = run_module(MODULE, {"kubeconfig": filled.kubeconfig, **change})
    assert result["failed"]
    assert message in result["msg"]
