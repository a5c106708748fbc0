# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations of the API as seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._vault.durations import (
    duration_text,
    normalise,
    seconds_of,
)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("72h", 259200),
        ("1h30m0s", 5400),
        ("0s", 0),
        ("200ms", 0.2),
        ("1m0.5s", 60.5),
        ("10µs", 0.00001),
        ("30d", 2592000),
        ("43200", 43200),
        (43200, 43200),
        ("-5m", -300),
        (2.0, 2),
        ("", None),
        ("soon", None),
        ("72", 72),
        ("72 h", None),
        (None, None),
        (True, None),
    ],
)
def test_seconds(value: object, seconds: float | None) -> None:
    assert seconds_of(value) == seconds


def test_whole_seconds_are_integers() -> None:
    assert isinstance(seconds_of("72h"), int)
    assert isinstance(seconds_of("0.5s"), float)


def test_only_durations_are_changed() -> None:
    settings = {
        "expiry": "72h",
        "ocsp_expiry": "12h",
        "pause_duration": "200ms",
        "delta_rebuild_interval": "15m",
        "auto_rebuild_grace_period": "12h",
        "safety_buffer": 259200,
        "max_ttl": "1h",
        "enabled": True,
        "state": "Inactive",
        "message": "10m",
        "path": "5s",
        "interval_duration": None,
        "ttl": "never",
    }
    assert normalise(settings) == {
        **settings,
        "expiry": 259200,
        "ocsp_expiry": 43200,
        "pause_duration": 0.2,
        "delta_rebuild_interval": 900,
        "auto_rebuild_grace_period": 43200,
        "max_ttl": 3600,
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (259200, "72h"),
        (5400, "90m"),
        (61, "61s"),
        (0, "0s"),
        (0.2, "200ms"),
        (1.5, "1500ms"),
        (0.0000015, "0.0000015s"),
    ],
)
def test_text_is_what_every_path_takes(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.one_of(st.integers(0, 10**10), st.integers(0, 10**12).map(lambda nanoseconds: nanoseconds / 10**9)))
def test_text_reads_back_as_the_same(seconds: float) -> None:
    assert seconds_of(duration_text(seconds)) == seconds
