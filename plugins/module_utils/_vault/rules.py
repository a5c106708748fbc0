# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All rules ``vault.*``."""

from __future__ import annotations

from . import (
    rules_acme,
    rules_crl,
    rules_crl_settings,
    rules_crl_size,
    rules_issuers,
    rules_leases,
    rules_mount,
    rules_names,
    rules_roles,
    rules_server,
    rules_tidy,
    rules_tidy_pace,
    rules_tidy_runs,
)
from .asking import RULES

MODULES = (
    rules_server,
    rules_mount,
    rules_tidy,
    rules_tidy_pace,
    rules_tidy_runs,
    rules_crl,
    rules_crl_size,
    rules_crl_settings,
    rules_leases,
    rules_roles,
    rules_names,
    rules_issuers,
    rules_acme,
)
"""Importing them registered their rules."""

__all__ = ["MODULES", "RULES"]
