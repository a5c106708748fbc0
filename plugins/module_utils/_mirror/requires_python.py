# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a client takes a Requires-Python as fit for its Python. Clients differ, and most where the value is wrong."""

from __future__ import annotations

import re
from functools import lru_cache

from . import library

LOWER_BOUNDS = {">=", ">", "==", "~=", "==="}


@lru_cache(maxsize=8192)
def pip_admits(requires_python: str | None, python: str) -> bool:
    """pip (index/package_finder.py): what it cannot read it takes as fit."""
    if not requires_python:
        return True
    try:
        return library.SpecifierSet(requires_python).contains(python, prereleases=True)
    except library.InvalidSpecifier:
        return True


@lru_cache(maxsize=8192)
def uv_admits(requires_python: str | None, python: str) -> bool:
    """uv 0.13: it heeds lower bounds alone, mends what it can, and takes what it cannot read as unfit."""
    if not requires_python:
        return True
    try:
        return all(
            _above(each.operator, each.version, python) for each in library.SpecifierSet(_mended(requires_python))
        )
    except (library.InvalidSpecifier, library.InvalidVersion):
        return False


def _above(operator: str, bound: str, python: str) -> bool:
    if operator not in LOWER_BOUNDS:
        return True
    lowest = library.Version(bound[:-2] if bound.endswith(".*") else bound)
    asked = library.Version(python)
    return asked > lowest if operator == ">" else asked >= lowest


def _mended(requires_python: str) -> str:
    """As uv's LenientVersionSpecifiers: a star after an order, commas too many or too few, quotes."""
    mended = requires_python.strip().strip("\"'").strip(", ")
    mended = re.sub(r"(>=|<=|>|<)\s*([0-9][0-9.]*?)\.\*", r"\1\2", mended)
    return re.sub(r"(?<=[0-9*])\s+(?=[<>=!~])", ",", mended)
