# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a mount's CRL outgrows its storage: entries and bytes over the days to come, in three scenarios. Pure.

* ``as_now``: certificates are revoked at the measured rate; an entry leaves only by a tidy after its notAfter.
* ``growth``: the same with ``growth`` times the footprint.
* ``backlog``: for each day, the CRL if the service came back on it after ``backlog_days`` away, and revoked at once
  what had lost its lease or its parent token; and the worst case, every leased and valid certificate at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import add
from typing import Any

from .._audit.instant import format_instant
from .crl_model import CrlShape, capacity_entries, main_crl, shape_of
from .curves import Curves, grown
from .days import DAY
from .drain import DrainModel, drain_model
from .population import Population, population
from .storage_limit import StorageLimit


@dataclass(frozen=True)
class ForecastPolicy:
    """The policy's values.

    ``days``: horizon; ``growth``: factor of the footprint; ``backlog_days``: how long the service is away;
    ``token_ttl_days``: how long a client's token lives unless it is renewed (768 h by default in Vault and OpenBao):
    of the tokens, the share ``backlog_days / token_ttl_days`` ends meanwhile. ``fill``: the part of the limit that
    a peak should stay under; ``drain_seconds``: the longest drain of a backlog that is put up with. ``step`` is the
    width of a "day", so that a history in compressed time can be forecast.
    """

    days: int = 90
    growth: float = 2.0
    backlog_days: float = 7.0
    token_ttl_days: float = 32.0
    fill: float = 0.5
    drain_seconds: float = 600.0
    step: timedelta = DAY

    @property
    def horizon(self) -> float:
        """In seconds."""
        return self.days * self.step.total_seconds()

    @property
    def away(self) -> float:
        """Seconds that the service is away."""
        return self.backlog_days * self.step.total_seconds()

    @property
    def token_share(self) -> float:
        """The part of the clients' tokens that ends while the service is away."""
        return min(1.0, self.backlog_days / self.token_ttl_days) if self.token_ttl_days > 0 else 1.0


@dataclass(frozen=True)
class Frame:
    """What every scenario of one mount is seen in."""

    shape: CrlShape
    capacity: int | None
    drain: DrainModel
    policy: ForecastPolicy
    now: datetime

    def times(self, begin: float = 0.0) -> list[float]:
        """The steps from ``begin`` to the horizon; ``begin`` alone where it lies beyond."""
        step = self.policy.step.total_seconds()
        later = (number * step for number in range(self.policy.days + 1))
        return [begin, *(time for time in later if begin < time <= self.policy.horizon)]

    def instant(self, time: float) -> str:
        """As JSON; the last instant that there is where it lies beyond."""
        try:
            return format_instant(self.now + timedelta(seconds=time))
        except OverflowError:
            return "9999-12-31T23:59:59Z"


@dataclass(frozen=True)
class Scenario:
    """One curve with its peak and the time at which it passes the capacity (None: not within the horizon)."""

    points: tuple[tuple[float, float], ...]
    peak_entries: float
    peak_at: float
    overflow_at: float | None

    @classmethod
    def of(cls, points: Iterable[tuple[float, float]], capacity: int | None) -> Scenario:
        """From its (time, entries)."""
        points = tuple(points)
        peak_at, peak = max(points, key=lambda point: (point[1], -point[0]))
        return cls(points, peak, peak_at, _overflow(points, capacity))


def _overflow(points: tuple[tuple[float, float], ...], capacity: int | None) -> float | None:
    """Interpolated between the step before, which still fits, and the first that does not."""
    if capacity is None:
        return None
    before: tuple[float, float] | None = None
    for time, entries in points:
        if entries > capacity:
            if before is None:
                return time
            return before[0] + (time - before[0]) * (capacity - before[1]) / (entries - before[1])
        before = (time, entries)
    return None


@dataclass(frozen=True)
class Forecast:
    """The scenarios of one population in one frame."""

    people: Population
    frame: Frame
    as_now: Scenario
    growth: Scenario
    backlog: Scenario
    worst: Scenario

    @classmethod
    def of(cls, people: Population, frame: Frame, *, begin: float = 0.0) -> Forecast:
        """From ``begin`` on (seconds from now)."""
        curves, policy = Curves(people), frame.policy
        later = Curves(grown(people, policy.growth))
        times = frame.times(begin)
        entries = [curves.entries(time) for time in times]
        backlog = (curves.backlog(time, away=policy.away, share=policy.token_share) for time in times)

        def scenario(curve: Iterable[float]) -> Scenario:
            return Scenario.of(zip(times, curve), frame.capacity)

        return cls(
            people,
            frame,
            scenario(entries),
            scenario(map(later.entries, times)),
            scenario(map(add, entries, backlog)),
            scenario(map(add, entries, map(curves.leased, times))),
        )

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """All, the worst case of a backlog last."""
        return (self.as_now, self.growth, self.backlog, self.worst)

    @property
    def peak_entries(self) -> float:
        """The highest of all scenarios."""
        return max(scenario.peak_entries for scenario in self.scenarios)

    @property
    def overflow_at(self) -> float | None:
        """The first of all scenarios, seconds from now."""
        times = [scenario.overflow_at for scenario in self.scenarios if scenario.overflow_at is not None]
        return min(times, default=None)

    def burst(self, scenario: Scenario) -> tuple[float, float]:
        """(revocations at once, entries before them) at the peak: a backlog, or elsewhere the usual largest day."""
        if scenario is self.backlog or scenario is self.worst:
            before = Curves(self.people).entries(scenario.peak_at)
            return scenario.peak_entries - before, before
        day = self.people.largest_day * (self.frame.policy.growth if scenario is self.growth else 1.0)
        return day, max(0.0, scenario.peak_entries - day)

    def drain_seconds(self) -> float:
        """The longest drain without auto_rebuild."""
        return max(self.frame.drain.inline_seconds(*self.burst(scenario)) for scenario in self.scenarios)

    def to_json(self) -> dict[str, Any]:
        """{as_now, growth, backlog: {..., worst}, assumptions, drain_source} as the module returns it."""
        return {
            "as_now": self._row(self.as_now),
            "growth": {**self._row(self.growth), "factor": self.frame.policy.growth},
            "backlog": {
                **self._row(self.backlog),
                "days_away": self.frame.policy.backlog_days,
                "worst": self._row(self.worst),
            },
            "days": self.frame.policy.days,
            "drain_source": self.frame.drain.source,
            "assumptions": list(self.people.assumptions),
        }

    def _row(self, scenario: Scenario) -> dict[str, Any]:
        frame = self.frame
        overflow = scenario.overflow_at
        return {
            "peak_entries": round(scenario.peak_entries),
            "peak_bytes": frame.shape.bytes(scenario.peak_entries),
            "peak_at": frame.instant(scenario.peak_at),
            "overflow_at": None if overflow is None else frame.instant(overflow),
            "drain_seconds": frame.drain.row(*self.burst(scenario)),
            "series": [
                [frame.instant(time), round(entries), frame.shape.bytes(entries)] for time, entries in scenario.points
            ],
        }


def frame_of(
    mount: Mapping[str, Any], server: Mapping[str, Any], limit: StorageLimit, policy: ForecastPolicy, now: datetime
) -> Frame:
    """The frame of one mount's evidence on one server."""
    drain = drain_model(str(server.get("product") or ""), limit.storage_type)
    return Frame(shape_of(main_crl(mount)), capacity_entries(mount, limit), drain, policy, now)


def why_unknown(mount: Mapping[str, Any]) -> str | None:
    """Why a forecast of this evidence would say nothing, in words; None where it can be made.

    Without a CRL its entries would be taken for none. Whatever else is missing is taken on the safe side, and told
    of in the forecast's ``assumptions``.
    """
    if main_crl(mount).get("entries") is None:
        return "no complete CRL could be read, so its entries are not known"
    return None


def forecast(
    mount: Mapping[str, Any], server: Mapping[str, Any], limit: StorageLimit, policy: ForecastPolicy, now: datetime
) -> Forecast:
    """The forecast of one mount's evidence (``mounts[n]`` and ``server`` of the audit's evidence) seen from ``now``."""
    return Forecast.of(population(mount, now, step=policy.step), frame_of(mount, server, limit, policy, now))
