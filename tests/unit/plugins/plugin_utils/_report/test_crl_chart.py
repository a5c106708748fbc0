# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chart of a CRL's forecast: the limit drawn in, what overflows said in words, nothing off the drawing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant
from ansible_collections.sre.preflight.plugins.plugin_utils._report.crl_chart import BOTTOM, HEIGHT, TOP, WIDTH, charts
from ansible_collections.sre.preflight.plugins.plugin_utils._report.html import render_html
from tests.support import reports

START = datetime(2026, 6, 1, tzinfo=timezone.utc)


def _scenario(first, last, overflow_day=None):
    sizes = [first + (last - first) * day / 90 for day in range(91)]
    series = [[format_instant(START + timedelta(days=day)), round(size / 39), size] for day, size in enumerate(sizes)]
    overflow = None if overflow_day is None else format_instant(START + timedelta(days=overflow_day))
    return {"series": series, "overflow_at": overflow}


def _mount(limit=100_000, path="pki/", **forecast):
    calm = _scenario(10_000, 20_000)
    return {
        "host": "vault1",
        "path": path,
        "namespace": "",
        "crl": {"limit_bytes": limit, "limit_source": "measured"},
        "forecast": {"as_now": calm, "growth": calm, "backlog": calm, **forecast},
        "recommended": {},
    }


def _points(chart, name):
    curve = next(curve for curve in chart.curves if curve.name == name)
    return [tuple(map(float, point.split(","))) for point in curve.points.split()]


def test_curves_rise_to_the_right_and_stay_on_the_drawing():
    (chart,) = charts([_mount(growth=_scenario(10_000, 90_000))])
    for name in ("as_now", "growth", "backlog"):
        points = _points(chart, name)
        assert len(points) == 91
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
        assert [x for x, _y in points] == sorted(x for x, _y in points)
    assert _points(chart, "growth")[-1][1] < _points(chart, "as_now")[-1][1], "more bytes are higher up"


def test_the_limit_lies_above_what_fits_and_below_what_does_not():
    (chart,) = charts([_mount(growth=_scenario(10_000, 150_000, overflow_day=58))])
    assert TOP < chart.limit_y < HEIGHT - BOTTOM
    assert _points(chart, "as_now")[-1][1] > chart.limit_y > _points(chart, "growth")[-1][1]
    assert chart.limit == "storage takes 98 KiB (measured)"
    assert chart.note == "outgrows its storage on 2026-07-29 (footprint grown)"


def test_a_curve_far_above_the_limit_is_cut_off_and_said_to_be():
    (chart,) = charts([_mount(backlog=_scenario(10_000, 9_000_000, overflow_day=1))])
    assert min(y for _x, y in _points(chart, "backlog")) == TOP
    assert chart.note.endswith("; curves are cut off where they leave the chart")


def test_without_a_limit_there_is_no_line():
    (chart,) = charts([_mount(limit=None)])
    assert (chart.limit_y, chart.limit) == (None, "")
    assert chart.note == "stays within its storage in every scenario"


@pytest.mark.parametrize(("count", "drawn"), [(0, 0), (3, 3), (25, 20)])
def test_at_most_so_many(count, drawn):
    assert len(charts([_mount() for _number in range(count)])) == drawn


def test_the_page_shows_it_and_escapes_the_mount():
    page = render_html({**reports.few(), "mounts": [_mount(path="<script>alert(1)</script>/")]})
    assert page.count("<polyline") == 3
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<polyline" not in render_html(reports.few())


def test_what_carries_a_mount_over_is_told_below_its_chart():
    advice = {
        "safe_from": "2026-07-01T00:00:00Z",
        "interim": [
            {
                "measure": "raise_storage_limit",
                "settings": {"storage/raft": {"max_entry_size": 2097152}},
                "commands": [["read", "pki/crl/rotate"]],
                "consequence": "Each node is restarted, <b>standbys</b> first.",
            }
        ],
    }
    (chart,) = charts([{**_mount(), "recommended": advice}])
    (measure,) = chart.interim
    assert measure.how == "storage/raft max_entry_size = 2097152; read pki/crl/rotate"
    page = render_html({**reports.few(), "mounts": [{**_mount(), "recommended": advice}]})
    assert "have worked on 2026-07-01" in page
    assert "&lt;b&gt;standbys&lt;/b&gt; first" in page
    assert "have worked on" not in render_html({**reports.few(), "mounts": [_mount()]})
