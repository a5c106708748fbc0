# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts and the next outage: what a person wants to know first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .coverage import COUNTED
from .finding import SEVERITIES


def summarize(findings: Iterable[Mapping[str, Any]], coverage: Mapping[str, Any], now: str) -> dict[str, Any]:
    """{by_status, by_severity, next_outage, next_outage_finding} of findings as JSON.

    by_status counts every verdict of ``coverage``; by_severity the failed findings. next_outage is the soonest
    outage_at of those (before ``now`` where one has begun; null if none is in sight). What is overdue and yet low, such
    as an expired root in a trust store, is no outage. Instants are RFC 3339 texts.
    """
    by_status = {status: sum(rule[status] for rule in coverage["rules"].values()) for status in COUNTED}
    by_severity = dict.fromkeys(SEVERITIES, 0)
    outages = []
    for finding in findings:
        if finding["status"] == "fail":
            by_severity[finding["severity"]] += 1
            outage_at = finding["outage_at"]
            if outage_at and not (finding["severity"] == "low" and outage_at < now):
                outages.append((outage_at, finding["id"]))
    soonest = min(outages, default=(None, None))
    return {
        "by_status": by_status,
        "by_severity": by_severity,
        "next_outage": soonest[0],
        "next_outage_finding": soonest[1],
    }
