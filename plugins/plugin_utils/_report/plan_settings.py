# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of one plan entry, merged from what its findings want, with every conflict named. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Settings = dict[str, dict[str, Any]]


class Wish(NamedTuple):
    """What one finding wants a setting to be, and the live value that its audit saw."""

    value: Any
    found: Any
    finding: str


@dataclass
class MergedSettings:
    """``settings`` and ``found`` as {path: {key: value}}, sorted; ``conflicts`` as in the plan."""

    settings: Settings = field(default_factory=dict)
    found: Settings = field(default_factory=dict)
    conflicts: list[dict[str, Any]] = field(default_factory=list)

    def put(self, path: str, key: str, value: Any, found: Any) -> None:
        """The setting is to be changed from what was found to that value."""
        self.settings.setdefault(path, {})[key] = value
        self.found.setdefault(path, {})[key] = found


def each_setting(settings: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """(path, key, value) of every setting of an entry; the path is empty where settings have none, as a mirror's."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from ((name, key, each) for key, each in value.items())
        else:
            yield "", name, value


def same(one: Any, other: Any) -> bool:
    """Whether two settings are the same JSON: true is not 1."""
    return _text(one) == _text(other)


def merge_settings(group: Sequence[Mapping[str, Any]], recommended: Mapping[str, Mapping[str, Any]]) -> MergedSettings:
    """What the findings of ``group`` want together; ``recommended`` decides where they differ."""
    wishes: dict[tuple[str, str], list[Wish]] = {}
    for finding in group:
        remedy = finding["remediation"]
        for path, values in remedy["settings"].items():
            for key, value in values.items():
                found = remedy["found"].get(path, {}).get(key)
                wishes.setdefault((path, key), []).append(Wish(value, found, finding["id"]))
    merged = MergedSettings()
    for (path, key), wanted in sorted(wishes.items()):
        _settle(merged, path, key, wanted, recommended.get(path, {}))
    return merged


def _settle(merged: MergedSettings, path: str, key: str, wishes: list[Wish], recommended: Mapping[str, Any]) -> None:
    live = _distinct([wish.found for wish in wishes])
    values = _distinct([wish.value for wish in wishes])
    if len(live) > 1:
        seen = " and as ".join(map(_text, live))
        why = f"its live value was seen as {seen}: it was changed while it was audited. Audit again"
        merged.conflicts.append(_conflict(path, key, wishes, None, why))
    elif len(values) == 1:
        merged.put(path, key, values[0], live[0])
    elif key in recommended:
        why = "the forecast looks at the mount as a whole, and recommends this value"
        merged.conflicts.append(_conflict(path, key, wishes, recommended[key], why))
        merged.put(path, key, recommended[key], live[0])
    else:
        why = "the forecast has no say in it, so a person decides: put the right value into settings, or leave it out"
        merged.conflicts.append(_conflict(path, key, wishes, None, why))


def _conflict(path: str, key: str, wishes: Sequence[Wish], chosen: Any, why: str) -> dict[str, Any]:
    values = [
        {"value": value, "findings": [wish.finding for wish in wishes if same(wish.value, value)]}
        for value in _distinct([wish.value for wish in wishes])
    ]
    return {"path": path, "key": key, "values": values, "chosen": chosen, "why": why}


def _distinct(values: Sequence[Any]) -> list[Any]:
    if len(values) == 1:
        return list(values)  # the usual case, which needs no comparing
    return [value for _text, value in sorted({_text(value): value for value in values}.items())]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
