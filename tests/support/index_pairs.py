# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of an upstream and of its mirror, and what comes of the difference: a table for real clients.

The source distributions are made for the client that is asked: pip before 20.0 needs a setup.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ansible_collections.sre.preflight.plugins.module_utils._mirror.outcome import (
    BUILDS,
    DEARER,
    FAILS,
    SAME,
    WRONG,
)
from tests.support.index_cases import File, s, w
from tests.support.index_files import Listed, legacy_sdist, sdist


@dataclass(frozen=True)
class Pair:
    """``outcome`` is that of pip from 20.3 on, ``legacy`` that of pip 19.2 where it differs, on Python 3.9."""

    title: str
    upstream: tuple[File, ...]
    mirror: tuple[File, ...]
    outcome: str
    legacy: str = ""
    versions: str = ""
    project: str = ""

    @property
    def requirement(self) -> str:
        return self.project + self.versions

    def listed(self, files: Iterable[File], *, legacy: bool) -> list[Listed]:
        """The files, with source distributions for that pip."""
        return [self._made_for(each, legacy).listed(self.project) for each in files]

    def _made_for(self, file: File, legacy: bool) -> File:
        if not legacy or file.of is not sdist:
            return file
        options = {name: value for name, value in file.options.items() if name != "extension"}
        return replace(file, of=legacy_sdist, options=options)


OLD = w("1.0")
LATER, LATER_MUTE = w("2.0", needs=">=3.10"), w("2.0", needs=">=3.10", page=None)
_PAIRS = (
    Pair("equal pages", (w("2.0"), OLD), (w("2.0"), OLD), SAME),
    Pair("requires-python is missing", (LATER, OLD), (LATER_MUTE, OLD), DEARER, FAILS),
    Pair("requires-python is missing, as in METADATA", (w("2.0", page=">=3.10"), OLD), (w("2.0"), OLD), WRONG),
    Pair("requires-python is too strict", (w("2.0"), OLD), (w("2.0", page=">=3.10"), OLD), WRONG),
    Pair("requires-python is too lax", (LATER, OLD), (w("2.0", needs=">=3.10", page=">=3.6"), OLD), DEARER, FAILS),
    Pair(
        "requires-python of a source is missing",
        (s("2.0", needs=">=3.10", builds=False), s("1.0")),
        (s("2.0", needs=">=3.10", builds=False, page=None), s("1.0")),
        FAILS,
    ),
    Pair(
        "requires-python of a source is missing, as in its METADATA",
        (s("2.0", page=">=3.10"), s("1.0")),
        (s("2.0"), s("1.0")),
        WRONG,
    ),
    Pair("the mark of yanked is lost", (w("2.0", yanked="broken"), OLD), (w("2.0"), OLD), WRONG),
    Pair("the mark of yanked is lost of a pinned one", (w("2.0", yanked=""),), (w("2.0"),), SAME, versions="==2.0"),
    Pair("an old mirror", (w("2.0"), OLD), (OLD,), WRONG),
    Pair("an old mirror, and a limit", (w("2.0"), OLD), (OLD,), SAME, versions="<2"),
    Pair("an old mirror, and a pin", (w("2.0"), OLD), (OLD,), FAILS, versions="==2.0"),
    Pair("the wheel is missing", (w("2.0"), s("2.0")), (s("2.0"),), BUILDS),
    Pair("a wheel for others is missing", (w("2.0"), w("2.0", "cp38-none-win32")), (w("2.0"),), SAME),
    Pair("the better wheel is missing", (w("2.0", "cp39-none-any"), w("2.0")), (w("2.0"),), DEARER),
    Pair("a pre-release instead of nothing", (w("2.0b1"), OLD), (w("2.0b1"),), WRONG),
)
PAIRS = tuple(replace(pair, project=f"pair-{number}") for number, pair in enumerate(_PAIRS))
