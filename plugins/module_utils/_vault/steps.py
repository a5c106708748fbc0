# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that the solver may propose, in their order of preference. Pure.

Each proposal yields settings from the mildest to the strongest; the solver takes the first that is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Callable

from .crl_model import max_crl_entries, revoked_entries, safe_max_crl_entries
from .days import DAY
from .defaults import DEFAULT_INTERVAL, DEFAULT_LIFESPAN, seconds
from .population import leased_roles, revoked_buffer
from .settings import ROLES, Settings, live, longest_ttl, role_ttl
from .storage_limit import StorageLimit

INTERVALS = (1 / 2, 1 / 4, 1 / 24)
BUFFERS = (3, 1, 1 / 4, 1 / 24)
SHORTEST_TTL = 1
"""All in days."""
LIMIT_SINCE = (1, 19)
"""Vault has max_crl_entries from this version on; OpenBao has none."""


@dataclass(frozen=True)
class Situation:
    """What a proposal may look at: the mount with the settings so far, its server and the limit of its storage."""

    mount: Mapping[str, Any]
    server: Mapping[str, Any]
    limit: StorageLimit
    day: timedelta = DAY

    def seconds(self, days: float) -> int:
        """As the API takes a duration: so many days in whole seconds, 1 or more."""
        return max(1, round(days * self.day.total_seconds()))

    @property
    def roles(self) -> Mapping[str, Mapping[str, Any]]:
        """The mount's roles by name."""
        roles: Mapping[str, Mapping[str, Any]] = self.mount.get("roles") or {}
        return roles


Proposal = Callable[[Situation], Iterator[Settings]]


def no_leases(situation: Situation) -> Iterator[Settings]:
    """No role gives a lease any more."""
    roles = leased_roles(situation.mount)
    if roles:
        yield {ROLES + name: {"generate_lease": False} for name in roles}


def queued_rebuilds(situation: Situation) -> Iterator[Settings]:
    """Revocations no longer rebuild the CRL each."""
    if not live(situation.mount, "config/crl").get("auto_rebuild"):
        yield {"config/crl": {"auto_rebuild": True}}


def tidy(situation: Situation) -> Iterator[Settings]:
    """Expired entries leave the CRL: with the interval and buffer that were found, then with shorter ones."""
    values = live(situation.mount, "config/auto-tidy")
    wanted: dict[str, Any] = {key: True for key in ("enabled", "tidy_revoked_certs") if not values.get(key)}
    interval = int(seconds(values.get("interval_duration"), DEFAULT_INTERVAL))
    if seconds(values.get("pause_duration")) * revoked_entries(situation.mount) > interval:
        wanted["pause_duration"] = 0
    shorter = [each for each in map(situation.seconds, INTERVALS) if each < interval]
    for changed in [wanted, *({**wanted, "interval_duration": each} for each in shorter)]:
        if changed:
            yield {"config/auto-tidy": changed}
        yield from ({"config/auto-tidy": {**changed, **buffer}} for buffer in _shorter_buffers(situation, values))


def _shorter_buffers(situation: Situation, values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """OpenBao has a buffer of its own for revoked certificates."""
    key = "revoked_safety_buffer" if values.get("revoked_safety_buffer") is not None else "safety_buffer"
    return ({key: each} for each in map(situation.seconds, BUFFERS) if each < int(revoked_buffer(values)))


def shorter_lives(situation: Situation) -> Iterator[Settings]:
    """Every role's longest TTL halved, again and again, down to a day."""
    longest = longest_ttl(situation.mount)
    default = seconds(situation.mount.get("max_lease_ttl_seconds")) or DEFAULT_LIFESPAN
    ttl = int(longest or max([default, *map(role_ttl, situation.roles.values())])) // 2
    while situation.roles and ttl >= situation.seconds(SHORTEST_TTL):
        yield {
            ROLES + name: shorter_ttl(role, ttl) for name, role in situation.roles.items() if _lives_longer(role, ttl)
        }
        ttl //= 2


def _lives_longer(role: Mapping[str, Any], ttl: int) -> bool:
    return role_ttl(role) == 0 or role_ttl(role) > ttl


def shorter_ttl(role: Mapping[str, Any], ttl: int) -> dict[str, Any]:
    """max_ttl bounds what is asked for; a longer ttl than that is refused by the server."""
    return {"max_ttl": ttl, **({"ttl": ttl} if seconds(role.get("ttl")) > ttl else {})}


def guard(situation: Situation) -> Iterator[Settings]:
    """Vault's own limit at a value that the storage holds: an error that names the setting comes first."""
    if not has_entry_limit(situation.server):
        return
    safe, allowed = safe_max_crl_entries(situation.limit), max_crl_entries(situation.mount)
    if safe is not None and (allowed is None or allowed > safe):
        yield {"config/crl": {"max_crl_entries": safe}}


def has_entry_limit(server: Mapping[str, Any]) -> bool:
    """Whether this server knows ``max_crl_entries``."""
    numbers = str(server.get("version") or "0").partition("+")[0].partition("-")[0].split(".")
    version = tuple(int(number) if number.isdigit() else 0 for number in numbers[:2])
    return str(server.get("product") or "").lower() == "vault" and version >= LIMIT_SINCE
