# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster as a domain: judging its evidence, and the resources that findings are about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

from .._audit.coverage import Coverage
from .._audit.finding import Finding, Resource
from .._audit.policy import Policy
from .._audit.rule import Context
from .._x509 import domain as x509
from .collect import Collected
from .facts import BundleFacts, ClusterFacts, RequestFacts, SecretFacts
from .rules import RULES

SETTINGS = tuple({each.name: each for each in (*RULES.settings(), *x509.RULES.settings())}.values())
"""The policy of the rules ``kubernetes.*``, and that of ``certificate.*``."""
_NAMED = 5
"""So many users and host names a message tells; the evidence has all."""


def judge(
    collected: Collected,
    facts: ClusterFacts,
    policy: Policy,
    now: datetime,
    coverage: Coverage,
    include_passes: bool,
) -> Iterator[Finding]:
    """The verdicts of ``kubernetes.*`` on the cluster and of ``certificate.*`` on its certificates.

    Each resource that was to be listed counts as a target; what the server does not have is no target.
    """
    wanted = (row for row in collected.sources if row["status"] != "absent")
    coverage.count_targets(wanted)
    subjects: dict[str, Any] = {
        "cluster": [facts],
        "source": facts.sources(),
        "bundle": facts.bundles(),
        "request": facts.requests(),
        "secret": facts.secrets(),
    }
    own = RULES.judge(subjects, resource_of, Context(policy, now, None), coverage, include_passes=include_passes)
    shared = x509.judge(collected.inventory, policy, now, coverage, include_passes)
    return chain(own, (_with_users(finding, collected, facts) for finding in shared))


def resource_of(subject: Any) -> Resource:
    """The resource that a subject of these rules is, by its location."""
    location = subject.location
    if isinstance(subject, ClusterFacts):
        return Resource("cluster", str(subject.cluster["address"]), location, location)
    if isinstance(subject, BundleFacts):
        return Resource("trust-bundle", str(subject.row["name"]), location, location)
    if isinstance(subject, SecretFacts):
        return Resource("secret", f"{subject.row['namespace']}/{subject.row['name']}", location, location)
    if isinstance(subject, RequestFacts):
        return Resource("certificate-request", str(subject.row["name"]), location, location)
    return Resource("source", f"{subject.title}{subject.where}", location, location)


def _with_users(finding: Finding, collected: Collected, facts: ClusterFacts) -> Finding:
    """What fails about a certificate is said with who uses it, and with the host names that go down with it."""
    certificate = collected.inventory.certificates.get(finding.evidence.get("fingerprint_sha256", ""))
    if finding.status != "fail" or certificate is None or finding.resource.kind != "certificate":
        return finding
    found = [each for each in map(facts.holder_of, certificate.locations) if each is not None]
    users = list(dict.fromkeys(user for each in found for user in each.users))
    hosts = list(dict.fromkeys(host for each in found for host in each.hosts))
    if not users:
        return finding
    served = f", which serves {_some(hosts)}" if hosts else ""
    return replace(
        finding,
        message=f"{finding.message}; used by {_some(users)}{served}",
        evidence={**finding.evidence, "used_by": users, "hosts": hosts},
    )


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest
