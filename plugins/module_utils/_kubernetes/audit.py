# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kubernetes_audit: a cluster from the evidence to findings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from .._audit.contract import Domain
from .._audit.coverage import Coverage
from .._audit.finding import Finding
from .._audit.policy import Policy
from .._x509 import domain as x509
from .._x509.inventory import Inventory
from .._x509.library import CRYPTOGRAPHY
from . import domain
from .collect import Collected
from .collect import collect as collect_evidence
from .facts import ClusterFacts

_PLAIN = ("cluster", "sources", "bundles", "requests", "secrets", "uses")


class Audit:
    """The evidence, and the facts made of it once."""

    def __init__(self, collected: Collected) -> None:
        self.collected = collected
        self.facts = ClusterFacts(collected)


def collect(params: Mapping[str, Any], now: datetime) -> Audit:
    """Lists and reads, nothing else. Raises OptionError for bad input."""
    return Audit(collect_evidence(params, os.environ, now))


def dump(audit: Audit) -> dict[str, Any]:
    """{cluster, sources, bundles, requests, secrets, uses, inventory} as plain JSON."""
    collected = audit.collected
    return {
        **{part: getattr(collected, part) for part in _PLAIN},
        "inventory": collected.inventory.to_evidence(),
    }


def load(document: dict[str, Any]) -> Audit:
    """The inverse of dump. Raises ValueError on evidence of another shape."""
    try:
        plain = {part: document[part] for part in _PLAIN}
        return Audit(Collected(inventory=Inventory.from_evidence(document["inventory"]), **plain))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the evidence is not that of a cluster: {error!r}") from None


def judge(audit: Audit, policy: Policy, now: datetime, coverage: Coverage, include_passes: bool) -> Iterator[Finding]:
    """The verdicts of ``kubernetes.*`` and ``certificate.*``."""
    return domain.judge(audit.collected, audit.facts, policy, now, coverage, include_passes)


def results(audit: Audit, policy: Policy, now: datetime) -> dict[str, Any]:
    """``cluster``, ``sources``, ``requests`` and ``secrets`` as the module returns them."""
    collected = audit.collected
    return {
        "cluster": collected.cluster,
        "sources": collected.sources,
        "requests": collected.requests,
        "secrets": [_secret(audit.facts, row) for row in collected.secrets],
    }


def _secret(facts: ClusterFacts, row: Mapping[str, Any]) -> dict[str, Any]:
    found = facts.users_of(row["namespace"], row["name"])
    return {**row, "used_by": list(found.users), "hosts": list(found.hosts)}


DOMAIN = Domain(
    module="kubernetes_audit",
    settings=domain.SETTINGS,
    collect=collect,
    dump=dump,
    load=load,
    judge=judge,
    certificates=lambda audit, now: x509.rows(audit.collected.inventory, now),
    results=results,
    libraries=(CRYPTOGRAPHY,),
)
