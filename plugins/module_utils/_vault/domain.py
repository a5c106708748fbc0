# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vault's PKI mounts as a domain: judging their evidence, and the resources that findings are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from .._audit.coverage import Coverage
from .._audit.finding import Finding, Resource
from .._audit.policy import Policy
from .._audit.rule import Context
from .._x509.inventory import Inventory
from .days import DAY
from .facts import CrlFacts, IssuerFacts, MountFacts, RoleFacts, ServerFacts, UnreadPart
from .forecast import ForecastPolicy
from .rules import RULES

Collected = Mapping[str, Any]


def facts_of(
    evidence: Collected, inventory: Inventory, policy: Policy, now: datetime, *, day: timedelta = DAY
) -> tuple[ServerFacts, list[MountFacts]]:
    """The facts of the evidence {server, mounts, problems}; each mount's forecast is made once, when asked for.

    ``day`` is that of the evidence's dates (see days.py).
    """
    server = ServerFacts(evidence["server"], tuple(evidence.get("problems") or ()))
    forecasts = forecast_policy(policy, day)
    return server, [MountFacts(mount, server, inventory, forecasts, now) for mount in evidence["mounts"]]


def forecast_policy(policy: Policy, day: timedelta = DAY) -> ForecastPolicy:
    """The policy's values as the forecast takes them, which goes by ``day``."""
    return ForecastPolicy(
        growth=policy["forecast_growth"],
        backlog_days=policy["backlog_away"] / day,
        token_ttl_days=policy["backlog_token_ttl"] / day,
        fill=policy["max_crl_fill"] / 100,
        drain_seconds=policy["max_lease_drain"].total_seconds(),
        step=day,
    )


def judge(
    server: ServerFacts,
    mounts: list[MountFacts],
    policy: Policy,
    now: datetime,
    coverage: Coverage,
    include_passes: bool,
    *,
    only: frozenset[str] | None = None,
) -> Iterator[Finding]:
    """The verdicts of the rules ``vault.*`` (or of those in ``only``) on a server and its mounts (see facts_of)."""
    context = Context(policy, now, server)
    subjects: dict[str, list[Any]] = {"server": [server], "mount": [], "role": [], "issuer": [], "crl": []}
    for kind, subject in chain.from_iterable(mount.subjects() for mount in mounts):
        subjects[kind].append(subject)
    return RULES.judge(subjects, resource_of, context, coverage, include_passes=include_passes, only=only)


def resource_of(subject: Any) -> Resource:
    """The resource that a subject of these rules is; its identity is the same whoever asks, and however often."""
    if isinstance(subject, ServerFacts):
        return Resource("vault_server", subject.display, f"vault://{subject.address}", subject.place)
    mount: MountFacts = subject.mount
    server = mount.server
    kind, name, below = _named(subject)
    path = f"{mount.display}{below}"
    return Resource(kind, name, f"vault://{server.address}/{path}", f"{server.place}/{path}")


def _named(subject: Any) -> tuple[str, str, str]:
    """(kind, name, path below the mount) of anything but a server."""
    if isinstance(subject, RoleFacts):
        return "vault_role", subject.display, f"roles/{subject.name}"
    if isinstance(subject, IssuerFacts):
        return "vault_issuer", subject.display, f"issuer/{subject.row['issuer_id']}"
    if isinstance(subject, CrlFacts):
        ids = sorted(subject.crl.get("issuer_ids") or [str(subject.crl.get("issuer"))])
        return "vault_crl", subject.display, f"issuer/{ids[0]}/crl{'/delta' if subject.is_delta else ''}"
    if isinstance(subject, UnreadPart):
        return "vault_mount", f"{subject.mount.display}{subject.part}", subject.part
    return "vault_mount", subject.display, ""
