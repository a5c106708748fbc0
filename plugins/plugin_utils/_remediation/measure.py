# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit of one mount says in numbers, and whether a later one is worse. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import SEVERITIES
from ansible_collections.sre.preflight.plugins.plugin_utils._report.values import binary

PEAK_TOLERANCE = 1.05
"""The forecast starts from what is there, and others go on issuing and revoking between two audits."""
MATTERS_OF_TIME = frozenset(
    f"vault.{name}"
    for name in (
        "crl-delta-stale",
        "crl-expired",
        "crl-near-expiry",
        "tidy-not-run",
        "tidy-outpaced-by-restarts",
        "tidy-overdue",
        "tidy-running-long",
    )
)
"""Rules that no setting changes at once: auto-tidy that was just enabled has not run yet."""


def measured(audit: Mapping[str, Any]) -> dict[str, Any]:
    """{failing: {severity: count}, unknown, peak_bytes, crl_bytes, crl_entries} of vault_pki_audit for one mount.

    ``failing`` counts the rules vault.* but MATTERS_OF_TIME; what is not known is None, and all of it where the audit
    has no mount.
    """
    mounts = audit.get("mounts") or [{}]
    crl, forecast = mounts[0].get("crl") or {}, mounts[0].get("forecast") or {}
    findings = [each for each in audit.get("findings") or () if _counts(each)]
    failing = [each["severity"] for each in findings if each["status"] == "fail"]
    return {
        "seen": bool(audit.get("mounts")),
        "failing": {severity: failing.count(severity) for severity in SEVERITIES},
        "unknown": sum(each["status"] == "unknown" for each in findings),
        "peak_bytes": max(_peaks(forecast), default=None) if crl.get("entries") is not None else None,
        "crl_bytes": crl.get("bytes"),
        "crl_entries": crl.get("entries"),
    }


def _counts(finding: Mapping[str, Any]) -> bool:
    rule = str(finding["rule"])
    return rule.startswith("vault.") and rule not in MATTERS_OF_TIME


def _peaks(forecast: Mapping[str, Any]) -> Iterator[int]:
    for name in ("as_now", "growth", "backlog"):
        if name in forecast:
            yield int(forecast[name]["peak_bytes"])
    if "backlog" in forecast:
        yield int(forecast["backlog"]["worst"]["peak_bytes"])


def unseen(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What the later audit could not see and the earlier one could, in words: then nobody knows whether it is worse."""
    reasons = []
    if not after["seen"]:
        return ["the audit afterwards did not see the mount"]
    if after["unknown"] > before["unknown"]:
        reasons.append(f"unknown checks {before['unknown']} -> {after['unknown']}")
    if after["peak_bytes"] is None and before["peak_bytes"] is not None:
        reasons.append("the CRL could not be read")
    return reasons


def worse(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Why the later audit is worse, in words; empty where it is not.

    It is worse where, at the worst severity at which the two differ, more findings fail; and where the forecast's
    highest peak is higher by more than PEAK_TOLERANCE. Fewer critical findings outweigh any number of mild ones: a
    tidy that is on has settings to complain about, one that is off has none.
    """
    reasons = []
    for severity in SEVERITIES:
        one, other = before["failing"][severity], after["failing"][severity]
        if one != other:
            if other > one:
                reasons.append(f"{severity} findings {one} -> {other}")
            break
    one, other = before["peak_bytes"], after["peak_bytes"]
    if one is not None and other is not None and other > one * PEAK_TOLERANCE:
        reasons.append(f"peak CRL {binary(one)} -> {binary(other)}")
    return reasons


def line(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Before and after, for people."""
    parts = [f"{_findings(before)} -> {_findings(after)}"]
    for key, name in (("peak_bytes", "peak CRL"), ("crl_bytes", "CRL now")):
        parts.append(f"{name} {_bytes(before[key])} -> {_bytes(after[key])}")
    return ", ".join(parts)


def _findings(numbers: Mapping[str, Any]) -> str:
    counts = [f"{count} {severity}" for severity, count in numbers["failing"].items() if count]
    counts += [f"{numbers['unknown']} unknown"] if numbers["unknown"] else []
    return " ".join(counts) or "no findings"


def _bytes(count: int | None) -> str:
    return "unknown" if count is None else binary(count)
