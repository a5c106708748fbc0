# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Version specifiers, to compare them by what they mean."""

from __future__ import annotations

from functools import lru_cache

from . import library


@lru_cache(maxsize=4096)
def specifier_parts(text: str) -> frozenset[str] | None:
    """The parts of a requires-python in one spelling and without an order; None where it is no specifier (PEP 440)."""
    try:
        return frozenset(str(each) for each in library.SpecifierSet(text))
    except library.InvalidSpecifier:
        return None
