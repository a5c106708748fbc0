# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""hvac behind a guard, and urllib3 that comes with it: saved evidence is judged without them."""

from __future__ import annotations

import importlib.metadata
import traceback
from typing import Any

from .._audit.libraries import Library
from .._audit.libraries import require as require_each
from .._http.library import URLLIB3

HVAC_MINIMUM = "1.2.1"

hvac: Any = None
JSONAdapter: Any = object

try:
    import hvac  # type: ignore[import-untyped, no-redef, unused-ignore]
except ImportError:
    HVAC = Library("hvac", HVAC_MINIMUM, import_error=traceback.format_exc())
else:
    JSONAdapter = hvac.adapters.JSONAdapter
    HVAC = Library("hvac", HVAC_MINIMUM, importlib.metadata.version("hvac"), hvac.__file__)

LIBRARIES = (HVAC, URLLIB3)
"""What a connection needs; requirements.txt and the doc fragment name the same versions."""


def require(libraries: tuple[Library, ...] = LIBRARIES) -> None:
    """Raises OptionError that says what to install where one is missing or too old."""
    require_each(*libraries, hint=" (pip install hvac)")
