# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The days that dates are counted by."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault.days import DAY, day_names


@pytest.mark.parametrize(
    ("day", "instant", "name"),
    [
        (DAY, "2026-11-23T23:59:59Z", "2026-11-23"),
        (timedelta(seconds=1), "2026-11-23T23:59:59Z", "2026-11-23T23:59:59Z"),
        (timedelta(seconds=10), "2026-11-23T23:59:59Z", "2026-11-23T23:59:50Z"),
        (timedelta(seconds=10), "2026-11-23T23:59:50+00:00", "2026-11-23T23:59:50Z"),
        (timedelta(hours=1), "1969-12-31T23:59:59Z", "1969-12-31T23:00:00Z"),
    ],
)
def test_a_day_is_named_by_its_begin(day: timedelta, instant: str, name: str) -> None:
    assert day_names(day)(instant) == name
