# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instants and durations: the one place where text becomes time and time becomes text."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant (``2026-11-23T04:00:00Z``) or date as an aware UTC datetime.

    A text without an offset is taken as UTC. Raises ValueError with the form that is expected.
    """
    value = str(text).strip()
    if not _INSTANT.fullmatch(value):
        raise ValueError(f"{value!r} is not an instant; write it as 2026-11-23T04:00:00Z")
    value = re.sub(r"\.\d+", "", value)
    value = re.sub(r"Z$", "+00:00", value)
    value = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", value)
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{str(text)!r} is not an instant: {error}") from None
    if instant.tzinfo is None:
        return instant.replace(tzinfo=timezone.utc)
    try:
        return instant.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"{str(text)!r} is not an instant: it is outside the years 1 to 9999") from None


def format_instant(instant: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ`` (RFC 3339, whole seconds) of an aware datetime."""
    utc = instant.astimezone(timezone.utc)
    # Not strftime: it drops the leading zeros of years before 1000 on Linux.
    return f"{utc.year:04d}-{utc.month:02d}-{utc.day:02d}T{utc.hour:02d}:{utc.minute:02d}:{utc.second:02d}Z"


def parse_duration(text: str | int | float) -> timedelta:
    """A duration such as ``72h``, ``30d``, ``1h30m``; a bare number is seconds, as in Vault.

    Raises ValueError with the form that is expected.
    """
    value = str(text).strip()
    try:
        if re.fullmatch(r"\d+(?:\.\d+)?", value):
            return timedelta(seconds=float(value))
        if _DURATION.fullmatch(value):
            return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value)))
    except OverflowError:
        raise ValueError(f"{value!r} is too long for a duration") from None
    raise ValueError(f"{value!r} is not a duration; write it as 72h, 30d or 1h30m (units s, m, h, d, w)")


def format_duration(duration: timedelta) -> str:
    """A duration for people: its two largest units, without a sign (``9d 4h``, ``3h 20m``, ``45s``)."""
    seconds = int(abs(duration.total_seconds()))
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0s"
