# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers' own defaults, in seconds, for what a mount's settings do not tell. Pure."""

from __future__ import annotations

from typing import Any

from .durations import seconds_of

DEFAULT_LIFESPAN = 768 * 3600.0
"""The default and maximum TTL of the server itself."""
DEFAULT_SAFETY_BUFFER = 72 * 3600.0
DEFAULT_INTERVAL = 12 * 3600.0
DEFAULT_GRACE_PERIOD = 12 * 3600.0
"""``auto_rebuild_grace_period``."""


def seconds(value: Any, default: float = 0.0) -> float:
    """A duration of the server's API in seconds; ``default`` where it is absent or no duration."""
    found = seconds_of(value)
    return default if found is None else float(found)
