# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan is made of, for tests: findings that want settings of a mount, and the report's row of that mount."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.contract import run
from ansible_collections.sre.preflight.plugins.module_utils._vault.audit import DOMAIN, Audit
from ansible_collections.sre.preflight.plugins.plugin_utils._report.document import build as build_document
from ansible_collections.sre.preflight.plugins.plugin_utils._report.merge import merge
from ansible_collections.sre.preflight.plugins.plugin_utils._report.results import Results
from ansible_collections.sre.preflight.plugins.plugin_utils._report.waivers import parse_waivers

from . import vault_mounts

NOW = datetime(2026, 11, 23, 4, 0, 0, tzinfo=timezone.utc)
TARGET = {
    "kind": "vault_mount",
    "address": "vault.example:8200",
    "cluster_id": "c1",
    "namespace": "",
    "mount": "services/",
}
Settings = Mapping[str, Mapping[str, Any]]


def instant(after: timedelta) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ`` so long after NOW."""
    return (NOW + after).strftime("%Y-%m-%dT%H:%M:%SZ")


def unset(settings: Settings) -> dict[str, dict[str, Any]]:
    """The same paths and keys, of which the server has no value."""
    return {path: dict.fromkeys(values) for path, values in settings.items()}


def wish(
    settings: Settings, *, found: Settings | None = None, target: Mapping[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """A failed finding of severity medium, without a date, that wants these settings of the target."""
    target = target or TARGET
    rule = fields.pop("rule", "vault.some-rule")
    resource = {"kind": "vault_mount", "name": target["mount"], "location": f"vault://v/{target['mount']}"}
    return {
        "id": hashlib.sha256(f"{rule}{target}".encode("utf-8", "backslashreplace")).hexdigest()[:16],
        "rule": rule,
        "status": "fail",
        "severity": "medium",
        "title": "Something is not as it should be",
        "message": f"{target['mount']}: something is not as it should be",
        "resource": resource,
        "evidence": {},
        "outage_at": None,
        "remediation": {
            "role": "vault_tidy",
            "settings": settings,
            "found": unset(settings) if found is None else found,
            "text": "Set it.",
            "target": dict(target),
        },
        "references": [],
        "hosts": ["localhost"],
        "locations": [resource["location"]],
        **fields,
    }


def mount_row(settings: Settings | None = None, *, host: str = "localhost", **fields: Any) -> dict[str, Any]:
    """The report's row of TARGET, whose forecast recommends these settings: 16,000 entries become 3,600."""
    scenario = {"peak_entries": 14_000, "peak_bytes": 546_234, "overflow_at": None, "series": []}
    advice = {
        "settings": settings or {},
        "found": unset(settings or {}),
        "steps": [],
        "peak_entries": 3_600,
        "peak_bytes": 140_634,
        "enough": True,
        "safe_from": instant(timedelta(days=31)),
        "until_then": {"peak_entries": 16_000, "peak_bytes": 624_234, "overflow_at": None},
        "interim": [],
        **fields.pop("recommended", {}),
    }
    return {
        "host": host,
        "path": TARGET["mount"],
        **{key: TARGET[key] for key in ("namespace", "address", "cluster_id")},
        "settings": {"auto_tidy": {}, "crl_config": {}, "roles": {}},
        "crl": {"entries": 12_000, "bytes": 468_234, "limit_bytes": None, "limit_source": "default"},
        "leases": 0,
        "irrevocable_leases": 0,
        "forecast": {
            "as_now": scenario,
            "growth": {**scenario, "factor": 2.0},
            "backlog": {**scenario, "worst": {**scenario, "peak_entries": 16_000, "peak_bytes": 624_234}},
        },
        "recommended": advice,
        **fields,
    }


def troubled(**more: Any) -> dict[str, Any]:
    """The evidence of a mount like that of 2021: leases, no tidy, rebuilds at every revocation, a CRL that grows."""
    return vault_mounts.revoking(
        300,
        **{
            "path": "services/",
            "auto_tidy": {**vault_mounts.ALL_TIDIED, "enabled": False, "tidy_revoked_certs": False},
            "crl_config": {"auto_rebuild": False, "auto_rebuild_grace_period": 43200, "expiry": 259200},
            "roles": {"pod": vault_mounts.role(generate_lease=True), "web": vault_mounts.role(allow_localhost=True)},
            "counts": {"certificates": 20_000, "revoked": 9_000, "leases": 20_000, "irrevocable_leases": 0},
            **more,
        },
    )


def vault_report(hosts: Mapping[str, dict[str, Any]], *, waivers: Any = (), **more: Any) -> dict[str, Any]:
    """The report over hosts that audited a Vault with this evidence each, by the real way (bundle, merge, document)."""
    bundles = {host: [_bundle(evidence)] for host, evidence in hosts.items()}
    return report_over(bundles, now=vault_mounts.NOW, waivers=waivers, **more)


def report_over(
    bundles: Mapping[str, Sequence[str]], *, now: datetime, waivers: Any = (), **more: Any
) -> dict[str, Any]:
    """The report over these bundles of each host, as audit_report makes it."""
    names = [f"registered_{number}" for number in range(max(map(len, bundles.values())))]
    hosts = {host: {name: {"bundle": each} for name, each in zip(names, own)} for host, own in bundles.items()}
    results = Results(sorted(hosts), names, hosts.__getitem__)
    merged = merge(results, parse_waivers(waivers), now)
    options = {"fail_on": "high", "previous": None, **more}
    return build_document(merged, results.hosts, now=now, generated_at=now, **options)


def _bundle(evidence: dict[str, Any]) -> str:
    return bundle_of(Audit(*vault_mounts.with_issuers(evidence, [vault_mounts.intermediate()])), {}, vault_mounts.NOW)


def bundle_of(audit: Audit, policy: Mapping[str, Any], now: datetime) -> str:
    """What vault_pki_audit returns for a collected audit under these options of its policy."""
    domain = replace(DOMAIN, collect=lambda _params, _started: audit)
    result = run(domain, {**policy, "bundle": True}, check_mode=False, clock=lambda: now)
    return str(result["bundle"])
