# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules know of a mount, its roles, issuers and CRLs. Pure; the forecast is made once, when asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from .._x509.certificate import Certificate
from .._x509.inventory import Inventory
from .crl_model import is_frozen
from .defaults import DEFAULT_LIFESPAN, seconds
from .forecast import Forecast, ForecastPolicy, forecast
from .population import leased_roles
from .settings import role_ttl
from .solver import recommend
from .storage_limit import StorageLimit, storage_limit

COUNTS = frozenset(("certificates", "revoked", "leases", "irrevocable_leases"))
"""The parts of the evidence that are counts."""
SERVER_PARTS = frozenset(("server", "storage", "token"))
"""The parts whose problems are those of the server, not of one mount."""


@dataclass(frozen=True)
class ServerFacts:
    """The server: its evidence and its problems."""

    evidence: Mapping[str, Any]
    problems: tuple[Mapping[str, Any], ...]

    @property
    def place(self) -> str:
        """What stays the same between runs and hosts: the cluster's id, else the server's address."""
        return str(self.evidence.get("cluster_id") or self.evidence.get("address") or "vault")

    @property
    def address(self) -> str:
        """Where people find it: ``vault.example.com:8200``."""
        return str(self.evidence.get("address") or self.place)

    @property
    def display(self) -> str:
        """For people: ``OpenBao 2.7.2``."""
        name = {"openbao": "OpenBao", "vault": "Vault"}.get(str(self.evidence.get("product")), "the server")
        return f"{name} {self.evidence.get('version') or ''}".strip()

    @property
    def version(self) -> tuple[int, ...]:
        """(1, 21) of 1.21.0+ent."""
        numbers = re.match(r"(\d+)\.(\d+)", str(self.evidence.get("version") or ""))
        return tuple(int(number) for number in numbers.groups()) if numbers else (0, 0)

    def problem(self, part: str) -> Mapping[str, Any] | None:
        """Why that part could not be read; None where it could."""
        return next((problem for problem in self.problems if problem.get("part") == part), None)

    def value(self, part: str) -> Any:
        """The evidence of that part; None where there is none."""
        return self.evidence if part == "server" else self.evidence.get(part)


class MountFacts:
    """One mount's evidence, with what follows from it."""

    def __init__(
        self,
        evidence: Mapping[str, Any],
        server: ServerFacts,
        inventory: Inventory,
        policy: ForecastPolicy,
        now: datetime,
    ) -> None:
        self.evidence = evidence
        self.server = server
        self.inventory = inventory
        self.policy = policy
        self.now = now

    @property
    def mount(self) -> MountFacts:
        """Itself: every subject has its mount."""
        return self

    @property
    def path(self) -> str:
        """``pki/``, without the namespace, as the API takes it."""
        return str(self.evidence["path"])

    @cached_property
    def display(self) -> str:
        """``team/pki/``: with the namespace."""
        namespace = str(self.evidence.get("namespace") or "").strip("/")
        return f"{namespace}/{self.path}" if namespace else self.path

    @property
    def target(self) -> dict[str, Any]:
        """The mount as what a remediation's settings are of: {kind, address, cluster_id, namespace, mount}."""
        return {
            "kind": "vault_mount",
            "address": self.server.address,
            "cluster_id": self.server.evidence.get("cluster_id") or None,
            "namespace": self.evidence.get("namespace") or "",
            "mount": self.path,
        }

    def problem(self, part: str) -> Mapping[str, Any] | None:
        """Why that part could not be read; None where it could.

        CRLs are found by their issuers, and leaves in the list of certificates: without those, they are unread too.
        """
        if part in SERVER_PARTS:
            return self.server.problem(part)
        parts = {part, "mount"}
        if part == "crls":
            parts.add("issuers")
        if part == "leaves" and self.settings("leaves").get("mode") != "none":
            parts.add("certificates")
        return next((dict(each) for each in self.evidence.get("problems") or () if each.get("part") in parts), None)

    def value(self, part: str) -> Any:
        """The evidence of that part; None where there is none."""
        if part in SERVER_PARTS:
            return self.server.value(part)
        if part in COUNTS:
            return (self.evidence.get("counts") or {}).get(part)
        return self.evidence.get(part)

    def settings(self, part: str) -> Mapping[str, Any]:
        """The evidence of a part that is a mapping; {} where there is none."""
        value: Mapping[str, Any] = self.value(part) or {}
        return value

    @cached_property
    def limit(self) -> StorageLimit:
        """What the storage takes."""
        return storage_limit(self.server.value("storage") or {}, namespaced=bool(self.evidence.get("namespace")))

    @cached_property
    def forecast(self) -> Forecast:
        """The CRL's scenarios."""
        return forecast(self.evidence, self.server.evidence, self.limit, self.policy, self.now)

    @cached_property
    def scenarios(self) -> Mapping[str, Any]:
        """The forecast as the module returns it."""
        return self.forecast.to_json()

    @cached_property
    def recommended(self) -> Mapping[str, Any]:
        """The smallest change of settings that keeps the CRL well below the limit (see solver.recommend)."""
        return recommend(self.evidence, self.server.evidence, self.limit, self.policy, self.now)

    @cached_property
    def frozen(self) -> bool | None:
        """Whether revocations no longer reach the CRL; None where that cannot be told.

        Also where all that is missing has expired: a rebuild would hold it, and none succeeds before nextUpdate.
        """
        return is_frozen(self.evidence, self.now)

    @cached_property
    def leased_roles(self) -> tuple[str, ...]:
        """Names of the roles whose certificates get a lease."""
        return tuple(leased_roles(self.evidence))

    @cached_property
    def stores(self) -> bool:
        """Whether any role stores its certificates; True where no roles are known."""
        roles = self.settings("roles").values()
        return not roles or any(not role.get("no_store") for role in roles)

    def ttl(self, role: Mapping[str, Any]) -> float:
        """The life in seconds of a certificate of that role, if the request asks for none (issue_common.go, Vault)."""
        return min(
            seconds(role.get("ttl")) or seconds(self.evidence.get("default_lease_ttl_seconds")) or DEFAULT_LIFESPAN,
            self.max_ttl(role),
        )

    def max_ttl(self, role: Mapping[str, Any]) -> float:
        """The longest life in seconds that a request can have from that role."""
        longest = seconds(role.get("max_ttl")) or seconds(self.evidence.get("max_lease_ttl_seconds"))
        return longest or max(role_ttl(role), DEFAULT_LIFESPAN)

    @cached_property
    def issuers(self) -> tuple[IssuerFacts, ...]:
        """All issuers that were read."""
        return tuple(IssuerFacts(self, row) for row in self.evidence.get("issuers") or ())

    def issuer_of(self, role: Mapping[str, Any]) -> IssuerFacts | None:
        """The issuer that the role issues from; None where it is not known."""
        wanted = role.get("issuer_ref") or "default"
        for issuer in self.issuers:
            row = issuer.row
            if wanted in (row.get("issuer_id"), row.get("issuer_name")) or (wanted == "default" and row["is_default"]):
                return issuer
        return None

    def subjects(self) -> Iterator[tuple[str, Any]]:
        """(kind, subject) of the mount and of all below it; where a part could not be read, the part as a whole."""
        yield "mount", self
        roles = self.settings("roles")
        yield from (("role", RoleFacts(self, name, role)) for name, role in roles.items())
        yield from (("issuer", issuer) for issuer in self.issuers)
        yield from (("crl", CrlFacts(self, crl)) for crl in self.evidence.get("crls") or ())
        for kind, part in (("role", "roles"), ("issuer", "issuers"), ("crl", "crls")):
            if self.problem(part) is not None:
                yield kind, UnreadPart(self, part)


@dataclass(frozen=True)
class UnreadPart:
    """The roles, issuers or CRLs of a mount that could not be read: every rule on them is unknown."""

    mount: MountFacts
    part: str


@dataclass(frozen=True)
class RoleFacts:
    """One role."""

    mount: MountFacts
    name: str
    role: Mapping[str, Any]

    @property
    def display(self) -> str:
        """``pki/roles/web``."""
        return f"{self.mount.display}roles/{self.name}"

    @property
    def leased(self) -> bool:
        """Whether its certificates get a lease."""
        return self.name in self.mount.leased_roles

    @property
    def issuer(self) -> IssuerFacts | None:
        """The issuer that it issues from."""
        return self.mount.issuer_of(self.role)


@dataclass(frozen=True)
class IssuerFacts:
    """One issuer."""

    mount: MountFacts
    row: Mapping[str, Any]

    @property
    def display(self) -> str:
        """``pki/issuer/name``."""
        return f"{self.mount.display}issuer/{self.row.get('issuer_name') or self.row['issuer_id']}"

    @property
    def certificate(self) -> Certificate | None:
        """Its certificate, if it could be parsed."""
        return self.mount.inventory.certificates.get(str(self.row.get("certificate_fingerprint_sha256")))

    @property
    def is_root(self) -> bool:
        """Whether its certificate is self-issued."""
        return self.certificate is not None and self.certificate.self_issued

    @property
    def has_key(self) -> bool:
        """Whether the mount holds its key; without one it neither issues nor signs."""
        return bool(self.row.get("key_id"))

    def may(self, usage: str) -> bool:
        """Whether it has a usage such as ``crl-signing``."""
        return usage in (self.row.get("usage") or ())


@dataclass(frozen=True)
class CrlFacts:
    """One CRL as served."""

    mount: MountFacts
    crl: Mapping[str, Any]

    @property
    def is_delta(self) -> bool:
        """Whether it is a delta CRL."""
        return self.crl.get("kind") == "delta"

    @property
    def display(self) -> str:
        """``pki/ CRL of CN=Root``."""
        return f"{self.mount.display} {'delta CRL' if self.is_delta else 'CRL'} of {self.crl.get('issuer')}"
