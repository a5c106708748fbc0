# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan in a few lines of the terminal's summary: how many targets, what it would do, and the command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .plan_file import quoted
from .plan_settings import each_setting
from .plan_view import place, undecided
from .text import clip, continued, plural, wrap

MAX_ENTRIES = 5
_MAX_TEXT = 300


def plan_lines(plan: Sequence[Mapping[str, Any]], command: Sequence[str], width: int) -> Iterator[str]:
    """The lines, with an empty one before; none where there is nothing to do."""
    if not plan:
        return
    yield ""
    settings = plural(sum(_count(entry) for entry in plan), "setting")
    findings = plural(sum(len(entry["findings"]) for entry in plan), "finding")
    of = f"{settings} of {plural(len(plan), 'target')} would mend {findings}; nothing is changed yet"
    yield from wrap(of, width, first="PLAN  ")
    for entry in plan[:MAX_ENTRIES]:
        yield from wrap(_told(entry), width, first="  ", rest="         ")
    if len(plan) > MAX_ENTRIES:
        yield f"  and {plural(len(plan) - MAX_ENTRIES, 'more target')}"
    yield from continued(_options(quoted(command)), width, first="  look   ")
    yield "  apply  the same without --check"


def _count(entry: Mapping[str, Any]) -> int:
    return sum(1 for _setting in each_setting(entry["settings"]))


def _options(words: Sequence[str]) -> list[str]:
    """The words, each option with its value: lines of a command break better there."""
    parts: list[str] = []
    for word in words:
        if parts and parts[-1] in ("-i", "-e"):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


def _told(entry: Mapping[str, Any]) -> str:
    parts = [f"{clip(place(entry['target']), 120)}: {plural(_count(entry), 'setting')}"]
    parts.append(clip(entry["effect"]["text"], _MAX_TEXT))
    if entry["interim"]:
        parts.append("until then it stays a risk, see its interim measures")
    left = undecided(entry)
    if left:
        parts.append(f"{plural(left, 'conflict')} for a person to decide")
    return "; ".join(parts)
