# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The smallest change of settings that keeps a mount's CRL well below its storage's limit. Pure.

Settings act only on what is issued from then on: certificates that hold a lease already stay a backlog until
``safe_from``, when the last of them is gone. The peak that a step leads to is the highest of all scenarios from
then on; the risk until then is given beside it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .crl_model import revoked_entries
from .forecast import Forecast, ForecastPolicy, Frame, frame_of
from .interim import interim_measures
from .population import Population, population
from .settings import Settings, applied, found, merged, under
from .steps import Proposal, Situation, guard, no_leases, queued_rebuilds, shorter_lives, tidy
from .storage_limit import StorageLimit

Change = tuple[str, Proposal]
NO_LEASES: Change = ("Give no more leases", no_leases)
QUEUED_REBUILDS: Change = ("Rebuild the CRL on a schedule instead of at every revocation", queued_rebuilds)
LATER_STEPS: tuple[Change, ...] = (
    ("Let a tidy remove revoked certificates after they have expired", tidy),
    # Once more: beside entries that no tidy removes the leases may have been too few to matter.
    NO_LEASES,
    ("Let the tidy remove them sooner", tidy),
    ("Issue for a shorter time", shorter_lives),
)
WORTHWHILE = 0.9
"""A change that is not enough by itself must bring the peak at least down to this part of what it was."""


@dataclass(frozen=True)
class Step:
    """One change, all settings up to and with it, and the peak (entries) that they lead to once they have worked."""

    change: str
    settings: Settings
    total: Settings
    peak_entries: float


def recommend(
    mount: Mapping[str, Any], server: Mapping[str, Any], limit: StorageLimit, policy: ForecastPolicy, now: datetime
) -> dict[str, Any]:
    """{settings, found, steps, peak_entries, peak_bytes, enough, safe_from, until_then, interim}.

    ``settings`` is {} where nothing needs to change. ``enough`` tells whether the peak stays under the policy's part
    of the limit; None where there is no limit.
    """
    return _Solver(mount, server, limit, policy, now).solve()


class _Solver:
    def __init__(
        self,
        mount: Mapping[str, Any],
        server: Mapping[str, Any],
        limit: StorageLimit,
        policy: ForecastPolicy,
        now: datetime,
    ) -> None:
        self.mount = mount
        self.situation = Situation(mount, server, limit, policy.step)
        self.policy = policy
        self.frame: Frame = frame_of(mount, server, limit, policy, now)
        self.people: Population = population(mount, now, step=policy.step)
        self.entries = revoked_entries(mount)
        self.total: Settings = {}
        self.steps: list[Step] = []
        self.forecasts: dict[tuple[str, float], Forecast] = {}

    def solve(self) -> dict[str, Any]:
        before = self.seen({})
        if self.target < math.inf:
            self.lower_peak(NO_LEASES)
            self.speed_up_drain()
            self.lower_peak(*LATER_STEPS)
            if before.overflow_at is not None:
                self.take("Make Vault refuse a CRL that storage cannot hold", guard)
        return self.row()

    @property
    def target(self) -> float:
        """The peak to stay under, in entries."""
        return math.inf if self.frame.capacity is None else self.frame.capacity * self.policy.fill

    def seen(self, settings: Settings, *, begin: float = 0.0) -> Forecast:
        """The forecast with these settings in place, from ``begin`` on; made once, for it is asked for often."""
        key = (json.dumps(settings, sort_keys=True), begin)
        if key not in self.forecasts:
            after = under(self.people, self.mount, applied(self.mount, settings), self.entries)
            self.forecasts[key] = Forecast.of(after, self.frame, begin=begin)
        return self.forecasts[key]

    def safe_at(self, settings: Settings) -> float:
        """When the last certificate is gone that was issued under what these settings change; 0 for now."""
        roles = [values for path, values in settings.items() if path.startswith("roles/")]
        if any("max_ttl" in values for values in roles):
            return max(0.0, self.people.last_not_after)
        if any("generate_lease" in values for values in roles):
            return max((at for at, _count in self.people.leased), default=0.0)
        return 0.0

    def settled(self, settings: Settings) -> float:
        """The highest peak once these settings have worked."""
        return self.seen(settings, begin=self.safe_at(settings)).peak_entries

    def lower_peak(self, *changes: Change) -> None:
        """Takes these changes in their order until the peak is low enough."""
        for change, proposal in changes:
            if self.settled(self.total) <= self.target:
                return
            self.take(change, proposal, lowers_peak=True)

    def speed_up_drain(self) -> None:
        """auto_rebuild leaves the peak as it is; it is what makes a backlog drain in time."""
        if self.seen(self.total).drain_seconds() > self.policy.drain_seconds:
            self.take(*QUEUED_REBUILDS)

    def take(self, change: str, proposal: Proposal, *, lowers_peak: bool = False) -> None:
        """The first of the proposals that is enough; else the mildest that no stronger one is worth going beyond."""
        now_at = self.settled(self.total)
        best: Step | None = None
        for settings in proposal(replace(self.situation, mount=applied(self.mount, self.total))):
            total = merged(self.total, settings)
            step = Step(change, settings, total, self.settled(total))
            if best is None or step.peak_entries <= self.target or step.peak_entries < best.peak_entries * WORTHWHILE:
                best = step
            if best.peak_entries <= self.target:
                break
        enough = best is not None and best.peak_entries <= self.target
        if best is not None and (enough or not lowers_peak or best.peak_entries < now_at * WORTHWHILE):
            self.steps.append(best)
            self.total = best.total

    def row(self) -> dict[str, Any]:
        shape, frame = self.frame.shape, self.frame
        safe_at = self.safe_at(self.total)
        peak = self.settled(self.total)
        until = self.seen(self.total)
        risky = until.overflow_at is not None and until.overflow_at < max(safe_at, 1.0)
        return {
            "settings": self.total,
            "found": found(self.mount, self.total),
            "steps": [self.step_row(step) for step in self.steps],
            "peak_entries": round(peak),
            "peak_bytes": shape.bytes(peak),
            "enough": None if frame.capacity is None else peak <= self.target,
            "safe_from": frame.instant(safe_at),
            "until_then": {
                "peak_entries": round(until.peak_entries),
                "peak_bytes": shape.bytes(until.peak_entries),
                "overflow_at": frame.instant(until.overflow_at) if risky and until.overflow_at is not None else None,
            },
            "interim": interim_measures(self.situation, shape.bytes(until.peak_entries)) if risky else [],
        }

    def step_row(self, step: Step) -> dict[str, Any]:
        return {
            "change": step.change,
            "settings": step.settings,
            "found": found(self.mount, step.settings),
            "peak_entries": round(step.peak_entries),
            "peak_bytes": self.frame.shape.bytes(step.peak_entries),
        }
