# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instants and durations."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import (
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T04:00:00Z", datetime(2026, 11, 23, 4)),
        ("2026-11-23T04:00:00.123Z", datetime(2026, 11, 23, 4)),
        ("2026-11-23 05:00:00+01:00", datetime(2026, 11, 23, 4)),
        ("2026-11-23T05:00+0100", datetime(2026, 11, 23, 4)),
        ("2026-11-23T04:00", datetime(2026, 11, 23, 4)),
        ("2026-11-23", datetime(2026, 11, 23)),
        ("2028-02-29", datetime(2028, 2, 29)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59)),
    ],
)
def test_parse_instant(text, expected):
    assert parse_instant(text) == expected.replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-13-01", "2027-02-29", "23.11.2026", "1700000000", "9999-12-31T23:59:59-01:00"]
)
def test_what_is_no_instant_is_refused_with_the_value(text):
    with pytest.raises(ValueError, match="is not an instant") as caught:
        parse_instant(text)
    assert repr(text) in str(caught.value)


@given(st.datetimes(timezones=st.just(timezone.utc)))
def test_instants_survive(instant):
    assert parse_instant(format_instant(instant)) == instant.replace(microsecond=0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("72h", 259200),
        ("30d", 2592000),
        ("1h30m", 5400),
        ("0.5s", 0.5),
        ("90", 90),
        (90, 90),
        ("2w", 1209600),
        ("0s", 0),
    ],
)
def test_parse_duration(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "h", "72 hours", "-1d", "1y", "d30", "9" * 30 + "d"])
def test_what_is_no_duration_is_refused_with_the_value(text):
    with pytest.raises(ValueError, match="duration") as caught:
        parse_duration(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (45, "45s"), (3600, "1h"), (3661, "1h 1m"), (86400 + 59, "1d"), (90000, "1d 1h"), (-90000, "1d 1h")],
)
def test_format_duration(seconds, text):
    assert format_duration(timedelta(seconds=seconds)) == text
