# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The geometry of the timeline: where the coming outages lie, as shares of a width that the page decides.

The first days matter most, so each horizon has its own scale: a third of the width is the next week. Marks that
would cover each other are stacked; what is beyond the highest stack is counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ansible_collections.sre.preflight.plugins.plugin_utils._report.view import FindingView

DAY = 86_400
OVERDUE_PERCENT = 10.0
BANDS = ((0, 7, 10.0, 42.0), (7, 30, 42.0, 72.0), (30, 90, 72.0, 100.0))
"""(from day, to day, from percent, to percent) of the horizons."""
_MAJOR = (7, 30)
_TICKS = (1, 2, 3, 4, 5, 6, 7, 14, 21, 30, 60)
_COLUMN_PERCENT = 1.25
MAX_STACK = 8
PITCH = 15
"""Pixels from mark to mark in a stack."""
_MIN_ROWS = 3


class Mark(NamedTuple):
    """One finding at ``x`` percent of the width, ``y`` pixels from the top."""

    x: float
    y: int
    finding: FindingView


class More(NamedTuple):
    """So many findings found no place on the stack at ``x``; the link goes to the first of them."""

    x: float
    y: int
    hidden: int
    finding: FindingView


class Tick(NamedTuple):
    """A day's line."""

    x: float
    label: str
    major: bool


class Timeline(NamedTuple):
    """What the page draws; ``height`` is that of the stacks, in pixels."""

    height: int
    marks: tuple[Mark, ...]
    more: tuple[More, ...]
    ticks: tuple[Tick, ...]
    overdue: int
    later: int
    undated: int


def timeline(findings: Sequence[FindingView], judged_at: int) -> Timeline:
    """The timeline of the findings; ``judged_at`` in seconds since 1970."""
    stacks: dict[float, list[FindingView]] = {}
    dated = sorted((finding for finding in findings if finding.epoch is not None), key=_by_outage)
    overdue = [finding for finding in dated if _epoch(finding) <= judged_at]
    coming = [finding for finding in dated if judged_at < _epoch(finding) <= judged_at + 90 * DAY]
    for finding in coming:
        stacks.setdefault(_column(percent((_epoch(finding) - judged_at) / DAY)), []).append(finding)
    stacks.update(_overdue_stacks(overdue))
    tallest = max((min(len(stack), MAX_STACK) for stack in stacks.values()), default=0)
    height = max(tallest, _MIN_ROWS) * PITCH
    marks, more = _place(stacks, height)
    return Timeline(
        height=height,
        marks=tuple(marks),
        more=tuple(more),
        ticks=tuple(Tick(percent(day), f"{day} d" if day in _MAJOR else str(day), day in _MAJOR) for day in _TICKS),
        overdue=len(overdue),
        later=len(dated) - len(overdue) - len(coming),
        undated=len(findings) - len(dated),
    )


def percent(days: float) -> float:
    """Where so many days from now lie, in percent of the width."""
    for first, last, left, right in BANDS:
        if days <= last:
            return round(left + (right - left) * (days - first) / (last - first), 3)
    return 100.0


def _epoch(finding: FindingView) -> int:
    return finding.epoch or 0


def _by_outage(finding: FindingView) -> tuple[int, str]:
    return _epoch(finding), finding.id


def _column(x: float) -> float:
    """The middle of the column that x is in: marks stack instead of covering each other, inside their horizon."""
    left, right = next((left, right) for _first, _last, left, right in BANDS if x <= right)
    width = (right - left) / int((right - left) / _COLUMN_PERCENT)
    number = max(0, math.ceil((x - left) / width) - 1)
    return round(left + (number + 0.5) * width, 3)


def _overdue_stacks(overdue: Sequence[FindingView]) -> dict[float, list[FindingView]]:
    """Overdue findings side by side, the latest nearest to now: how long ago is no matter of scale."""
    columns = int(OVERDUE_PERCENT / _COLUMN_PERCENT) - 1
    stacks: dict[float, list[FindingView]] = {}
    for position, finding in enumerate(reversed(overdue)):
        column = min(position // MAX_STACK, columns - 1)
        x = round(OVERDUE_PERCENT - (column + 1) * _COLUMN_PERCENT, 3)
        stacks.setdefault(x, []).append(finding)
    return stacks


def _place(stacks: dict[float, list[FindingView]], height: int) -> tuple[Iterable[Mark], Iterable[More]]:
    marks, more = [], []
    for x, stack in sorted(stacks.items()):
        room = MAX_STACK if len(stack) <= MAX_STACK else MAX_STACK - 1
        for level, finding in enumerate(stack[:room]):
            marks.append(Mark(x, height - PITCH // 2 - level * PITCH, finding))
        if len(stack) > room:
            more.append(More(x, height - PITCH // 2 - room * PITCH, len(stack) - room, stack[room]))
    return marks, more
