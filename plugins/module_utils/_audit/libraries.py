# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Libraries that a domain needs on the host where it runs, and a clear word where one is missing or too old."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .policy import OptionError


@dataclass(frozen=True)
class Library:
    """What was found of a library: ``import_error`` is the traceback where it could not be imported."""

    name: str
    minimum: str
    version: str = ""
    path: str = ""
    import_error: str | None = None

    @property
    def requirement(self) -> str:
        """``cryptography >= 36.0``."""
        return f"{self.name} >= {self.minimum}"

    def too_old(self) -> str | None:
        """What was found and what is needed, where the version is below the minimum."""
        if _numbers(self.version) >= _numbers(self.minimum):
            return None
        return f"{self.requirement} is needed, and version {self.version} was found in {self.path}; upgrade it there"


def require(*libraries: Library, hint: str = "") -> None:
    """Raises OptionError that says what to install where one is missing or too old; ``hint`` says how."""
    for library in libraries:
        if library.import_error:
            raise OptionError(f"the Python package {library.name} is missing; install {library.requirement}{hint}")
        too_old = library.too_old()
        if too_old:
            raise OptionError(too_old)


def _numbers(version: str) -> tuple[int, ...]:
    """The release segment of a version (PEP 440), which is all that a minimum needs."""
    release = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, release.group().split("."))) if release else ()
