# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All rules ``kubernetes.*``, in the order of their documentation."""

from __future__ import annotations

from . import rules_cluster, rules_objects, rules_requests
from .asking import RULES

MODULES = (rules_cluster, rules_objects, rules_requests)
"""Importing them registered their rules."""

__all__ = ["MODULES", "RULES"]
