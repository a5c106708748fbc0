# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit of one mount says in numbers, and whether a later one is worse. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import SEVERITIES
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._vault import audit as vault_audit
from ansible_collections.sre.preflight.plugins.module_utils._vault.crl_model import revoked_entries
from ansible_collections.sre.preflight.plugins.module_utils._vault.facts import MountFacts
from ansible_collections.sre.preflight.plugins.module_utils._vault.forecast import Forecast, frame_of
from ansible_collections.sre.preflight.plugins.module_utils._vault.population import population
from ansible_collections.sre.preflight.plugins.module_utils._vault.settings import ROLES, applied, under
from ansible_collections.sre.preflight.plugins.plugin_utils._report.values import binary

FORECAST = ("crl-overflow", "crl-overflow-with-growth", "lease-backlog-overflow", "lease-drain-long")
TIME = (
    "crl-delta-stale",
    "crl-expired",
    "crl-near-expiry",
    "tidy-not-run",
    "tidy-outpaced-by-restarts",
    "tidy-overdue",
    "tidy-running-long",
)
NOT_COUNTED = frozenset(f"vault.{name}" for name in (*FORECAST, *TIME))
"""Rules that no setting changes at once: auto-tidy that was just enabled has not run yet. And those of the forecast,
which reads what happened as the work of the settings of now: it is made anew for both."""
_FORECAST_PATHS = ("config/crl", "config/auto-tidy", ROLES)
Settings = Mapping[str, Mapping[str, Any]]


def measured(document: Mapping[str, Any], undo: Settings) -> dict[str, Any]:
    """What the bundle of vault_pki_audit for one mount says, where ``undo`` leads back to the settings of before.

    {seen, failing: {severity: count}, unknown, peak_bytes, peak_before_bytes, crl_bytes, crl_entries}. The peaks are
    the forecast's highest for what is there now, under the settings of now and of before; None where not known.
    """
    mounts = document.get("mounts") or []
    crl = mounts[0]["crl"] if mounts else {}
    counted = [
        each for each in document["findings"] if each["rule"].startswith("vault.") and each["rule"] not in NOT_COUNTED
    ]
    failing = [each["severity"] for each in counted if each["status"] == "fail"]
    peaks = _peaks(document, undo) if crl.get("entries") is not None else (None, None)
    return {
        "seen": bool(mounts),
        "failing": {severity: failing.count(severity) for severity in SEVERITIES},
        "unknown": sum(each["status"] == "unknown" for each in counted),
        "peak_before_bytes": peaks[0],
        "peak_bytes": peaks[1],
        "crl_bytes": crl.get("bytes"),
        "crl_entries": crl.get("entries"),
    }


def _peaks(document: Mapping[str, Any], undo: Settings) -> tuple[int, int]:
    audit = vault_audit.load(dict(document["evidence"]))
    policy = Policy.from_options(vault_audit.SETTINGS, document["policy"])
    _server, (mount, *_others) = audit.facts(policy, parse_instant(document["judged_at"]))
    return peaks(mount, undo)


def peaks(mount: MountFacts, undo: Settings) -> tuple[int, int]:
    """(peak under the settings of before, peak under those of now) in bytes, for one and the same history.

    Rates are estimated under the settings of before, because these are what the history came about under.
    """
    back = {path: values for path, values in undo.items() if path.startswith(_FORECAST_PATHS)}
    before = applied(mount.evidence, back)
    frame = frame_of(mount.evidence, mount.server.evidence, mount.limit, mount.policy, mount.now)
    people = population(before, mount.now, step=mount.policy.step)
    entries = revoked_entries(mount.evidence)
    forecasts = [Forecast.of(each, frame) for each in (people, under(people, before, mount.evidence, entries))]
    one, other = (frame.shape.bytes(each.peak_entries) for each in forecasts)
    return one, other


def unseen(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What the later audit could not see and the earlier one could, in words: then nobody knows whether it is worse."""
    reasons = []
    if not after["seen"]:
        return ["the audit afterwards did not see the mount"]
    if after["unknown"] > before["unknown"]:
        reasons.append(f"unknown checks {before['unknown']} -> {after['unknown']}")
    if after["peak_bytes"] is None and before["peak_bytes"] is not None:
        reasons.append("the CRL could not be read")
    return reasons


def worse(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Why the later audit is worse, in words; empty where it is not.

    It is worse where, at the worst severity at which the two differ, more findings fail; and where the forecast's
    highest peak is higher under the settings of now than under those of before. Fewer critical findings outweigh any
    number of mild ones: a tidy that is on has settings to complain about, one that is off has none.
    """
    reasons = []
    for severity in SEVERITIES:
        one, other = before["failing"][severity], after["failing"][severity]
        if one != other:
            if other > one:
                reasons.append(f"{severity} findings {one} -> {other}")
            break
    one, other = after["peak_before_bytes"], after["peak_bytes"]
    if one is not None and other is not None and other > one:
        reasons.append(f"peak CRL {binary(one)} -> {binary(other)}")
    return reasons


def line(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Before and after, for people."""
    peak = f"peak CRL {_bytes(after['peak_before_bytes'])} -> {_bytes(after['peak_bytes'])}"
    now = f"CRL now {_bytes(before['crl_bytes'])} -> {_bytes(after['crl_bytes'])}"
    return f"{_findings(before)} -> {_findings(after)}, {peak}, {now}"


def _findings(numbers: Mapping[str, Any]) -> str:
    counts = [f"{count} {severity}" for severity, count in numbers["failing"].items() if count]
    counts += [f"{numbers['unknown']} unknown"] if numbers["unknown"] else []
    return " ".join(counts) or "no findings"


def _bytes(count: int | None) -> str:
    return "unknown" if count is None else binary(count)
