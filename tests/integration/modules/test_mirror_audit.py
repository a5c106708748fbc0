# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mirror and its upstream on loopback, audited by the module as Ansible runs it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import unpack
from ansible_collections.sre.preflight.plugins.modules import mirror_audit
from tests.support.package_index import demo_index
from tests.support.runs import run_module, run_playbook
from tests.support.simple_index import Asked, IndexServer, Page

MODULE = "sre.preflight.mirror_audit"
NOW = "2026-11-24T12:00:00Z"
PROJECTS = ["demo", "zope-demo"]


def audit(mirror: IndexServer, upstream: IndexServer | None = None, **more: Any) -> dict[str, Any]:
    arguments = {"mirror_url": mirror.url, "projects": PROJECTS, "now": NOW, "timeout": 10, **more}
    if upstream is not None:
        arguments["upstream_url"] = upstream.url
    result = run_module(MODULE, arguments)
    assert not result["failed"], result
    return result


def found(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["rule"]: finding for finding in result["findings"]}


def test_a_good_mirror_has_no_finding() -> None:
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index()) as mirror:
        result = audit(mirror, upstream, sample=2)
    assert [(each["rule"], each["message"]) for each in result["findings"]] == []
    (row,) = result["mirrors"]
    assert (row["projects"], row["projects_read"], row["projects_listed"], row["files"]) == (2, 2, 2, 7)
    assert row["formats"] == ["html", "json"]
    assert row["api_versions"] == ["1.4"]
    assert result["sample"]["bad"] == []
    assert result["coverage"]["targets_expected"] == 4


def test_the_fallback_of_2021_is_told() -> None:
    """Without requires-python, in neither format."""

    def strip(page: dict[str, Any]) -> None:
        for entry in page["files"]:
            entry.pop("requires-python", None)

    with IndexServer(demo_index()) as upstream, IndexServer(demo_index(), change=strip) as mirror:
        result = audit(mirror, upstream)
    rules = found(result)
    assert set(rules) == {"mirror.requires-python-missing", "mirror.requires-python-contradicts-metadata"}
    finding = rules["mirror.requires-python-missing"]
    assert (finding["status"], finding["severity"]) == ("fail", "high")
    assert finding["resource"]["location"] == mirror.url
    assert finding["evidence"]["count"] == 4
    assert set(finding["evidence"]["complaints"]) == {
        "demo", "demo (as old clients get it)", "zope-demo", "zope-demo (as old clients get it)",
    }  # fmt: skip
    assert finding["evidence"]["complaints"]["demo"].startswith("5 of 5 files lack it (demo-1.0-py3-none-any.whl, ")


def test_what_clients_would_install_is_resolved(tmp_path: Any) -> None:
    """The fallback of 2021: an old pip gets what cannot run; current ones find out from the metadata."""

    def strip(page: dict[str, Any]) -> None:
        for entry in page["files"]:
            entry.pop("requires-python", None)

    asked = {"projects": [], "requirements": ["demo"], "pythons": ["3.10", "3.13"]}
    kept = tmp_path / "evidence"
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index(), change=strip) as mirror:
        result = audit(mirror, upstream, evidence_path=str(kept), **asked)
        same = audit(upstream, upstream, **asked)
    old, new = result["resolutions"]
    assert (old["requirement"], old["python"], old["platform"]) == ("demo", "3.10", "manylinux_2_28_x86_64")
    assert old["upstream_file"] == "demo-1.1-py3-none-any.whl"
    assert old["outcome"] != "same"
    assert new["outcome"] == "same"
    finding = found(result)["mirror.resolution-differs"]
    assert "demo on Python 3.10" in finding["message"]
    assert [row["outcome"] for row in same["resolutions"]] == ["same", "same"]
    assert run_module(MODULE, {"replay_path": str(kept), "now": NOW})["resolutions"] == result["resolutions"]


def test_without_an_upstream_what_needs_comparing_is_unknown() -> None:
    with IndexServer(demo_index()) as mirror:
        result = audit(mirror)
    statuses = {finding["rule"]: finding["status"] for finding in result["findings"]}
    assert set(statuses.values()) == {"unknown"}
    assert "mirror.requires-python-missing" in statuses
    assert "mirror.files-missing" in statuses
    assert all(
        "no upstream_url is given" in found(result)[rule]["message"] for rule in statuses if "index-old" not in rule
    )


def test_a_hidden_dependency_is_told_and_nothing_else_is_contacted() -> None:
    with (
        IndexServer(demo_index()) as upstream,
        IndexServer(demo_index()) as elsewhere,
        IndexServer(demo_index(), files_url=elsewhere.files_url) as mirror,
    ):
        finding = found(audit(mirror, upstream))["mirror.upstream-dependency"]
        assert elsewhere.requests == []
        assert finding["severity"] == "critical"
        assert finding["evidence"]["complaints"]["demo"] == f"5 of 5 files at {elsewhere.origin}"
        host = elsewhere.origin.partition("://")[2]
        assert "mirror.upstream-dependency" not in found(audit(mirror, upstream, mirror_hosts=[host]))
        assert elsewhere.requests != []


def test_a_second_run_asks_whether_anything_changed(tmp_path: Any) -> None:
    cache = str(tmp_path / "pages.sqlite")
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index()) as mirror:
        first = audit(mirror, upstream, cache_path=cache, file_sample=0)
        again = audit(mirror, upstream, cache_path=cache, file_sample=0)
        agents = {asked.headers["User-Agent"] for asked in (*mirror.requests, *upstream.requests)}
    assert first["traffic"]["not_modified"] == 0
    # Two projects in two formats and the root page here, and two pages upstream.
    assert again["traffic"]["not_modified"] == 7
    assert again["findings"] == first["findings"]
    assert again["mirrors"] == first["mirrors"]
    assert all(agent.startswith("sre.preflight/") for agent in agents)
    assert oct((tmp_path / "pages.sqlite").stat().st_mode & 0o777) == "0o600"


def test_a_bundle_can_be_judged_again(tmp_path: Any) -> None:
    kept = tmp_path / "evidence"
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index()) as mirror:
        upstream.projects["demo"].add("3.0", **{"upload-time": "2026-11-22T00:00:00Z"})
        first = audit(mirror, upstream, evidence_path=str(kept), sample=1)
    replayed = run_module(MODULE, {"replay_path": str(kept), "now": NOW})
    assert replayed["findings"] == first["findings"]
    assert replayed["mirrors"] == first["mirrors"]
    assert replayed["sample"] == first["sample"]
    missing = found(first)["mirror.files-missing"]
    assert "1 of 6 files are missing (demo-3.0-py3-none-any.whl), since 2d 12h" in missing["message"]
    patient = run_module(MODULE, {"replay_path": str(kept), "now": NOW, "max_mirror_lag": "7d"})
    assert "mirror.files-missing" not in found(patient)


def test_check_mode_gives_the_same() -> None:
    with IndexServer(demo_index()) as mirror:
        arguments = {"mirror_url": mirror.url, "projects": ["demo"], "now": NOW}
        checked, real = run_module(MODULE, arguments, check=True), run_module(MODULE, arguments)
    assert checked == real


def protected(asked: Asked, page: Page) -> Page:
    """Basic authentication of reader:letmein, or the token s3cret."""
    good = ("Basic cmVhZGVyOmxldG1laW4=", "Bearer s3cret")
    return page if asked.headers.get("Authorization") in good else Page(401, {"WWW-Authenticate": "Basic"})


@pytest.mark.parametrize("how", ["password", "token", "netrc"])
def test_logins(how: str, tmp_path: Any) -> None:
    with IndexServer(demo_index(), fault=protected) as mirror:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login reader password letmein\n")
        netrc.chmod(0o600)
        login = {
            "password": {"username": "reader", "password": "letmein"},
            "token": {"token": "s3cret"},
            "netrc": {"netrc_path": str(netrc)},
        }[how]
        kept = tmp_path / "evidence"
        result = audit(mirror, evidence_path=str(kept), **login)
        refused = audit(mirror)
    assert "mirror.project-unread" not in found(result)
    unread = found(refused)["mirror.project-unread"]
    assert (unread["status"], unread["severity"]) == ("unknown", "critical")
    assert "demo: status 401" in unread["message"]
    text = json.dumps(result) + json.dumps(unpack(kept.read_text()))
    assert not [secret for secret in ("letmein", "s3cret", "cmVhZGVyOmxldG1laW4") if secret in text]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"mirror_url": "mirror.example.com/simple"},
            "mirror_url: 'mirror.example.com/simple' is no address of an index",
        ),
        ({"mirror_url": "https://a:geheim@host/"}, "mirror_url: '...@host/' holds a login; give it in the options"),
        ({"projects": ["-r x"]}, "projects: '-r x' names no project; write it as name, or name==1.0"),
        ({"projects": []}, "projects: nothing is named; give projects, requirements, requirements_paths or a sample"),
        ({"max_connections": 11}, "max_connections: 11 is out of range; give 1 to 10"),
        ({"timeout": 0}, "timeout: 0.0 is no number of seconds; give more than 0"),
        ({"sample": -1}, "sample: -1 is too small; give 0 or more"),
        ({"requirements": ["demo>>1"]}, "requirements: 'demo>>1' is no requirement"),
        ({"pythons": ["3.1"]}, "pythons: '3.1' is no Python that can be asked for"),
        ({"platforms": ["amiga"], "pythons": ["3.12"]}, "platforms: 'amiga' is no platform that can be asked for"),
        ({"requirements_paths": ["/nowhere.txt"]}, "requirements_paths: '/nowhere.txt' cannot be read: No such file"),
        ({"ca_path": "/nowhere.pem"}, "ca_path: '/nowhere.pem' cannot be used: No such file or directory"),
        ({"client_key": "/nowhere.pem"}, "client_certificate: is missing; client_key is given"),
        ({"max_mirror_lag": "soon"}, "max_mirror_lag: 'soon' is refused"),
        ({"token": "geheim", "username": "me"}, "token: is given together with username or password; give one login"),
    ],
)
def test_bad_input_is_one_clear_line_without_a_secret(change: dict[str, Any], message: str) -> None:
    result = run_module(MODULE, {"mirror_url": "http://127.0.0.1:1/", "projects": ["demo"], **change})
    assert result["failed"]
    assert result["msg"].startswith(message), result["msg"]
    assert "\n" not in result["msg"]
    assert "geheim" not in json.dumps(result)


def test_the_playbook_reports_it(tmp_path: Any) -> None:
    def strip(page: dict[str, Any]) -> None:
        for entry in page["files"]:
            entry.pop("requires-python", None)

    directory = tmp_path / "report"
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index(), change=strip) as mirror:
        host = {
            "ansible_connection": "local",
            "preflight_mirror_url": mirror.url,
            "preflight_mirror_upstream_url": upstream.url,
            "preflight_mirror_projects": PROJECTS,
            "preflight_mirror_token": "s3cret",
        }
        completed = run_playbook(
            "sre.preflight.audit",
            tmp_path,
            "-e",
            f"preflight_report_directory={directory}",
            "-vvv",
            inventory={"all": {"hosts": {"controller": host}}},
        )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    report = json.loads((directory / "preflight.json").read_text())
    finding = next(each for each in report["findings"] if each["rule"] == "mirror.requires-python-missing")
    assert finding["locations"] == [mirror.url]
    assert report["verdict"] == "fail"
    assert report["coverage"]["hosts_unknown"] == []
    page = (directory / "preflight.html").read_text()
    assert "requires-python is missing" in page
    assert "s3cret" not in completed.stdout + completed.stderr + json.dumps(report) + page


def test_the_examples(tmp_path: Any) -> None:
    """As they stand, but for the addresses and the files."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("demo==1.0\n")
    tasks = yaml.safe_load(mirror_audit.EXAMPLES)
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index()) as mirror:
        for task in tasks:
            task[MODULE].update(mirror_url=mirror.url, upstream_url=upstream.url)
            task[MODULE].pop("ca_path", None)
            if "requirements_paths" in task[MODULE]:
                task[MODULE].update(requirements_paths=[str(requirements)], cache_path=str(tmp_path / "pages.sqlite"))
        play = [{"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]
        variables = json.dumps({"mirror_token": "s3cret", "ansible_connection": "local"})
        completed = run_playbook(play, tmp_path, "-e", variables)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "ok=2 " in completed.stdout
