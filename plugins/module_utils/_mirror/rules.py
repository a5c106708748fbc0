# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All rules ``mirror.*``."""

from __future__ import annotations

from . import (
    rules_audit,
    rules_backends,
    rules_caching,
    rules_fields,
    rules_files,
    rules_http,
    rules_pages,
    rules_resolution,
    rules_upstream,
)
from .asking import RULES

MODULES = (
    rules_resolution,
    rules_pages,
    rules_fields,
    rules_upstream,
    rules_files,
    rules_http,
    rules_caching,
    rules_backends,
    rules_audit,
)
"""Importing them registered their rules."""

__all__ = ["MODULES", "RULES"]
