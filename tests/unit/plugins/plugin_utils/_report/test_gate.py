# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the gate takes for an answer, and what it does not."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.json_stream import encode
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from ansible_collections.sre.preflight.plugins.plugin_utils._report import gate
from tests.support.inventories import DAY, NOW, SECOND, certificate, stored
from tests.support.merged import report_of

SCHEMA = json.loads((Path(__file__).parents[5] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
HOUR = timedelta(hours=1)


def plain(report):
    return json.loads("".join(encode(report)))


def well():
    return plain(report_of({"web": stored(certificate())}))


def ill():
    return plain(report_of({"web": stored(certificate("old.example.com", not_after=NOW - DAY))}))


def demand(**more):
    return gate.Demand(**{"hosts": ["web"], "targets": [], "max_age": HOUR, "fail_on": "high", **more})


def judged(report, now=NOW, **more):
    return gate.judge(report, demand(**more), now)


def why_not(report, now=NOW, **more):
    with pytest.raises(gate.NotCounted) as caught:
        judged(report, now, **more)
    return str(caught.value)


def test_what_passes_is_allowed():
    judgement = judged(well())
    assert (judgement.allowed, judgement.verdict) == (True, "pass")
    assert judgement.reason == "no finding at severity high or worse"


def test_a_failure_is_refused_and_the_worst_is_named():
    judgement = judged(ill())
    assert (judgement.allowed, judgement.verdict) == (False, "fail")
    assert judgement.reason == (
        "1 finding at severity high or worse; the first: Certificate has expired: old.example.com"
    )


def test_a_verdict_that_somebody_wrote_into_the_report_is_not_believed():
    assert judged({**ill(), "verdict": "pass", "verdict_reason": "fine", "fail_on": "critical"}).verdict == "fail"


def test_the_mildest_severity_that_refuses_is_the_gates_own():
    report = plain(report_of({"web": stored(certificate(not_before=NOW - 90 * DAY, not_after=NOW + 20 * DAY))}))
    assert judged(report, fail_on="critical").allowed
    assert not judged(report, fail_on="high").allowed


@pytest.mark.parametrize("inventories", [{}, {"web": Inventory()}], ids=["no host", "nothing seen"])
def test_unknown_is_no(inventories):
    judgement = judged(plain(report_of(inventories)), hosts=list(inventories))
    assert (judgement.allowed, judgement.verdict) == (False, "unknown")
    assert judgement.reason.startswith("nothing was audited")


@pytest.mark.parametrize("target", ["https://m.example/simple/", "https://m.example/simple/@192.0.2.1"])
@pytest.mark.parametrize(
    ("pattern", "counts"),
    [
        ("https://m.example/simple/", True),
        ("https://m.example/simple", True),
        ("https://m.example/*", True),
        ("https://m.example/simple/@192.0.2.1", None),
        ("https://other.example/simple/", False),
        ("https://m.example/", False),
    ],
)
def test_a_mirror_goes_by_its_url(target, pattern, counts):
    report = well()
    report["coverage"]["targets"] = {"web": [target]}
    if counts is None:
        counts = target.endswith("@192.0.2.1")
    if counts:
        assert judged(report, targets=[pattern]).allowed
    else:
        assert "nothing that it covers matches" in why_not(report, targets=[pattern])


def test_a_target_that_could_not_be_read_is_no():
    inventory = stored(certificate())
    inventory.unknown(inventory.add_target("path", "/etc/nope"), "matches nothing")
    inventory.add_problem("/etc/nope", kind="missing", reason="matches nothing", target=1)
    assert judged(plain(report_of({"web": inventory}))).verdict == "unknown"


@pytest.mark.parametrize(("age", "counts"), [(HOUR, True), (HOUR + SECOND, False)])
def test_the_age_is_that_of_the_oldest_evidence(age, counts):
    for key in ("generated_at", "judged_at", "collected_at"):
        report = well()
        moment = (NOW - age).strftime("%Y-%m-%dT%H:%M:%SZ")
        if key == "collected_at":
            report["provenance"][0][key] = moment
        else:
            report[key] = moment
        if counts:
            assert judged(report).allowed
        else:
            assert why_not(report) == "it is of 2026-05-31T22:59:59Z, more than 1h ago; audit again"


def test_clocks_may_differ_by_a_minute_and_no_more():
    assert judged(well(), NOW - gate.CLOCK_SKEW).allowed
    assert why_not(well(), NOW - gate.CLOCK_SKEW - SECOND) == (
        "it is from the future: 2026-06-01T00:00:00Z, while it is 2026-05-31T23:58:59Z here; "
        "set the clocks right and audit again"
    )


def test_a_report_of_other_hosts_does_not_count():
    assert why_not(well(), hosts=["web", "db"]) == "it is about other hosts, and lacks db"
    many = why_not(well(), hosts=["a", "b", "c", "d", "e"])
    assert many == "it is about other hosts, and lacks a, b, c and 2 more"


def test_a_host_that_did_not_report_is_weighed_by_the_verdict():
    report = well()
    report["coverage"]["hosts_unknown"] = [{"host": "db", "reason": "unreachable"}]
    assert judged(report, hosts=["db"]).allowed  # a waiver answers for it, otherwise it is a finding


@pytest.mark.parametrize(
    ("pattern", "counts"), [("/etc/ssl/one.pem", True), ("/etc/*", True), ("/etc/ssl", False), ("tls://*", False)]
)
def test_every_pattern_has_to_match_a_target(pattern, counts):
    if counts:
        assert judged(well(), targets=[pattern]).allowed
    else:
        assert why_not(well(), targets=["/etc/*", pattern]) == (
            f"it is about other targets: nothing that it covers matches {pattern}"
        )


@pytest.mark.parametrize(
    "change",
    [
        {"coverage": None},
        {"provenance": [{}]},
        {"findings": [{"status": "fail"}]},
        {"judged_at": "soon"},
        {"findings": "none"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_report_that_is_not_whole_does_not_count(change):
    assert why_not({**well(), **change}).startswith("it is not whole (")


def test_a_finding_of_a_status_that_is_not_known_is_no():
    report = ill()
    report["findings"][0]["status"] = "ok"
    assert why_not(report).startswith("it is not whole (ValueError: ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "it cannot be read: No such file or directory"),
        ("", "it is cut short or no JSON at all (Expecting value"),
        (json.dumps(well())[:-1], "it is cut short or no JSON at all ("),
        ("[" * 100_000, "it is no report of ours: it is nested too deeply"),
        ("[]", "its schema is None, not sre.preflight/report"),
        (json.dumps({**well(), "schema_version": "2.0.0"}), "its schema_version is 2.0.0, not 1."),
    ],
    ids=["missing", "empty", "cut", "nested", "array", "major"],
)
def test_what_is_no_report_does_not_count(tmp_path, text, reason):
    path = tmp_path / "preflight.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(gate.NotCounted) as caught:
        gate.read_report(str(path))
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(("who", "why", "missing"), [("ada", " ", "why"), ("", "fire", "who"), (None, "fire", "who")])
def test_breaking_the_glass_takes_who_and_why(who, why, missing):
    with pytest.raises(OptionError) as caught:
        gate.break_glass_of(who, why)
    assert str(caught.value).startswith(f"break_glass_{missing}: '' is empty; the gate opens only to somebody")


def test_breaking_the_glass_is_written_to_the_report_each_time(tmp_path):
    path = tmp_path / "preflight.json"
    path.write_text(json.dumps(ill()))
    path.chmod(0o640)
    for who in ("ada", "grace"):
        report = gate.read_report(str(path))
        gate.record_break_glass(str(path), report, (who, "fire"), judged(report), NOW)
    kept = json.loads(path.read_text())
    assert [each["who"] for each in kept["break_glass"]] == ["ada", "grace"]
    assert kept["break_glass"][0] == {
        "who": "ada",
        "why": "fire",
        "at": "2026-06-01T00:00:00Z",
        "verdict": "fail",
        "reason": judged(ill()).reason,
    }
    jsonschema.Draft202012Validator(SCHEMA).validate(kept)
    assert {**kept, "break_glass": None} == {**ill(), "break_glass": None}
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["preflight.json"]


def test_nobody_passes_where_it_cannot_be_written(tmp_path):
    with pytest.raises(OptionError) as caught:
        gate.record_break_glass(str(tmp_path / "no" / "x.json"), ill(), ("ada", "fire"), judged(ill()), NOW)
    assert "breaking the glass has to be; the gate stays closed" in str(caught.value)
