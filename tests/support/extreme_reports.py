# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sample reports at the extremes: that of a large fleet, and one in which every text is an attack."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan import build as build_plan

from . import mirror_reports, plans
from .reports import NOW, Report, certificate, coverage, expiring, finding, instant, provenance, report


def many(certificates: int = 10_000, findings: int = 300, hosts: int = 200) -> Report:
    """A large fleet, the same at every call."""
    draw = random.Random(20261123)
    rows = []
    for number in range(certificates):
        names = [f"svc-{number:05d}.{draw.choice(('prod', 'stage', 'edge'))}.example.com", f"svc-{number:05d}.internal"]
        host = f"node{draw.randrange(hosts):03d}"
        locations = [f"{host}:/etc/kubernetes/pki/services/svc-{number:05d}/tls.crt#1"]
        if draw.random() < 0.3:
            locations.append(f"tls://{names[0]}:443")
        issuer = f"CN=Example Issuing CA {draw.randrange(8)},OU=Platform,O=Example,C=SE"
        until = timedelta(seconds=draw.randrange(-20 * 86400, 365 * 86400))
        rows.append(certificate(names[0], locations, until, names=names, issuer=issuer, is_ca=number % 97 == 0))
    found = []
    for row in sorted(rows, key=lambda row: row["not_after"])[:findings]:
        until = datetime.strptime(row["not_after"], "%Y-%m-%dT%H:%M:%S%z") - NOW
        spread = until if draw.random() < 0.2 else timedelta(days=draw.expovariate(1 / 30))
        found.append(
            expiring(row["names"][0], row["locations"][0], spread, hosts=row["hosts"], locations=row["locations"])
        )
    for number in range(findings // 20):
        name = f"10.0.{number}.1:443"
        resource = {"kind": "endpoint", "name": name, "location": f"tls://{name}"}
        found.append(
            finding("target.unreachable", name, f"tls://{name}", status="unknown", severity="high", resource=resource)
        )
    return report(found, rows, provenance=[provenance(f"node{number:03d}") for number in range(hosts)])


PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    "\"'><svg/onload=alert(4)>",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<script>",
    "]]>",
    "line\u2028separator\u2029paragraph",
    "\u202egnp.exe\u202c",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J",
    "first\nsecond\r\n::error::third\ttab\0nul",
    "lone \ud800 surrogate",
    "javascript:alert(5)",
    "\u65e5\u672c\u8a9e\u306e\u8a3c\u660e\u66f8",
    "long" * 500,
)


def hostile() -> Report:
    """Every text that somebody else controls is an attack."""
    findings, certificates = [], []
    for number, payload in enumerate(PAYLOADS):
        each = expiring(
            payload.encode("utf-8", "replace").decode(), payload.replace("\ud800", ""), timedelta(days=number - 2)
        )
        each |= {
            "title": payload,
            "message": payload,
            "hosts": [payload],
            "locations": [payload],
            "references": [payload],
        }
        each["resource"] = {"kind": payload, "name": payload, "location": payload}
        each["evidence"] = {payload: payload, "nested": {payload: [payload, {payload: payload}]}}
        each["remediation"] = {
            "text": payload,
            "role": payload,
            "settings": {payload: payload},
            "found": {payload: None},
        }
        findings.append(each)
        fields = {"subject": payload, "issuer": payload, "names": [payload]}
        certificates.append(certificate(payload, [payload], timedelta(days=number - 2), **fields))
    bad = PAYLOADS[1]
    waiver = {"owner": bad, "reason": bad, "expires": instant(NOW), "rule": bad, "resource": bad}
    waived = {**findings[0], "id": "0" * 16, "status": "waived", "waiver": waiver}
    gone = {"id": "1" * 16, "rule": "certificate.expired", "title": bad, "resource": findings[1]["resource"]}
    rule = {"title": bad, "rationale": bad, "remediation": bad, "references": [bad]}
    return report(
        findings,
        certificates,
        verdict_reason=bad,
        waived=[waived],
        rules={each["rule"]: rule for each in findings},
        plan=_hostile_plan(),
        **mirror_reports.hostile_parts(PAYLOADS),
        policy={bad: bad},
        comparison={"previous_generated_at": instant(NOW), "new": ["2" * 16], "gone": [gone], "unchanged": 0},
        coverage=coverage(
            findings,
            20,
            hosts_expected=2,
            hosts_unknown=[{"host": bad, "reason": bad}],
            targets_unknown=1,
            unknown_targets=[{"host": bad, "target": bad, "reason": bad}],
        ),
        provenance=[{**provenance(bad), "module": bad, "collection_version": bad}],
    )


def _hostile_plan() -> list[dict[str, Any]]:
    wishes = [
        plans.wish(
            {f"roles/{payload}": {payload: payload, "generate_lease": False}, payload: {"x": number}},
            target={**plans.TARGET, "mount": payload, "namespace": payload, "address": payload},
            hosts=[payload],
        )
        for number, payload in enumerate(PAYLOADS)
    ]
    wishes += mirror_reports.hostile_wishes(PAYLOADS)
    return build_plan([*wishes, *({**each, "id": "3" * 16} for each in wishes)], [], NOW)
