# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The charts of the guide are the forecast's own, and the guide shows them all."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tests.tools.forecast_charts import DIRECTORY, drawings

DRAWINGS = drawings()


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_chart_is_current(name: str) -> None:
    assert (DIRECTORY / name).read_text(encoding="utf-8") == DRAWINGS[name], "run make docs-charts"


def test_the_guide_shows_every_chart() -> None:
    guide = (DIRECTORY.parent / "crl_growth.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\(images/([^)]+)\)", guide) == list(DRAWINGS)


def test_a_chart_draws_the_limit_and_three_scenarios() -> None:
    for drawing in DRAWINGS.values():
        root = ElementTree.fromstring(drawing.encode())
        classes = [element.get("class") for element in root.iter() if element.get("class")]
        scenarios = ["as_now", "growth", "backlog"]
        assert classes == ["limit", *scenarios, "limit", *scenarios]
