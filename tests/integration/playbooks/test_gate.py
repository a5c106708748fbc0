# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate before a deploy: what a pipeline sees, whether the audit is made now or was made elsewhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.certificates import make_ca, make_leaf
from tests.support.runs import run_playbook

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
DEPLOYED = "the deploy went on"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Hosts whose certificate is well, ill, or out of reach, by name."""
    path = tmp_path_factory.mktemp("fleet")
    ca = make_ca(common_name="Lab CA", not_before=NOW - 300 * DAY, not_after=NOW + 3000 * DAY)
    for name, left in (("well", 89), ("ill", 3)):
        leaf = make_leaf(
            issuer=ca, names=[f"{name}.example.com"], not_before=NOW - 20 * DAY, not_after=NOW + left * DAY
        )
        (path / f"{name}.pem").write_bytes(leaf.pem)
    hosts = {
        name: {"ansible_connection": "local", "preflight_paths": [str(path / f"{name}.pem")]}
        for name in ("well", "ill")
    }
    return {**hosts, "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1, "preflight_paths": ["/etc/ssl"]}}


@pytest.fixture(scope="module")
def report(fleet, tmp_path_factory):
    """A new report of the host that is well."""
    path = tmp_path_factory.mktemp("well")
    inventory = {"all": {"hosts": {"well": fleet["well"]}}}
    run_playbook("sre.preflight.audit", path, "-e", f"preflight_report_directory={path}", inventory=inventory)
    return path / "preflight.json"


def deploy(fleet, *names, tmp_path, check=False, serial="100%", **variables):
    """A deploy to these hosts behind the gate, as its README has it."""
    play = {
        "name": "Deploy",
        "hosts": "all",
        "gather_facts": False,
        "serial": serial,
        "pre_tasks": [{"name": "Gate", "ansible.builtin.import_role": {"name": "sre.preflight.gate"}}],
        "tasks": [{"name": "Deploy", "ansible.builtin.debug": {"msg": DEPLOYED}}],
    }
    inventory = {"all": {"hosts": {name: fleet[name] for name in names}}}
    arguments = ["-e", json.dumps(variables), *(["--check"] if check else [])]
    return run_playbook([play], tmp_path, *arguments, inventory=inventory, TMPDIR=str(tmp_path), COLUMNS="200")


def test_a_deploy_of_what_is_well_goes_on_in_batches_and_leaves_no_report(fleet, tmp_path):
    fleet = {**fleet, "also": fleet["well"]}
    completed = deploy(fleet, "well", "also", tmp_path=tmp_path, serial=1)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert completed.stdout.count("Preflight allows this: no finding at severity high or worse\n") == 2
    assert completed.stdout.count(DEPLOYED) == 2
    assert "changed=0" in completed.stdout
    assert list(tmp_path.glob("preflight-gate-*")) == []


@pytest.mark.parametrize(
    ("names", "check", "line"),
    [
        (
            ("well", "ill"),
            True,
            "Preflight refuses, fail: 1 finding at severity high or worse; the first: Certificate has used more",
        ),
        (("well", "gone"), False, "Preflight refuses, unknown: 1 check could not be judged;"),
    ],
    ids=["ill in check mode", "unreachable"],
)
def test_a_deploy_is_stopped_before_its_first_task_on_every_host(fleet, tmp_path, names, check, line):
    completed = deploy(fleet, *names, tmp_path=tmp_path, check=check)
    assert completed.returncode == 2, completed.stdout + completed.stderr
    assert DEPLOYED not in completed.stdout
    lines = completed.stdout.splitlines(keepends=True)
    (said,) = [number for number, each in enumerate(lines) if each.startswith("Preflight refuses")]
    assert lines[said].startswith(line)
    assert lines[said + 1].startswith(("FAIL  1 critical", "UNKNOWN  "))
    if not check:
        assert "gone: unreachable: " in completed.stdout
    assert list(tmp_path.glob("preflight-gate-*")) == []


def test_breaking_the_glass_lets_it_pass_and_is_in_the_report_that_is_kept(fleet, tmp_path):
    glass = {"gate_break_glass_who": "ada", "gate_break_glass_why": "the old one expires in an hour"}
    refused = deploy(fleet, "ill", tmp_path=tmp_path, **glass)
    assert refused.returncode == 2
    assert "gate_break_glass_who: 'ada' has to be written to a report that is kept" in refused.stdout
    passed = deploy(fleet, "ill", tmp_path=tmp_path, preflight_report_directory=str(tmp_path), **glass)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert DEPLOYED in passed.stdout
    assert "Preflight lets this pass because ada broke the glass, in spite of fail: 1 finding" in passed.stdout
    (entry,) = json.loads((tmp_path / "preflight.json").read_text())["break_glass"]
    assert (entry["who"], entry["why"], entry["verdict"]) == ("ada", "the old one expires in an hour", "fail")


def gate_on(tmp_path, path, hosts, **options):
    task = {"name": "Gate", "sre.preflight.gate": {"report_path": str(path), "hosts": hosts, **options}}
    play = {"name": "Deploy", "hosts": "localhost", "gather_facts": False, "tasks": [task]}
    return run_playbook([play], tmp_path, COLUMNS="200")


def test_a_report_that_was_made_elsewhere_counts(fleet, report, tmp_path):
    variables = {"gate_report_path": str(report), "gate_targets": ["*/well.pem"]}
    completed = deploy(fleet, "well", tmp_path=tmp_path, **variables)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "Preflight allows this" in completed.stdout
    assert "Merge the audits" not in completed.stdout.split("skipping")[0]


@pytest.mark.full
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_age": "1s"}, "does not count: it is of "),
        ({"now": "2026-01-01"}, "does not count: it is from the future"),
        ({"hosts": ["db"]}, "does not count: it is about other hosts, and lacks db"),
        ({"targets": ["tls://*"]}, "does not count: it is about other targets: nothing that it covers matches tls://*"),
        ({"max_age": "soon"}, "max_age: 'soon' is refused"),
        ({"break_glass_who": "ada"}, "break_glass_why: '' is empty; the gate opens only to somebody who says"),
        ({"colour": "red"}, "Unsupported parameters: colour"),
    ],
    ids=["stale", "future", "hosts", "targets", "age", "no reason", "option"],
)
def test_what_does_not_count_is_one_clear_line(report, tmp_path, options, message):
    now = {} if "max_age" not in options else {"now": (datetime.now(UTC) + timedelta(seconds=50)).isoformat()[:19]}
    completed = gate_on(tmp_path, report, **{"hosts": ["well"], **now, **options})
    assert completed.returncode == 2
    assert message in completed.stdout + completed.stderr
