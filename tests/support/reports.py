# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sample reports in the shape of docs/report.schema.json: few findings, none, nothing known, a plan."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan import build as build_plan

from . import plans

NOW = datetime(2026, 11, 23, 4, 0, 0, tzinfo=timezone.utc)

Report = dict[str, Any]

RULES = {
    "certificate.expired": {
        "title": "Certificate has expired",
        "rationale": "Every client that verifies it refuses the connection. On 2021-04-05 and 2022-04-05 such a "
        "certificate in front of a secret store took a whole package index down.",
        "remediation": "Renew the certificate and reload the service that serves it.",
        "references": ["RFC 5280 section 4.1.2.5", "https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5"],
    },
    "certificate.lifespan": {
        "title": "Certificate has used most of its lifespan",
        "rationale": "Rotators renew at two thirds to nine tenths of the lifespan. What is beyond that was missed.",
        "remediation": "Renew the certificate, and find out why its rotator did not.",
        "references": ["RFC 5280 section 4.1.2.5"],
    },
    "certificate.renewed_not_reloaded": {
        "title": "Renewed certificate is not served",
        "rationale": "The file is new, the process still serves the old one: the outage comes all the same.",
        "remediation": "Reload the service.",
        "references": [],
    },
    "target.unreachable": {
        "title": "Target could not be reached",
        "rationale": "What cannot be looked at may be about to break.",
        "remediation": "Make the target reachable from the controller, or take it out of the targets.",
        "references": [],
    },
    "waiver.unused": {
        "title": "Waiver matches nothing",
        "rationale": "A waiver that matches nothing hides the next finding that happens to match.",
        "remediation": "Remove the waiver.",
        "references": [],
    },
}


def instant(moment: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def severity_of(until: timedelta) -> str:
    """By the default horizons."""
    for severity, days in (("critical", 7), ("high", 30), ("medium", 90)):
        if until <= timedelta(days=days):
            return severity
    return "low"


def finding(rule: str, name: str, location: str, **fields: Any) -> dict[str, Any]:
    """A failed finding of severity critical, but for what ``fields`` says."""
    return {
        "id": hashlib.sha256(f"{rule}\0{name}\0{location}".encode("utf-8", "backslashreplace")).hexdigest()[:16],
        "rule": rule,
        "status": "fail",
        "severity": "critical",
        "title": RULES[rule]["title"],
        "message": f"{RULES[rule]['title']}: {name} at {location}.",
        "resource": {"kind": "certificate", "name": name, "location": location},
        "evidence": {},
        "outage_at": None,
        "remediation": {"role": None, "settings": {}, "found": {}, "text": RULES[rule]["remediation"]},
        "references": RULES[rule]["references"],
        "hosts": ["localhost"],
        "locations": [location],
        **fields,
    }


def expiring(name: str, location: str, until: timedelta, **fields: Any) -> dict[str, Any]:
    """A certificate's finding whose outage comes after ``until`` (negative: came before now)."""
    overdue = until <= timedelta(0)
    rule = "certificate.expired" if overdue else "certificate.lifespan"
    not_after = NOW + until
    lifespan = timedelta(days=365)
    used = round(100 * (1 - until / lifespan), 1)
    verb = "expired" if overdue else "expires"
    own = {
        "severity": severity_of(until),
        "outage_at": instant(not_after),
        "message": f"The certificate of {name} at {location} {verb} at {instant(not_after)}; "
        f"{used} % of its lifespan is used.",
        "evidence": {
            "not_after": instant(not_after),
            "not_before": instant(not_after - lifespan),
            "lifespan_used_percent": used,
            "max_lifespan_used_percent": 75.0,
            "remaining_seconds": int(until.total_seconds()),
            "fingerprint_sha256": hashlib.sha256(name.encode()).hexdigest(),
        },
    }
    return finding(rule, name, location, **{**own, **fields})


def certificate(name: str, locations: list[str], until: timedelta, **fields: Any) -> dict[str, Any]:
    """An inventory row of a certificate with a lifespan of 365 days."""
    not_after, lifespan = NOW + until, timedelta(days=365)
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()
    return {
        "fingerprint_sha256": digest,
        "subject": f"CN={name},O=Example",
        "issuer": "CN=Example Issuing CA 2,O=Example,C=SE",
        "serial_number": digest[:32],
        "not_before": instant(not_after - lifespan),
        "not_after": instant(not_after),
        "lifespan_used": round(100 * (1 - until / lifespan), 1),
        "is_ca": False,
        "names": [name],
        "locations": locations,
        "hosts": sorted({location.partition(":")[0] for location in locations if not location.startswith("tls:")}),
        **fields,
    }


def report(findings: list[dict[str, Any]], certificates: list[dict[str, Any]], **fields: Any) -> Report:
    """A report over these; ``fields`` replaces what is made up here."""
    severities = ("critical", "high", "medium", "low")
    certificates = sorted(certificates, key=lambda row: (row["not_after"], row["fingerprint_sha256"]))
    findings = sorted(
        findings,
        key=lambda each: (severities.index(each["severity"]), each["status"] == "unknown", each["outage_at"] or "9999"),
    )
    failed = [each for each in findings if each["status"] == "fail"]
    unknown = len(findings) - len(failed)
    by_severity = Counter(each["severity"] for each in failed)
    dated = sorted(
        (each["outage_at"], each["id"])
        for each in failed
        if each["outage_at"] and not (each["severity"] == "low" and each["outage_at"] < instant(NOW))
    )
    severe = by_severity["critical"] + by_severity["high"]
    verdict = "fail" if severe else "unknown" if unknown else "pass"
    reasons = {
        "fail": f"{severe} findings at or above high",
        "unknown": f"nothing at or above high, but {unknown} could not be judged",
        "pass": "everything was looked at, and nothing is at or above high",
    }
    waived = fields.get("waived", [])
    rules = sorted({each["rule"] for each in [*findings, *waived] if each["rule"] in RULES})
    return {
        "schema": "sre.preflight/report",
        "schema_version": "1.2.0",
        "generated_at": instant(NOW + timedelta(seconds=12)),
        "judged_at": instant(NOW),
        "verdict": verdict,
        "verdict_reason": reasons[verdict],
        "fail_on": "high",
        "summary": {
            "by_status": {
                "pass": 3 * len(certificates),
                "fail": len(failed),
                "unknown": unknown,
                "not_applicable": len(certificates),
                "waived": len(waived),
            },
            "by_severity": {severity: by_severity[severity] for severity in severities},
            "next_outage": dated[0][0] if dated else None,
            "next_outage_finding": dated[0][1] if dated else None,
        },
        "findings": findings,
        "waived": [],
        "comparison": None,
        "certificates": certificates,
        "coverage": coverage(findings, len(certificates)),
        "rules": {rule: RULES[rule] for rule in rules},
        "plan": [],
        "policy": {"max_lifespan_used": 75, "horizons": {"critical": "7d", "high": "30d", "medium": "90d"}},
        "provenance": [provenance("localhost")],
        **fields,
    }


def coverage(findings: list[dict[str, Any]], targets: int, **fields: Any) -> dict[str, Any]:
    """Everything looked at, but for what ``fields`` says."""
    rules: dict[str, dict[str, int]] = {}
    for each in findings:
        counts = rules.setdefault(each["rule"], {"pass": targets, "fail": 0, "unknown": 0, "not_applicable": 0})
        counts[each["status"]] += 1
    return {
        "hosts_expected": 1,
        "hosts_reported": 1,
        "hosts_unknown": [],
        "targets_expected": targets,
        "targets_evaluated": targets,
        "targets_unknown": 0,
        "unknown_targets": [],
        "rules": rules,
        **fields,
    }


def provenance(host: str) -> dict[str, Any]:
    """One run of the certificate audit at NOW."""
    return {
        "host": host,
        "module": "sre.preflight.certificate_audit",
        "collection_version": "1.0.0",
        "collected_at": instant(NOW - timedelta(seconds=30)),
        "judged_at": instant(NOW),
    }


def zero() -> Report:
    """Nothing to complain about."""
    return report([], [certificate("web.example", ["web1:/etc/ssl/web.pem"], timedelta(days=300))])


def few() -> Report:
    """What a small shop sees on a bad night: an outage, two near ones, one unknown, one waived, a comparison."""
    day = timedelta(days=1)
    pods = [f"web{number}:/etc/pods/api/tls.crt" for number in range(1, 4)]
    settings = {"certificate_renewal_path": "/etc/vault/tls/vault.pem", "certificate_renewal_days": 90}
    vault = expiring(
        "vault.example",
        "tls://vault.example:8200",
        timedelta(days=3, hours=4),
        hosts=["localhost", "vault1"],
        locations=["tls://vault.example:8200", "vault1:/etc/vault/tls/vault.pem#1"],
        remediation={
            "role": "sre.preflight.certificate_renewal",
            "settings": settings,
            "found": {"certificate_renewal_path": "/etc/vault/tls/vault.pem", "certificate_renewal_days": 365},
            "text": "Renew the certificate of vault.example and reload Vault (SIGHUP); check the CRL's size and the "
            "lease count before a restart.",
        },
    )
    findings = [
        expiring(
            "api.example", pods[0], timedelta(hours=-50, minutes=-10), hosts=["web1", "web2", "web3"], locations=pods
        ),
        vault,
        expiring("consul.example", "tls://consul.example:8501", 19 * day),
        expiring("git.example", "web1:/etc/ssl/git.pem", 61 * day, hosts=["web1"]),
        finding(
            "target.unreachable",
            "mail.example:25",
            "smtp://mail.example:25",
            status="unknown",
            severity="high",
            message="smtp://mail.example:25 could not be reached: connection refused.",
            resource={"kind": "endpoint", "name": "mail.example:25", "location": "smtp://mail.example:25"},
            evidence={"reason": "connection refused", "address": "192.0.2.25", "elapsed_seconds": 0.01},
        ),
        expiring("Old Root", "web1:/etc/ssl/certs/ca-certificates.crt#17", -400 * day, severity="low", hosts=["web1"]),
    ]
    waived = expiring("legacy.example", "tls://legacy.example:443", 12 * day, status="waived")
    waived["waiver"] = {
        "owner": "team-storage",
        "reason": "decommissioned on 2026-12-01",
        "expires": instant(NOW + 9 * day),
        "rule": "certificate.lifespan",
        "resource": "legacy.example*",
    }
    gone = finding("certificate.renewed_not_reloaded", "ldap.example", "ldap://ldap.example:389")
    certificates = [
        certificate(each["resource"]["name"], each["locations"], _until(each))
        for each in [*findings, waived]
        if each["outage_at"]
    ]
    return report(
        findings,
        certificates,
        waived=[waived],
        comparison={
            "previous_generated_at": instant(NOW - day),
            "new": [vault["id"]],
            "gone": [{key: gone[key] for key in ("id", "rule", "title", "resource")}],
            "unchanged": 4,
        },
        coverage=coverage(
            findings,
            412,
            hosts_expected=5,
            hosts_reported=4,
            hosts_unknown=[{"host": "web4", "reason": "unreachable (timed out after 10 s)"}],
            targets_evaluated=410,
            targets_unknown=2,
            unknown_targets=[
                {"host": "localhost", "target": "smtp://mail.example:25", "reason": "connection refused"},
                {"host": "web2", "target": "/etc/ssl/private", "reason": "permission denied"},
            ],
        ),
        provenance=[provenance(host) for host in ("localhost", "vault1", "web1", "web2")],
    )


def planned() -> Report:
    """Two mounts to mend: one with an outage near, interim measures and a conflict of each kind, one with neither."""
    crl, tidy = "config/crl", "config/auto-tidy"
    wanted = {
        "roles/pod": {"generate_lease": False, "max_ttl": 864_000},
        crl: {"auto_rebuild": True, "max_crl_entries": 10_742},
        tidy: {"enabled": True, "tidy_revoked_certs": True, "interval_duration": 21_600},
    }
    live = {
        "roles/pod": {"generate_lease": True, "max_ttl": 2_592_000},
        crl: {"auto_rebuild": False, "max_crl_entries": 100_000},
        tidy: {"enabled": False, "tidy_revoked_certs": False, "interval_duration": 43_200},
    }
    soon = instant(NOW + timedelta(days=6))
    measure = {"measure": "keep_parent_tokens", "settings": {}, "commands": [], "consequence": "Tokens stay valid."}
    overflow = {"peak_entries": 16_000, "peak_bytes": 624_234, "overflow_at": soon}
    row = plans.mount_row(wanted, recommended={"until_then": overflow, "interim": [measure]})
    pause = {tidy: {"pause_duration": 0}}
    other = {**plans.TARGET, "mount": "team/pki/", "namespace": "a"}
    findings = [
        plans.wish(wanted, found=live, rule="vault.crl-overflow", severity="critical", outage_at=soon),
        plans.wish(
            {tidy: {"interval_duration": 43_200}}, found={tidy: {"interval_duration": 43_200}}, rule="vault.tidy-slow"
        ),
        plans.wish({tidy: {"pause_duration": 5}}, found={tidy: {"pause_duration": 60}}, rule="vault.tidy-pause"),
        plans.wish(pause, found={tidy: {"pause_duration": 60}}, rule="vault.tidy-pauses"),
        plans.wish({"roles/web": {"allow_localhost": False}}, target=other, rule="vault.localhost"),
    ]
    rule = {"title": "Not as it should be", "rationale": "It matters.", "remediation": "Set it.", "references": []}
    return report(
        findings,
        [],
        rules={each["rule"]: rule for each in findings},
        mounts=[row],
        plan=build_plan(findings, [row], NOW),
    )


def _until(each: dict[str, Any]) -> timedelta:
    return datetime.strptime(each["outage_at"], "%Y-%m-%dT%H:%M:%S%z") - NOW


def nothing_known() -> Report:
    """No host answered."""
    hosts = [f"web{number}" for number in range(1, 31)]
    unknown = [
        finding("target.unreachable", host, host, status="unknown", severity="high", hosts=[host]) for host in hosts
    ]
    reasons = [{"host": host, "reason": "unreachable (Connection timed out)"} for host in hosts]
    nothing = coverage(unknown, 0, hosts_expected=30, hosts_reported=0, hosts_unknown=reasons)
    return report(unknown, [], coverage=nothing, provenance=[])
