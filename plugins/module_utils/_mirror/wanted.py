# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A requirement as somebody wrote it: a name, versions, and perhaps hashes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._audit.policy import OptionError
from . import library

if TYPE_CHECKING:
    from .environment import Environment
    from .library import Requirement, SpecifierSet

HASH = re.compile(r"\s--hash[=\s]\s*([A-Za-z0-9_]+):([0-9A-Fa-f]+)(?=\s|$)")


@dataclass(frozen=True)
class Wanted:
    """``text`` is what was written, without the hashes; ``hashes`` are pairs of algorithm and hex digest."""

    text: str
    requirement: Requirement
    hashes: frozenset[tuple[str, str]] = frozenset()

    @property
    def project(self) -> str:
        """The normalised name (PEP 503)."""
        return library.canonicalize_name(self.requirement.name)

    @property
    def specifier(self) -> SpecifierSet:
        """The versions that will do."""
        return self.requirement.specifier

    @property
    def pinned(self) -> bool:
        """Names one version by == or ===, which is what makes a yanked one acceptable (PEP 592)."""
        return any(
            each.operator == "===" or (each.operator == "==" and not each.version.endswith(".*"))
            for each in self.specifier
        )

    def applies_to(self, environment: Environment) -> bool:
        """Whether its marker is true there. Raises ValueError where the marker asks what is not known of it."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate(dict(environment.markers))

    def allows(self, hashes: Mapping[str, str]) -> bool:
        """Whether one of a file's hashes is among those that were written."""
        return bool(self.hashes) and any(
            (name.lower(), digest.lower()) in self.hashes for name, digest in hashes.items()
        )


def wanted(text: str) -> Wanted:
    """Reads a line as in a requirements file: ``demo[extra]>=1; python_version < "3.13" --hash=sha256:...``.

    Raises OptionError where it is no requirement (PEP 508), or where packaging is missing.
    """
    library.require_packaging()
    hashes = frozenset((name.lower(), digest.lower()) for name, digest in HASH.findall(text))
    plain = HASH.sub("", text).strip()
    try:
        return Wanted(plain, library.Requirement(plain), hashes)
    except library.InvalidRequirement as error:
        reason = " ".join(str(error).split("\n", maxsplit=1)[0].split())
        raise OptionError.of("requirements", text, f"is no requirement ({reason}); write NAME, or NAME>=1.2") from None
