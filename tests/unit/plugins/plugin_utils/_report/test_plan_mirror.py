# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan's entry for a mirror: what the role is to make of it, and nothing where people disagree."""

from __future__ import annotations

import yaml

from ansible_collections.sre.preflight.plugins.plugin_utils._report.html import render_html
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan import build
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_file import render_plan
from ansible_collections.sre.preflight.plugins.plugin_utils._report.terminal import render_terminal
from tests.support import plans, reports
from tests.support.mirror_reports import evidence, mirror_report, releases, wish
from tests.support.mirrors import MIRROR, NOW, UPSTREAM


def test_all_findings_on_a_mirror_are_one_entry():
    report = mirror_report()
    (entry,) = report["plan"]
    assert (entry["role"], entry["host"], entry["target"]) == (
        "package_mirror",
        "localhost",
        {"kind": "mirror", "url": MIRROR},
    )
    assert entry["settings"] == {"strategy": "pull_through", "upstream_url": UPSTREAM, "projects": ["demo"]}
    assert entry["found"] == {"lacks": ["requires-python", "yanked", "core-metadata"]}
    assert entry["findings"] == [finding["id"] for finding in report["findings"]]
    assert entry["effect"] == {
        "text": "1 wrong version, 1 slower install of 2 -> none: clients install what they install from the upstream",
        "outcomes": {"wrong_version": 1, "dearer": 1},
    }
    assert entry["needs"]["downtime"].startswith("none where nginx serves it already")
    assert any("1 project with all that is needed" in risk for risk in entry["risk"])
    assert any("is no longer served" in risk for risk in entry["risk"])


def test_the_entry_is_the_same_in_every_run():
    first, second = mirror_report()["plan"][0]["id"], mirror_report({"other": evidence()})["plan"][0]["id"]
    assert first == second
    assert first != build([wish(url="https://other.example/simple/")], [], NOW)[0]["id"]


def test_without_resolutions_the_effect_is_what_clients_are_told_again():
    (entry,) = mirror_report({"localhost": evidence(requirements=())})["plan"]
    text = "clients get what the upstream says, with requires-python, yanked, core-metadata"
    assert entry["effect"] == {"text": text, "outcomes": None}


def test_a_mirror_whose_installs_are_the_same_is_told_so():
    row = {"url": MIRROR, "outcomes": {"same": 2}}
    (entry,) = build([wish()], [], NOW, mirrors=[row])
    assert entry["effect"]["text"].endswith("what they install is the same in 2 of 2 cases already")


def test_without_named_projects_nothing_is_warmed_and_that_is_a_risk():
    (entry,) = build([wish()], [], NOW)
    assert "projects" not in entry["settings"]
    assert any("No project is named to be fetched in advance" in risk for risk in entry["risk"])


def test_two_upstreams_are_a_conflict_for_a_person():
    other = "https://second.example.org/simple/"
    findings = [wish(), wish(other, lacks="yanked")]
    (entry,) = build(findings, [], NOW)
    assert "upstream_url" not in entry["settings"]
    (conflict,) = entry["conflicts"]
    assert (conflict["path"], conflict["key"], conflict["chosen"]) == ("package_mirror", "upstream_url", None)
    wanted = {each["value"]: each["findings"] for each in conflict["values"]}
    assert wanted == {UPSTREAM: [findings[0]["id"]], other: [findings[1]["id"]]}
    assert entry["findings"] == []
    assert "not known until somebody has decided" in entry["effect"]["text"]
    report = reports.report(findings, [], plan=[entry], rules={})
    assert "1 conflict for a person to decide" in " ".join(render_terminal(report).split())
    assert "<b>Left out</b>: it was audited against several" in render_html(report)


def test_mirrors_and_mounts_are_planned_side_by_side_by_urgency():
    mount = plans.wish({"config/crl": {"auto_rebuild": True}}, severity="critical")
    entries = build([wish(severity="high"), mount], [], NOW)
    assert [entry["role"] for entry in entries] == ["vault_tidy", "package_mirror"]


def test_what_nothing_mends_is_not_planned():
    good = releases(old_style=False)
    assert mirror_report({"localhost": evidence(good, good, pythons=("3.12", "3.13"))})["plan"] == []


def test_the_file_of_variables_has_the_entry_and_says_where_it_is_carried_out():
    report = mirror_report()
    text = "".join(render_plan(report))
    assert yaml.safe_load(text)["preflight_plan"]["entries"] == report["plan"]
    assert "A mirror is brought up on the hosts whose variable\n# package_mirror_url is its url." in text


def test_people_are_shown_settings_lacks_risk_and_needs():
    page = render_html(mirror_report())
    for told in (
        "It lacks requires-python, yanked, core-metadata.",
        UPSTREAM,
        "root on the host whose package_mirror_url is the target",
        "on every host whose package_mirror_url it is; audited from localhost",
        "While the upstream is away",
    ):
        assert told in page
    terminal = " ".join(render_terminal(mirror_report()).split())
    assert "PLAN 3 settings of 1 target would mend 4 findings" in terminal
    assert f"{MIRROR}: 3 settings; 1 wrong version, 1 slower install of 2 -> none" in terminal
