# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has begun, and what comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import Callable

import pytest

from ansible_collections.sre.preflight.plugins.plugin_utils._report.outages import outages
from tests.support.reports import Report, expiring, few, nothing_known, report, zero


def test_parts_what_has_begun_from_what_comes() -> None:
    cases = {"long ago": -48, "just now": 0, "next": 1, "later": 2}
    findings = [expiring(name, "x", timedelta(hours=hours)) for name, hours in cases.items()]
    known = outages(report(findings, []))
    assert known.begun == 2
    assert known.latest is not None
    assert known.latest["resource"]["name"] == "just now"
    assert known.next is not None
    assert known.next["resource"]["name"] == "next"


def test_what_is_overdue_and_low_is_no_outage() -> None:
    old = expiring("old root", "x", timedelta(days=-1), severity="low")
    root = expiring("root", "x", timedelta(days=1), severity="low")
    leaf = expiring("leaf", "x", timedelta(days=9))
    assert outages(report([old], [])) == (0, None, None)
    assert outages(report([old, leaf, root], [])) == (0, None, root)


@pytest.mark.parametrize("sample", [few, zero, nothing_known])
def test_agrees_with_the_summary(sample: Callable[[], Report]) -> None:
    made = sample()
    known = outages(made)
    soonest = known.latest if known.begun == 1 else known.next
    assert made["summary"]["next_outage"] == (soonest and soonest["outage_at"])


def test_unknown_findings_and_none_at_all() -> None:
    assert outages(nothing_known()) == (0, None, None)
    assert outages(zero()) == (0, None, None)
