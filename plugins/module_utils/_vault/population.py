# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the forecast starts from: a mount's evidence as revoked entries, leases and rates. Pure: no I/O, no clock.

Times are seconds from ``now``. Where evidence is missing the safe side is taken, and said in ``assumptions``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .._audit.instant import parse_instant
from .crl_model import main_crl, revoked_entries
from .defaults import DEFAULT_INTERVAL, DEFAULT_LIFESPAN, DEFAULT_SAFETY_BUFFER, seconds

DAY = 86400.0
RATE_WINDOW_DAYS = 30
"""Rates are means over this window, or over what is known of it."""

Dated = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Population:
    """``entries`` and ``leased`` are (notAfter, count); ``lifespans`` and ``remaining_lives`` are (seconds, weight).

    ``retention``: seconds from the notAfter of a revoked certificate until a tidy removes its entry, at most;
    infinite where none does, as is ``next_pass``, when the next tidy is over.
    ``leased_per_second``: certificates issued with a lease. ``last_not_after``: of all
    certificates that are valid now.
    """

    entries: Dated
    leased: Dated
    revocations_per_second: float
    largest_day: float
    leased_per_second: float
    lifespans: Dated
    remaining_lives: Dated
    retention: float
    next_pass: float
    revokes_expired: bool
    last_not_after: float
    assumptions: tuple[str, ...]


@dataclass(frozen=True)
class Cohort:
    """Certificates issued, or revoked, in one bin of time and expiring in one; ``dated``: the latter is known."""

    issued: float
    expires: float
    count: float
    dated: bool = True


def population(mount: Mapping[str, Any], now: datetime, *, step: timedelta = timedelta(days=1)) -> Population:
    """The population of one mount's evidence; ``step`` is the width of the bins of its dates."""
    return _Reader(mount, now, step.total_seconds()).read()


def tidy_times(auto_tidy: Mapping[str, Any] | None, examined: float) -> tuple[float, float]:
    """(retention, next_pass) under these settings, as in Population.

    A pass pauses ``pause_duration`` after each of the ``examined`` entries, so it may outlast its interval.
    """
    tidy = auto_tidy or {}
    if not (tidy.get("enabled") and tidy.get("tidy_revoked_certs")):
        return math.inf, math.inf
    interval = seconds(tidy.get("interval_duration"), DEFAULT_INTERVAL)
    next_pass = interval + seconds(tidy.get("pause_duration")) * examined
    return revoked_buffer(tidy) + next_pass, next_pass


def revoked_buffer(auto_tidy: Mapping[str, Any]) -> float:
    """Seconds after notAfter before a tidy removes an entry; OpenBao has a buffer of its own for these."""
    common = seconds(auto_tidy.get("safety_buffer"), DEFAULT_SAFETY_BUFFER)
    return seconds(auto_tidy.get("revoked_safety_buffer"), common)


def leased_roles(mount: Mapping[str, Any]) -> list[str]:
    """Names of the roles whose certificates get a lease; the server takes a legacy role's nil for true."""
    roles = mount.get("roles") or {}
    return sorted(
        name
        for name, role in roles.items()
        if "generate_lease" in role and role["generate_lease"] is not False and not role.get("no_store")
    )


class _Reader:
    def __init__(self, mount: Mapping[str, Any], now: datetime, step: float) -> None:
        self.mount = mount
        self.now = now
        self.step = step
        self.leaves = mount.get("leaves") or {}
        self.counts = mount.get("counts") or {}
        self.assumptions: list[str] = []

    def read(self) -> Population:
        cohorts = self._cohorts()
        lifespans = self._lifespans(cohorts)
        history = self._history(lifespans)
        valid = [cohort for cohort in cohorts if cohort.expires > 0]
        leased = self._leased(valid, lifespans)
        rates = self._rates(history, cohorts)
        entries = self._entries(history, lifespans)
        if self.mount.get("auto_tidy") is None:
            self.assumptions.append("auto-tidy not known: none taken to run")
        if self.counts.get("revoked") is None and main_crl(self.mount):
            self.assumptions.append("revoked certificates not counted: the CRL taken to hold all of them")
        kept, next_pass = tidy_times(self.mount.get("auto_tidy"), revoked_entries(self.mount))
        return Population(
            entries=entries,
            leased=leased,
            revocations_per_second=sum(rate for _revoked, rate in rates),
            largest_day=float(max((revoked.count for revoked, _rate in rates), default=0)),
            leased_per_second=self._leased_rate(cohorts, leased, lifespans),
            lifespans=lifespans,
            remaining_lives=self._remaining_lives(rates, lifespans),
            retention=kept,
            next_pass=next_pass,
            revokes_expired=bool((self.mount.get("crl_config") or {}).get("allow_expired_cert_revocation")),
            last_not_after=max(
                (cohort.expires for cohort in valid), default=max((at for at, _count in leased), default=0)
            ),
            assumptions=tuple(self.assumptions),
        )

    def _at(self, text: str) -> float:
        return (parse_instant(text) - self.now).total_seconds()

    def _cohorts(self) -> list[Cohort]:
        """Those of the leaves that were read, scaled up from a sample; a bin of expiry counts to its end."""
        read, expected = self.leaves.get("read") or 0, self.leaves.get("expected") or 0
        scale = expected / read if self.leaves.get("mode") == "sample" and read and expected > read else 1.0
        if scale > 1.0:
            self.assumptions.append(f"certificates scaled up from a sample of {read} of {expected}")
        return [
            Cohort(self._at(issued), self._at(expires) + self.step, count * scale)
            for issued, expires, count in self.leaves.get("by_day") or ()
        ]

    def _lifespans(self, cohorts: list[Cohort]) -> Dated:
        spans = weighted((cohort.expires - cohort.issued - self.step, cohort.count) for cohort in cohorts)
        if spans:
            return spans
        ttls = [seconds(role.get("max_ttl")) or seconds(role.get("ttl")) for role in self._roles()]
        longest = max(ttls, default=0.0) or seconds(self.mount.get("max_lease_ttl_seconds")) or DEFAULT_LIFESPAN
        self.assumptions.append(f"no dates of certificates: each taken to live {longest / DAY:.3g} days")
        return ((longest, 1.0),)

    def _roles(self) -> list[Mapping[str, Any]]:
        return list((self.mount.get("roles") or {}).values())

    def _history(self, lifespans: Dated) -> list[Cohort]:
        """Revoked certificates as (revoked, expires, count): joined with their own dates where these are known."""
        crl = main_crl(self.mount)
        rows = crl.get("revoked_by_day") or [[at, None, count] for at, count in crl.get("revocation_days") or ()]
        longest = max(span for span, _weight in lifespans)
        unknown = sum(count for _at, expires, count in rows if expires is None)
        if unknown:
            self.assumptions.append(
                f"dates of {unknown} revoked certificates not known: each taken to live its whole lifespan on"
            )
        return [
            Cohort(
                self._at(at),
                (self._at(at) + longest if expires is None else self._at(expires)) + self.step,
                count,
                dated=expires is not None,
            )
            for at, expires, count in rows
        ]

    def _entries(self, history: list[Cohort], lifespans: Dated) -> Dated:
        """What lies in the store of revoked certificates now, by notAfter; what the history lacks lives longest."""
        rest = revoked_entries(self.mount) - sum(cohort.count for cohort in history)
        longest = max(span for span, _weight in lifespans)
        known = [(cohort.expires, float(cohort.count)) for cohort in history]
        return tuple(sorted([*known, (longest, float(rest))] if rest > 0 else known))

    def _visible(self, revoked: Cohort, window: float) -> float:
        """How long an entry such as this can be seen in the CRL: until a tidy takes it, in ``window`` at most.

        A life that is not known is taken for none, which makes the rate higher.
        """
        tidy = self.mount.get("auto_tidy") or {}
        if not (tidy.get("enabled") and tidy.get("tidy_revoked_certs")):
            return window
        life = max(0.0, revoked.expires - self.step - revoked.issued) if revoked.dated else 0.0
        return min(window, max(self.step, life + revoked_buffer(tidy)))

    def _rates(self, history: list[Cohort], cohorts: list[Cohort]) -> list[tuple[Cohort, float]]:
        """The revocations of the window, each with those like it a second.

        Each counts for the time in which it can be seen. Otherwise a burst in the CRL would turn into a rate the
        moment that a tidy is enabled, for what that tidy has not even removed yet.
        """
        oldest = min((cohort.issued for cohort in [*history, *cohorts]), default=0.0)
        window = min(RATE_WINDOW_DAYS * self.step, max(self.step, -oldest))
        missing = max(0.0, revoked_entries(self.mount) - sum(cohort.count for cohort in history))
        unseen = [Cohort(0.0, 0.0, missing, dated=False)] if missing else []
        seen = ((cohort, self._visible(cohort, window)) for cohort in [*history, *unseen])
        return [(cohort, cohort.count / visible) for cohort, visible in seen if cohort.issued >= -visible]

    def _remaining_lives(self, rates: list[tuple[Cohort, float]], lifespans: Dated) -> Dated:
        """How long certificates go on living after their revocation; upper bounds where that is not known."""
        if not main_crl(self.mount).get("revoked_by_day"):
            return lifespans
        return weighted((max(0.0, each.expires - each.issued), rate) for each, rate in rates) or lifespans

    def _leased(self, valid: list[Cohort], lifespans: Dated) -> Dated:
        """Valid certificates that hold a lease, by notAfter: the leases spread evenly over the valid certificates."""
        total = sum(cohort.count for cohort in valid)
        leases = self._lease_count(total)
        if leases <= 0:
            return ()
        if total <= 0:
            longest = max(span for span, _weight in lifespans)
            self.assumptions.append("no dates of valid certificates: each lease taken to last the longest lifespan")
            return ((longest, leases),)
        share = min(1.0, leases / total)
        return tuple(sorted((cohort.expires, cohort.count * share) for cohort in valid))

    def _lease_count(self, valid: float) -> float:
        counted = self.counts.get("leases")
        if counted is not None:
            return float(counted)
        unread = any(problem.get("part") == "leases" for problem in self.mount.get("problems") or ())
        if unread or leased_roles(self.mount):
            self.assumptions.append("leases not counted: every valid certificate taken to hold one")
            return valid
        return 0.0

    def _leased_rate(self, cohorts: list[Cohort], leased: Dated, lifespans: Dated) -> float:
        """Certificates with a lease issued a second: what keeps the number of leases as it is, or lets it grow."""
        if not leased_roles(self.mount):
            return 0.0
        valid = sum(cohort.count for cohort in cohorts if cohort.expires > 0)
        count = sum(number for _at, number in leased)
        mean = sum(span * weight for span, weight in lifespans)
        if not valid:
            return count / mean if mean > 0 else 0.0
        oldest = min(cohort.issued for cohort in cohorts)
        window = min(RATE_WINDOW_DAYS * self.step, mean, max(self.step, -oldest))
        recent = sum(cohort.count for cohort in cohorts if cohort.issued >= -window)
        return recent / window * count / valid if window > 0 else 0.0


def weighted(pairs: Iterable[tuple[float, float]]) -> Dated:
    """Values with weights that sum to 1, equal values added up; () where there is no weight."""
    sums: dict[float, float] = {}
    for value, count in pairs:
        sums[max(0.0, value)] = sums.get(max(0.0, value), 0.0) + count
    total = sum(sums.values())
    return tuple(sorted((value, count / total) for value, count in sums.items())) if total > 0 else ()
