# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The charts of docs/outage_replayed.md, from the recorded run beside it (see tests/integration/incident_2021).
``make docs-charts`` writes them; a test compares."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.sre.preflight.plugins.plugin_utils._report.crl_chart import (
    BOTTOM,
    HEADROOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Chart,
    Curve,
)
from tests.tools.forecast_charts import DIRECTORY, svg, write

RECORD = DIRECTORY.parent / "outage_replayed.json"
Points = Sequence[tuple[float, float]]


RUNS = {"unseen": "nobody acts", "early": "early enough", "late": "too late"}


def recorded() -> dict[str, Any]:
    """The recorded run."""
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return record


def table() -> list[str]:
    """The lines of the guide's table: what each run came to."""
    mounts = recorded()["mounts"]
    ends = {title: (mounts[name]["diary"][-1], mounts[name]["diary"]) for name, title in RUNS.items()}
    return [
        f"| {title} | {end['revoked']} | {end['entries']} | {max(each['bytes'] for each in diary):,} bytes |"
        for title, (end, diary) in ends.items()
    ]


def drawings() -> dict[str, str]:
    """SVG by file name: nobody acts, beside the forecast; and all three runs."""
    mounts = recorded()["mounts"]
    unseen, early, late = (mounts[name] for name in ("unseen", "early", "late"))
    last = unseen["diary"][-1]["after"]
    foreseen = [each for each in unseen["forecast"] if each["after"] <= last]
    frozen = _chart(
        "Nobody acts:",
        "certificates revoked, in the CRL as served, and as the audit foresaw a return on that day",
        {
            "as_now": ("in the CRL as served", _points(unseen, "entries")),
            "growth": ("revoked", _points(unseen, "revoked")),
            "backlog": ("foreseen for a return that day", [(each["after"], each["entries"]) for each in foreseen]),
        },
        limit=(unseen["capacity_entries"], f"storage takes {unseen['capacity_entries']} entries"),
        shown=lambda value: f"{value:.0f}",
    )
    size = unseen["limit_bytes"]
    runs = _chart(
        "Three runs:",
        "the bytes of the CRL as served",
        {
            "as_now": ("nobody acts: it freezes", _points(unseen, "bytes")),
            "growth": ("too late: the limit was raised", _points(late, "bytes")),
            "backlog": ("early enough", _points(early, "bytes")),
        },
        limit=(size, f"storage takes {size / 1024:.1f} KiB"),
        shown=lambda value: f"{value / 1024:.0f} KiB",
    )
    return {"outage_unseen.svg": svg(frozen), "outage_runs.svg": svg(runs)}


def _points(mount: Mapping[str, Any], key: str) -> Points:
    """The diary's; nothing happens between its last entry before the service returns and that return."""
    returns = mount["events"]["the service returns"]
    points = [(each["after"], each[key]) for each in mount["diary"]]
    before = [value for after, value in points if after <= returns]
    return sorted([*points, (returns, before[-1])])


def _chart(
    title: str,
    note: str,
    curves: Mapping[str, tuple[str, Points]],
    *,
    limit: tuple[float, str],
    shown: Callable[[float], str],
) -> Chart:
    days = max(day for _title, points in curves.values() for day, _value in points)
    top = HEADROOM * max(limit[0], *(value for _title, points in curves.values() for _day, value in points))

    def x(day: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * day / days, 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top, 1)

    def line(points: Points) -> str:
        return " ".join(f"{x(day)},{y(value)}" for day, value in points)

    return Chart(
        title=title,
        note=note,
        curves=tuple(Curve(name, each, line(points)) for name, (each, points) in curves.items()),
        limit_y=y(limit[0]),
        limit=limit[1],
        y_ticks=tuple((y(top / HEADROOM * part / 4), shown(top / HEADROOM * part / 4)) for part in range(5)),
        x_ticks=tuple((x(days * part / 3), f"day {days * part / 3:.0f}") for part in range(4)),
        safe_from="",
        interim=(),
    )


if __name__ == "__main__":
    write(drawings())
