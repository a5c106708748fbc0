# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The days that the evidence's dates are counted by. Pure.

A test that plays weeks in seconds takes a second for a day, in the collector as in the forecast.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Callable

from .._audit.instant import format_instant, parse_instant

DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def day_names(day: timedelta = DAY) -> Callable[[str], str]:
    """A function from an instant (``2026-11-23T04:00:00Z``) to its day: the date, or the instant it begins at."""
    if day == DAY:
        return lambda instant: instant[:10]

    def begin(instant: str) -> str:
        return format_instant(_EPOCH + (parse_instant(instant) - _EPOCH) // day * day)

    return begin
