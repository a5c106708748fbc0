# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence and settings as short texts, one a row: nested JSON flattened, numbers with what their unit means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._vault.durations import is_duration
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip
from ansible_collections.sre.preflight.plugins.plugin_utils._report.when import span

MAX_ROWS = 40
MAX_ITEMS = 12
MAX_CHARACTERS = 600
_MAX_DEPTH = 4
_MINUTE = 60

Row = tuple[str, str]


def rows(values: Mapping[str, Any]) -> list[Row]:
    """(name, text) of every value, nested names joined with dots; at most MAX_ROWS, and then how many are left out."""
    flat: list[Row] = []
    for row in _flat("", values, 0):
        if len(flat) == MAX_ROWS:
            flat.append(("...", "more values are in the JSON report"))
            break
        flat.append(row)
    return flat


def _flat(name: str, value: Any, depth: int) -> Iterator[Row]:
    if isinstance(value, Mapping) and value and depth < _MAX_DEPTH:
        for key, item in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), item, depth + 1)
    elif _is_list(value) and any(isinstance(item, Mapping) or _is_list(item) for item in value) and depth < _MAX_DEPTH:
        for position, item in enumerate(value, start=1):
            yield from _flat(f"{name}[{position}]", item, depth + 1)
    else:
        yield clip(name, 120), _text(name, value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _text(name: str, value: Any) -> str:
    if _is_list(value):
        shown = ", ".join(clip(item, 200) for item in value[:MAX_ITEMS]) or "none"
        left = len(value) - MAX_ITEMS
        return clip(shown, MAX_CHARACTERS) + (f" and {left:,} more" if left > 0 else "")
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return _number(name, value)
    return clip(value, MAX_CHARACTERS)


def _number(name: str, value: float) -> str:
    if name.endswith("_seconds"):
        return f"{value:,} ({duration(value)})"
    if name.endswith("_bytes") and abs(value) >= 1024:
        return f"{value:,} ({binary(value)})"
    if name.endswith("_percent"):
        return f"{value:g} %"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, float) or abs(value) >= 10_000 else str(value)


def setting(key: str, value: Any) -> str:
    """The value of a setting of Vault, whose durations have no unit in their name; ``unset`` where there is none."""
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_duration(key) and isinstance(value, (int, float)):
        return f"{duration(value)} ({value:,} s)" if abs(value) >= _MINUTE else f"{value} s"
    return _text(key, value)


def duration(seconds: float) -> str:
    """A duration in seconds for people: ``12h``, ``-3d``."""
    try:
        return "-" * (seconds < 0) + span(timedelta(seconds=seconds))
    except (OverflowError, ValueError):
        return "beyond all calendars"


def binary(count: float) -> str:
    """Bytes for people: ``12.5 KiB``."""
    size = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if abs(size) < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"
