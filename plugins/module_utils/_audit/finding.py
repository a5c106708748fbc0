# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding: one rule's verdict on one resource, in the words of the report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .instant import format_instant

STATUSES = ("fail", "unknown", "pass", "not_applicable", "waived")
SEVERITIES = ("critical", "high", "medium", "low")
"""From worst to mildest."""


def severity_rank(severity: str) -> int:
    """0 for critical up to 3 for low, to order and to compare by."""
    return SEVERITIES.index(severity)


@dataclass(frozen=True)
class Resource:
    """What a finding is about.

    ``identity`` is what stays the same between runs and hosts (a fingerprint, a path, a URL) and goes into the
    finding's id; ``name`` and ``location`` are for people.
    """

    kind: str
    name: str
    location: str
    identity: str

    def to_json(self) -> dict[str, str]:
        """{kind, name, location}."""
        return {"kind": self.kind, "name": self.name, "location": self.location}


@dataclass(frozen=True)
class Remediation:
    """What mends a finding: in words, and as settings of a role where a role can do it.

    ``found`` holds the live values that the audit saw, under the same keys as ``settings``: a role refuses to
    overwrite anything else. ``target`` is what the settings are of: its ``kind``, and what it takes to find it.
    """

    text: str
    role: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    found: Mapping[str, Any] = field(default_factory=dict)
    target: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """{role, settings, found, text, target}; target is None where no role can do it."""
        return {
            "role": self.role,
            "settings": dict(self.settings),
            "found": dict(self.found),
            "text": self.text,
            "target": None if self.target is None else dict(self.target),
        }


@dataclass(frozen=True)
class Finding:
    """One rule's verdict on one resource (see the contract in the documentation of the audit modules)."""

    rule: str
    status: str
    severity: str
    title: str
    message: str
    resource: Resource
    evidence: Mapping[str, Any]
    outage_at: datetime | None
    remediation: Remediation | None
    references: tuple[str, ...]

    @property
    def id(self) -> str:
        """16 hex digits that depend on the rule and the resource alone, so that they are stable between runs."""
        return finding_id(self.rule, self.resource.kind, self.resource.identity)

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON, instants in RFC 3339."""
        return {
            "id": self.id,
            "rule": self.rule,
            "status": self.status,
            "severity": self.severity,
            "title": self.title,
            "message": self.message,
            "resource": self.resource.to_json(),
            "evidence": dict(self.evidence),
            "outage_at": format_instant(self.outage_at) if self.outage_at else None,
            "remediation": self.remediation.to_json() if self.remediation else None,
            "references": list(self.references),
        }


def finding_id(rule: str, kind: str, identity: str) -> str:
    """The id of the finding of ``rule`` on the resource ``identity`` of that kind."""
    text = "\0".join((rule, kind, identity))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def order(finding: Mapping[str, Any]) -> tuple[int, int, str, str, str]:
    """The key that findings (as JSON) are ordered by: the worst first, then the soonest outage.

    Severity follows from the time to the outage, so this is the order of time for all but those whose severity
    is capped, such as an expired root in a trust store.
    """
    return (
        severity_rank(finding["severity"]),
        STATUSES.index(finding["status"]),
        finding["outage_at"] or "9999-12-31T23:59:59Z",
        finding["rule"],
        finding["id"],
    )
