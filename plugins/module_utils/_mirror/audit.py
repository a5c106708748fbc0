# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""mirror_audit: a package index mirror from the evidence to findings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

from .._audit.contract import Domain
from .._audit.coverage import Coverage
from .._audit.finding import Finding
from .._audit.policy import OptionError, Policy
from .._http.library import URLLIB3
from .._x509 import domain as x509
from .._x509.inventory import Inventory
from .._x509.library import CRYPTOGRAPHY
from . import domain
from .collect import Collected
from .collect import collect as collect_evidence
from .evidence import FileProbe, ProjectEvidence
from .facts import Asked, MirrorFacts
from .library import PACKAGING
from .rules import RULES
from .sampling import worst_share

SETTINGS = tuple({each.name: each for each in (*RULES.settings(), *x509.RULES.settings())}.values())
"""The policy of the rules ``mirror.*``, and that of ``certificate.*`` for what the mirror serves."""
CONFIDENCE = 0.95
_PLAIN = ("roots", "sample", "traffic", "problems")


class Audit:
    """The evidence, and the facts made of it once."""

    def __init__(self, collected: Collected) -> None:
        self.collected = collected
        self.mirrors: list[MirrorFacts] = domain.facts_of(collected)


def collect(params: Mapping[str, Any], now: datetime) -> Audit:
    """Asks and reads, nothing else. Raises OptionError for bad input."""
    if URLLIB3.import_error or URLLIB3.too_old():
        raise OptionError(URLLIB3.too_old() or f"the Python package urllib3 is missing; install {URLLIB3.requirement}")
    return Audit(collect_evidence(params, os.environ))


def dump(audit: Audit) -> dict[str, Any]:
    """{indexes, projects, roots, sample, traffic, problems, asked, inventory} as plain JSON."""
    collected = audit.collected
    indexes = ({**index, "files": [each.to_json() for each in index["files"]]} for index in collected.indexes)
    return {
        "indexes": indexes,
        "projects": (each.to_json() for each in collected.projects),
        **{part: getattr(collected, part) for part in _PLAIN},
        "asked": {name: list(values) for name, values in collected.asked.__dict__.items()},
        "inventory": collected.inventory.to_evidence(),
    }


def load(document: dict[str, Any]) -> Audit:
    """The inverse of dump. Raises ValueError on evidence of another shape."""
    try:
        indexes = [
            {**each, "files": [FileProbe.from_json(file) for file in each["files"]]} for each in document["indexes"]
        ]
        projects = [ProjectEvidence.from_json(each) for each in document["projects"]]
        plain = {part: document[part] for part in _PLAIN}
        asked = Asked(**{name: tuple(values) for name, values in document["asked"].items()})
        inventory = Inventory.from_evidence(document["inventory"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the evidence is not that of a mirror: {error!r}") from None
    return Audit(Collected(indexes=indexes, projects=projects, inventory=inventory, asked=asked, **plain))


def judge(audit: Audit, policy: Policy, now: datetime, coverage: Coverage, include_passes: bool) -> Iterator[Finding]:
    """The verdicts of ``mirror.*`` on the mirror, and of ``certificate.*`` on the certificates that it serves."""
    return chain(
        domain.judge(audit.collected, audit.mirrors, policy, now, coverage, include_passes),
        x509.judge(audit.collected.inventory, policy, now, coverage, include_passes),
    )


def results(audit: Audit, policy: Policy, now: datetime) -> dict[str, Any]:
    """``mirrors``, ``resolutions``, ``sample`` and ``traffic`` as the module returns them."""
    return {
        "mirrors": [_row(mirror) for mirror in audit.mirrors],
        "resolutions": [
            {**each.as_result(), "address": mirror.index["address"]}
            for mirror in audit.mirrors
            for each in mirror.resolutions
        ],
        "sample": _sample(audit),
        "traffic": audit.collected.traffic,
    }


def _row(mirror: MirrorFacts) -> dict[str, Any]:
    root = mirror.index["root"]
    current = [page for page in mirror.answers if page.way == "current"]
    versions = {page.page.api_version for page in mirror.pages if page.page.api_version}
    return {
        "url": mirror.url,
        "address": mirror.index["address"],
        "projects": len(current),
        "projects_read": len({page.project for page in mirror.pages if page.way == "current"}),
        "projects_listed": root["projects"],
        "serial": root["serial"],
        "last_modified": root["last_modified"],
        "formats": sorted({page.evidence.format for page in mirror.pages if page.evidence.format}),
        "api_versions": sorted(versions),
        "files": sum(len(page.files) for page in mirror.pages if page.way == "current"),
        "projects_named": list(mirror.asked.projects),
    }


def _sample(audit: Audit) -> dict[str, Any] | None:
    """What was drawn, which of those the mirror cannot give, and how many of all may be like that at most."""
    sample = audit.collected.sample
    if sample is None:
        return None
    drawn: set[str] = set(sample["drawn"])
    bad: set[str] = set()
    for mirror in audit.mirrors:
        bad |= drawn - {page.project for page in mirror.pages if page.way == "current" and page.files}
    return {
        "source": sample["source"],
        "population": sample["population"],
        "drawn": len(drawn),
        "seed": sample["seed"],
        "bad": sorted(bad),
        "bad_percent_at_most": round(100.0 * worst_share(len(bad), len(drawn), CONFIDENCE), 2),
        "confidence_percent": 100.0 * CONFIDENCE,
    }


DOMAIN = Domain(
    module="mirror_audit",
    settings=SETTINGS,
    collect=collect,
    dump=dump,
    load=load,
    judge=judge,
    certificates=lambda audit, now: x509.rows(audit.collected.inventory, now),
    results=results,
    libraries=(CRYPTOGRAPHY, PACKAGING),
)
