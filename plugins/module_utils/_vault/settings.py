# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of a mount as the server names them, {path below the mount: {key: value}}, and what they change. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .defaults import seconds
from .population import Dated, Population, leased_roles, tidy_times

Settings = Mapping[str, Mapping[str, Any]]

_SECTIONS = {"config/crl": "crl_config", "config/auto-tidy": "auto_tidy"}
ROLES = "roles/"


def live(mount: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The live values of ``config/crl``, ``config/auto-tidy`` or ``roles/<name>``; {} where they are not known."""
    if path.startswith(ROLES):
        return (mount.get("roles") or {}).get(path[len(ROLES) :]) or {}
    return mount.get(_SECTIONS[path]) or {}


def found(mount: Mapping[str, Any], settings: Settings) -> dict[str, dict[str, Any]]:
    """The live values under the same paths and keys; None where the server has no such value."""
    return {path: {key: live(mount, path).get(key) for key in values} for path, values in settings.items()}


def merged(first: Settings, second: Settings) -> dict[str, dict[str, Any]]:
    """Both; where they differ the second wins."""
    paths = [*first, *(path for path in second if path not in first)]
    return {path: {**first.get(path, {}), **second.get(path, {})} for path in paths}


def applied(mount: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The mount's evidence with these settings in place, all else as it was found."""
    after = dict(mount)
    for path, values in settings.items():
        if path.startswith(ROLES):
            name = path[len(ROLES) :]
            after["roles"] = {**(after.get("roles") or {}), name: {**live(after, path), **values}}
        else:
            after[_SECTIONS[path]] = {**live(after, path), **values}
    return after


def under(people: Population, before: Mapping[str, Any], after: Mapping[str, Any], entries: float) -> Population:
    """The population under the settings of ``after``; its certificates, leases and rates are those that were found.

    Revocations go on at the measured rate even where no more leases are given: whether people or leases revoked
    cannot be told from a CRL.
    """
    kept, next_pass = tidy_times(after.get("auto_tidy"), entries)
    longest = longest_ttl(after)
    shorter = longest is not None and longest < (longest_ttl(before) or longest)
    return replace(
        people,
        retention=kept,
        next_pass=next_pass,
        leased_per_second=people.leased_per_second if leased_roles(after) else 0.0,
        lifespans=_cut(people.lifespans, longest) if shorter else people.lifespans,
        remaining_lives=_cut(people.remaining_lives, longest) if shorter else people.remaining_lives,
    )


def longest_ttl(mount: Mapping[str, Any]) -> float | None:
    """The longest life in seconds that any role gives; None where a role leaves it to the mount or there is none."""
    ttls = [role_ttl(role) for role in (mount.get("roles") or {}).values()]
    return None if not ttls or 0.0 in ttls else max(ttls)


def role_ttl(role: Mapping[str, Any]) -> float:
    """The longest life in seconds that a role gives; 0 where it leaves that to the mount."""
    return seconds(role.get("max_ttl")) or seconds(role.get("ttl"))


def _cut(dated: Dated, longest: float | None) -> Dated:
    return dated if longest is None else tuple((min(life, longest), weight) for life, weight in dated)
