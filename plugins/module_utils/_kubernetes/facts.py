# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules ``kubernetes.*`` know of a cluster, read from its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .._x509.certificate import Certificate
from .collect import Collected
from .resources import RESOURCES, USES

_USES = tuple(each.name for each in RESOURCES.values() if each.keeps == USES)


class SourceFacts(NamedTuple):
    """One resource that was to be listed, in all namespaces or in one. ``told`` is False where the whole cluster did
    not answer, which is said once."""

    location: str
    row: Mapping[str, Any]
    told: bool

    @property
    def title(self) -> str:
        """``secrets``, ``ingresses.networking.k8s.io``."""
        return RESOURCES[self.row["resource"]].title

    @property
    def where(self) -> str:
        """``in all namespaces``, ``in the namespace web``; empty for what lies in none."""
        if self.row["namespace"] is not None:
            return f" in the namespace {self.row['namespace']}"
        return " in all namespaces" if RESOURCES[self.row["resource"]].namespaced else ""


class BundleFacts(NamedTuple):
    """A trust bundle with its certificates."""

    row: Mapping[str, Any]
    certificates: tuple[Certificate, ...]

    @property
    def location(self) -> str:
        """Where it lies."""
        return str(self.row["location"])


class SecretFacts(NamedTuple):
    """A Secret of type kubernetes.io/tls; ``users`` is None where not all of them are known."""

    row: Mapping[str, Any]
    users: tuple[str, ...] | None

    @property
    def location(self) -> str:
        """Where it lies."""
        return str(self.row["location"])


class RequestFacts(NamedTuple):
    """A request for a certificate that has none."""

    row: Mapping[str, Any]

    @property
    def location(self) -> str:
        """Where it lies."""
        return str(self.row["location"])

    @property
    def display(self) -> str:
        """``web-0 (signer example.com/ca)``."""
        namespace = f"{self.row['namespace']}/" if self.row["namespace"] else ""
        return f"{namespace}{self.row['name']} (signer {self.row['signer']})"


class Users(NamedTuple):
    """Who refers to a Secret, and the host names that an Ingress serves by it."""

    users: tuple[str, ...]
    hosts: tuple[str, ...]


class ClusterFacts:
    """Indexes over the evidence, made once for a judgement."""

    def __init__(self, collected: Collected) -> None:
        self.cluster = collected.cluster
        self.location = f"kubernetes://{self.cluster['address']}"
        self._collected = collected
        self._users: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = defaultdict(lambda: ({}, {}))
        for namespace, user, secrets in collected.uses:
            for secret, hosts in secrets:
                users, known = self._users[namespace, secret]
                users[user] = None
                known.update(dict.fromkeys(hosts))

    def users_of(self, namespace: str, secret: str) -> Users:
        """Who refers to it, as far as that could be read."""
        users, hosts = self._users.get((namespace, secret), ({}, {}))
        return Users(tuple(users), tuple(hosts))

    def sources(self) -> Iterator[SourceFacts]:
        """All that was to be listed."""
        told = self.cluster["problem"] is None
        for row in self._collected.sources:
            namespace = f"namespaces/{row['namespace']}/" if row["namespace"] else ""
            yield SourceFacts(f"{self.location}/{namespace}{row['resource']}", row, told)

    def bundles(self) -> Iterator[BundleFacts]:
        """All trust bundles."""
        known = self._collected.inventory.certificates
        for row in self._collected.bundles:
            yield BundleFacts(row, tuple(known[each] for each in row["certificates"]))

    def requests(self) -> Iterator[RequestFacts]:
        """All requests without a certificate."""
        return map(RequestFacts, self._collected.requests)

    def secrets(self) -> Iterator[SecretFacts]:
        """All Secrets of type kubernetes.io/tls."""
        seen = {(row["resource"], row["namespace"]) for row in self._collected.sources if row["status"] == "evaluated"}
        for row in self._collected.secrets:
            whole = all((name, None) in seen or (name, row["namespace"]) in seen for name in _USES)
            yield SecretFacts(row, self.users_of(row["namespace"], row["name"]).users if whole else None)

    def holder_of(self, location: str) -> Users | None:
        """The users of the Secret that a certificate's location lies in; None where it lies elsewhere."""
        prefix = f"{self.location}/namespaces/"
        if not location.startswith(prefix):
            return None
        parts = location[len(prefix) :].split("/")
        return self.users_of(parts[0], parts[2]) if len(parts) > 3 and parts[1] == "secrets" else None
