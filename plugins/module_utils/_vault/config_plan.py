# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is wanted and what is live to the writes that are needed, in a safe order. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .._audit.policy import OptionError
from .settings import ROLES, Settings
from .values import same, typed

CRL, TIDY, CLUSTER, URLS = "config/crl", "config/auto-tidy", "config/cluster", "config/urls"
CONFIGS = (TIDY, CRL, CLUSTER, URLS)
ALLOWED = (*CONFIGS, f"{ROLES}<name>")
_ROLE = re.compile(r"roles/\w(?:[\w.-]*\w)?", re.ASCII)  # framework.GenericNameRegex

GOES_ALONG = {(TIDY, "safety_buffer"): "revoked_safety_buffer", (ROLES, "no_store"): "generate_lease"}
"""A key that the server may change together with another: OpenBao's revoked_safety_buffer follows safety_buffer until
it is set itself, and no_store turns generate_lease off."""


class Change(NamedTuple):
    """One write: what differs at a path, as it should be and as it was; values are normalised."""

    path: str
    settings: Mapping[str, Any]
    previous: Mapping[str, Any]


def checked(option: str, given: Any) -> dict[str, dict[str, Any]]:
    """{path: {key: value}} of an option. Raises OptionError for another shape, or a path that is not for settings."""
    if not isinstance(given, Mapping):
        raise OptionError.of(option, given, "is no mapping of paths below the mount to their settings")
    for path, settings in given.items():
        if path not in CONFIGS and not _ROLE.fullmatch(str(path)):
            raise OptionError.of(option, path, f"is no path for settings; use {', '.join(ALLOWED)}")
        if not isinstance(settings, Mapping):
            raise OptionError.of(f"{option}.{path}", settings, "is no mapping of keys to values")
    return {path: dict(settings) for path, settings in given.items()}


def normalised(given: Settings, live: Settings, server: str) -> dict[str, dict[str, Any]]:
    """What is given, in the types of the live values. Raises OptionError, also for a key that the server lacks.

    ``server`` is its name for people. The keys that its own answer shows are those that it knows.
    """
    for path, settings in given.items():
        for key in settings:
            if key not in live[path]:
                known = ", ".join(sorted(live[path]))
                raise OptionError.of(f"settings.{path}", key, f"is not known to {server}; it knows {known}")
    return {
        path: {key: typed(f"settings.{path}.{key}", key, value, live[path][key]) for key, value in settings.items()}
        for path, settings in given.items()
    }


def stale(expected: Settings, wanted: Settings, live: Settings) -> Iterator[str]:
    """A sentence for each live value that is neither what was expected nor already what is wanted."""
    for path, settings in expected.items():
        for key, value in settings.items():
            now = live[path].get(key)
            if _is_expected(path, key, value, now):
                continue
            target = wanted.get(path, {})
            if key not in target or not same(path, now, target[key]):
                yield f"{path} {key}: {value!r} was expected and it is {now!r}"


def _is_expected(path: str, key: str, value: Any, now: Any) -> bool:
    if value is None or now is None:
        return value is now
    try:
        return same(path, typed(key, key, value, now), now)
    except OptionError:
        return False


def changes(wanted: Settings, live: Settings) -> list[Change]:
    """One change for each path where something differs, what stops growth first and what lets it go on last."""
    found = []
    for path, settings in wanted.items():
        differing = {key: value for key, value in settings.items() if not same(path, live[path].get(key), value)}
        if differing:
            found.append(Change(path, differing, {key: live[path].get(key) for key in differing}))
    return sorted(found, key=_rank)  # stable: else the order that was given


def _rank(change: Change) -> int:
    """Order of writes. Templates in config/urls want the cluster's paths, so these come before."""
    settings = change.settings
    if change.path.startswith(ROLES):
        leases = settings.get("generate_lease")
        return 2 if leases is None else 7 if leases else 0
    if change.path == CRL:
        return 6 if settings.get("auto_rebuild") is False or settings.get("disable") else 1
    return {TIDY: 3, CLUSTER: 4}.get(change.path, 5)


def rebuilds(change: Change) -> list[str]:
    """Which of the settings make the server rebuild the CRL at once, one sentence each (there is one rebuild)."""
    if change.path != CRL:
        return []
    texts = []
    for key in ("disable", "enable_delta"):
        if key in change.settings:
            texts.append(f"{CRL}: {key} becomes {str(change.settings[key]).lower()}, which rebuilds the CRL at once")
    if change.settings.get("auto_rebuild") is False:
        texts.append(f"{CRL}: auto_rebuild is turned off, which rebuilds the CRL at once")
    return texts


def goes_along(path: str, settings: Mapping[str, Any]) -> frozenset[str]:
    """The keys that may change together with these."""
    kind = ROLES if path.startswith(ROLES) else path
    return frozenset(GOES_ALONG[kind, key] for key in settings if (kind, key) in GOES_ALONG)
