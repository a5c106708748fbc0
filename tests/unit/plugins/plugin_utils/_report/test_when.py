# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times for people."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.sre.preflight.plugins.plugin_utils._report.when import epoch, relative, to_minute, utc
from tests.support.reports import NOW


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=1), "in 1s"),
        (timedelta(seconds=-1), "1s ago"),
        (timedelta(days=3, hours=4, minutes=59), "in 3d 4h"),
        (timedelta(days=729, hours=23), "in 729d 23h"),
        (timedelta(days=730), "in 2.0 years"),
        (timedelta(days=-3652.5), "10.0 years ago"),
    ],
)
def test_relative(distance: timedelta, words: str) -> None:
    assert relative(NOW + distance, NOW) == words


def test_absolute() -> None:
    assert to_minute("2026-11-26T08:00:59Z") == "2026-11-26T08:00Z"
    assert utc("0001-01-01T00:00:00Z") == "0001-01-01 00:00 UTC"
    assert epoch("9999-12-31T23:59:59Z") == 253402300799
    assert epoch("1949-12-31T00:00:00Z") == -631238400
