# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mirror lacks, in a word, and what of it the role package_mirror mends: what the upstream has. Pure."""

from __future__ import annotations

from dataclasses import replace

from .._audit.finding import Finding, Remediation
from .._audit.rule import Context
from .asking import RULES
from .facts import MirrorFacts, UpstreamFacts

ROLE = "package_mirror"
STRATEGY = "pull_through"
TARGET = "mirror"
"""The kind of the target that the settings are of."""
_PREFIX = f"{RULES.domain}."

_WORDS = {
    "projects": ("project-missing", "projects-missing", "page-empty"),
    "files": ("files-missing", "file-unserved"),
    "what is new": ("index-old", "serial-behind"),
    "requires-python": (
        "requires-python-missing",
        "requires-python-differs",
        "requires-python-nowhere",
        "requires-python-invalid",
        "requires-python-unescaped",
        "requires-python-contradicts-metadata",
    ),
    "yanked": ("yanked-lost", "yanked-stale", "yanked-malformed", "yanked-reason-lost"),
    "hashes": ("hashes-missing", "hashes-key-absent", "hashes-malformed"),
    "core-metadata": (
        "core-metadata-missing",
        "core-metadata-malformed",
        "metadata-unserved",
        "metadata-hash-wrong",
    ),
    "upload-time": ("upload-time-missing", "upload-time-malformed"),
    "size": ("size-missing", "size-malformed", "file-size-wrong"),
    "versions": ("versions-missing",),
    "provenance": ("provenance-missing",),
    "project-status": ("project-status-lost", "quarantined-files-offered"),
    "api-version": (
        "api-version-missing",
        "api-version-unsupported",
        "api-version-overstated",
        "api-version-understated",
    ),
    "serial": ("serial-missing",),
    "pages as the API has them": (
        "page-not-simple",
        "page-rejected",
        "page-encoding-wrong",
        "anchor-malformed",
        "link-broken",
        "formats-differ",
        "root-unusable",
    ),
    "JSON": ("json-missing",),
    "HTML": ("html-missing",),
    "Content-Type": ("content-type-wrong",),
    "negotiation": ("preference-ignored", "latest-unresolved", "not-acceptable-answered"),
    "Vary": ("vary-missing",),
    "redirects": ("name-not-redirected", "slash-not-redirected"),
    "404": ("unknown-project-forwarded", "unknown-project-answered"),
    "Cache-Control": ("page-cache-control-missing", "page-kept-too-long", "file-cache-control-missing"),
    "revalidation": ("page-revalidation-impossible",),
    "HEAD": ("page-head-refused", "file-head-refused"),
    "ranges": ("range-refused",),
    "signatures": ("signature-unserved",),
    "independence of other hosts": ("upstream-dependency",),
}
MENDED: dict[str, str] = {f"{_PREFIX}{name}": word for word, names in _WORDS.items() for name in names}
"""What a mirror lacks on which a rule fails, by the rule's id: the pages of the upstream itself have it."""
FOLLOWS = f"{_PREFIX}resolution-differs"
"""What clients install follows from the rest, and is mended with it."""
LACKS: dict[str, str] = {
    **MENDED,
    f"{_PREFIX}hash-differs": "the upstream's hashes",
    f"{_PREFIX}file-hash-wrong": "whole files",
    f"{_PREFIX}not-https": "TLS",
    f"{_PREFIX}backends-disagree": "agreement of its backends",
}
"""The same, with what a person has to look into: a cache would hide who exchanged a file, and has no other name."""
_OF_ITS_OWN = {f"{_PREFIX}{name}" for name in ("upstream-dependency", "root-unusable", "index-old")}
"""What the role does whatever the upstream does, and what is not read of an upstream."""


def mended(finding: Finding, mirror: MirrorFacts, context: Context) -> Finding:
    """The finding, with the settings of the role where a cache of the upstream's own pages mends it.

    It does so where the upstream is named, answers, and is not like that itself.
    """
    upstream = mirror.upstream
    if finding.status != "fail" or finding.rule not in {*MENDED, FOLLOWS}:
        return finding
    if finding.remediation is None or upstream.index is None or upstream.problem is not None:
        return finding
    if finding.rule not in _OF_ITS_OWN and _is_alike(finding.rule, mirror, context):
        return finding
    remedy = Remediation(
        finding.remediation.text,
        role=ROLE,
        settings={"strategy": STRATEGY, "upstream_url": str(upstream.index["url"])},
        found={"lacks": [MENDED[finding.rule]] if finding.rule in MENDED else []},
        target={"kind": TARGET, "url": mirror.url},
    )
    return replace(finding, remediation=remedy)


def _is_alike(rule: str, mirror: MirrorFacts, context: Context) -> bool:
    """Whether the rule fails on the upstream's pages as well, as if they were a mirror's."""
    index = mirror.upstream.index
    if index is None:
        return False
    if rule == f"{_PREFIX}json-missing":
        return not any(answer.format == "json" for answer in mirror.upstream.answers.values())
    seen = tuple(each for each in mirror.projects if index["key"] in each.pages)
    alone = MirrorFacts(index, seen, UpstreamFacts(None, ()))
    return RULES.rules[rule].check(alone, context).status == "fail"
