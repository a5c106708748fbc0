# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One finding as the page shows it: every text bounded and visible, every instant in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.plugin_utils._report.outages import in_words
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip
from ansible_collections.sre.preflight.plugins.plugin_utils._report.values import Row, rows
from ansible_collections.sre.preflight.plugins.plugin_utils._report.when import epoch, utc

MAX_LISTED = 200
"""Hosts or locations of one finding; a finding on 100,000 hosts would otherwise be the whole page."""
_MAX_TITLE = 200
_MAX_TEXT = 2000
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Listed:
    """The first texts of a list, and how many there are in all."""

    shown: tuple[str, ...]
    total: int

    @property
    def left(self) -> int:
        """How many are not shown."""
        return self.total - len(self.shown)

    @classmethod
    def of(cls, texts: Sequence[Any], limit: int = MAX_LISTED, characters: int = 300) -> Listed:
        """At most ``limit`` of them, each of at most ``characters``."""
        return cls(tuple(clip(text, characters) for text in texts[:limit]), len(texts))


@dataclass(frozen=True)
class FindingView:
    """The texts of one finding; ``kind`` is what its colour and shape follow: a severity, or unknown."""

    id: str
    kind: str
    severity: str
    status: str
    rule: str
    title: str
    message: str
    resource_kind: str
    name: str
    location: str
    epoch: int | None
    outage: str
    relative: str
    evidence: tuple[Row, ...]
    remedy: str
    role: str
    settings: tuple[Row, ...]
    found: tuple[Row, ...]
    rationale: str
    references: tuple[str, ...]
    hosts: Listed
    locations: Listed


def finding_view(finding: Mapping[str, Any], rules: Mapping[str, Any], now: datetime) -> FindingView:
    """The view of a finding of the report; ``rules`` are the report's, ``now`` is its judged_at."""
    remedy = finding["remediation"] or {"text": "", "role": None, "settings": {}, "found": {}}
    outage_at = finding["outage_at"]
    resource = finding["resource"]
    return FindingView(
        id=anchor(finding["id"]),
        kind="unknown" if finding["status"] == "unknown" else finding["severity"],
        severity=finding["severity"],
        status=finding["status"],
        rule=clip(finding["rule"], _MAX_TITLE),
        title=clip(finding["title"], _MAX_TITLE),
        message=clip(finding["message"], _MAX_TEXT),
        resource_kind=clip(resource["kind"], _MAX_TITLE),
        name=clip(resource["name"], _MAX_TITLE),
        location=clip(resource["location"], _MAX_TITLE),
        epoch=epoch(outage_at) if outage_at else None,
        outage=utc(outage_at) if outage_at else "",
        relative=in_words(finding, now) if outage_at else "",
        evidence=tuple(rows(finding["evidence"])),
        remedy=clip(remedy["text"], _MAX_TEXT),
        role=clip(remedy["role"] or "", _MAX_TITLE),
        settings=tuple(rows(remedy["settings"])),
        found=tuple(rows(remedy["found"])),
        rationale=clip(rules.get(finding["rule"], {}).get("rationale", ""), _MAX_TEXT),
        references=Listed.of(finding["references"], 20).shown,
        hosts=Listed.of(finding["hosts"]),
        locations=Listed.of(finding["locations"]),
    )


def anchor(finding_id: str) -> str:
    """The id of a finding, fit to be an anchor whatever it was."""
    return finding_id if _ID.fullmatch(finding_id) else "0" * 16


def link(reference: str) -> str | None:
    """The address of a reference, where it is one that may be followed: https alone."""
    return reference if re.fullmatch(r"https://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]+", reference) else None
