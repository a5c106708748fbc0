# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forecast of a mount's CRL as a chart: bytes over the coming days, with what its storage takes drawn in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant

WIDTH, HEIGHT = 900, 240
"""The drawing in units of its own; the page scales it."""
LEFT, RIGHT, TOP, BOTTOM = 70, 10, 14, 24
MAX_CHARTS = 20
HEADROOM = 1.15
MAX_OVER_LIMIT = 4.0
"""Curves are cut off at so many times the limit, so that the limit stays to be seen."""
SCENARIOS = (("as_now", "as now"), ("growth", "footprint grown"), ("backlog", "a backlog revoked that day"))


@dataclass(frozen=True)
class Curve:
    """One scenario: ``points`` as SVG's polyline takes them."""

    name: str
    title: str
    points: str


@dataclass(frozen=True)
class Measure:
    """What carries a mount over until its new settings have worked: ``how`` in settings and commands."""

    name: str
    how: str
    consequence: str


@dataclass(frozen=True)
class Chart:
    """One mount's chart; ``limit_y`` is None where the limit is not known, ticks are (y, text) and (x, text).

    ``interim`` is empty where the recommended settings can be waited for; they have worked on ``safe_from``.
    """

    title: str
    note: str
    curves: tuple[Curve, ...]
    limit_y: float | None
    limit: str
    y_ticks: tuple[tuple[float, str], ...]
    x_ticks: tuple[tuple[float, str], ...]
    safe_from: str
    interim: tuple[Measure, ...]


def charts(mounts: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """The charts of the report's ``mounts`` that have a forecast, the first MAX_CHARTS of them."""
    drawn = [_chart(mount) for mount in mounts if mount["forecast"]["as_now"]["series"]]
    return drawn[:MAX_CHARTS]


def _chart(mount: Mapping[str, Any]) -> Chart:
    forecast, crl = mount["forecast"], mount["crl"]
    series = {name: forecast[name]["series"] for name, _title in SCENARIOS}
    limit = crl["limit_bytes"]
    highest = max(size for points in series.values() for _at, _entries, size in points) or 1
    top = HEADROOM * (min(max(highest, limit), MAX_OVER_LIMIT * limit) if limit else highest)
    start = parse_instant(series["as_now"][0][0])
    days = max(1.0, (parse_instant(series["as_now"][-1][0]) - start).total_seconds() / 86400)

    def x(day: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * day / days, 1)

    def y(size: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(size, top) / top, 1)

    def line(points: Sequence[Sequence[Any]]) -> str:
        at = ((parse_instant(each[0]) - start).total_seconds() / 86400 for each in points)
        return " ".join(f"{x(day)},{y(each[2])}" for day, each in zip(at, points, strict=True))

    return Chart(
        title=f"{mount['namespace']}/{mount['path']}".lstrip("/"),
        note=_note(mount) + ("; curves are cut off where they leave the chart" if highest > top else ""),
        curves=tuple(Curve(name, title, line(series[name])) for name, title in SCENARIOS),
        limit_y=y(limit) if limit else None,
        limit=f"storage takes {_size(limit)} ({crl['limit_source']})" if limit else "",
        y_ticks=tuple((y(top / HEADROOM * part / 4), _size(top / HEADROOM * part / 4)) for part in range(5)),
        x_ticks=tuple((x(days * part / 3), f"{days * part / 3:.0f} d" if part else "now") for part in range(4)),
        safe_from=str((mount.get("recommended") or {}).get("safe_from") or "")[:10],
        interim=tuple(map(_measure, (mount.get("recommended") or {}).get("interim") or ())),
    )


def _measure(measure: Mapping[str, Any]) -> Measure:
    settings = (
        f"{path} {key} = {json.dumps(value)}"
        for path, values in measure["settings"].items()
        for key, value in values.items()
    )
    commands = (" ".join(words) for words in measure["commands"])
    return Measure(measure["measure"].replace("_", " "), "; ".join((*settings, *commands)), measure["consequence"])


def _note(mount: Mapping[str, Any]) -> str:
    """Whether and when it overflows, in the order of what is nearest to hand."""
    for name, title in SCENARIOS:
        overflow = mount["forecast"][name]["overflow_at"]
        if overflow:
            return f"outgrows its storage on {overflow[:10]} ({title})"
    return "stays within its storage in every scenario"


def _size(size: float) -> str:
    return f"{size / 1048576:.1f} MiB" if size >= 1048576 else f"{size / 1024:.0f} KiB"
