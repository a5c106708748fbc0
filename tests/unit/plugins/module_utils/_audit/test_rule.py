# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine: verdicts become findings, are counted, and one that crashes hides nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import Resource, order
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._audit.rule import (
    NOT_APPLICABLE,
    PASS,
    Context,
    Registry,
    fail,
    unknown,
)
from ansible_collections.sre.preflight.plugins.module_utils._audit.summary import summarize

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
FIELDS = {
    "title": "Title",
    "subject": "number",
    "rationale": "why",
    "remediation": "do this",
    "references": ("RFC 1",),
    "severity": "medium",
}


def _judge(check, subjects, **more):
    registry = Registry("test")
    registry.rule("is-odd", **FIELDS)(check)
    coverage = Coverage()
    context = Context(Policy.from_options((), {}), NOW, None)
    findings = registry.judge(
        {"number": subjects}, lambda n: Resource("number", f"n{n}", f"at {n}", str(n)), context, coverage, **more
    )
    return [finding.to_json() for finding in findings], coverage.to_json()["rules"]["test.is-odd"]


def _odd(number, context):
    return fail(f"{number} is odd", evidence={"number": number}) if number % 2 else PASS


def test_findings_carry_what_the_registration_says():
    findings, counts = _judge(_odd, [1, 2])
    assert counts == {"pass": 1, "fail": 1, "unknown": 0, "not_applicable": 0}
    (finding,) = findings
    assert {key: value for key, value in finding.items() if key != "id"} == {
        "rule": "test.is-odd",
        "status": "fail",
        "severity": "medium",
        "title": "Title",
        "message": "1 is odd",
        "resource": {"kind": "number", "name": "n1", "location": "at 1"},
        "evidence": {"number": 1},
        "outage_at": None,
        "remediation": {"role": None, "settings": {}, "found": {}, "text": "do this", "target": None},
        "references": ["RFC 1"],
    }


def test_ids_depend_on_rule_and_resource_alone():
    (first,), _counts = _judge(_odd, [1])
    (again,), _counts = _judge(lambda n, c: unknown("another message"), [1])
    (other,), _counts = _judge(_odd, [3])
    assert first["id"] == again["id"] == "643c5af0e6449c45"
    assert other["id"] != first["id"]


def test_passes_are_returned_only_when_asked_for():
    assert _judge(_odd, [2])[0] == []
    (finding,), _counts = _judge(_odd, [2], include_passes=True)
    assert (finding["status"], finding["message"], finding["remediation"]) == ("pass", "n2: no objection", None)


def test_a_rule_that_crashes_is_unknown_with_its_trace_and_hides_nothing():
    def crashes(number, context):
        return fail(f"{1 // number}")

    findings, counts = _judge(crashes, [0, 1])
    assert counts["unknown"] == counts["fail"] == 1
    assert findings[0]["status"] == "unknown"
    assert (
        findings[0]["message"] == "the rule test.is-odd failed: ZeroDivisionError: integer division or modulo by zero"
    )
    assert findings[0]["evidence"]["trace"].startswith("test_rule.py:")


def test_severity_follows_the_outage_and_is_capped_by_the_ceiling():
    soon = NOW + timedelta(days=1)
    (finding,), _counts = _judge(lambda n, c: fail("soon", outage_at=soon), [1])
    assert finding["severity"] == "critical"
    (finding,), _counts = _judge(lambda n, c: fail("soon", outage_at=soon, ceiling="low"), [1])
    assert (finding["severity"], finding["outage_at"]) == ("low", "2026-01-02T00:00:00Z")
    far = NOW + timedelta(days=100)
    (finding,), _counts = _judge(lambda n, c: fail("far", outage_at=far, ceiling="high"), [1])
    assert finding["severity"] == "low"
    (finding,), _counts = _judge(lambda n, c: fail("told", severity="critical"), [1])
    assert finding["severity"] == "critical"


def test_not_applicable_is_counted_and_never_returned():
    findings, counts = _judge(lambda n, c: NOT_APPLICABLE, [1, 2], include_passes=True)
    assert (findings, counts["not_applicable"]) == ([], 2)


def test_a_rule_without_subjects_still_appears():
    assert _judge(_odd, [])[1] == {"pass": 0, "fail": 0, "unknown": 0, "not_applicable": 0}


@pytest.mark.parametrize("rule_id", ["Upper", "under_score", "", "-dash", "a--b"])
def test_malformed_ids_are_refused(rule_id):
    with pytest.raises(ValueError, match="malformed or taken"):
        Registry("test").rule(rule_id, **FIELDS)(_odd)


def test_an_id_cannot_be_taken_twice():
    registry = Registry("test")
    registry.rule("one", **FIELDS)(_odd)
    with pytest.raises(ValueError, match="malformed or taken"):
        registry.rule("one", **FIELDS)(_odd)


def test_a_rule_without_a_subject_takes_the_registry_s_or_is_refused():
    fields = {name: value for name, value in FIELDS.items() if name != "subject"}
    registry = Registry("test", subject="number")
    registry.rule("one", **fields)(_odd)
    registry.rule("two", **{**FIELDS, "subject": "letter"})(_odd)
    assert [rule.subject for rule in registry.rules.values()] == ["number", "letter"]
    with pytest.raises(ValueError, match=r"the rule test\.one names no subject"):
        Registry("test").rule("one", **fields)(_odd)


def test_order_and_summary():
    def finding(severity, outage_at, status="fail"):
        # An id that would order them the other way round.
        name = "".join(chr(0x7E - ord(letter) % 0x5E) for letter in f"{outage_at} {severity} {status}")
        return {"severity": severity, "outage_at": outage_at, "status": status, "rule": "r", "id": name}

    late = finding("high", "2026-02-01T00:00:00Z")
    soon = finding("high", "2026-01-20T00:00:00Z")
    old_root = finding("low", "2020-01-01T00:00:00Z")
    dateless = finding("high", None)
    unseen = finding("high", None, "unknown")
    worst = finding("critical", "2026-01-03T00:00:00Z")
    findings = [unseen, old_root, dateless, late, worst, soon]
    assert sorted(findings, key=order) == [worst, soon, late, dateless, unseen, old_root]
    rules = {"r": {"pass": 3, "fail": 5, "unknown": 1, "not_applicable": 2}}
    assert summarize(findings, {"rules": rules}, "2026-01-04T00:00:00Z") == {
        "by_status": {"pass": 3, "fail": 5, "unknown": 1, "not_applicable": 2},
        "by_severity": {"critical": 1, "high": 3, "medium": 0, "low": 1},
        "next_outage": "2026-01-03T00:00:00Z",
        "next_outage_finding": worst["id"],
    }
    for findings, now, expected in (
        ([old_root], "2026-01-04T00:00:00Z", None),
        ([old_root], "2019-12-31T00:00:00Z", "2020-01-01T00:00:00Z"),
        ([dateless], "2026-01-04T00:00:00Z", None),
    ):
        assert summarize(findings, {"rules": rules}, now)["next_outage"] == expected
