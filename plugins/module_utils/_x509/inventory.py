# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory: all that collectors of certificates observed, without any secret, as plain JSON."""

from __future__ import annotations

from typing import Any

from .certificate import COLUMNS, Certificate


class Inventory:
    """What was asked for and what was seen; collectors add to it, rules read it.

    targets: {kind: path|endpoint|kubeconfig|..., name, status: evaluated|unknown, reason or null, rotator or null,
        certificates: int, crls: int}
    sources: {location, kind: file|keystore|kubeconfig|endpoint|..., target: index into targets,
        certificates: [fingerprints in their order], private_key: bool, ...}; only where it says more than the
        certificate's location does: several certificates, a private key beside it, or an endpoint
    crls: {location, issuer, this_update, next_update or null, entries, bytes, fingerprint_sha256}
    problems: {location, target, kind: unparseable|unreadable|too-large|password|empty|unreachable|..., reason}

    ``rotator`` is that of every target which names none itself.
    """

    def __init__(self, *, rotator: str | None = None) -> None:
        self.rotator = rotator
        self.targets: list[dict[str, Any]] = []
        self.certificates: dict[str, Certificate] = {}
        self.sources: list[dict[str, Any]] = []
        self.crls: list[dict[str, Any]] = []
        self.problems: list[dict[str, Any]] = []

    def add_target(self, kind: str, name: str, *, rotator: str | None = None) -> int:
        """A new target, unknown until the collector says that it was evaluated; returns its index."""
        self.targets.append(
            {
                "kind": kind,
                "name": name,
                "status": "unknown",
                "reason": "the collector did not get to it",
                "rotator": rotator or self.rotator,
                "certificates": 0,
                "crls": 0,
            }
        )
        return len(self.targets) - 1

    def evaluated(self, target: int) -> None:
        """The target was looked at as a whole (its single problems are listed apart)."""
        self.targets[target].update(status="evaluated", reason=None)

    def unknown(self, target: int, reason: str) -> None:
        """The target could not be looked at."""
        self.targets[target].update(status="unknown", reason=reason)

    def add_certificate(self, certificate: Certificate, location: str, *, target: int) -> Certificate:
        """Adds one sighting; returns the inventory's own object for that fingerprint."""
        entry = self.targets[target]
        entry["certificates"] += 1
        known = self.certificates.setdefault(certificate.fingerprint_sha256, certificate)
        known.locations.append(location)
        known.rotator = known.rotator or entry["rotator"]
        return known

    def credit(self, target: int, *, certificates: int = 0, crls: int = 0) -> None:
        """Counts for a target what an earlier target has already listed: the same file under another path."""
        self.targets[target]["certificates"] += certificates
        self.targets[target]["crls"] += crls

    def add_crl(self, crl: dict[str, Any], location: str, *, target: int) -> None:
        """Adds one certificate revocation list as read (see the class for its shape)."""
        self.targets[target]["crls"] += 1
        self.crls.append({"location": location, **crl})

    def add_source(
        self, location: str, *, kind: str, target: int, certificates: list[str], private_key: bool, **more: Any
    ) -> None:
        """Adds a source (see the class for when and its shape)."""
        self.sources.append(
            {
                "location": location,
                "kind": kind,
                "target": target,
                "certificates": certificates,
                "private_key": private_key,
                **more,
            }
        )

    def add_problem(self, location: str, *, kind: str, reason: str, target: int) -> None:
        """Adds one thing that could not be read, with the reason in words."""
        self.problems.append({"location": location, "target": target, "kind": kind, "reason": reason})

    def to_evidence(self) -> dict[str, Any]:
        """Plain JSON; the certificates as columns and an iterator of rows, so that nothing is held twice."""
        return {
            "targets": self.targets,
            "columns": list(COLUMNS),
            "certificates": (certificate.to_row() for certificate in self.certificates.values()),
            "sources": self.sources,
            "crls": self.crls,
            "problems": self.problems,
        }

    @classmethod
    def from_evidence(cls, evidence: dict[str, Any]) -> Inventory:
        """The inverse of to_evidence. Raises ValueError on evidence of another shape."""
        inventory = cls()
        try:
            if evidence["columns"] != list(COLUMNS):
                raise ValueError(f"the certificate columns are {evidence['columns']}, expected {list(COLUMNS)}")
            inventory.targets = evidence["targets"]
            inventory.sources = evidence["sources"]
            inventory.crls = evidence["crls"]
            inventory.problems = evidence["problems"]
            for row in evidence["certificates"]:
                certificate = Certificate.from_row(row)
                inventory.certificates[certificate.fingerprint_sha256] = certificate
        except (KeyError, TypeError) as error:
            raise ValueError(f"the evidence is not an inventory: {error!r}") from None
        return inventory


def inventory_of(evidence: dict[str, Any]) -> dict[str, Any]:
    """The inventory's part of a domain's evidence: the whole where certificates are all there is."""
    part: dict[str, Any] = evidence.get("inventory", evidence)
    return part
