# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a page may have wrong, and the list in which it is noted."""

from __future__ import annotations

from .model import Violation

NOT_A_PAGE = "not-a-page"
ENCODING = "encoding"
MISSING_KEY = "missing-key"
WRONG_TYPE = "wrong-type"
BAD_VALUE = "bad-value"
UNESCAPED = "unescaped"
ANCHOR_TEXT = "anchor-text"
ANCHOR_WITHOUT_HREF = "anchor-without-href"
FOREIGN_ANCHOR = "foreign-anchor"
FORM = "form"
DUPLICATE = "duplicate"

MAX_OF_A_KIND = 50
"""A page of 10,000 files that all lack the same is told of by so many of them."""
_MAX_DETAIL = 200


class Violations:
    """The violations of one page, in the order in which they were met."""

    def __init__(self) -> None:
        self._all: list[Violation] = []
        self._counts: dict[tuple[str, str], int] = {}

    def add(self, kind: str, place: str, detail: str) -> None:
        """Notes one, unless there are many of the kind at such places (``files[7].size`` is one of ``size``)."""
        key = (kind, place.rpartition(".")[2])
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if count <= MAX_OF_A_KIND:
            self._all.append(Violation(kind, place, detail[:_MAX_DETAIL]))

    def all(self) -> tuple[Violation, ...]:
        """All that were noted."""
        return tuple(self._all)
