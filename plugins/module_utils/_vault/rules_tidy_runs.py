# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``vault.tidy-*`` on whether tidy really runs. Pure: no I/O, no clock.

The server keeps the state of its tidies in memory: after a restart or a change of leader it knows of none. So an
absent run is a failure only where the server has been active for long enough, and unknown elsewhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .._audit.instant import format_duration, format_instant, parse_instant
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail, unknown
from .._x509.rules import when
from .asking import API, RULES, TIDY_API, health_check, needs
from .defaults import DEFAULT_INTERVAL, DEFAULT_SAFETY_BUFFER, seconds
from .facts import MountFacts

STATUS_API = f"PKI API, tidy status, {API}#tidy-status"
MAX_TIDY_AGE = Setting(
    "max_tidy_age", "duration", "2d", "time since the last tidy that finished, from which on it is too long ago"
)
MAX_TIDY_RUN = Setting("max_tidy_run", "duration", "12h", "time that one pass of a tidy may take")
WORSE = 3.5
"""From so many times the threshold on it is high: 7 days beside 2, as in health-check."""


def _instant(value: Any) -> datetime | None:
    """An instant of tidy-status; None where it is absent or Go's zero time."""
    try:
        instant = parse_instant(value) if value else None
    except ValueError:
        return None
    return instant if instant is not None and instant.year > 1 else None


def last_finished(mount: MountFacts) -> datetime | None:
    """When the last tidy finished, by hand or by itself; None where the server knows of none.

    Vault keeps last_auto_tidy_finished across restarts, but also sets it when a mount is first loaded, so it says
    something only where auto-tidy is on.
    """
    status = mount.settings("tidy_status")
    times = []
    if mount.settings("auto_tidy").get("enabled"):
        times.append(_instant(status.get("last_auto_tidy_finished")))
    if status.get("state") == "Finished":
        times.append(_instant(status.get("time_finished")))
    return max((each for each in times if each is not None), default=None)


def active_for(mount: MountFacts) -> timedelta | None:
    """How long the server has been active, and so remembers its tidies; None where that is not known."""
    since = _instant(mount.server.evidence.get("started_at"))
    return None if since is None else mount.now - since


def overdue(mount: MountFacts) -> int | None:
    """Stored certificates that a tidy should have removed: expired longer ago than buffer, two intervals and a day.

    None where no leaves were read.
    """
    tidy, leaves = mount.settings("auto_tidy"), mount.settings("leaves")
    if not leaves.get("read"):
        return None
    waits = seconds(tidy.get("safety_buffer"), DEFAULT_SAFETY_BUFFER)
    waits += 2 * seconds(tidy.get("interval_duration"), DEFAULT_INTERVAL)
    due = format_instant(mount.now - timedelta(seconds=waits) - timedelta(days=1))[:10]
    return sum(int(count) for _issued, expires, count in leaves.get("by_day") or () if expires < due)


@RULES.rule(
    "tidy-failed",
    title="The last tidy ended in an error",
    subject="mount",
    rationale="A tidy that fails stops where it is, mostly at the same entry each time: a certificate that cannot be "
    "parsed, or a CRL that no longer fits into storage. What comes after it is never removed.",
    remediation="Mend what the error says, then start a tidy by hand and look at its status.",
    references=(
        STATUS_API,
        "hashicorp/vault issue 27219",
        "openbao/openbao issue 659",
        health_check("tidy_last_run"),
    ),
    severity="high",
)
@needs("tidy_status")
def tidy_failed(mount: MountFacts, context: Context) -> Verdict:
    status = mount.settings("tidy_status")
    if status.get("state") != "Error":
        return PASS
    return fail(
        f"{mount.display}: the last tidy failed: {status.get('error') or 'the server gives no reason'}",
        evidence={"error": status.get("error"), "time_started": status.get("time_started")},
    )


@RULES.rule(
    "tidy-running-long",
    title="A tidy has been running for too long",
    subject="mount",
    rationale="While a tidy runs no other one starts, and it loads the storage. One that takes longer than its "
    "interval is paused too often or has more to do than it can.",
    remediation="Look at its progress in tidy-status; shorten pause_duration. tidy-cancel stops it.",
    references=(STATUS_API,),
    severity="medium",
    settings=(MAX_TIDY_RUN,),
)
@needs("tidy_status")
def tidy_running_long(mount: MountFacts, context: Context) -> Verdict:
    status = mount.settings("tidy_status")
    started = _instant(status.get("time_started"))
    if status.get("state") != "Running" or started is None:
        return PASS
    longest = context.policy["max_tidy_run"]
    if context.now - started <= longest:
        return PASS
    return fail(
        f"{mount.display}: a tidy has been running for {format_duration(context.now - started)}, since "
        f"{format_instant(started)} (allowed: {format_duration(longest)})",
        evidence={
            "time_started": format_instant(started),
            "running_seconds": int((context.now - started).total_seconds()),
            "message": status.get("message"),
        },
    )


@RULES.rule(
    "tidy-not-run",
    title="No tidy has finished lately",
    subject="mount",
    rationale="Settings of auto-tidy are worth nothing while no tidy finishes. Since the server forgets its tidies "
    "when it restarts or another node takes the lead, an absent run fails only where the server has been active for "
    "long enough to know.",
    remediation="Start a tidy by hand and look at its status; see that auto-tidy is enabled and that the server stays "
    "up for longer than its interval.",
    references=(STATUS_API, health_check("tidy_last_run")),
    severity="medium",
    settings=(MAX_TIDY_AGE,),
)
@needs("tidy_status")
def tidy_not_run(mount: MountFacts, context: Context) -> Verdict:
    state = mount.settings("tidy_status").get("state")
    if state == "Running":
        return PASS
    # tidy-failed tells of an error; and in an empty mount there is nothing to tidy.
    if state == "Error" or mount.value("certificates") == 0:
        return NOT_APPLICABLE
    longest, finished = context.policy["max_tidy_age"], last_finished(mount)
    if finished is None:
        return _never(mount, longest)
    age = context.now - finished
    if age < longest:
        return PASS
    return fail(
        f"{mount.display}: the last tidy finished at {when(finished, context.now)}",
        evidence={"last_finished": format_instant(finished), "max_tidy_age_seconds": longest.total_seconds()},
        severity="high" if age >= WORSE * longest else None,
    )


def _never(mount: MountFacts, longest: timedelta) -> Verdict:
    active = active_for(mount)
    evidence = {"started_at": mount.server.evidence.get("started_at"), "state": "Inactive"}
    if active is None:
        return unknown(
            f"{mount.display}: the server knows of no tidy, and does not tell since when it has been active",
            evidence=evidence,
        )
    if active < longest:
        return unknown(
            f"{mount.display}: the server knows of no tidy, but has been active only for {format_duration(active)}: "
            "what ran before is forgotten",
            evidence=evidence,
        )
    return fail(
        f"{mount.display}: no tidy has finished in the {format_duration(active)} since the server became active",
        evidence=evidence,
        severity="high",
    )


@RULES.rule(
    "tidy-outpaced-by-restarts",
    title="The server restarts more often than tidy runs",
    subject="mount",
    rationale="The server counts the interval from its start (OpenBao keeps no time of the last run). Where it "
    "restarts, or the lead changes, more often than that, auto-tidy never runs. Certificates that should have been "
    "removed long ago, beside a server that started lately, show it.",
    remediation="Shorten interval_duration well below the time between restarts, or start a tidy by hand after each.",
    references=(TIDY_API, "openbao/openbao, internal/builtin/logical/pki/backend.go"),
    severity="medium",
)
@needs("auto_tidy", "tidy_status", optional=("leaves",))
def tidy_outpaced_by_restarts(mount: MountFacts, context: Context) -> Verdict:
    tidy, active = mount.settings("auto_tidy"), active_for(mount)
    interval = timedelta(seconds=seconds(tidy.get("interval_duration"), DEFAULT_INTERVAL))
    if not tidy.get("enabled") or active is None:
        return NOT_APPLICABLE
    if active >= interval or last_finished(mount) is not None:
        return PASS
    evidence = {"active_seconds": int(active.total_seconds()), "interval_duration_seconds": interval.total_seconds()}
    late = overdue(mount)
    if late is None or not tidy.get("tidy_cert_store"):
        return unknown(
            f"{mount.display}: the server has been active for {format_duration(active)}, less than the interval of "
            f"{format_duration(interval)}; whether that is usual cannot be told without the dates of its certificates",
            evidence=evidence,
        )
    if not late:
        return PASS
    return fail(
        f"{mount.display}: {late} certificates should have been removed, no tidy has run, and the server has been "
        f"active for {format_duration(active)} only; the interval is {format_duration(interval)}",
        evidence={**evidence, "overdue_certificates": late},
    )


@RULES.rule(
    "tidy-overdue",
    title="Expired certificates stay although auto-tidy is on",
    subject="mount",
    rationale="Certificates that expired longer ago than the safety buffer and two intervals should be gone. That they "
    "are not shows a tidy that fails, starves or is paused too long, whatever its status says.",
    remediation="Start a tidy by hand, wait for its end and look at its counts and its error.",
    references=(TIDY_API,),
    severity="medium",
)
@needs("auto_tidy", "leaves")
def tidy_overdue(mount: MountFacts, context: Context) -> Verdict:
    tidy, active, late = mount.settings("auto_tidy"), active_for(mount), overdue(mount)
    if not tidy.get("enabled") or not tidy.get("tidy_cert_store") or late is None:
        return NOT_APPLICABLE
    interval = seconds(tidy.get("interval_duration"), DEFAULT_INTERVAL)
    # It may have been turned on lately, or the server have started: the first pass is still to come.
    if not late or (active is not None and active.total_seconds() < interval):
        return PASS
    return fail(
        f"{mount.display}: {late} certificates expired longer ago than the safety buffer and two intervals, and are "
        "still there",
        evidence={"overdue_certificates": late},
    )
