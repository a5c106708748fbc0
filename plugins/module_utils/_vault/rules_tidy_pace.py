# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``vault.tidy-*`` on how often and how slowly auto-tidy runs. Pure: no I/O, no clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Callable

from .._audit.instant import format_duration
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .asking import RULES, TIDY_API, health_check, needs, unread
from .crl_model import capacity_entries
from .defaults import DEFAULT_INTERVAL, seconds
from .facts import MountFacts
from .population import revoked_buffer
from .rules_tidy import tidy_remedy

MAX_TIDY_INTERVAL = Setting(
    "max_tidy_interval", "duration", "2d", "interval_duration of auto-tidy from which on it runs too seldom"
)
MAX_TIDY_PAUSE = Setting(
    "max_tidy_pause", "duration", "0.2s", "pause_duration of auto-tidy from which on a pass is needlessly slow"
)
MAX_TIDY_SHARE = Setting(
    "max_tidy_share",
    "percent",
    10.0,
    "percent of the entries that storage takes in a CRL, that may be revoked while expired ones wait for a tidy",
)
WORSE = 3.5
"""From so many times the threshold on it is high: 7 days beside 2, as in health-check."""
SHORTEST_BUFFER = 3600


def _tidies(mount: MountFacts) -> bool:
    return bool(mount.settings("auto_tidy").get("enabled"))


def _revoked_in(mount: MountFacts, duration: float, context: Context) -> tuple[float, float] | None:
    """(entries revoked in so many seconds, the most that may be), None where nothing limits the CRL."""
    capacity = capacity_entries(mount.evidence, mount.limit)
    if capacity is None:
        return None
    rate = mount.forecast.people.revocations_per_second
    return rate * duration, capacity * context.policy["max_tidy_share"] / 100


def _churn(
    mount: MountFacts, context: Context, key: str, duration: float, enough: Callable[[float], int]
) -> Verdict | None:
    """fail where too much is revoked in that time; ``enough`` turns the time that is short enough into a value."""
    counted = _revoked_in(mount, duration, context)
    if counted is None or counted[0] <= counted[1]:
        return None
    revoked, allowed = counted
    shorter = enough(duration * allowed / revoked)
    if shorter >= duration:
        return None
    return fail(
        f"{mount.display}: in {key} = {format_duration(timedelta(seconds=duration))} this mount revokes "
        f"{revoked:.0f} certificates, more than {context.policy['max_tidy_share']:g} % of what its storage takes in "
        f"a CRL ({allowed:.0f})",
        evidence={f"{key}_seconds": duration, "revoked_meanwhile": round(revoked), "allowed": round(allowed)},
        severity="high",
        remediation=tidy_remedy(
            mount, f"Shorten {key} to {format_duration(timedelta(seconds=shorter))}.", {key: shorter}
        ),
    )


@RULES.rule(
    "tidy-interval-long",
    title="Auto-tidy runs too seldom",
    subject="mount",
    rationale="Between two passes expired entries pile up in the store and in the CRL. How long is too long depends on "
    "how much the mount itself revokes meanwhile, and two days are long for any.",
    remediation="Shorten interval_duration in config/auto-tidy; 12h is the servers' own default.",
    references=(TIDY_API, health_check("enable_auto_tidy")),
    severity="medium",
    settings=(MAX_TIDY_INTERVAL, MAX_TIDY_SHARE),
)
@needs("auto_tidy", optional=("crls", "revoked"))
def tidy_interval_long(mount: MountFacts, context: Context) -> Verdict:
    if not _tidies(mount):
        return NOT_APPLICABLE
    interval = seconds(mount.settings("auto_tidy").get("interval_duration"), DEFAULT_INTERVAL)
    churn = _churn(mount, context, "interval_duration", interval, lambda value: max(3600, int(value) // 3600 * 3600))
    longest = context.policy["max_tidy_interval"].total_seconds()
    if churn is not None or interval < longest:
        return churn or PASS
    return fail(
        f"{mount.display}: auto-tidy runs only every {format_duration(timedelta(seconds=interval))}",
        evidence={"interval_duration_seconds": interval, "max_tidy_interval_seconds": longest},
        severity="high" if interval >= WORSE * longest else None,
        remediation=tidy_remedy(
            mount, "Shorten interval_duration to 12 hours.", {"interval_duration": int(DEFAULT_INTERVAL)}
        ),
    )


@RULES.rule(
    "tidy-safety-buffer-long",
    title="Tidy keeps expired revocations too long",
    subject="mount",
    rationale="An entry stays in the CRL for the safety buffer after its certificate has expired. At the mount's own "
    "rate of revocations that alone fills a good part of what storage takes.",
    remediation="Shorten revoked_safety_buffer (OpenBao) or safety_buffer in config/auto-tidy; it has to cover no more "
    "than the difference between clocks.",
    references=(TIDY_API,),
    severity="high",
    settings=(MAX_TIDY_SHARE,),
)
@needs("auto_tidy", "crls", optional=("revoked",))
def tidy_safety_buffer_long(mount: MountFacts, context: Context) -> Verdict:
    tidy = mount.settings("auto_tidy")
    if not _tidies(mount) or not tidy.get("tidy_revoked_certs"):
        return NOT_APPLICABLE
    key = "revoked_safety_buffer" if tidy.get("revoked_safety_buffer") is not None else "safety_buffer"
    shortest = SHORTEST_BUFFER
    churn = _churn(mount, context, key, revoked_buffer(tidy), lambda value: max(shortest, int(value) // 3600 * 3600))
    return churn or PASS


def examined(mount: MountFacts) -> int | None:
    """How many entries one pass looks at; None where they could not be counted."""
    tidy = mount.settings("auto_tidy")
    counted = [("tidy_cert_store", "certificates"), ("tidy_revoked_certs", "revoked")]
    counts = [mount.value(count) for key, count in counted if tidy.get(key)]
    return None if None in counts else sum(counts)


@RULES.rule(
    "tidy-pause-long",
    title="Pauses make a tidy outlast its interval",
    subject="mount",
    rationale="pause_duration applies to every entry that a pass looks at: 10 ms are 2.8 hours for a million. A pass "
    "that outlasts its interval never catches up.",
    remediation='Set pause_duration to "0s" in config/auto-tidy, or as short as the storage needs.',
    references=(TIDY_API, health_check("enable_auto_tidy")),
    severity="medium",
    settings=(MAX_TIDY_PAUSE,),
)
@needs("auto_tidy")
def tidy_pause_long(mount: MountFacts, context: Context) -> Verdict:
    tidy = mount.settings("auto_tidy")
    pause = seconds(tidy.get("pause_duration"))
    if not _tidies(mount):
        return NOT_APPLICABLE
    longest = context.policy["max_tidy_pause"].total_seconds()
    entries = examined(mount) if pause else 0
    interval = seconds(tidy.get("interval_duration"), DEFAULT_INTERVAL)
    outlasts = entries is not None and pause * entries > interval
    if not outlasts and pause < longest:
        unseen = next((part for part in ("certificates", "revoked") if mount.problem(part) is not None), None)
        return unread(mount, unseen) if entries is None and unseen else PASS
    takes = "an unknown time" if entries is None else format_duration(timedelta(seconds=pause * entries))
    return fail(
        f"{mount.display}: pause_duration = {pause:g} s makes a pass take {takes} in pauses alone; the interval is "
        f"{format_duration(timedelta(seconds=interval))}",
        evidence={"pause_duration_seconds": pause, "entries": entries, "interval_duration_seconds": interval},
        severity="high" if outlasts or pause >= 5 * longest else None,
        remediation=tidy_remedy(mount, "Do without the pause.", {"pause_duration": 0}),
    )
