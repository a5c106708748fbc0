# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule on a mirror behind a load balancer: whether its addresses say the same. Pure."""

from __future__ import annotations

from typing import Any

from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .asking import RULES, WRONG, names_of
from .facts import MirrorFacts, PageFacts


class Backends:
    """The mirror at all of the addresses that were asked apart."""

    def __init__(self, mirrors: list[MirrorFacts]) -> None:
        self.mirrors = mirrors

    @property
    def location(self) -> str:
        """The mirror's URL."""
        return self.mirrors[0].url


@RULES.rule(
    "backends-disagree",
    title="Backends of the mirror disagree",
    subject="backends",
    rationale="Behind one name each request may reach another node. Where they differ, the same command installs "
    "different versions from one minute to the next, and a lock file's hashes fail now and then.",
    remediation="Synchronise all nodes from one, or take those that lag out of the load balancer.",
    references=("tuna issue 892",),
    severity=WRONG,
)
def backends_disagree(backends: Backends, context: Context) -> Verdict:
    answering = [each for each in backends.mirrors if each.problem is None]
    if len(answering) < 2:
        return NOT_APPLICABLE
    said = {mirror.key: {page.name: _content(page) for page in mirror.pages} for mirror in answering}
    names = sorted({name for pages in said.values() for name in pages})
    differing = [name for name in names if len({pages.get(name) for pages in said.values()}) > 1]
    if not differing:
        return PASS
    return fail(
        f"{backends.location}: {len(differing)} of {len(names)} pages differ between {', '.join(said)}: "
        f"{names_of(differing)}",
        evidence={"backends": list(said), "count": len(differing), "of": len(names), "pages": differing[:50]},
    )


def _content(page: PageFacts) -> frozenset[Any]:
    return frozenset(
        (file.filename, file.hashes.get("sha256"), file.requires_python, file.yanked) for file in page.files
    )
