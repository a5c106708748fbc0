# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates as a domain: judging an inventory, and its rows as users see them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .._audit.coverage import Coverage
from .._audit.finding import Finding, Resource
from .._audit.instant import format_instant
from .._audit.policy import Policy
from .._audit.rule import Context, Registry
from . import correlation
from .certificate import Certificate
from .facts import Attempt, Facts
from .inventory import Inventory
from .rules import display_name

RULES: Registry = correlation.RULES
"""All rules ``certificate.*``: those on single certificates and those that correlate."""
CORRELATIONS = RULES.correlations()
"""The ids of the rules that judge the inventory as a whole."""


def judge(
    inventory: Inventory,
    policy: Policy,
    now: datetime,
    coverage: Coverage,
    include_passes: bool,
    *,
    only: frozenset[str] | None = None,
) -> Iterator[Finding]:
    """The verdicts of the rules ``certificate.*`` (or of those in ``only``) on an inventory."""
    facts = Facts(inventory)
    coverage.count_targets(inventory.targets)
    context = Context(policy, now, facts)
    return RULES.judge(facts.subjects(), resource_of, context, coverage, include_passes=include_passes, only=only)


def resource_of(subject: Any) -> Resource:
    """The resource that a subject of these rules is, in the words of the report."""
    if isinstance(subject, Certificate):
        location = subject.locations[0] if subject.locations else ""
        return Resource("certificate", display_name(subject), location, subject.fingerprint_sha256)
    if isinstance(subject, Attempt):
        kind = {"path": "file"}.get(subject.target_kind, subject.target_kind)
        return Resource(kind, subject.target, subject.location, subject.location)
    if "this_update" in subject:
        return Resource("crl", subject["issuer"], subject["location"], subject["location"])
    return Resource("endpoint", subject["location"], subject["location"], subject["location"])


def rows(inventory: Inventory, now: datetime) -> list[dict[str, Any]]:
    """The contract's ``certificates``."""
    return [row(certificate, now) for certificate in inventory.certificates.values()]


def row(certificate: Certificate, now: datetime) -> dict[str, Any]:
    """One inventory row of the contract's ``certificates``."""
    return {
        "fingerprint_sha256": certificate.fingerprint_sha256,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial_number": certificate.serial_number,
        "not_before": format_instant(certificate.not_before),
        "not_after": format_instant(certificate.not_after),
        "lifespan_used": round(certificate.lifespan_used(now), 1),
        "is_ca": certificate.is_ca,
        "names": list(certificate.names),
        "locations": certificate.locations,
    }
