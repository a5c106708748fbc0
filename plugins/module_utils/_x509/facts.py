# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules know of the inventory as a whole: issuers, trust stores, superseded certificates, served names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from .certificate import Certificate
from .inventory import Inventory

TRUST_STORE_SIZE = 10
TRUST_STORE_SHARE = 0.9
"""At least so many certificates, of which at least this share are self-issued CAs, and no private key."""


SERVED_SCHEMES = frozenset(
    ("tls", "smtp", "lmtp", "imap", "pop3", "ftp", "ldap", "postgres", "mysql", "xmpp", "nntp", "sieve")
)


class Attempt(NamedTuple):
    """One thing that was to be looked at: ``problem`` is None where that went well, else the kind of problem."""

    target: str
    target_kind: str
    location: str
    problem: str | None
    reason: str


def is_served(location: str) -> bool:
    """Whether a location is an endpoint that serves the certificate, and not a place where it lies."""
    return location.partition("://")[0] in SERVED_SCHEMES


def container_of(location: str) -> str:
    """The file of ``file#2``, the endpoint of ``tls://host:443#2``."""
    return location.partition("#")[0]


class Facts:
    """Indexes over an inventory, made once for a judgement."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        certificates = inventory.certificates
        self.issuers: dict[str, list[Certificate]] = defaultdict(list)
        for certificate in certificates.values():
            if certificate.is_ca:
                self.issuers[certificate.subject].append(certificate)
        self.trust_stores = frozenset(self._trust_stores())
        self.superseded = dict(self._superseded())
        self.served = {
            source["certificates"][0]: source
            for source in inventory.sources
            if source["kind"] == "endpoint" and source["certificates"]
        }
        served_names = {frozenset(certificates[leaf].names) for leaf in self.served if leaf in certificates}
        self.stored_by_names = self._stored_by_names(served_names - {frozenset()})
        self._issued: dict[str, list[Certificate]] | None = None

    def _trust_stores(self) -> Iterator[str]:
        """Files and directories that hold many self-issued CAs and no private key."""
        sources = {source["location"]: source for source in self.inventory.sources if source["kind"] == "file"}
        with_key = {container_of(place) for place, source in sources.items() if source["private_key"]}
        directories_with_key = {place.rpartition("/")[0] for place in with_key}
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for certificate in self.inventory.certificates.values():
            is_root = certificate.is_ca and certificate.self_issued
            for location in certificate.locations:
                if not is_served(location):
                    path = container_of(location)
                    places = [path] if path in sources else []
                    for place in (*places, path.rpartition("/")[0]):
                        counts[place][0] += 1
                        counts[place][1] += is_root
        for place, (total, roots) in counts.items():
            keyed = place in with_key or place in directories_with_key
            if total >= TRUST_STORE_SIZE and roots >= TRUST_STORE_SHARE * total and not keyed:
                yield place

    def _superseded(self) -> Iterator[tuple[tuple[str, str], Certificate]]:
        """(container, fingerprint) of a certificate whose file also holds its successor, and that successor."""
        for source in self.inventory.sources:
            if source["kind"] == "endpoint" or len(source["certificates"]) < 2:
                continue
            newest: dict[tuple[str, tuple[str, ...]], Certificate] = {}
            held = [self.inventory.certificates[fingerprint] for fingerprint in source["certificates"]]
            for certificate in held:
                key = (certificate.subject, certificate.names)
                known = newest.setdefault(key, certificate)
                if certificate.not_after > known.not_after:
                    newest[key] = certificate
            for certificate in held:
                successor = newest[certificate.subject, certificate.names]
                if successor is not certificate and successor.not_after > certificate.not_after:
                    yield (source["location"], certificate.fingerprint_sha256), successor

    def _stored_by_names(self, wanted: set[frozenset[str]]) -> dict[frozenset[str], list[Certificate]]:
        stored: dict[frozenset[str], list[Certificate]] = defaultdict(list)
        if wanted:
            for certificate in self.inventory.certificates.values():
                names = frozenset(certificate.names)
                if names in wanted and not all(map(is_served, certificate.locations)):
                    stored[names].append(certificate)
        return stored

    def in_trust_store(self, certificate: Certificate) -> bool:
        """Whether it lies in trust stores and nowhere else."""
        return bool(self.trust_stores) and all(
            not is_served(location)
            and (
                container_of(location) in self.trust_stores
                or container_of(location).rpartition("/")[0] in self.trust_stores
            )
            for location in certificate.locations
        )

    def successor_of(self, certificate: Certificate) -> Certificate | None:
        """The certificate that supersedes it wherever it lies; None if somewhere it is the current one."""
        successor = None
        if self.superseded:
            for location in certificate.locations:
                successor = self.superseded.get((container_of(location), certificate.fingerprint_sha256))
                if successor is None:
                    return None
        return successor

    def issuers_of(self, certificate: Certificate) -> list[Certificate]:
        """The inventory's certificates that can have issued it: by name, and by key identifier where both have one.

        RFC 5280 section 4.2.1.1. Several where a CA was cross-signed or renewed with its key.
        """
        if certificate.self_issued:
            return []
        wanted = certificate.authority_key_identifier
        return [
            issuer
            for issuer in self.issuers.get(certificate.issuer, ())
            if wanted is None or issuer.subject_key_identifier is None or issuer.subject_key_identifier == wanted
        ]

    def issued_by(self, issuer: Certificate) -> list[Certificate]:
        """The inventory's certificates that this CA can have issued."""
        if self._issued is None:
            self._issued = defaultdict(list)
            for certificate in self.inventory.certificates.values():
                for candidate in self.issuers_of(certificate):
                    self._issued[candidate.fingerprint_sha256].append(certificate)
        return self._issued.get(issuer.fingerprint_sha256, [])

    def dependents_of(self, issuer: Certificate) -> list[Certificate]:
        """What no longer validates when this CA expires: all below it that no other issuer still carries then."""
        fallen = {issuer.fingerprint_sha256}
        dependents: list[Certificate] = []
        pending = [issuer]
        while pending:
            for certificate in self.issued_by(pending.pop()):
                if certificate.fingerprint_sha256 not in fallen and all(
                    each.fingerprint_sha256 in fallen or each.not_after <= issuer.not_after
                    for each in self.issuers_of(certificate)
                ):
                    fallen.add(certificate.fingerprint_sha256)
                    dependents.append(certificate)
                    pending.append(certificate)
        return dependents

    def attempts(self) -> Iterator[Attempt]:
        """Every target and every single problem: what was looked at, and what could not be and why."""
        told: set[int] = set()
        targets = self.inventory.targets
        for problem in self.inventory.problems:
            target = targets[problem["target"]]
            if target["status"] == "unknown" and (
                problem["location"] == target["name"] or target["kind"] == "endpoint"
            ):
                told.add(problem["target"])
            yield Attempt(target["name"], target["kind"], problem["location"], problem["kind"], problem["reason"])
        for index, target in enumerate(targets):
            if target["status"] == "evaluated":
                yield Attempt(target["name"], target["kind"], target["name"], None, "")
            elif index not in told:
                kind = "unreachable" if target["kind"] == "endpoint" else "empty"
                yield Attempt(target["name"], target["kind"], target["name"], kind, target["reason"])

    def subjects(self) -> dict[str, Any]:
        """The subjects of the certificate rules, by kind."""
        return {
            "certificate": self.inventory.certificates.values(),
            "endpoint": (source for source in self.inventory.sources if source["kind"] == "endpoint"),
            "crl": self.inventory.crls,
            "attempt": self.attempts(),
        }
