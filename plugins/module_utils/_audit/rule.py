# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules and their registry: the single source for judging, the rule reference, SARIF metadata and the HTML page."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Callable, NamedTuple

from .coverage import Coverage
from .finding import SEVERITIES, Finding, Remediation, Resource
from .policy import Policy, Setting

_ID = re.compile(r"[a-z]+\.[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Verdict(NamedTuple):
    """What a rule says of one subject. Use PASS, NOT_APPLICABLE, fail() and unknown().

    ``ceiling`` is the worst severity this may have, however soon the outage is; ``severity`` replaces the rule's own
    where there is no outage_at.
    """

    status: str
    message: str = ""
    evidence: Mapping[str, Any] = {}
    outage_at: datetime | None = None
    severity: str | None = None
    ceiling: str | None = None
    remediation: Remediation | None = None


PASS = Verdict("pass")
NOT_APPLICABLE = Verdict("not_applicable")


def fail(message: str, **more: Any) -> Verdict:
    """The subject is in the state that the rule names; ``more`` are Verdict's other fields."""
    return Verdict("fail", message, **more)


def unknown(message: str, **more: Any) -> Verdict:
    """The rule could not be judged, and why; ``more`` are Verdict's other fields."""
    return Verdict("unknown", message, **more)


class Context(NamedTuple):
    """What a rule may know beside its subject: the policy, the instant of judgement, and facts about the whole."""

    policy: Policy
    now: datetime
    facts: Any


Check = Callable[[Any, Context], Verdict]


@dataclass(frozen=True)
class Rule:
    """A pure function from (subject, context) to a verdict, and all that people need to know of it.

    ``subject`` is the kind of thing it looks at, ``severity`` that of a verdict without a date, ``settings`` the
    policy that it reads. ``correlation`` rules judge the inventory as a whole, so the report judges them anew over
    the inventory of all hosts.
    """

    id: str
    title: str
    subject: str
    rationale: str
    remediation: str
    references: tuple[str, ...]
    severity: str
    check: Check
    settings: tuple[Setting, ...] = ()
    correlation: bool = False

    def describe(self) -> dict[str, Any]:
        """{title, rationale, remediation, references}, as the report carries it."""
        return {
            "title": self.title,
            "rationale": self.rationale,
            "remediation": self.remediation,
            "references": list(self.references),
        }


@dataclass
class Registry:
    """The rules of one domain, in the order of their registration. Ids are API: renaming one is a major release.

    ``subject`` is that of a rule which names none.
    """

    domain: str
    rules: dict[str, Rule] = field(default_factory=dict)
    subject: str = ""

    def rule(self, rule_id: str, **fields: Any) -> Callable[[Check], Check]:
        """Decorator that registers a check under ``domain.rule_id``; ``fields`` are Rule's. ValueError on a bad one."""

        def register(check: Check) -> Check:
            rule = Rule(**{"id": f"{self.domain}.{rule_id}", "check": check, "subject": self.subject, **fields})
            if not _ID.fullmatch(rule.id) or rule.id in self.rules:
                raise ValueError(f"the rule id {rule.id!r} is malformed or taken")
            if not rule.subject:
                raise ValueError(f"the rule {rule.id} names no subject")
            if rule.severity not in SEVERITIES:
                raise ValueError(f"the rule {rule.id} has the severity {rule.severity!r}")
            self.rules[rule.id] = rule
            return check

        return register

    def settings(self) -> tuple[Setting, ...]:
        """The settings that the rules read, each once, in order."""
        return tuple({setting.name: setting for rule in self.rules.values() for setting in rule.settings}.values())

    def correlations(self) -> frozenset[str]:
        """The ids of the rules that judge the inventory as a whole."""
        return frozenset(rule.id for rule in self.rules.values() if rule.correlation)

    def judge(
        self,
        subjects: Mapping[str, Iterable[Any]],
        resource_of: Callable[[Any], Resource],
        context: Context,
        coverage: Coverage,
        *,
        include_passes: bool = False,
        only: frozenset[str] | None = None,
    ) -> Iterator[Finding]:
        """Every rule's verdict on every subject of its kind, counted in ``coverage``; yields those that do not pass.

        ``subjects`` maps kinds to subjects, ``only`` limits the rules by id. A rule that crashes gives ``unknown``
        with the trace: it hides neither the other rules nor the other subjects.
        """
        rules = [rule for rule in self.rules.values() if only is None or rule.id in only]
        for rule in rules:
            coverage.expect(rule.id)
        for kind, items in subjects.items():
            checks = [(rule, rule.check, coverage.rules[rule.id]) for rule in rules if rule.subject == kind]
            for item in items:
                for rule, check, counts in checks:
                    try:
                        verdict = check(item, context)
                    except Exception as error:  # noqa: BLE001 - a rule that crashes is unknown, never the end of the audit
                        verdict = _crashed(rule, error)
                    counts[verdict.status] += 1
                    if verdict.status in ("fail", "unknown") or (include_passes and verdict is PASS):
                        yield _finding(rule, verdict, resource_of(item), context)


def _crashed(rule: Rule, error: Exception) -> Verdict:
    trace = traceback.extract_tb(error.__traceback__)[-1]
    return unknown(
        f"the rule {rule.id} failed: {type(error).__name__}: {error}",
        evidence={"trace": f"{trace.filename.rsplit('/', 1)[-1]}:{trace.lineno} in {trace.name}"},
    )


def _finding(rule: Rule, verdict: Verdict, resource: Resource, context: Context) -> Finding:
    severity = verdict.severity or rule.severity
    if verdict.outage_at is not None and verdict.status == "fail":
        severity = context.policy.severity_of(verdict.outage_at, context.now)
    if verdict.ceiling is not None:
        severity = SEVERITIES[max(SEVERITIES.index(severity), SEVERITIES.index(verdict.ceiling))]
    mends = verdict.status in ("fail", "unknown")
    return Finding(
        rule=rule.id,
        status=verdict.status,
        severity=severity,
        title=rule.title,
        message=verdict.message or f"{resource.name}: no objection",
        resource=resource,
        evidence=verdict.evidence,
        outage_at=verdict.outage_at,
        remediation=(verdict.remediation or Remediation(rule.remediation)) if mends else None,
        references=rule.references,
    )
