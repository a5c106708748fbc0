# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mirror from the inventory to the gate and the plan, as a pipeline sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.package_index import PYTHONS, PackageIndex, package_index
from tests.support.package_index import demo_index
from tests.support.runs import run_playbook
from tests.support.simple_index import IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCAL = {"ansible_connection": "local"}
GOOD = "the deploy went on"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    with package_index(tmp_path_factory.mktemp("index") / "fallback") as running:
        yield running


@pytest.fixture(scope="module")
def report(index: PackageIndex, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report over the lab's fallback."""
    directory = tmp_path_factory.mktemp("report")
    host = {
        **LOCAL,
        "preflight_mirror_url": index.mirror_url,
        "preflight_mirror_upstream_url": index.upstream_url,
        "preflight_mirror_requirements": list(index.projects),
        "preflight_mirror_pythons": list(PYTHONS),
    }
    completed = audited({"auditor": host}, directory)
    assert "pip on Python 3.9 installs spindle 2.0 from the mirror, 1.4 from the upstream" in completed.stdout
    return directory


def audited(hosts: dict[str, Any], directory: Path, *arguments: str) -> Any:
    where = f"preflight_report_directory={directory}"
    completed = run_playbook(
        "sre.preflight.audit", directory, "-e", where, *arguments, inventory={"all": {"hosts": hosts}}
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed


def gated(path: Path, tmp_path: Path, **variables: Any) -> Any:
    play = {
        "name": "Deploy",
        "hosts": "auditor",
        "gather_facts": False,
        "pre_tasks": [{"name": "Gate", "ansible.builtin.import_role": {"name": "sre.preflight.gate"}}],
        "tasks": [{"name": "Deploy", "ansible.builtin.debug": {"msg": GOOD}}],
    }
    extra = json.dumps({"gate_report_path": str(path / "preflight.json"), **variables})
    return run_playbook([play], tmp_path, "-e", extra, inventory={"all": {"hosts": {"auditor": LOCAL}}}, COLUMNS="200")


def test_the_gate_refuses_a_fallback_like_that_of_2021(index: PackageIndex, report: Path, tmp_path: Path) -> None:
    completed = gated(report, tmp_path, gate_targets=[index.mirror_url])
    assert completed.returncode == 2
    assert GOOD not in completed.stdout
    assert "Preflight refuses, fail: 5 findings at severity high or worse; the first: Clients install" in (
        completed.stdout
    )


def test_the_gate_wants_the_mirror_that_it_was_told_of(report: Path, tmp_path: Path) -> None:
    completed = gated(report, tmp_path, gate_targets=["https://mirror.example.com/simple/"], gate_fail_on="critical")
    assert completed.returncode == 2
    assert "it is about other targets: nothing that it covers matches https://mirror.example.com/simple/" in (
        completed.stdout + completed.stderr
    )


def test_the_gate_lets_a_good_mirror_pass_by_its_url_without_the_slash(tmp_path: Path) -> None:
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index()) as mirror:
        host = {
            **LOCAL,
            "preflight_mirror_url": mirror.url,
            "preflight_mirror_upstream_url": upstream.url,
            "preflight_mirror_projects": ["demo"],
        }
        audited({"auditor": host}, tmp_path)
    completed = gated(tmp_path, tmp_path, gate_targets=[mirror.url.rstrip("/")])
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert GOOD in completed.stdout


def test_every_variable_of_the_role_reaches_the_mirror(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine other.example.com login me password them\n")
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index()) as mirror:
        host = {
            **LOCAL,
            "preflight_mirror_url": mirror.url,
            "preflight_mirror_upstream_url": upstream.url,
            "preflight_mirror_upstream_token": "s3cret-token",
            "preflight_mirror_netrc_path": str(netrc),
            "preflight_mirror_sample": 1,
            "preflight_mirror_sample_seed": 5,
            "preflight_mirror_file_sample": 0,
            "preflight_mirror_timeout": 5,
            "preflight_mirror_proxies": {"https": "http://127.0.0.1:9"},
            "preflight_mirror_max_lag": "3d",
            "preflight_mirror_max_age": "9d",
        }
        completed = audited({"auditor": host}, tmp_path, "-vvv")
        logins = [asked.headers.get("Authorization") for asked in upstream.requests]
        files = [asked.path for asked in mirror.requests if asked.path.startswith("/files/")]
    assert set(logins) == {"Bearer s3cret-token"}
    assert [path for path in files if not path.endswith(".metadata")] == []
    report = json.loads((tmp_path / "preflight.json").read_text())
    assert report["mirrors"][0]["sample"]["seed"] == 5
    assert "s3cret-token" not in completed.stdout + completed.stderr + json.dumps(report)


def test_nonsense_is_unknown_with_the_reason(tmp_path: Path) -> None:
    common = {
        **LOCAL,
        "preflight_mirror_url": "http://127.0.0.1:1/simple/",
        "preflight_mirror_upstream_url": "http://127.0.0.1:1/other/",
        "preflight_mirror_projects": ["demo"],
    }
    told = {
        "login": ({"upstream_password": "s3cret"}, "upstream_username: is missing; upstream_password is given"),
        "key": ({"client_key": "/k.pem"}, "client_certificate: is missing; client_key is given"),
        "lag": ({"max_lag": "soon"}, "max_mirror_lag: 'soon' is refused"),
        "age": ({"max_age": "soon"}, "max_mirror_age: 'soon' is refused"),
    }
    hosts = {
        host: {**common, **{f"preflight_mirror_{name}": value for name, value in variables.items()}}
        for host, (variables, _message) in told.items()
    }
    audited(hosts, tmp_path)
    report = json.loads((tmp_path / "preflight.json").read_text())
    reasons = {each["host"]: each["reason"] for each in report["coverage"]["hosts_unknown"]}
    for host, (_variables, message) in told.items():
        assert message in reasons[host]


def test_a_plan_is_carried_out_where_the_mirror_is_served(index: PackageIndex, report: Path, tmp_path: Path) -> None:
    read = {"name": "Read", "sre.preflight.remediation_plan": {"path": str(report / "preflight_plan.yml")}}
    shown = {
        "name": "Show",
        "ansible.builtin.debug": {
            "msg": "{{ plan.entries | map(attribute='host') | join('+') }} {{ plan.hosts }} {{ plan.unanswered }}"
        },
    }
    play = [
        {"name": "Plan", "hosts": "localhost", "gather_facts": False, "tasks": [{**read, "register": "plan"}, shown]}
    ]
    hosts = {
        "node1": {**LOCAL, "mirror": index.mirror_url.rstrip("/"), "package_mirror_url": "{{ mirror }}"},
        "node2": {**LOCAL, "package_mirror_url": index.mirror_url},
        "other": {**LOCAL, "package_mirror_url": "https://other.example.com/simple/"},
    }
    completed = run_playbook(play, tmp_path, inventory={"all": {"hosts": hosts}}, COLUMNS="300")
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "node1+node2 ['node1', 'node2'] []" in completed.stdout


def test_a_plan_for_a_mirror_that_nobody_serves_is_told_of(index: PackageIndex, report: Path, tmp_path: Path) -> None:
    variables = ("-e", f"preflight_plan_path={report / 'preflight_plan.yml'}")
    inventory = {"all": {"hosts": {"auditor": LOCAL}}}
    completed = run_playbook("sre.preflight.remediate", tmp_path, *variables, inventory=inventory, COLUMNS="300")
    assert completed.returncode == 0, completed.stdout + completed.stderr
    told = f"{index.mirror_url}: nothing is done, because no host has it as package_mirror_url; set that on the host"
    assert told in completed.stdout
    assert "changed=0" in completed.stdout
