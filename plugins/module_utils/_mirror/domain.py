# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mirror as a domain: judging its evidence, and the resources that findings are about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .._audit.coverage import Coverage
from .._audit.finding import Finding, Resource
from .._audit.policy import Policy
from .._audit.rule import Context
from .collect import Collected
from .facts import MirrorFacts, UpstreamFacts
from .mending import mended
from .rules import RULES
from .rules_audit import Hindrance
from .rules_backends import Backends


def facts_of(collected: Collected) -> list[MirrorFacts]:
    """The mirror at each of its addresses."""
    projects = tuple(collected.projects)
    theirs = next((index for index in collected.indexes if index["role"] == "upstream"), None)
    upstream = UpstreamFacts(theirs, projects)
    return [
        MirrorFacts(index, projects, upstream, collected.roots.get(index["key"]), collected.asked)
        for index in collected.indexes
        if index["role"] == "mirror"
    ]


def judge(
    collected: Collected,
    mirrors: list[MirrorFacts],
    policy: Policy,
    now: datetime,
    coverage: Coverage,
    include_passes: bool,
) -> Iterator[Finding]:
    """The verdicts of the rules ``mirror.*``; projects are counted as targets, evaluated where the mirror answered."""
    for mirror in mirrors:
        current = (page for page in mirror.answers if page.way == "current")
        coverage.count_targets(
            {"status": "evaluated" if page.fetch.ok or page.fetch.status == 404 else "unknown"} for page in current
        )
    subjects: dict[str, list[Any]] = {
        "mirror": list(mirrors),
        "backends": [Backends(mirrors)],
        "audit": [Hindrance(mirrors[0].url, tuple(collected.problems))],
    }
    context = Context(policy, now, None)
    at = {mirror.location: mirror for mirror in reversed(mirrors)}
    for finding in RULES.judge(subjects, resource_of, context, coverage, include_passes=include_passes):
        about = at.get(finding.resource.location)
        yield finding if about is None else mended(finding, about, context)


def resource_of(subject: Any) -> Resource:
    """The resource that a subject of these rules is: the mirror, by its URL."""
    location = subject.location
    return Resource("mirror", location.partition("://")[2].rstrip("/"), location, location)
