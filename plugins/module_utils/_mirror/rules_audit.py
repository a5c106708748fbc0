# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule on the audit itself: what kept it from looking. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .._audit.rule import PASS, Context, Verdict, unknown
from .asking import RULES, UNVERIFIED


@dataclass(frozen=True)
class Hindrance:
    """What the collector could not do as asked, {part, reason} each."""

    location: str
    problems: tuple[Mapping[str, str], ...]


@RULES.rule(
    "audit-hindered",
    title="The audit could not do as it was asked",
    subject="audit",
    rationale="A sample that could not be drawn was not looked at, and says nothing of the mirror. A cache that "
    "cannot be used makes every run cost as much as the first.",
    remediation="Mend what the reason says, and audit again.",
    references=("The documentation of the module",),
    severity=UNVERIFIED,
)
def audit_hindered(audit: Hindrance, context: Context) -> Verdict:
    if not audit.problems:
        return PASS
    told = "; ".join(f"{each['part']}: {each['reason']}" for each in audit.problems)
    return unknown(f"{audit.location}: {told}", evidence={"problems": [dict(each) for each in audit.problems]})
