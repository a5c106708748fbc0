# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule on what clients would install from the mirror and from the upstream. Pure: no I/O, no clock."""

from __future__ import annotations

from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, unknown
from . import outcome
from .asking import FAILS, INCIDENT, RULES, SLOWER, WRONG, names_of, on_mirror, verdict
from .choosing import LEGACY_PIP
from .facts import MirrorFacts
from .resolution import Resolution

SEVERITIES = {
    outcome.FAILS: FAILS,
    outcome.WRONG: WRONG,
    outcome.BUILDS: WRONG,
    outcome.DEARER: SLOWER,
}
"""The severity of an outcome, worst first."""
RANKS = (FAILS, WRONG, SLOWER)


@RULES.rule(
    "resolution-differs",
    title="Clients install something else than from the upstream",
    rationale="What counts in the end: for each requirement, Python and platform, which file pip of today, pip of "
    "2019 and uv choose here and upstream. Severity follows from the worst outcome: fails, another version, a build "
    "from source, or the same version after more attempts; what fails for pip of 2019 alone counts as high.",
    remediation="See the findings on the same pages for what the mirror says otherwise than the upstream.",
    references=(INCIDENT,),
    severity=FAILS,
)
@on_mirror
def resolution_differs(mirror: MirrorFacts, context: Context) -> Verdict:
    if not mirror.resolutions:
        return NOT_APPLICABLE
    if mirror.upstream.problem is not None:
        return unknown(f"{mirror.location} could not be compared: {mirror.upstream.problem}")
    differing = [each for each in mirror.resolutions if each.outcome in SEVERITIES]
    differing.sort(key=lambda each: (RANKS.index(_severity(each)), list(SEVERITIES).index(each.outcome)))
    # What comes after the first reason is in the result, under resolutions.
    told = (
        (
            f"{each.requirement} on Python {each.python}, {each.platform}",
            f"{each.outcome} ({each.reason.partition('; ')[0]})",
        )
        for each in differing
    )
    worst = _severity(differing[0]) if differing else None
    result = verdict(mirror, "resolution", told, len(mirror.resolutions), severity=worst)
    left = [
        each.requirement for each in mirror.resolutions if outcome.UNKNOWN in (each.outcome, *each.clients.values())
    ]
    if result is PASS and left:
        return unknown(f"{mirror.location}: {names_of(list(dict.fromkeys(left)))} could not be resolved")
    return result


def _severity(resolution: Resolution) -> str:
    """The worst of all clients; what fails for pip of 2019 alone fails for some."""
    worst = [
        WRONG if (client, said) == (LEGACY_PIP.name, outcome.FAILS) else SEVERITIES[said]
        for client, said in resolution.clients.items()
        if said in SEVERITIES
    ]
    return min(worst, key=RANKS.index)
