# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When something happens, for people: an instant and how far it is from the instant of the judgement."""

from __future__ import annotations

from datetime import datetime, timedelta

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import (
    format_duration,
    format_instant,
    parse_instant,
)

_YEAR = timedelta(days=365.25)
# From here on a day more or less changes no decision, and "in 3187d 4h" is hard to read.
_IN_YEARS = timedelta(days=730)


def span(duration: timedelta) -> str:
    """How long, without a sign: ``3d 4h``, and from two years on ``8.7 years``."""
    if abs(duration) >= _IN_YEARS:
        return f"{abs(duration) / _YEAR:.1f} years"
    return format_duration(duration)


def relative(instant: datetime, now: datetime) -> str:
    """``in 3d 4h``, ``3d 4h ago`` or ``now``."""
    distance = instant - now
    if not distance:
        return "now"
    return f"in {span(distance)}" if distance > timedelta(0) else f"{span(distance)} ago"


def to_minute(instant: str) -> str:
    """``2026-11-26T08:00Z`` of an instant of the report (seconds never matter to who reads it)."""
    return format_instant(parse_instant(instant))[:16] + "Z"


def utc(instant: str) -> str:
    """``2026-11-26 08:00 UTC`` of an instant of the report."""
    return format_instant(parse_instant(instant))[:16].replace("T", " ") + " UTC"


def epoch(instant: str) -> int:
    """An instant of the report as seconds since 1970-01-01T00:00:00Z."""
    return int(parse_instant(instant).timestamp())
