# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing down in the inventory what the objects of a cluster hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._x509.inventory import Inventory
from .._x509.items import CertificateItem, CrlItem, Item, KeyItem, ProblemItem
from .objects import Bundle, Holder

CA_KEY = "ca.crt"


class Recorder:
    """Fills the inventory for one cluster, which is its target."""

    def __init__(self, inventory: Inventory, cluster: str) -> None:
        self._inventory = inventory
        self._cluster = cluster
        self._target = inventory.add_target("cluster", cluster)
        inventory.evaluated(self._target)

    def location_of(self, resource: str, namespace: str, name: str) -> str:
        """As the API's own paths: ``kubernetes://host:6443/namespaces/web/secrets/shop``."""
        place = f"namespaces/{namespace}/{resource}" if namespace else resource
        return f"{self._cluster}/{place}/{name}"

    def holder(self, resource: str, holder: Holder) -> str:
        """All certificates of a Secret or ConfigMap; returns its location."""
        location = self.location_of(resource, holder.namespace, holder.name)
        for part in holder.parts:
            # A CA that lies beside them is of another key.
            keyed = holder.private_key and part.key != CA_KEY
            self._record(f"{location}/{part.key}", part.items, kind=resource, private_key=keyed, rotator=holder.rotator)
        return location

    def bundles_of(self, holder: Holder, location: str) -> list[dict[str, Any]]:
        """Those values of a ConfigMap that are CA certificates and nothing else: somebody trusts them."""
        rows = []
        for part in holder.parts:
            certificates = [each.certificate for each in part.items if isinstance(each, CertificateItem)]
            if certificates and len(certificates) == len(part.items) and all(each.is_ca for each in certificates):
                name = f"{holder.namespace}/{holder.name}"
                rows.append(_row(f"{location}/{part.key}", f"{name} ({part.key})", "whoever mounts it", part.items))
        return rows

    def bundle(self, resource: str, bundle: Bundle) -> dict[str, Any]:
        """The certificates of a bundle, and its row (collect.Collected.bundles)."""
        location = self.location_of(resource, "", bundle.name) + (f"/{bundle.path}" if bundle.path else "")
        self._record(location, bundle.items, kind=resource)
        name = f"{bundle.name} ({bundle.path})" if bundle.path else bundle.name
        return _row(location, name, bundle.serves, bundle.items)

    def _record(
        self, location: str, items: Sequence[Item], *, kind: str, private_key: bool = False, rotator: str | None = None
    ) -> None:
        """Every item under its place in the value; the value as a source where it says more than they do."""
        inventory, fingerprints = self._inventory, []
        for item in items:
            place = f"{location}#{item.position}" if item.position else location
            if isinstance(item, CertificateItem):
                known = inventory.add_certificate(item.certificate, place, target=self._target)
                known.rotator = known.rotator or rotator
                fingerprints.append(known.fingerprint_sha256)
            elif isinstance(item, CrlItem):
                inventory.add_crl(item.crl, place, target=self._target)
            elif isinstance(item, ProblemItem):
                inventory.add_problem(place, kind=item.kind, reason=_advice(item), target=self._target)
            elif isinstance(item, KeyItem):
                private_key = True
        if fingerprints and (private_key or len(fingerprints) > 1):
            inventory.add_source(
                location, kind=kind, target=self._target, certificates=fingerprints, private_key=private_key
            )


def _row(location: str, name: str, serves: str, items: Sequence[Item]) -> dict[str, Any]:
    fingerprints = [each.certificate.fingerprint_sha256 for each in items if isinstance(each, CertificateItem)]
    reason = next((each.reason for each in items if isinstance(each, ProblemItem)), None)
    row = {"location": location, "name": name, "serves": serves, "certificates": fingerprints, "reason": reason}
    return {**row, "copies": 0}


def _advice(item: ProblemItem) -> str:
    if item.kind != "password":
        return item.reason
    return f"{item.reason}; its password is taken from the same Secret, of a key with 'pass' in its name"
