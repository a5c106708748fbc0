# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the browser's Python package out of runs that leave the tests marked `full` out."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Deselecting comes after importing, and `make test` has no Playwright to import."""
    in_chromium = collection_path.name.endswith("_in_chromium.py")
    return True if in_chromium and "not full" in str(config.getoption("markexpr")) else None
