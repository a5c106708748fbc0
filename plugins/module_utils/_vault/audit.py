# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_audit: a server's PKI mounts from the evidence to findings, forecasts and recommended settings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from .._audit.contract import Domain
from .._audit.coverage import Coverage
from .._audit.finding import Finding
from .._audit.policy import Policy
from .._x509 import domain as x509
from .._x509.inventory import Inventory
from .._x509.library import CRYPTOGRAPHY
from . import domain
from .collect import collect as collect_evidence
from .crl_model import crl_row
from .days import DAY
from .facts import MountFacts, ServerFacts
from .rules import RULES

SETTINGS = tuple({each.name: each for each in (*RULES.settings(), *x509.RULES.settings())}.values())
"""The policy of the rules ``vault.*``, and that of ``certificate.*`` for the issuers' certificates."""


class Audit:
    """The evidence {server, mounts, problems}, the inventory of the issuers, and the facts made of them once.

    ``day`` is that of the evidence's dates (see days.py).
    """

    def __init__(self, evidence: Mapping[str, Any], inventory: Inventory, *, day: timedelta = DAY) -> None:
        self.evidence = evidence
        self.inventory = inventory
        self.day = day
        self._facts: tuple[ServerFacts, list[MountFacts]] | None = None

    def facts(self, policy: Policy, now: datetime) -> tuple[ServerFacts, list[MountFacts]]:
        """The facts; policy and now are the same throughout a run."""
        if self._facts is None:
            self._facts = domain.facts_of(self.evidence, self.inventory, policy, now, day=self.day)
        return self._facts


def collect(params: Mapping[str, Any], now: datetime) -> Audit:
    """Reads and lists, nothing else. Raises OptionError where the server cannot be asked anything at all."""
    collected = collect_evidence(params, environment=os.environ, now=now)
    return Audit(collected.evidence, collected.inventory)


def dump(audit: Audit) -> dict[str, Any]:
    """{server, mounts, problems, inventory} as plain JSON."""
    return {**audit.evidence, "inventory": audit.inventory.to_evidence()}


def load(document: dict[str, Any]) -> Audit:
    """The inverse of dump. Raises ValueError on evidence of another shape."""
    for part in ("server", "mounts", "problems", "inventory"):
        if part not in document:
            raise ValueError(f"the evidence has no {part}")
    evidence = {part: document[part] for part in ("server", "mounts", "problems")}
    return Audit(evidence, Inventory.from_evidence(document["inventory"]))


def judge(audit: Audit, policy: Policy, now: datetime, coverage: Coverage, include_passes: bool) -> Iterator[Finding]:
    """The verdicts of ``vault.*`` on the mounts, and of ``certificate.*`` on their issuers' certificates."""
    server, mounts = audit.facts(policy, now)
    return chain(
        domain.judge(server, mounts, policy, now, coverage, include_passes),
        x509.judge(audit.inventory, policy, now, coverage, include_passes),
    )


def results(audit: Audit, policy: Policy, now: datetime) -> dict[str, Any]:
    """``mounts``: for each its settings, CRL, leases, forecast and what is recommended."""
    _server, mounts = audit.facts(policy, now)
    return {"mounts": [_mount(mount, now) for mount in mounts]}


def _mount(mount: MountFacts, now: datetime) -> dict[str, Any]:
    evidence = mount.evidence
    return {
        "path": mount.path,
        **{key: mount.target[key] for key in ("namespace", "address", "cluster_id")},
        "settings": {part: evidence.get(part) for part in ("auto_tidy", "crl_config", "roles")},
        "crl": crl_row(evidence, mount.limit, now),
        "leases": mount.value("leases"),
        "irrevocable_leases": mount.value("irrevocable_leases"),
        "forecast": mount.scenarios,
        "recommended": mount.recommended,
    }


DOMAIN = Domain(
    module="vault_pki_audit",
    settings=SETTINGS,
    collect=collect,
    dump=dump,
    load=load,
    judge=judge,
    certificates=lambda audit, now: x509.rows(audit.inventory, now),
    results=results,
    libraries=(CRYPTOGRAPHY,),
)
