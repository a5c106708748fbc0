# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tidy-status says of a tidy: whose it is, how far it is, and how long it may still take. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from .._audit.instant import format_duration

RUNNING_STATES = ("Running", "Cancelling")
RUNNING, ENDED, NOT_BEGUN, LOST = "running", "ended", "not begun", "lost"
OPERATIONS = (
    "tidy_acme",
    "tidy_cert_metadata",
    "tidy_cert_store",
    "tidy_cmpv2_nonce_store",
    "tidy_cross_cluster_revoked_certs",
    "tidy_expired_issuers",
    "tidy_invalid_certs",
    "tidy_move_legacy_ca_bundle",
    "tidy_revocation_queue",
    "tidy_revoked_cert_issuer_associations",
    "tidy_revoked_certs",
)
"""Those of OpenBao 2.7 and Vault 1.21 together; which of them a server has, its tidy-status shows."""

# "Tidying certificate store: checking entry 69 of 301"; OpenBao goes on with "on current page; total certs checked: 69"
_POSITION = re.compile(r"Tidying ([a-z ]+): checking \w+ (\d+) of (\d+)(?: on current page; [a-z ]+: (\d+))?")
_STORED = {"certificate store": "certificates", "revoked certificates": "revoked"}


class Position(NamedTuple):
    """How far a tidy is: the store that it goes through, entries checked, and of how many (None: not known)."""

    store: str
    checked: int
    total: int | None


def is_running(status: Mapping[str, Any]) -> bool:
    """Whether a tidy runs."""
    return status.get("state") in RUNNING_STATES


def judge(status: Mapping[str, Any], time_started: str | None, earlier: str | None) -> str:
    """RUNNING, ENDED, NOT_BEGUN or LOST: what has become of the tidy that began at ``time_started``.

    None there is one that was asked for after the tidy of ``earlier``. State is in memory only: after a restart or a
    failover the server knows nothing, or of another tidy, and that is no success.
    """
    shown = status.get("time_started")
    if time_started is None and shown in (None, earlier):
        return NOT_BEGUN
    if time_started is not None and shown != time_started:
        return LOST
    return RUNNING if is_running(status) else ENDED


def deleted(status: Mapping[str, Any]) -> dict[str, int]:
    """{certificates, revoked} that the tidy has deleted so far."""
    return {
        "certificates": int(status.get("cert_store_deleted_count") or 0),
        "revoked": int(status.get("revoked_cert_deleted_count") or 0),
    }


def covers(status: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether the tidy does all that is wanted, {operation: True, parameter: value}, with just these parameters."""
    return all(status.get(key) == value for key, value in wanted.items())


def position(status: Mapping[str, Any], before: Mapping[str, Any]) -> Position | None:
    """Where the tidy is, by its message; None where it does not say. ``before`` has the counts that it began with."""
    match = _POSITION.match(str(status.get("message") or ""))
    if match is None:
        return None
    store, checked, total, checked_in_all = match.groups()
    if checked_in_all is None:
        return Position(store, int(checked), int(total))
    return Position(store, int(checked_in_all), before.get(_STORED.get(store, "")))


def progress(status: Mapping[str, Any], now: Position | None, begun: Position | None, seconds: float) -> str:
    """One line for people: what is deleted, and the rate since ``begun``, ``seconds`` ago, with the time left."""
    count = deleted(status)
    line = f"{count['certificates']} certificates and {count['revoked']} revoked ones deleted"
    if now is None:
        return f"{line}; {status.get('message') or status.get('state')}"
    of = "" if now.total is None else f" of {now.total}"
    line += f"; {now.store}: {now.checked}{of} checked"
    if begun is None or begun.store != now.store or seconds <= 0 or now.checked <= begun.checked:
        return line
    rate = (now.checked - begun.checked) / seconds
    line += f", {rate:.0f} a second" if rate >= 1 else f", {rate * 60:.0f} a minute"
    if now.total is not None:
        line += f", {format_duration(timedelta(seconds=max(0, now.total - now.checked) / rate))} left in this store"
    return line
