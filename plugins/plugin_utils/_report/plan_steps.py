# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order settings are safe to apply, and what rights that takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._vault.settings import ROLES

Settings = Mapping[str, Mapping[str, Any]]

TIDY = "config/auto-tidy"
CRL = "config/crl"
_PHASES = ("Stop the growth", "Protect", "Then the rest")
_WITH_AUTO_REBUILD = ("auto_rebuild", "auto_rebuild_grace_period", "expiry")
"""Refused one by one where the grace period is not shorter than the expiry."""


def steps(settings: Settings) -> list[dict[str, Any]]:
    """[{change, settings}]: stop the growth, protect what is there, then the rest; together they are ``settings``."""
    rows = []
    for phase, name in enumerate(_PHASES):
        part: dict[str, dict[str, Any]] = {}
        for path, values in settings.items():
            own = {key: value for key, value in values.items() if _phase(path, key, settings) == phase}
            if own:
                part[path] = own
        if part:
            rows.append({"change": f"{name}: {'; '.join(_phrases(part))}", "settings": part})
    return rows


def _phase(path: str, key: str, settings: Settings) -> int:
    if path.startswith(ROLES):
        return 0 if key == "generate_lease" and settings[path][key] is False else 2
    if path == CRL and key in _WITH_AUTO_REBUILD:
        return 0 if settings[path].get("auto_rebuild") is True else 2
    return 1 if path == TIDY or key == "max_crl_entries" else 2


def _phrases(part: Settings) -> list[str]:
    """What a step does, in words where there are some, else by the names of the settings."""
    phrases: dict[str, None] = {}
    for path, values in part.items():
        for key, value in values.items():
            phrases[_phrase(path, key, value)] = None
    return list(phrases)


def _phrase(path: str, key: str, value: Any) -> str:
    if path.startswith(ROLES):
        return "give no more leases" if key == "generate_lease" and value is False else f"{key} of roles"
    if path == TIDY:
        return "let auto-tidy remove what has expired"
    if key == "auto_rebuild" and value is True:
        return "rebuild the CRL on a schedule"
    if key == "max_crl_entries":
        return "let Vault refuse a CRL that storage cannot hold"
    return f"{key} of {path.partition('/')[2]}"


def rights(mount: str, settings: Settings) -> list[dict[str, Any]]:
    """[{path, capabilities}] that applying the settings takes, relative to the mount's namespace.

    A role is changed by PATCH: a POST would reset every field that it does not name.
    """
    return [
        {"path": f"{mount}{path}", "capabilities": ["read", "patch" if path.startswith(ROLES) else "update"]}
        for path in settings
    ]
