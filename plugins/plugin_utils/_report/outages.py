# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which outages have begun and which one comes next: the first thing that a report says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.plugin_utils._report.when import relative

Finding = Mapping[str, Any]


class Outages(NamedTuple):
    """The failed findings with an outage_at, as the instant of the judgement parts them."""

    begun: int
    latest: Finding | None
    """The one of those begun that began last: the likeliest to be what somebody was just paged for."""
    next: Finding | None
    """The soonest of those to come."""


def outages(report: Mapping[str, Any]) -> Outages:
    """The outages of a report.

    What is overdue and yet low, such as an expired root in a trust store, is no outage.
    """
    dated = [finding for finding in report["findings"] if finding["outage_at"] and finding["status"] == "fail"]
    judged_at = report["judged_at"]
    begun = [finding for finding in dated if finding["outage_at"] <= judged_at and finding["severity"] != "low"]
    coming = [finding for finding in dated if finding["outage_at"] > judged_at]
    return Outages(
        begun=len(begun),
        latest=max(begun, key=_outage_at, default=None),
        next=min(coming, key=_outage_at, default=None),
    )


def _outage_at(finding: Finding) -> str:
    return str(finding["outage_at"])


def in_words(finding: Finding, now: datetime) -> str:
    """``in 3d 4h`` or ``3d 4h ago`` of a finding with an outage_at."""
    return relative(parse_instant(finding["outage_at"]), now)
