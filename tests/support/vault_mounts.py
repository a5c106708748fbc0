# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence of Vault's PKI mounts for tests of rules: values in the collector's form, without any server."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._vault.domain import RULES, facts_of, judge
from ansible_collections.sre.preflight.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory

from .inventories import authority

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CLUSTER = "0a1052e7"
ISSUER = "11111111-issuer"
ENTRY_BYTES = 38.996
OVERHEAD = 234
ALL_TIDIED = {
    "enabled": True,
    "tidy_cert_store": True,
    "tidy_revoked_certs": True,
    "tidy_expired_issuers": True,
    "tidy_acme": True,
    "tidy_revoked_cert_issuer_associations": True,
    "interval_duration": 43200,
    "safety_buffer": 259200,
    "pause_duration": 0,
}


def at(moment: datetime) -> str:
    return format_instant(moment)


def day(moment: datetime) -> str:
    return format_instant(moment)[:10]


def storage(kind: str | None = "raft", *, limit: int | None = 1_048_576, source: str = "measured") -> dict[str, Any]:
    request = limit if kind == "consul" else None
    return {"type": kind, "max_entry_bytes": limit, "txn_max_request_bytes": request, "limit_source": source}


def server(**more: Any) -> dict[str, Any]:
    """An OpenBao on raft that has been active for a month."""
    return {
        "product": "openbao",
        "version": "2.7.2",
        "enterprise": False,
        "standby": False,
        "started_at": at(NOW - 30 * DAY),
        "cluster_id": CLUSTER,
        "storage": storage(),
        **more,
    }


def vault(**more: Any) -> dict[str, Any]:
    return server(product="vault", **{"version": "1.21.0", **more})


def crl(entries: int = 0, **more: Any) -> dict[str, Any]:
    """A third of the way through its 72 hours."""
    return {
        "issuer_ids": [ISSUER],
        "kind": "complete",
        "bytes": round(OVERHEAD + ENTRY_BYTES * entries),
        "entries": entries,
        "this_update": at(NOW - 24 * HOUR),
        "next_update": at(NOW + 48 * HOUR),
        "crl_number": 7,
        "issuer": "CN=Some CA",
        "revocation_days": [],
        "newest_revocation": None,
        **more,
    }


def role(**more: Any) -> dict[str, Any]:
    """A role for one domain, 30 days, stored, without leases."""
    return {
        "issuer_ref": "default",
        "ttl": 0,
        "max_ttl": 30 * 86400,
        "not_after": "",
        "generate_lease": False,
        "no_store": False,
        "allow_any_name": False,
        "allow_localhost": False,
        "allow_glob_domains": False,
        "allow_wildcard_certificates": False,
        "allowed_domains": ["example.com"],
        "enforce_hostnames": True,
        **more,
    }


def issuer(**more: Any) -> dict[str, Any]:
    return {
        "issuer_id": ISSUER,
        "issuer_name": "some-ca",
        "is_default": True,
        "key_id": "key-1",
        "usage": ["crl-signing", "issuing-certificates", "ocsp-signing", "read-only"],
        "leaf_not_after_behavior": "truncate",
        "crl_distribution_points": [],
        "issuing_certificates": [],
        "ocsp_servers": [],
        **more,
    }


def intermediate(name: str = "Some CA", **more: Any) -> Certificate:
    """A CA of ten years that another one has issued."""
    return authority(name, **{"issuer": "CN=Root", "self_issued": False, **more})


def leaves(*by_day: list[Any], **more: Any) -> dict[str, Any]:
    """All were read: [issued, expires, count] each."""
    read = sum(count for _issued, _expires, count in by_day)
    return {
        "mode": "all",
        "read": read,
        "expected": read,
        "expired": 0,
        "by_day": list(by_day),
        "end_entities": {},
        "revoked_unexpired_missing_from_crl": None,
        **more,
    }


def mount(**more: Any) -> dict[str, Any]:
    """A mount to which no rule objects: an intermediate, tidied, with URLs, tuned, with ACME working."""
    return {
        "path": "pki/",
        "namespace": "",
        "max_lease_ttl_seconds": 365 * 86400,
        "default_lease_ttl_seconds": 30 * 86400,
        "tune": {
            "passthrough_request_headers": ["If-Modified-Since"],
            "allowed_response_headers": ["Last-Modified", "Location", "Replay-Nonce", "Link"],
            "audit_non_hmac_request_keys": list(REQUEST_KEYS),
            "audit_non_hmac_response_keys": list(RESPONSE_KEYS),
        },
        "auto_tidy": dict(ALL_TIDIED),
        "tidy_status": {"state": "Finished", "time_finished": at(NOW - HOUR), "time_started": at(NOW - HOUR)},
        "crl_config": {"auto_rebuild": True, "auto_rebuild_grace_period": 43200, "expiry": 259200, "disable": False},
        "urls": {
            "crl_distribution_points": ["https://pki.example.com/crl"],
            "delta_crl_distribution_points": [],
            "issuing_certificates": ["https://pki.example.com/ca"],
            "ocsp_servers": [],
            "enable_templating": False,
        },
        "cluster": {"path": "https://vault.example.com/v1/pki", "aia_path": ""},
        "acme": {
            "enabled": True,
            "default_directory_policy": "forbid",
            "eab_policy": "always-required",
            "allowed_roles": ["web"],
        },
        "roles": {"web": role()},
        "issuers": [issuer()],
        "crls": [crl()],
        "counts": {"certificates": 2, "revoked": 0, "leases": 0, "irrevocable_leases": 0},
        "leases_by_role": {},
        "leaves": leaves([day(NOW - 10 * DAY), day(NOW + 20 * DAY), 1]),
        "problems": [],
        **more,
    }


REQUEST_KEYS = (
    "csr",
    "certificate",
    "issuer_ref",
    "common_name",
    "alt_names",
    "other_sans",
    "ip_sans",
    "uri_sans",
    "ttl",
    "not_after",
    "serial_number",
    "key_type",
    "private_key_format",
    "managed_key_name",
    "managed_key_id",
    "ou",
    "organization",
    "country",
    "locality",
    "province",
    "street_address",
    "postal_code",
    "permitted_dns_domains",
    "policy_identifiers",
    "ext_key_usage_oids",
)
RESPONSE_KEYS = ("certificate", "issuing_ca", "serial_number", "error", "ca_chain")


def tidied(**more: Any) -> dict[str, Any]:
    """A mount whose auto-tidy differs from the good one in this."""
    return mount(auto_tidy={**ALL_TIDIED, **more})


def revoking(per_day: int, *, days: int = 30, **more: Any) -> dict[str, Any]:
    """A mount that has revoked so many 30-day certificates each day."""
    history = [[day(NOW - number * DAY), per_day] for number in range(days, 0, -1)]
    return mount(
        **{
            "crls": [crl(per_day * days, revocation_days=history)],
            "counts": {"certificates": 2, "revoked": per_day * days, "leases": 0, "irrevocable_leases": 0},
            **more,
        }
    )


def unread(part: str, *, path: str = "pki/some/path", capability: str | None = "read", **more: Any) -> dict[str, Any]:
    """A mount of which this part was refused."""
    problem = {"part": part, "path": path, "capability": capability, "status": 403, "reason": "permission denied"}
    return with_problem(mount(**more), problem)


def with_problem(evidence: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    """The evidence with that part gone."""
    part = problem["part"]
    changed = {**evidence, "problems": [*evidence["problems"], problem]}
    if part in evidence["counts"]:
        return {**changed, "counts": {**evidence["counts"], part: None}}
    if part != "leaves":
        changed[part] = None
    return changed


def evidence_of(
    *mounts: dict[str, Any], on: dict[str, Any] | None = None, problems: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {"server": on or server(), "mounts": list(mounts), "problems": problems or []}


def with_issuers(evidence: dict[str, Any], certificates: list[Certificate]) -> tuple[dict[str, Any], Inventory]:
    """The evidence with its issuers bound to these certificates in their order, and their inventory."""
    prepared, inventory = deepcopy(evidence), Inventory()
    target = inventory.add_target("vault", "vault://lab/pki/")
    inventory.evaluated(target)
    for each in prepared["mounts"]:
        for row, certificate in zip(each.get("issuers") or [], certificates):
            row.setdefault("certificate_fingerprint_sha256", certificate.fingerprint_sha256)
            inventory.add_certificate(
                deepcopy(certificate), f"vault://lab/pki/issuer/{row['issuer_id']}", target=target
            )
    return prepared, inventory


def findings(
    evidence: dict[str, Any],
    rule: str | None = None,
    *,
    certificates: list[Certificate] | None = None,
    coverage: Coverage | None = None,
    now: datetime = NOW,
    include_passes: bool = False,
    **options: Any,
) -> list[dict[str, Any]]:
    """The findings as JSON, of one rule or of all."""
    policy = Policy.from_options(RULES.settings(), options)
    prepared, inventory = with_issuers(evidence, certificates or [intermediate()])
    on, mounts = facts_of(prepared, inventory, policy, now)
    only = None if rule is None else frozenset({f"vault.{rule}"})
    judged = judge(on, mounts, policy, now, coverage or Coverage(), include_passes, only=only)
    return [finding.to_json() for finding in judged]


def judged(mount_evidence: dict[str, Any], rule: str, *, on: dict[str, Any] | None = None, **more: Any) -> Any:
    """The findings of one rule on one mount."""
    return findings(evidence_of(mount_evidence, on=on), rule, **more)


def status(mount_evidence: dict[str, Any], rule: str, *, on: dict[str, Any] | None = None, **more: Any) -> str:
    """How one rule judges the only subject of its kind: ``pass``, ``fail``, ``unknown`` or ``not_applicable``."""
    coverage = Coverage()
    findings(evidence_of(mount_evidence, on=on), rule, coverage=coverage, **more)
    counted = [name for name, count in coverage.rules[f"vault.{rule}"].items() for _each in range(count)]
    if len(counted) != 1:
        raise AssertionError(f"{rule} was judged {len(counted)} times: {counted}")
    return counted[0]
