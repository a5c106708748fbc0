# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The charts of docs/crl_growth.md, from the real forecast of a mount like that of 2021. ``make docs-charts`` writes
them; a test compares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.files import write_atomically
from ansible_collections.sre.preflight.plugins.module_utils._vault.crl_model import crl_row
from ansible_collections.sre.preflight.plugins.module_utils._vault.forecast import ForecastPolicy, forecast
from ansible_collections.sre.preflight.plugins.module_utils._vault.settings import applied
from ansible_collections.sre.preflight.plugins.module_utils._vault.solver import recommend
from ansible_collections.sre.preflight.plugins.plugin_utils._report.crl_chart import (
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    Chart,
    charts,
)
from tests.unit.plugins.module_utils._vault.mounts import NOW, OPENBAO, incident, raft

DIRECTORY = Path(__file__).parents[2] / "docs" / "images"
LEGEND_HEIGHT = 26
SAMPLE = 24

HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- Copyright (c) 2026, Preflight contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Written by `make docs-charts` from the forecast. Edit that. -->
"""
STYLE = """\
<style>
  svg { --page: #fff; --ink: #1b1f24; --muted: #57606a; --line: #d8dee4; --limit: #b3141f; --grown: #0a5a9c; }
  svg { --due: #a84300; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #14181d; --ink: #e6edf3; --muted: #9aa4af; --line: #30363d; --limit: #ff7b72; --grown: #79c0ff; }
    svg { --due: #ffa657; }
  }
  rect { fill: var(--page); }
  text { font: 12px sans-serif; fill: var(--muted); }
  line { stroke: var(--line); }
  line.limit { stroke: var(--limit); stroke-width: 2; }
  text.limit { fill: var(--limit); font-weight: bold; stroke: var(--page); stroke-width: 4; paint-order: stroke; }
  .as_now, .growth, .backlog { fill: none; stroke-width: 2; }
  .as_now { stroke: var(--ink); }
  .growth { stroke: var(--grown); stroke-dasharray: 6 4; }
  .backlog { stroke: var(--due); stroke-dasharray: 2 3; }
</style>
"""


def drawings() -> dict[str, str]:
    """SVG by file name: the mount as it is, and with the recommended settings put in place today."""
    before = incident()
    settings = recommend(before, OPENBAO, raft(), ForecastPolicy(), NOW)["settings"]
    return {"crl_growth.svg": _svg(_chart(before)), "crl_growth_mended.svg": _svg(_chart(applied(before, settings)))}


def _chart(mount: Mapping[str, Any]) -> Chart:
    limit = raft()
    row = {
        "path": mount["path"],
        "namespace": "",
        "crl": crl_row(mount, limit, NOW),
        "forecast": forecast(mount, OPENBAO, limit, ForecastPolicy(), NOW).to_json(),
    }
    return charts([row])[0]


def _svg(chart: Chart) -> str:
    height = HEIGHT + LEGEND_HEIGHT
    return (
        f'{HEAD}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">\n'
        f"<title>{chart.title} {chart.note}</title>\n{STYLE}"
        f'<rect width="{WIDTH}" height="{height}"/>\n' + "\n".join(_lines(chart)) + "\n</svg>\n"
    )


def _lines(chart: Chart) -> Iterator[str]:
    end = WIDTH - RIGHT
    for y, text in chart.y_ticks:
        yield f'<line x1="{LEFT}" x2="{end}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
    anchors = ["start", *["middle"] * (len(chart.x_ticks) - 2), "end"]
    for (x, text), anchor in zip(chart.x_ticks, anchors, strict=True):
        yield f'<text x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}">{text}</text>'
    if chart.limit_y is not None:
        yield f'<line class="limit" x1="{LEFT}" x2="{end}" y1="{chart.limit_y}" y2="{chart.limit_y}"/>'
    for curve in chart.curves:
        yield f'<polyline class="{curve.name}" points="{curve.points}"/>'
    if chart.limit_y is not None:  # over the curves, to be read
        yield f'<text class="limit" x="{end}" y="{chart.limit_y - 5:.1f}" text-anchor="end">{chart.limit}</text>'
    for curve, x in zip(chart.curves, range(LEFT, WIDTH, (end - LEFT) // len(chart.curves)), strict=False):
        yield f'<line class="{curve.name}" x1="{x}" x2="{x + SAMPLE}" y1="{HEIGHT + 12}" y2="{HEIGHT + 12}"/>'
        yield f'<text x="{x + SAMPLE + 8}" y="{HEIGHT + 16}">{curve.title}</text>'


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    for name, drawing in drawings().items():
        write_atomically(str(DIRECTORY / name), [drawing], mode=0o644)
        print(name)
