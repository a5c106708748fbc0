# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations as the API writes them, as seconds."""

from __future__ import annotations

import re
from typing import Any

# Go's time.Duration.String(), with the days that the API takes in addition.
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)"
_DURATION = re.compile(rf"[+-]?(?:{_PART})+")
_NAME = re.compile(r"(^|_)(ttl|duration|buffer|period|interval|expiry)$")


def seconds_of(value: Any) -> int | float | None:
    """``72h``, ``1m30s``, ``200ms``, ``"43200"`` or a number as seconds: int where it is whole, so never 0 for 200ms.

    None for what is no duration.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _plain(float(value))
    if not isinstance(value, str):
        return None
    text = value.strip()
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return _plain(float(text))
    if not _DURATION.fullmatch(text):
        return None
    total = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))
    return _plain(-total if text.startswith("-") else total)


def is_duration(key: str) -> bool:
    """Whether the server's key is that of a duration."""
    return _NAME.search(key) is not None


def normalise(settings: dict[str, Any]) -> dict[str, Any]:
    """The server's own keys, with all that are durations as seconds (see seconds_of)."""
    return {key: _normalised(key, value) for key, value in settings.items()}


def duration_text(seconds: float) -> str:
    """``72h``, ``90m``, ``45s`` or ``200ms``: what every path of the API takes and keeps as a duration.

    A bare number is kept as it came by config/crl, where other programs then read no duration.
    """
    for unit in ("h", "m", "s", "ms"):
        count = _plain(seconds / _UNITS[unit])
        if isinstance(count, int) and (count or unit == "s"):
            return f"{count}{unit}"
    return f"{seconds:.9f}".rstrip("0") + "s"


def _normalised(key: str, value: Any) -> Any:
    if not isinstance(value, str) or not is_duration(key):
        return value
    seconds = seconds_of(value)
    return value if seconds is None else seconds


def _plain(seconds: float) -> int | float:
    rounded = round(seconds, 9)
    return int(rounded) if rounded.is_integer() else rounded
