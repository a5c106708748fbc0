# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence becomes rows that a person can read."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sre.preflight.plugins.plugin_utils._report.values import MAX_ROWS, rows, setting


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"remaining_seconds": 273_600}, [("remaining_seconds", "273,600 (3d 4h)")]),
        ({"remaining_seconds": -60}, [("remaining_seconds", "-60 (-1m)")]),
        ({"remaining_seconds": 1e300}, [("remaining_seconds", f"{1e300:,} (beyond all calendars)")]),
        ({"crl_bytes": 130_922}, [("crl_bytes", "130,922 (127.9 KiB)")]),
        ({"crl_bytes": 5 * 2**40}, [("crl_bytes", "5,497,558,138,880 (5.0 TiB)")]),
        ({"lifespan_used_percent": 75.0}, [("lifespan_used_percent", "75 %")]),
        ({"port": 8200, "entries": 12_345}, [("port", "8200"), ("entries", "12,345")]),
        (
            {"window": 75.0, "share": 0.5, "nothing": float("inf")},
            [("window", "75"), ("share", "0.5"), ("nothing", "inf")],
        ),
        ({"served": True, "issuer": None}, [("served", "yes"), ("issuer", "none")]),
        ({"names": []}, [("names", "none")]),
        ({"names": ["a", "b"]}, [("names", "a, b")]),
        ({"names": list(range(20))}, [("names", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more")]),
        ({"a": {"b": {"c": 1}}}, [("a.b.c", "1")]),
        ({"chain": [{"cn": "x"}, {"cn": "y"}]}, [("chain[1].cn", "x"), ("chain[2].cn", "y")]),
        ({"a": {"b": {"c": {"d": {"e": 1}}}}}, [("a.b.c.d", "{'e': 1}")]),
    ],
)
def test_rows(value: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert rows(value) == expected


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("auto_rebuild", True, "true"),
        ("generate_lease", None, "unset"),
        ("interval_duration", 43_200, "12h (43,200 s)"),
        ("pause_duration", 0, "0 s"),
        ("pause_duration", 0.2, "0.2 s"),
        ("max_ttl", 60, "1m (60 s)"),
        ("expiry", "72h", "72h"),
        ("max_crl_entries", 10_742, "10,742"),
        ("max_crl_entries", -1, "-1"),
        ("allowed_domains", ["a", "b"], "a, b"),
        ("issuer_ref", "\x1b[31m", "\\x1b[31m"),
    ],
)
def test_settings_have_the_units_of_the_server(key: str, value: Any, shown: str) -> None:
    assert setting(key, value) == shown


def test_rows_are_bounded() -> None:
    many = rows({f"key{number}": number for number in range(1000)})
    assert len(many) == MAX_ROWS + 1
    assert many[-1] == ("...", "more values are in the JSON report")
