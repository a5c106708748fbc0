# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The charts of the guides are drawn from the forecast and from the recorded replay, and the guides show them all."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tests.tools import forecast_charts, outage_charts
from tests.tools.forecast_charts import DIRECTORY

GUIDES = {"crl_growth.md": forecast_charts.drawings(), "outage_replayed.md": outage_charts.drawings()}
DRAWINGS = {name: drawing for drawings in GUIDES.values() for name, drawing in drawings.items()}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_chart_is_current(name: str) -> None:
    assert (DIRECTORY / name).read_text(encoding="utf-8") == DRAWINGS[name], "run make docs-charts"


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_shows_every_chart(guide: str) -> None:
    text = (DIRECTORY.parent / guide).read_text(encoding="utf-8")
    assert re.findall(r"\]\(images/([^)]+)\)", text) == list(GUIDES[guide])


def test_the_replay_s_numbers_are_those_of_its_record() -> None:
    guide = (DIRECTORY.parent / "outage_replayed.md").read_text(encoding="utf-8")
    record = outage_charts.recorded()
    assert "\n".join(outage_charts.table()) in guide
    assert f"Recorded at {record['recorded_at']} with {' on '.join(record['servers'])}, " in guide


def test_a_chart_draws_the_limit_and_three_scenarios() -> None:
    for drawing in DRAWINGS.values():
        root = ElementTree.fromstring(drawing.encode())
        classes = [element.get("class") for element in root.iter() if element.get("class")]
        scenarios = ["as_now", "growth", "backlog"]
        assert classes == ["limit", *scenarios, "limit", *scenarios]
