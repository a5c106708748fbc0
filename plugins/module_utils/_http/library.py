# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""urllib3 behind a guard: saved evidence is judged without it."""

from __future__ import annotations

import traceback
from typing import Any

from .._audit.libraries import Library

URLLIB3_MINIMUM = "2.2.0"

urllib3: Any = None
CONNECTION_ERRORS: tuple[type[Exception], ...] = (OSError,)
"""What a request can raise."""

try:
    import urllib3
except ImportError:
    URLLIB3 = Library("urllib3", URLLIB3_MINIMUM, import_error=traceback.format_exc())
else:
    URLLIB3 = Library("urllib3", URLLIB3_MINIMUM, urllib3.__version__, urllib3.__file__)
    CONNECTION_ERRORS = (OSError, urllib3.exceptions.HTTPError)

__all__ = ["CONNECTION_ERRORS", "URLLIB3", "URLLIB3_MINIMUM", "urllib3"]
