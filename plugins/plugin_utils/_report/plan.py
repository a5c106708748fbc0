# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: what roles can mend, merged a target from the findings that do not pass.

Pure: the same findings and mounts give the same plan, whatever their order. Where findings want different values for
one setting, the plan takes the one that the mount's forecast recommends, and says so; without one it leaves the
setting out for a person to decide. Entries for mirrors are made in plan_mirror.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import order, severity_rank

from . import plan_mirror
from .plan_effect import effect, recommended_of
from .plan_risks import risks
from .plan_settings import MergedSettings, merge_settings
from .plan_steps import rights, steps

Finding = Mapping[str, Any]
Mount = Mapping[str, Any]
Entry = dict[str, Any]
_NEVER = "9999-12-31T23:59:59Z"


def build(
    findings: Iterable[Finding],
    mounts: Iterable[Mount],
    now: datetime,
    *,
    mirrors: Iterable[Mapping[str, Any]] = (),
    projects: Mapping[str, Sequence[str]] | None = None,
) -> list[Entry]:
    """The entries (docs/report.schema.json, ``plan_entry``) in the order to apply them: the soonest outage first.

    ``findings``, ``mounts`` and ``mirrors`` are the report's; what is waived is not among the findings. ``projects``
    are those that somebody named for a mirror, by its URL. Entries without an outage in sight follow by severity.
    """
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in sorted(findings, key=order):
        if _is_planned(finding):
            groups.setdefault(_key(finding["remediation"]), []).append(finding)
    seen: dict[tuple[str, ...], list[Mount]] = {}
    for mount in sorted(mounts, key=lambda each: (str(each["host"]), str(each.get("address")))):
        seen.setdefault(identity(_target_of(mount)), []).append(mount)
    rows = {str(mirror["url"]): mirror for mirror in mirrors}
    entries = []
    for key, group in groups.items():
        target = group[0]["remediation"]["target"]
        if target["kind"] == plan_mirror.KIND:
            made = plan_mirror.entry(group, rows.get(target["url"]), (projects or {}).get(target["url"], ()))
            entries.append({"id": entry_id(made["role"], target), **made})
        else:
            entries.append(_entry(group, seen.get(key[1:], []), now))
    urgency = {entry["id"]: _urgency(group) for entry, group in zip(entries, groups.values(), strict=True)}
    return sorted(entries, key=lambda entry: (*urgency[entry["id"]], entry["id"]))


def identity(target: Mapping[str, Any]) -> tuple[str, ...]:
    """What makes a target the same one: a cluster has many addresses, so its id counts where there is one."""
    if target["kind"] == plan_mirror.KIND:
        return str(target["kind"]), str(target["url"])
    place = target["cluster_id"] or target["address"]
    return tuple(str(part) for part in (target["kind"], place, target["namespace"], target["mount"]))


def entry_id(role: str, target: Mapping[str, Any]) -> str:
    """16 hex digits that depend on the role and the target alone, so that they are stable between runs."""
    return hashlib.sha256("\0".join((role, *identity(target))).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _is_planned(finding: Finding) -> bool:
    remedy = finding["remediation"]
    return bool(remedy and remedy["role"] and remedy.get("target") and any(remedy["settings"].values()))


def _key(remedy: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(remedy["role"]), *identity(remedy["target"]))


def _target_of(mount: Mount) -> dict[str, Any]:
    """The target that a row of the report's mounts is."""
    own = {key: mount.get(key) for key in ("address", "cluster_id", "namespace")}
    return {"kind": "vault_mount", **own, "mount": mount["path"]}


def _urgency(group: Sequence[Finding]) -> tuple[str, int]:
    soonest = min(finding["outage_at"] or _NEVER for finding in group)
    return soonest, min(severity_rank(finding["severity"]) for finding in group)


def _entry(group: Sequence[Finding], mounts: Sequence[Mount], now: datetime) -> Entry:
    role = str(group[0]["remediation"]["role"])
    host, target, mount = _seen_by(group, mounts)
    advice = recommended_of(mount)
    merged = merge_settings(group, advice.get("settings", {}))
    return {
        "id": entry_id(role, target),
        "role": role,
        "host": host,
        "target": target,
        "settings": merged.settings,
        "found": merged.found,
        "findings": [finding["id"] for finding in _mended(group, merged)],
        "steps": steps(merged.settings),
        "effect": effect(merged.settings, mount, now),
        "risk": risks(merged, advice, now),
        "interim": list(advice.get("interim", [])),
        "needs": {"rights": rights(target["mount"], merged.settings), "downtime": "none"},
        "conflicts": merged.conflicts,
    }


def _seen_by(group: Sequence[Finding], mounts: Sequence[Mount]) -> tuple[str, dict[str, Any], Mount | None]:
    """(host, target, mount) as the first host by name saw it: an address is of use only with its own variables."""
    hosts = sorted({host for finding in group for host in finding["hosts"]})
    for mount in mounts:
        if mount["host"] in hosts:
            return str(mount["host"]), _target_of(mount), mount
    targets = sorted((finding["remediation"]["target"] for finding in group), key=lambda each: str(each["address"]))
    return hosts[0] if hosts else "", dict(targets[0]), None


def _mended(group: Sequence[Finding], merged: MergedSettings) -> Iterator[Finding]:
    """The findings of which nothing was left out."""
    for finding in group:
        wanted = finding["remediation"]["settings"]
        if all(set(values) <= set(merged.settings.get(path, {})) for path, values in wanted.items()):
            yield finding
