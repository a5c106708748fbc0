# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Merging: the bundles of all hosts into one inventory, one list of findings, one account of what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import severity_rank
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._audit.rule import Context
from ansible_collections.sre.preflight.plugins.module_utils._x509 import domain as x509
from ansible_collections.sre.preflight.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory

from . import mirrors
from .results import PROVENANCE, Results
from .rules import RULES, resource_of
from .waivers import Waiver, find_waiver

MAX_LOCATIONS = 50
"""So many locations a finding names; the inventory has all of them."""


def at_host(host: str, location: str) -> str:
    """``host:/path`` for what lies on a host; what is served, or lies in an API, is the same from everywhere."""
    return location if "://" in location else f"{host}:{location}"


def hosts_of(certificate: Certificate) -> list[str]:
    """The hosts on which a certificate of the merged inventory lies."""
    return sorted({each.partition(":/")[0] for each in certificate.locations if "://" not in each})


class CertificateRows(Sequence[dict[str, Any]]):
    """The merged inventory's rows, soonest notAfter first, each made when it is asked for."""

    def __init__(self, inventory: Inventory, now: datetime) -> None:
        self._certificates = sorted(
            inventory.certificates.values(), key=lambda each: (each.not_after, each.fingerprint_sha256)
        )
        self._now = now

    def __len__(self) -> int:
        return len(self._certificates)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._row(each) for each in self._certificates[index]]
        return self._row(self._certificates[index])

    def _row(self, certificate: Certificate) -> dict[str, Any]:
        return {**x509.row(certificate, self._now), "hosts": hosts_of(certificate)}


@dataclass
class Merged:
    """What merge() has gathered; findings are plain JSON with ``hosts`` and ``locations``.

    ``mirrors`` and ``resolutions`` are those of mirrors.of_document.
    """

    inventory: Inventory = field(default_factory=Inventory)
    coverage: Coverage = field(default_factory=Coverage)
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)
    waived: dict[str, dict[str, Any]] = field(default_factory=dict)
    passes: dict[str, dict[str, Any]] = field(default_factory=dict)
    targets: dict[str, list[str]] = field(default_factory=dict)
    unknown_targets: list[dict[str, str]] = field(default_factory=list)
    mounts: list[dict[str, Any]] = field(default_factory=list)
    mirrors: list[dict[str, Any]] = field(default_factory=list)
    resolutions: list[dict[str, Any]] = field(default_factory=list)
    provenance: list[dict[str, Any]] = field(default_factory=list)
    policy_options: dict[str, Any] | None = None

    def add_document(self, host: str, document: Mapping[str, Any], waivers: Sequence[Waiver], now: datetime) -> None:
        """Adds one bundle's document, as Results.documents gives it."""
        self.coverage.add(document["coverage"])
        self.policy_options = self.policy_options or document["policy"]
        self.provenance.append({"host": host, **{key: document[key] for key in PROVENANCE}})
        self.mounts += [{"host": host, **mount} for mount in document.get("mounts", ())]
        for own, added in zip((self.mirrors, self.resolutions), mirrors.of_document(host, document), strict=True):
            own += added
        self._add_inventory(host, document["inventory"])
        for finding in document["findings"]:
            if finding["rule"] not in x509.CORRELATIONS:
                self.add_finding(finding, [host], [at_host(host, finding["resource"]["location"])], waivers, now)

    def _add_inventory(self, host: str, inventory: Inventory) -> None:
        merged, offset = self.inventory, len(self.inventory.targets)
        for target in inventory.targets:
            if target["status"] == "evaluated":
                self.targets.setdefault(host, []).append(target["name"])
            else:
                self.unknown_targets.append({"host": host, "target": target["name"], "reason": target["reason"]})
        merged.targets += inventory.targets
        for certificate in inventory.certificates.values():
            locations = [at_host(host, location) for location in certificate.locations]
            known = merged.certificates.get(certificate.fingerprint_sha256)
            if known is None:
                certificate.locations = locations
                merged.certificates[certificate.fingerprint_sha256] = certificate
            else:
                served = {each for each in known.locations if "://" in each}
                known.locations += [each for each in locations if each not in served]
        for source in inventory.sources:
            place = at_host(host, source["location"])
            merged.sources.append({**source, "location": place, "target": source["target"] + offset})
        merged.crls += [{**crl, "location": at_host(host, crl["location"])} for crl in inventory.crls]

    def add_finding(
        self,
        finding: Mapping[str, Any],
        hosts: Sequence[str],
        locations: Sequence[str],
        waivers: Sequence[Waiver],
        now: datetime,
    ) -> None:
        """Adds one host's finding: to what it already is on other hosts, or to what is waived."""
        if finding["status"] == "pass":
            group, entry = self.passes, dict(finding)
        else:
            waiver = find_waiver(waivers, finding, hosts[0] if hosts else "", now)
            group = self.waived if waiver else self.findings
            entry = {**finding, "status": "waived", "waiver": waiver.to_json()} if waiver else dict(finding)
        known = group.get(finding["id"])
        if known is None:
            group[finding["id"]] = {**entry, "hosts": list(hosts), "locations": list(locations)}
            return
        if severity_rank(entry["severity"]) < severity_rank(known["severity"]):
            group[finding["id"]] = {**entry, "hosts": known["hosts"], "locations": known["locations"]}
            known = group[finding["id"]]
        # A host's documents come one after the other, so a repetition can only be of the last entry.
        for own, added in ((known["hosts"], hosts), (known["locations"], locations)):
            own += [each for each in added if own[-1:] != [each]]


def merge(results: Results, waivers: Sequence[Waiver], now: datetime) -> Merged:
    """All documents merged, the correlation rules judged over the whole, hosts and waivers accounted for."""
    merged = Merged()
    for host, document in results.documents():
        merged.add_document(host, document, waivers, now)
    policy = Policy.from_options(x509.RULES.settings(), merged.policy_options or {})
    merged.policy_options = dict(policy.options)
    whole = Coverage()
    for finding in x509.judge(merged.inventory, policy, now, whole, False, only=x509.CORRELATIONS):
        merged.add_finding(finding.to_json(), [], [], waivers, now)
    _name_places(merged)
    # In the place of what the hosts counted each for itself.
    for rule, counts in whole.rules.items():
        merged.coverage.rules[rule] = counts
    # The waivers last: only then is it known which of them were used.
    for subjects in ({"host": results.hosts}, {"waiver": waivers}):
        context = Context(policy, now, None)
        for finding in RULES.judge(subjects, resource_of, context, merged.coverage):
            names = [finding.resource.name] if finding.resource.kind == "host" else []
            merged.add_finding(finding.to_json(), names, [], waivers if names else [], now)
    return merged


def _name_places(merged: Merged) -> None:
    """Locations of findings on certificates: all that the merged inventory knows on the finding's hosts."""
    for finding in (*merged.findings.values(), *merged.waived.values()):
        certificate = merged.inventory.certificates.get(finding["evidence"].get("fingerprint_sha256", ""))
        if certificate is not None and finding["resource"]["kind"] == "certificate":
            if not finding["hosts"]:
                finding["hosts"] = hosts_of(certificate)
            hosts = set(finding["hosts"])
            finding["locations"] = [
                each for each in certificate.locations if "://" in each or each.partition(":/")[0] in hosts
            ]
        elif certificate is not None and not finding["locations"]:
            finding["locations"] = [finding["resource"]["location"]]
        del finding["locations"][MAX_LOCATIONS:]
