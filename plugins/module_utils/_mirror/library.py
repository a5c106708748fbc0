# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""packaging, as far as it is used here, behind a guard: pages are read without it, files are chosen with it."""

from __future__ import annotations

import traceback

from .._audit.libraries import Library, require

MINIMUM = "23.2"

try:
    import packaging
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
    from packaging.utils import canonicalize_name, parse_wheel_filename
    from packaging.version import InvalidVersion, Version
except ImportError:
    PACKAGING = Library("packaging", MINIMUM, import_error=traceback.format_exc())
else:
    PACKAGING = Library("packaging", MINIMUM, packaging.__version__, str(packaging.__file__))

__all__ = [
    "PACKAGING",
    "InvalidRequirement",
    "InvalidSpecifier",
    "InvalidVersion",
    "Requirement",
    "SpecifierSet",
    "Tag",
    "Version",
    "canonicalize_name",
    "compatible_tags",
    "cpython_tags",
    "mac_platforms",
    "parse_wheel_filename",
    "require_packaging",
]


def require_packaging() -> None:
    """Raises OptionError that says what to install where packaging is missing or too old."""
    require(PACKAGING)
