# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mirrors in the report: a row each, the worst that anybody saw, and what would be installed, the worst first."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import pack, unpack
from ansible_collections.sre.preflight.plugins.plugin_utils._report.html import MAX_ROWS, render_html
from ansible_collections.sre.preflight.plugins.plugin_utils._report.installs import installs
from ansible_collections.sre.preflight.plugins.plugin_utils._report.mirrors import (
    MAX_DIFFERING,
    OUTCOMES,
    differing_of,
    mirror_rows,
    worst_of,
)
from ansible_collections.sre.preflight.plugins.plugin_utils._report.terminal import render_terminal
from tests.support.mirror_reports import bundle_of, evidence, mirror_report, releases
from tests.support.mirrors import MIRROR, NOW
from tests.support.plans import report_over

WHEEL = "demo-{}-py3-none-any.whl"
LINUX = "manylinux_2_28_x86_64"


def seen(host="a", address=None, **more) -> dict[str, Any]:
    """A row of mirror_audit, as a host saw the mirror."""
    row = {
        "url": MIRROR,
        "host": host,
        "address": address,
        "projects": 3,
        "projects_read": 3,
        "projects_listed": 9,
        "files": 30,
        "formats": ["html", "json"],
        "api_versions": ["1.4"],
        "serial": 7,
        "last_modified": "Tue, 24 Nov 2026 12:00:00 GMT",
        "sample": None,
        "projects_named": [],
    }
    return {**row, **more}


def resolution(outcome="wrong_version", python="3.9", **more) -> dict[str, Any]:
    """A resolution of mirror_audit, and the mirror that it is of."""
    row = {
        "mirror": MIRROR,
        "requirement": "demo>=1",
        "python": python,
        "platform": LINUX,
        "address": None,
        "outcome": outcome,
        "upstream_file": WHEEL.format("1.4"),
        "mirror_file": WHEEL.format("2.0"),
        "client": "pip",
        "clients": {"pip": outcome},
        "reason": "version 2.0 instead of 1.4",
    }
    return {**row, **more}


def sentences(*resolutions):
    return [each.sentence for each in installs(differing_of(worst_of(resolutions))["differing"])]


def test_of_several_hosts_and_addresses_the_worst_counts():
    rows = [
        seen("b", "192.0.2.2", projects_read=1, files=3, formats=["html"], serial=5, api_versions=["1.0"]),
        seen("a", "192.0.2.1", last_modified="Thu, 05 Nov 2026 12:00:00 GMT", projects_listed=None),
        seen("a", url="https://other.example/simple/"),
    ]
    first, second = mirror_rows(rows, [], [])
    assert first == {
        "url": MIRROR,
        "hosts": ["a", "b"],
        "addresses": ["192.0.2.1", "192.0.2.2"],
        "projects": 3,
        "projects_read": 1,
        "projects_listed": 9,
        "files": 3,
        "formats": ["html"],
        "api_versions": ["1.0", "1.4"],
        "serial": 5,
        "last_changed": "2026-11-05T12:00:00Z",
        "lacks": [],
        "sample": None,
        "outcomes": {},
    }
    assert second["url"] == "https://other.example/simple/"


@pytest.mark.parametrize("header", [None, "", "yesterday", "Tue, 99 Nov 2026 12:00:00 GMT"])
def test_a_date_that_is_none_is_not_known(header):
    assert mirror_rows([seen(last_modified=header)], [], [])[0]["last_changed"] is None


def test_of_one_install_the_worst_counts_and_it_is_counted_once():
    worst = worst_of([resolution("same"), resolution("fails"), resolution("dearer"), resolution("same", python="3.13")])
    assert [(each["python"], each["outcome"]) for each in worst] == [("3.9", "fails"), ("3.13", "same")]
    assert differing_of(worst)["outcomes"] == {"fails": 1, "same": 1}


def test_the_largest_harm_comes_first_then_the_oldest_python():
    given = [resolution(outcome, python) for outcome in reversed(OUTCOMES) for python in ("3.13", "3.9")]
    rows = [{**each, "requirement": each["outcome"]} for each in given]
    differing = differing_of(worst_of(rows))["differing"]
    expected = ["wrong_version", "fails", "builds_from_source", "unknown", "dearer"]
    assert [(each["outcome"], each["python"]) for each in differing] == [
        (outcome, python) for outcome in expected for python in ("3.9", "3.13")
    ]


def test_very_many_are_bounded_and_counted():
    rows = [resolution(requirement=f"project-{number:05}") for number in range(MAX_DIFFERING + 5)]
    told = differing_of(worst_of(rows))
    assert (len(told["differing"]), told["left_out"], told["asked"]) == (MAX_DIFFERING, 5, MAX_DIFFERING + 5)
    report = {**mirror_report(), "resolutions": told}
    page = render_html(report)
    assert page.count('class="outcome"') == MAX_ROWS
    assert f"and {MAX_DIFFERING - MAX_ROWS + 5:,} more in the JSON report" in page
    terminal = render_terminal(report, limit=0)
    assert terminal.count(" from the mirror, 1.4 from the upstream") == 6
    assert f"  and {MAX_DIFFERING - 6:,} more\n" in terminal + "\n"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "pip on Python 3.9 installs demo 2.0 from the mirror, 1.4 from the upstream"),
        (
            {"client": "pip_legacy"},
            "pip 19.2 to 20.2 on Python 3.9 installs demo 2.0 from the mirror, 1.4 from the upstream",
        ),
        ({"upstream_file": None}, "pip on Python 3.9 installs demo 2.0 from the mirror, nothing from the upstream"),
        (
            {"upstream_file": WHEEL.format("2.0")},
            "pip on Python 3.9 installs another demo 2.0 from the mirror than from the upstream",
        ),
        (
            {"outcome": "fails", "mirror_file": None, "client": "uv", "upstream_file": "demo-1.1.tar.gz"},
            "uv on Python 3.9 fails to install demo from the mirror, and installs 1.1 from the upstream",
        ),
        (
            {"outcome": "builds_from_source", "mirror_file": "demo-2.0.tar.gz"},
            "pip on Python 3.9 builds demo 2.0 from source, and installs a wheel of it from the upstream",
        ),
        (
            {"outcome": "dearer"},
            "pip on Python 3.9 installs demo 2.0 from the mirror with more effort than from the upstream",
        ),
        (
            {"outcome": "unknown", "client": None, "reason": "the mirror's page could not be read"},
            "what is installed of demo on Python 3.9 is not known: the mirror's page could not be read",
        ),
        ({"mirror_file": "odd.whl"}, "pip on Python 3.9 installs demo odd.whl from the mirror, 1.4 from the upstream"),
    ],
)
def test_every_outcome_is_a_sentence(given, sentence):
    assert sentences(resolution(**given)) == [sentence]


def test_pythons_and_platforms_with_the_same_answer_are_one_sentence():
    rows = [resolution(python=python, platform=platform) for python in ("3.10", "3.9") for platform in ("a", "b")]
    (sentence,) = sentences(*rows)
    assert sentence == "pip on Python 3.9 and 3.10 (a and b) installs demo 2.0 from the mirror, 1.4 from the upstream"


def test_the_report_says_which_project_is_wrong_on_which_python():
    report = mirror_report()
    (row,) = report["mirrors"]
    assert row["lacks"] == ["requires-python", "yanked", "core-metadata"]
    assert row["outcomes"] == {"wrong_version": 1, "dearer": 1}
    wrong, dearer = report["resolutions"]["differing"]
    assert (wrong["python"], wrong["mirror_file"], wrong["upstream_file"]) == (
        "3.9",
        WHEEL.format("2.0"),
        WHEEL.format("1.4"),
    )
    assert (dearer["python"], dearer["outcome"]) == ("3.13", "dearer")
    told = render_terminal(report).splitlines()
    assert "  pip on Python 3.9 installs demo 2.0 from the mirror, 1.4 from the upstream" in told
    assert "pip on Python 3.9 installs demo 2.0 from the mirror, 1.4 from the upstream." in render_html(report)


def test_a_mirror_that_is_well_says_so():
    good = releases(old_style=False)
    report = mirror_report({"localhost": evidence(good, good, pythons=("3.12", "3.13"))})
    assert report["resolutions"] == {"asked": 2, "outcomes": {"same": 2}, "differing": [], "left_out": 0}
    assert report["plan"] == []
    assert "of 2 installs none that differs" in " ".join(render_terminal(report).split())
    assert "The same as from the upstream in 2 of 2 cases" in render_html(report)


def test_a_waived_lack_is_told_of_and_not_planned_for():
    everything = {"rule": "mirror.*", "resource": "*", "owner": "ada", "reason": "it goes", "expires": "2027-01-01"}
    report = mirror_report(waivers=[everything])
    assert report["mirrors"][0]["lacks"] == ["requires-python", "yanked", "core-metadata"]
    assert report["plan"] == []


def test_a_sample_is_told_with_its_bound():
    sample = {"source": "u", "population": 9, "drawn": 300, "seed": 0, "bad": [], "bad_percent_at_most": 0.99}
    report = mirror_report()
    report["mirrors"][0]["sample"] = {**sample, "confidence_percent": 95.0}
    assert "0 of 300 drawn are bad: at most 0.99 % of all" in " ".join(render_terminal(report).split())
    assert "at most 0.99 % of all" in render_html(report)


@pytest.mark.parametrize("part", ["mirrors", "resolutions"])
def test_a_bundle_of_another_shape_makes_its_host_unknown_and_hides_no_other(part):
    document = unpack(bundle_of(evidence()))
    document[part] = [{"url": MIRROR}]
    report = report_over({"odd": [pack(document)], "well": [bundle_of(evidence())]}, now=NOW)
    (missing,) = report["coverage"]["hosts_unknown"]
    assert missing["host"] == "odd"
    assert "not as this version of the collection writes it" in missing["reason"]
    assert [each["hosts"] for each in report["mirrors"]] == [["well"]]


def test_two_hosts_that_saw_the_same_are_one_row_and_one_entry():
    report = mirror_report({"b": evidence(), "a": evidence()})
    (row,) = report["mirrors"]
    assert row["hosts"] == ["a", "b"]
    assert report["resolutions"]["asked"] == 2
    (entry,) = report["plan"]
    assert entry["host"] == "a"
