# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where marks lie on the timeline."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.sre.preflight.plugins.plugin_utils._report.timeline import (
    MAX_STACK,
    OVERDUE_PERCENT,
    PITCH,
    Timeline,
    percent,
    timeline,
)
from ansible_collections.sre.preflight.plugins.plugin_utils._report.view import finding_view
from ansible_collections.sre.preflight.plugins.plugin_utils._report.when import epoch
from tests.support.reports import NOW, expiring, finding, instant


def drawn(*days: float) -> Timeline:
    findings = [expiring(f"host{number}", "x", timedelta(days=day)) for number, day in enumerate(days)]
    return timeline([finding_view(each, {}, NOW) for each in findings], epoch(instant(NOW)))


@pytest.mark.parametrize(("days", "x"), [(0, 10), (3.5, 26), (7, 42), (30, 72), (60, 86), (90, 100), (91, 100)])
def test_each_horizon_has_its_own_scale(days: float, x: float) -> None:
    assert percent(days) == pytest.approx(x)


def test_no_mark_leaves_its_horizon() -> None:
    for day, (left, right) in {0.001: (10, 42), 7: (10, 42), 7.001: (42, 72), 30: (42, 72), 90: (72, 100)}.items():
        (mark,) = drawn(day).marks
        assert left < mark.x < right


def test_what_would_cover_is_stacked_and_the_rest_counted() -> None:
    line = drawn(*[3.0] * (MAX_STACK + 4))
    assert len(line.marks) == MAX_STACK - 1
    assert len({mark.x for mark in line.marks}) == 1
    assert [mark.y for mark in line.marks] == [
        line.height - PITCH // 2 - PITCH * level for level in range(MAX_STACK - 1)
    ]
    (more,) = line.more
    assert more.hidden == 5
    assert more.y == PITCH - PITCH // 2


def test_a_full_stack_needs_no_count() -> None:
    line = drawn(*[3.0] * MAX_STACK)
    assert len(line.marks) == MAX_STACK
    assert not line.more


def test_overdue_marks_stay_left_of_now_however_many() -> None:
    line = drawn(*[-1.0] * 500)
    assert line.overdue == 500
    assert all(0 < mark.x < OVERDUE_PERCENT for mark in line.marks)
    assert sum(more.hidden for more in line.more) + len(line.marks) == 500


def test_counts_what_it_does_not_draw() -> None:
    undated = finding_view(finding("target.unreachable", "a", "b", status="unknown"), {}, NOW)
    line = timeline([undated, *(mark.finding for mark in drawn(1.0).marks)], epoch(instant(NOW)))
    assert (line.overdue, line.later, line.undated) == (0, 0, 1)
    assert drawn(90.1).later == 1
    assert drawn().marks == ()
