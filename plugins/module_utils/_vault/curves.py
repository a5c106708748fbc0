# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The revoked entries and the leases of a population over time, in closed form. Pure.

All times are seconds from now.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from dataclasses import replace

from .population import Population


class Curves:
    """``entries(t)``: what the CRL holds when it is built at t; ``leased(t)``: valid certificates with a lease."""

    def __init__(self, people: Population) -> None:
        self.people = people
        # What is overdue leaves with the next pass, not now.
        leaving = sorted((max(people.next_pass, at + people.retention), count) for at, count in people.entries)
        self._leaves_at = [at for at, _count in leaving]
        self._left = [0.0, *itertools.accumulate(count for _at, count in leaving)]
        self._expires_at = [at for at, _count in people.leased]
        self._expired = [0.0, *itertools.accumulate(count for _at, count in people.leased)]

    def entries(self, time: float) -> float:
        """Entries of today that no tidy has removed by then, and those that the usual revocations add."""
        kept = self._left[-1] - self._left[bisect_right(self._leaves_at, time)]
        people = self.people
        added = sum(weight * min(time, life + people.retention) for life, weight in people.remaining_lives)
        return kept + people.revocations_per_second * added

    def leased(self, time: float, *, away: float = 0.0) -> float:
        """Certificates with a lease that are valid at ``time``, none issued in the last ``away`` seconds."""
        kept = self._expired[-1] - self._expired[bisect_right(self._expires_at, time)]
        issued = sum(weight * _overlap(time, life, away) for life, weight in self.people.lifespans)
        return kept + self.people.leased_per_second * issued

    def backlog(self, time: float, *, away: float, share: float) -> float:
        """What is revoked at ``time`` when the service comes back after ``away`` seconds.

        ``share`` of the leased certificates have lost their parent token by then. Those that have expired add
        nothing, unless allow_expired_cert_revocation is set. Nothing comes back before it has been away.
        """
        if time < away:
            return 0.0
        if self.people.revokes_expired:
            return share * self.leased(time - away)
        return share * self.leased(time, away=away)


def _overlap(time: float, life: float, away: float) -> float:
    """Length of the time from now to ``time - away`` in which what is issued with that life is valid at ``time``."""
    return max(0.0, (time - away) - max(0.0, time - life))


def grown(people: Population, factor: float) -> Population:
    """The population from now on with ``factor`` times the footprint: as much more is issued and revoked."""
    return replace(
        people,
        revocations_per_second=people.revocations_per_second * factor,
        leased_per_second=people.leased_per_second * factor,
        largest_day=people.largest_day * factor,
    )
