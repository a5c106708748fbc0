# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report document: what docs/report.schema.json describes and every exporter reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import order, severity_rank
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.rule import Rule
from ansible_collections.sre.preflight.plugins.module_utils._audit.summary import summarize
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.rules import RULES as KUBERNETES_RULES
from ansible_collections.sre.preflight.plugins.module_utils._mirror.rules import RULES as MIRROR_RULES
from ansible_collections.sre.preflight.plugins.module_utils._vault.rules import RULES as VAULT_RULES
from ansible_collections.sre.preflight.plugins.module_utils._x509.domain import RULES as CERTIFICATE_RULES

from .merge import CertificateRows, Merged
from .mirrors import differing_of, mirror_rows, worst_of
from .plan import build as build_plan
from .plan_mirror import named_projects
from .rules import RULES as REPORT_RULES
from .rules import Host

SCHEMA = "sre.preflight/report"
SCHEMA_VERSION = "1.2.0"

ALL_RULES: Mapping[str, Rule] = {
    **CERTIFICATE_RULES.rules,
    **VAULT_RULES.rules,
    **KUBERNETES_RULES.rules,
    **MIRROR_RULES.rules,
    **REPORT_RULES.rules,
}


def build(
    merged: Merged,
    hosts: Sequence[Host],
    *,
    now: datetime,
    generated_at: datetime,
    fail_on: str,
    previous: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The report as JSON (``certificates`` is a sequence whose rows are made on demand)."""
    findings = sorted(merged.findings.values(), key=order)
    waived = sorted(merged.waived.values(), key=order)
    coverage = _coverage(merged, hosts)
    summary = summarize(findings, coverage, format_instant(now))
    summary["by_status"]["waived"] = len(waived)
    verdict, reason = judge_verdict(findings, coverage, fail_on)
    resolutions = worst_of(merged.resolutions)
    mirrors = mirror_rows(merged.mirrors, sorted([*findings, *waived], key=order), resolutions)
    occurring = {finding["rule"] for finding in (*findings, *waived)}
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "generated_at": format_instant(generated_at),
        "judged_at": format_instant(now),
        "verdict": verdict,
        "verdict_reason": reason,
        "fail_on": fail_on,
        "summary": summary,
        "findings": findings,
        "waived": waived,
        "passes": sorted(merged.passes.values(), key=order),
        "comparison": compare(previous, findings, waived) if previous else None,
        "certificates": CertificateRows(merged.inventory, now),
        "mounts": merged.mounts,
        "mirrors": mirrors,
        "resolutions": differing_of(resolutions),
        "coverage": coverage,
        "rules": {name: rule.describe() for name, rule in ALL_RULES.items() if name in occurring},
        "plan": build_plan(findings, merged.mounts, now, mirrors=mirrors, projects=named_projects(merged.mirrors)),
        "policy": merged.policy_options or {},
        "provenance": merged.provenance,
    }


def check_schema(report: Any) -> None:
    """Raises ValueError unless this is a report whose schema has the same major version."""
    schema = report.get("schema") if isinstance(report, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"its schema is {schema!r}, not {SCHEMA}")
    version = str(report.get("schema_version"))
    if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise ValueError(f"its schema_version is {version}, not {SCHEMA_VERSION}")
    if "findings" not in report or "generated_at" not in report:
        raise ValueError("it has no findings")


def _coverage(merged: Merged, hosts: Sequence[Host]) -> dict[str, Any]:
    missing = [{"host": host.name, "reason": host.reason} for host in hosts if host.reason is not None]
    return {
        "hosts_expected": len(hosts),
        "hosts_reported": len(hosts) - len(missing),
        "hosts_unknown": missing,
        **merged.coverage.to_json(),
        "targets": merged.targets,
        "unknown_targets": merged.unknown_targets,
    }


def judge_verdict(findings: Iterable[Mapping[str, Any]], coverage: Mapping[str, Any], fail_on: str) -> tuple[str, str]:
    """(verdict, the reason in one line): fail by ``fail_on`` or worse, else unknown if anything is, else pass."""
    findings = list(findings)
    failed = [each for each in findings if each["status"] == "fail"]
    worse = [each for each in failed if severity_rank(each["severity"]) <= severity_rank(fail_on)]
    unknown = [each for each in findings if each["status"] == "unknown"]
    if worse:
        return "fail", f"{_count(len(worse), 'finding')} at severity {fail_on} or worse"
    if unknown:
        return "unknown", f"{_count(len(unknown), 'check')} could not be judged; what was not seen does not pass"
    if not coverage["targets_evaluated"]:
        return "unknown", "nothing was audited: no target was evaluated"
    below = f"; {_count(len(failed), 'finding')} below that" if failed else ""
    return "pass", f"no finding at severity {fail_on} or worse{below}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def compare(
    previous: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], waived: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """{previous_generated_at, new, gone, unchanged} of this run's findings against the previous report's."""
    before = {finding["id"]: finding for finding in previous["findings"]}
    present = [finding["id"] for finding in findings]
    known = {*present, *(finding["id"] for finding in waived)}
    gone = [
        {key: finding[key] for key in ("id", "rule", "title", "resource")}
        for finding in previous["findings"]
        if finding["id"] not in known
    ]
    new = [each for each in present if each not in before]
    return {
        "previous_generated_at": previous["generated_at"],
        "new": new,
        "gone": gone,
        "unchanged": len(present) - len(new),
    }
