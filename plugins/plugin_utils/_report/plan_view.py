# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One plan entry as the page shows it: every text bounded and visible."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_settings import each_setting
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip, plural, some
from ansible_collections.sre.preflight.plugins.plugin_utils._report.values import setting
from ansible_collections.sre.preflight.plugins.plugin_utils._report.view import anchor

MAX_CHANGES = 200
MAX_LISTED = 50
"""Findings, rights and conflicts of one entry."""
_MAX_NAME = 200
_MAX_TEXT = 2000
_NOT_SEEN = object()
"""In the place of a live value that no audit can see."""


class Change(NamedTuple):
    """One setting: where it is, what was found, and what it is to be; empty where an entry has no such thing."""

    path: str
    key: str
    found: str
    wanted: str


class StepView(NamedTuple):
    """One step: what it is for, and its changes."""

    change: str
    changes: tuple[Change, ...]


class ConflictView(NamedTuple):
    """One conflict: the values that are wanted, and the one that was chosen, empty where none was."""

    path: str
    key: str
    values: tuple[str, ...]
    chosen: str
    why: str


@dataclass(frozen=True)
class EntryView:
    """The texts of one entry; ``kind`` is the severity of the worst finding that it mends.

    ``applied`` is where from or where; ``paths`` whether its settings have paths and values that were found.
    ``left`` is how many settings, ``findings_left`` and so on how many of those are not shown.
    """

    id: str
    kind: str
    place: str
    host: str
    role: str
    summary: str
    conflicted: str
    effect: str
    lacks: str
    steps: tuple[StepView, ...]
    left: int
    findings: tuple[tuple[str, str], ...]
    findings_left: int
    risk: tuple[str, ...]
    interim: tuple[tuple[str, str], ...]
    rights: tuple[tuple[str, str], ...]
    rights_left: int
    access: tuple[str, ...]
    downtime: str
    applied: str
    paths: bool
    conflicts: tuple[ConflictView, ...]
    conflicts_left: int


def place(target: Mapping[str, Any]) -> str:
    """The target for people: ``team/pki/ on vault.example.com:8200``, or a mirror's URL."""
    if "url" in target:
        return str(target["url"])
    namespace = str(target["namespace"] or "").strip("/")
    mount = f"{namespace}/{target['mount']}" if namespace else target["mount"]
    return f"{mount} on {target['address']}"


def undecided(entry: Mapping[str, Any]) -> int:
    """How many settings of the entry were left out for a person to decide."""
    return sum(conflict["chosen"] is None for conflict in entry["conflicts"])


def entry_view(entry: Mapping[str, Any], findings: Mapping[str, Mapping[str, Any]]) -> EntryView:
    """The view of a plan entry; ``findings`` are the report's by id, the worst first."""
    mended = [findings[each] for each in entry["findings"] if each in findings]
    total = sum(1 for _setting in each_setting(entry["settings"]))
    rights, conflicts = entry["needs"]["rights"], entry["conflicts"]
    return EntryView(
        id=anchor(entry["id"]),
        kind=mended[0]["severity"] if mended else "low",
        place=clip(place(entry["target"]), _MAX_NAME),
        host=clip(entry["host"], _MAX_NAME),
        role=clip(entry["role"], _MAX_NAME),
        summary=f"{plural(total, 'setting')}, mends {plural(len(entry['findings']), 'finding')}",
        conflicted=plural(len(conflicts), "conflict") if conflicts else "",
        effect=clip(entry["effect"]["text"], _MAX_TEXT),
        lacks=_lacks(entry["found"].get("lacks", ())),
        steps=_steps(entry),
        left=max(0, total - MAX_CHANGES),
        findings=tuple((anchor(each["id"]), _name(each)) for each in mended[:MAX_LISTED]),
        findings_left=max(0, len(mended) - MAX_LISTED),
        risk=tuple(clip(text, _MAX_TEXT) for text in entry["risk"]),
        interim=tuple((_words(each["measure"]), clip(each["consequence"], _MAX_TEXT)) for each in entry["interim"]),
        rights=tuple((clip(each["path"], _MAX_NAME), ", ".join(each["capabilities"])) for each in rights[:MAX_LISTED]),
        rights_left=max(0, len(rights) - MAX_LISTED),
        access=tuple(clip(text, _MAX_TEXT) for text in entry["needs"].get("access", ())[:MAX_LISTED]),
        downtime=clip(entry["needs"]["downtime"], _MAX_TEXT),
        applied=_applied(entry),
        paths="url" not in entry["target"],
        conflicts=tuple(_conflict(each) for each in conflicts[:MAX_LISTED]),
        conflicts_left=max(0, len(conflicts) - MAX_LISTED),
    )


def _steps(entry: Mapping[str, Any]) -> tuple[StepView, ...]:
    """The steps with the first MAX_CHANGES of their changes."""
    views, room = [], MAX_CHANGES
    for step in entry["steps"]:
        changes = tuple(
            _change(path, key, value, entry["found"].get(path, {}).get(key) if path else _NOT_SEEN)
            for path, key, value in itertools.islice(each_setting(step["settings"]), room)
        )
        room -= len(changes)
        if changes:
            views.append(StepView(clip(step["change"], _MAX_TEXT), changes))
    return tuple(views)


def _change(path: str, key: str, value: Any, found: Any) -> Change:
    shown = "" if found is _NOT_SEEN else setting(key, found)
    return Change(clip(path, _MAX_NAME), clip(key, _MAX_NAME), shown, setting(key, value))


def _applied(entry: Mapping[str, Any]) -> str:
    host = clip(entry["host"], _MAX_NAME)
    if "url" in entry["target"]:
        return f"on every host whose package_mirror_url it is; audited from {host}"
    return f"from {host}"


def _lacks(lacks: Sequence[Any]) -> str:
    return some([clip(each, _MAX_NAME) for each in lacks[:MAX_LISTED]], len(lacks))


def _conflict(conflict: Mapping[str, Any]) -> ConflictView:
    key, chosen = conflict["key"], conflict["chosen"]
    return ConflictView(
        path=clip(conflict["path"], _MAX_NAME),
        key=clip(key, _MAX_NAME),
        values=tuple(setting(key, each["value"]) for each in conflict["values"]),
        chosen="" if chosen is None else setting(key, chosen),
        why=clip(conflict["why"], _MAX_TEXT),
    )


def _name(finding: Mapping[str, Any]) -> str:
    return f"{clip(finding['title'], _MAX_NAME)}: {clip(finding['resource']['name'], _MAX_NAME)}"


def _words(measure: Any) -> str:
    return clip(measure, _MAX_NAME).replace("_", " ")
