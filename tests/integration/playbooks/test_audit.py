# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook over several hosts: one report that accounts for each of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.support.certificates import make_ca, make_leaf
from tests.support.runs import ROOT, run_playbook

PLAYBOOK = "sre.preflight.audit"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
LOCAL = {"ansible_connection": "local"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """An inventory of hosts that are well, ill, unreachable, misconfigured and not configured at all."""
    path = tmp_path_factory.mktemp("fleet")
    ca = make_ca(common_name="Lab CA", not_before=NOW - 300 * DAY, not_after=NOW + 3000 * DAY)
    for name, used, left in (("well", 1, 89), ("ill", 300, 65)):
        leaf = make_leaf(
            issuer=ca, names=[f"{name}.example.com"], not_before=NOW - used * DAY, not_after=NOW + left * DAY
        )
        (path / f"{name}.pem").write_bytes(leaf.pem + leaf.key_pem)
    hosts = {
        "well": {**LOCAL, "preflight_paths": [str(path / "well.pem")]},
        "ill": {**LOCAL, "preflight_paths": [str(path / "ill.pem")]},
        "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1, "preflight_paths": ["/etc/ssl"]},
        "wrong": {**LOCAL, "preflight_paths": ["/etc/ssl"], "preflight_max_lifespan_used": 130},
        "idle": LOCAL,
    }
    return {"all": {"hosts": hosts}}


def _of(fleet, *names):
    return {"all": {"hosts": {name: fleet["all"]["hosts"][name] for name in names}}}


def _report(directory: Path):
    return json.loads((directory / "preflight.json").read_text())


def test_every_host_is_accounted_for(fleet, tmp_path):
    directory = tmp_path / "report"
    completed = run_playbook(PLAYBOOK, tmp_path, "-e", f"preflight_report_directory={directory}", inventory=fleet)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    report = _report(directory)
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(report)
    assert report["coverage"]["hosts_expected"] == 5
    assert report["coverage"]["hosts_reported"] == 2
    reasons = {each["host"]: each["reason"] for each in report["coverage"]["hosts_unknown"]}
    assert set(reasons) == {"gone", "wrong", "idle"}
    assert reasons["gone"].startswith("unreachable: ")
    assert reasons["wrong"].startswith("the audit failed: max_lifespan_used: 130.0 is out of range")
    assert reasons["idle"] == "the audit was skipped: nothing to audit is configured for this host"
    found = {(each["rule"], tuple(each["hosts"])) for each in report["findings"]}
    assert ("certificate.renewal-due", ("ill",)) in found
    assert report["verdict"] == "unknown"
    assert (directory / "preflight.html").read_text().startswith("<!DOCTYPE html>")
    assert f"HTML report: {directory}/preflight.html" in completed.stdout
    for line in ("UNKNOWN  1 medium, 3 unknown", "coverage: 2 of 5 hosts"):
        assert line in completed.stdout


@pytest.fixture(scope="module")
def first_run(fleet, tmp_path_factory):
    """(output, directory of the report) of a run over the hosts that are well and ill."""
    directory = tmp_path_factory.mktemp("first")
    arguments = ("-e", f"preflight_report_directory={directory}", "-e", "preflight_fail_on=medium")
    completed = run_playbook(PLAYBOOK, directory, *arguments, inventory=_of(fleet, "well", "ill"))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout, directory


def test_check_mode_gives_the_same_findings_and_writes_nothing(fleet, first_run, tmp_path):
    directory = tmp_path / "report"
    arguments = ("-e", f"preflight_report_directory={directory}", "-e", "preflight_fail_on=medium")
    checked = run_playbook(PLAYBOOK, tmp_path, *arguments, "--check", inventory=_of(fleet, "well", "ill"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert not directory.exists()
    assert "check mode: no report file was written" in checked.stdout

    def findings(text):
        return text[text.index("FAIL  1 medium") : text.index("coverage: 2 of 2 hosts")]

    assert findings(checked.stdout) == findings(first_run[0])


def test_a_host_has_rotators_of_its_own_and_its_endpoints_in_a_file(fleet, tmp_path):
    (tmp_path / "endpoints").write_text("127.0.0.1:1  # nobody listens here\n")
    own = {
        "preflight_endpoints_path": str(tmp_path / "endpoints"),
        "preflight_rotators": [{"path": "ill.pem", "rotator": "certbot"}],
        "preflight_rotator_windows": {"certbot": 60},
        "preflight_max_bytes": 1 << 20,
        "preflight_max_crl_lifespan_used": 90,
    }
    inventory = {"all": {"hosts": {"ill": {**fleet["all"]["hosts"]["ill"], **own}}}}
    completed = run_playbook(
        PLAYBOOK, tmp_path, "-e", f"preflight_report_directory={tmp_path / 'report'}", inventory=inventory
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    report = _report(tmp_path / "report")
    assert [(each["rule"], each["resource"]["name"]) for each in report["findings"]] == [
        ("certificate.target-unreachable", "tls://127.0.0.1:1"),
        ("certificate.rotation-missed", "ill.example.com"),
    ]
    assert report["policy"]["rotator_windows"]["certbot"] == 60
    assert report["policy"]["max_crl_lifespan_used"] == 90


@pytest.mark.parametrize(
    ("hosts", "fail_on", "code", "verdict"),
    [(["well"], "low", 0, "pass"), (["ill"], "medium", 2, "fail"), (["well", "gone"], "critical", 2, "unknown")],
)
def test_the_play_fails_where_that_is_asked_for(fleet, tmp_path, hosts, fail_on, code, verdict):
    """The other tests show that it does not elsewhere, whatever the verdict."""
    arguments = ("-e", f"preflight_fail_on={fail_on}", "-e", "preflight_enforce=true")
    completed = run_playbook(PLAYBOOK, tmp_path, *arguments, inventory=_of(fleet, *hosts))
    assert completed.returncode == code, completed.stdout
    assert (f"Preflight says {verdict}: " in completed.stdout) is (code != 0)


def test_the_second_run_says_what_has_changed(fleet, first_run, tmp_path):
    directory = first_run[1]
    assert _report(directory)["comparison"] is None
    run_playbook(PLAYBOOK, tmp_path, "-e", f"preflight_report_directory={directory}", inventory=_of(fleet, "well"))
    comparison = _report(directory)["comparison"]
    assert [each["rule"] for each in comparison["gone"]] == ["certificate.renewal-due"]
    assert comparison["new"] == []


def _report_play(*every_options):
    """A report for each of the options, under the name ``Report 0`` and so on; several go on when one has failed."""
    tasks = [
        {
            "name": f"Report {number}",
            "sre.preflight.audit_report": {"hosts": [], **options},
            "ignore_errors": len(every_options) > 1,
        }
        for number, options in enumerate(every_options)
    ]
    return [{"name": "Report", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]


WAIVER = {"rule": "r", "resource": "x", "owner": "me", "reason": "why"}
REFUSED = [
    ({"waivers": [WAIVER]}, "waivers[0].expires: None is missing; a waiver needs rule, resource, owner, reason"),
    ({"fail_on": "urgent"}, "value of fail_on must be one of: critical, high, medium, low, got: urgent"),
    ({"json_path": "/no/such/dir/x"}, "json_path: '/no/such/dir/x' lies in a directory that does not exist"),
    ({"plan_path": "/no/such/dir/x"}, "plan_path: '/no/such/dir/x' lies in a directory that does not exist"),
    ({"now": "soon"}, "now: 'soon' is refused: 'soon' is not an instant"),
    ({"colour": "red"}, "Unsupported parameters"),
]


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """What is said to each of REFUSED, by one run."""
    play = _report_play(*(options for options, _message in REFUSED))
    completed = run_playbook(play, tmp_path_factory.mktemp("refused"))
    _start, *said = completed.stdout.split("TASK [Report ")
    assert len(said) == len(REFUSED), completed.stdout + completed.stderr
    return said


@pytest.mark.parametrize(("number", "message"), [(n, message) for n, (_options, message) in enumerate(REFUSED)])
def test_bad_input_is_one_clear_line(refusals, number, message):
    assert "FAILED!" in refusals[number]
    assert message in refusals[number]


def test_passwords_of_another_shape_are_one_line_and_not_shown(fleet, tmp_path):
    hosts = _of(fleet, "well")
    hosts["all"]["hosts"]["well"] = {**hosts["all"]["hosts"]["well"], "preflight_passwords": ["key-phrase"]}
    completed = run_playbook(PLAYBOOK, tmp_path, "-v", inventory=hosts)
    assert "passwords: entry 1 is text, and no mapping; write each as {path: '*.p12', password: " in completed.stdout
    assert "key-phrase" not in completed.stdout + completed.stderr


def test_a_previous_report_that_cannot_be_used_is_a_warning(tmp_path):
    other = tmp_path / "other.json"
    other.write_text('{"schema": "other"}')
    completed = run_playbook(_report_play({"previous_path": str(other)}), tmp_path)
    assert completed.returncode == 0, completed.stdout
    warning = " ".join(completed.stderr.split())
    assert (
        "is no report to compare with (its schema is 'other', not sre.preflight/report); nothing is compared" in warning
    )


def test_the_plan_is_written_where_it_is_asked_for_even_if_it_is_empty(fleet, tmp_path):
    """An older plan that stayed there would be taken for this run's."""
    plan = tmp_path / "plans" / "vault.yml"
    plan.parent.mkdir()
    plan.write_text("old")
    arguments = ("-e", f"preflight_report_directory={tmp_path / 'report'}", "-e", f"preflight_report_plan_path={plan}")
    completed = run_playbook(PLAYBOOK, tmp_path, *arguments, inventory=_of(fleet, "well"))
    assert f"YAML plan: {plan}" in completed.stdout
    assert yaml.safe_load(plan.read_text())["preflight_plan"]["entries"] == []
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["preflight.html", "preflight.json"]


def test_no_host_at_all_is_no_success(tmp_path):
    completed = run_playbook(_report_play({}), tmp_path)
    assert "nothing was audited: no target was evaluated" in completed.stdout
