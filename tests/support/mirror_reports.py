# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports over a mirror by the real way (evidence, rules, bundle, merge, document), without any server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.contract import run
from ansible_collections.sre.preflight.plugins.module_utils._mirror.audit import DOMAIN, Audit
from ansible_collections.sre.preflight.plugins.module_utils._mirror.collect import Collected
from ansible_collections.sre.preflight.plugins.module_utils._mirror.facts import Asked
from ansible_collections.sre.preflight.plugins.module_utils._mirror.mending import ROLE, STRATEGY, TARGET

from .mirrors import MIRROR, NOW, UPSTREAM, collected_of, fetched, file_entry, json_page
from .plans import report_over
from .plans import wish as plan_wish

LINUX = "manylinux_2_28_x86_64"
NEEDED = {"1.4": ">=3.8", "2.0": ">=3.8", "3.0": ">=3.10"}
"""What each release of the project demo needs; 2.0 is yanked upstream."""


def releases(*, old_style: bool, **more: Any) -> dict[str, Any]:
    """The page of a project whose last release for Python 3.9 is yanked; an old mirror says neither that nor why."""
    files = []
    for version, needs in NEEDED.items():
        said: dict[str, Any] = {"requires-python": needs, "yanked": "It deletes files" if version == "2.0" else False}
        if old_style:
            said = {"requires-python": None, "yanked": None, "core-metadata": None}
        files.append(file_entry(f"demo-{version}-py3-none-any.whl", **said))
    return json_page(*files, versions=list(NEEDED), **more)


def evidence(
    ours: Mapping[str, Any] | None = None,
    theirs: Mapping[str, Any] | None = None,
    *,
    pythons: tuple[str, ...] = ("3.9", "3.13"),
    requirements: tuple[str, ...] = ("demo",),
    **index: Any,
) -> Collected:
    """What was collected of the mirror as in 2021, or with ``ours`` as its page."""
    pages = [
        json.dumps(each).encode() for each in (ours or releases(old_style=True), theirs or releases(old_style=False))
    ]
    collected = collected_of({"current": fetched(pages[0], MIRROR)}, upstream=fetched(pages[1], UPSTREAM), **index)
    collected.asked = Asked(requirements, pythons, (LINUX,), ("demo",))
    for index in collected.indexes:
        number = collected.inventory.add_target(index["role"], index["url"])
        collected.inventory.evaluated(number)
    return collected


def bundle_of(collected: Collected, **policy: Any) -> str:
    """What mirror_audit returns for it."""
    domain = replace(DOMAIN, collect=lambda _params, _started: Audit(collected))
    return str(run(domain, {**policy, "bundle": True}, check_mode=False, clock=lambda: NOW)["bundle"])


def mirror_report(hosts: Mapping[str, Collected] | None = None, **more: Any) -> dict[str, Any]:
    """The report over these hosts; one of them with the mirror as in 2021 without any."""
    given = hosts if hosts is not None else {"localhost": evidence()}
    report = report_over({host: [bundle_of(each)] for host, each in given.items()}, now=NOW, **more)
    return {**report, "certificates": list(report["certificates"])}


def wish(
    upstream: str = UPSTREAM, *, url: str = MIRROR, lacks: str = "requires-python", **fields: Any
) -> dict[str, Any]:
    """A finding that a cache of that upstream would mend."""
    target = {"kind": TARGET, "url": url}
    remedy = {
        "role": ROLE,
        "settings": {"strategy": STRATEGY, "upstream_url": upstream},
        "found": {"lacks": [lacks]},
        "text": "Mend it.",
        "target": target,
    }
    finding = plan_wish({}, target={**target, "mount": url}, rule=f"mirror.{lacks}-{upstream}")
    return {**finding, "remediation": remedy, **fields}


def hostile_wishes(payloads: Sequence[str]) -> list[dict[str, Any]]:
    """Findings on mirrors of which every text is an attack, two upstreams for each."""
    return [
        wish(upstream, url=payload or "x", lacks=payload, hosts=[payload])
        for payload in payloads
        for upstream in (payload, UPSTREAM)
    ]


def hostile_parts(payloads: Sequence[str]) -> dict[str, Any]:
    """The report's mirrors and resolutions, in which every text that a server or a person controls is an attack."""
    rows = [
        {
            "url": payload or "x",
            "hosts": [payload],
            "addresses": [payload],
            "projects": 1,
            "projects_read": 0,
            "projects_listed": None,
            "files": 0,
            "formats": [],
            "api_versions": [payload],
            "serial": -1,
            "last_changed": None,
            "lacks": [payload],
            "sample": None,
            "outcomes": {"wrong_version": 1},
        }
        for payload in payloads
    ]
    differing = [
        {
            "mirror": payload,
            "requirement": payload,
            "python": payload,
            "platform": payload,
            "upstream_file": payload,
            "mirror_file": None,
            "outcome": outcome,
            "client": payload,
            "clients": {},
            "reason": payload,
        }
        for payload in payloads
        for outcome in ("wrong_version", "fails", "builds_from_source", "unknown", "dearer")
    ]
    resolutions = {"asked": len(differing), "outcomes": {}, "differing": differing, "left_out": 7}
    return {"mirrors": rows, "resolutions": resolutions}
