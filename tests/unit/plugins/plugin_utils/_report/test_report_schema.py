# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/report.schema.json is sound, describes what it has, and holds for the samples that all other tests use."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, Callable

import jsonschema
import pytest

from tests.support import extreme_reports, mirror_reports, reports

SCHEMA = json.loads(Path("docs/report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SAMPLES: dict[str, Callable[[], reports.Report]] = {
    "few": reports.few,
    "zero": reports.zero,
    "nothing_known": reports.nothing_known,
    "many": lambda: extreme_reports.many(certificates=200, findings=50),
    "hostile": extreme_reports.hostile,
    "planned": reports.planned,
    "mirrored": mirror_reports.mirror_report,
}


def complaints(report: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(report)]


def test_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_hold(sample: str) -> None:
    assert complaints(SAMPLES[sample]()) == []


def test_every_property_is_described_or_refers_to_what_is() -> None:
    def bare(node: Any, path: str) -> list[str]:
        if not isinstance(node, dict):
            return []
        found = []
        for name, child in node.get("properties", {}).items():
            if not {"description", "$ref", "enum", "const"} & child.keys():
                found.append(f"{path}.{name}")
        for name, child in node.items():
            children = child.values() if name in ("properties", "$defs") else [child]
            for each in children:
                found += bare(each, f"{path}.{name}")
        return found

    assert bare(SCHEMA, "") == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "ok"),
        (("judged_at",), "2026-11-23T04:00:00+00:00"),
        (("judged_at",), "2026-11-23 04:00"),
        (("schema_version",), "2.0.0"),
        (("extra",), 1),
        (("summary", "by_severity", "fatal"), 1),
        (("summary", "by_status", "fail"), -1),
        (("findings", 0, "id"), "xyz"),
        (("findings", 0, "status"), "waived"),
        (("findings", 0, "severity"), "urgent"),
        (("findings", 0, "outage_at"), "soon"),
        (("findings", 0, "remediation", "text"), ""),
        (("findings", 0, "note"), "unknown key"),
        (("findings", 0, "waiver"), {}),
        (("waived", 0, "waiver", "owner"), ""),
        (("waived", 0, "waiver", "expires"), None),
        (("comparison", "new"), None),
        (("certificates", 0, "fingerprint_sha256"), "AB"),
        (("certificates", 0, "private_key"), "never"),
        (("coverage", "hosts_unknown", 0, "reason"), ""),
        (("plan",), None),
        (("plan", 0, "id"), "xyz"),
        (("plan", 0, "note"), "unknown key"),
        (("plan", 0, "target", "kind"), "anything"),
        (("plan", 0, "target", "token"), "never"),
        (("plan", 0, "settings", "config/crl"), {}),
        (("plan", 0, "settings", "config/crl"), True),
        (("plan", 0, "steps", 0, "change"), ""),
        (("plan", 0, "effect", "peak_bytes_after"), -1),
        (("plan", 0, "effect", "safe_from"), "soon"),
        (("plan", 0, "needs", "rights"), ["read"]),
        (("plan", 0, "conflicts", 0, "values"), []),
    ],
)
def test_refuses(path: tuple[Any, ...], value: Any) -> None:
    report: Any = copy.deepcopy({**reports.few(), "plan": reports.planned()["plan"]})
    node = report
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert complaints(report)


def test_a_report_of_version_1_0_holds_still() -> None:
    report = {**reports.few(), "schema_version": "1.0.0", "plan": []}
    assert complaints(report) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("mirrors", 0, "url"), ""),
        (("mirrors", 0, "token"), "never"),
        (("mirrors", 0, "formats"), ["xml"]),
        (("mirrors", 0, "last_changed"), "Tue, 24 Nov 2026 12:00:00 GMT"),
        (("mirrors", 0, "outcomes", "worse"), 1),
        (("mirrors", 0, "outcomes", "same"), 0),
        (("resolutions", "left_out"), None),
        (("resolutions", "differing", 0, "outcome"), "worse"),
        (("resolutions", "differing", 0, "note"), "unknown key"),
        (("plan", 0, "target", "mount"), "pki/"),
        (("plan", 0, "settings", "strategy"), "magic"),
        (("plan", 0, "settings", "token"), "never"),
        (("plan", 0, "found"), {"strategy": None}),
        (("plan", 0, "effect", "outcomes"), {"wrong": 1}),
        (("plan", 0, "effect", "peak_bytes_after"), 1),
        (("plan", 0, "needs", "access"), [1]),
    ],
)
def test_refuses_of_mirrors(path: tuple[Any, ...], value: Any) -> None:
    report: Any = json.loads(json.dumps(mirror_reports.mirror_report()))
    assert complaints(report) == []
    node = report
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert complaints(report)


def test_an_entry_lacks_nothing() -> None:
    for key in reports.planned()["plan"][0]:
        report = reports.planned()
        del report["plan"][0][key]
        assert complaints(report), key


@pytest.mark.parametrize("key", ["verdict", "judged_at", "findings", "waived", "coverage", "plan", "provenance"])
def test_misses(key: str) -> None:
    report = reports.few()
    del report[key]
    assert complaints(report)
