# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All evidence of a server's PKI mounts, and an inventory of their issuers' certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .._audit.policy import OptionError
from .._x509.inventory import Inventory
from .auth import Credentials, check_token
from .days import DAY
from .errors import RequestError
from .leaf_cache import LeafCache
from .leases import count_irrevocable
from .mounts import LeafOptions, Mount, MountReader, list_mounts, pki_mounts, unread_mount
from .parts import Parts
from .server import product_of, read_server
from .session import logged_in
from .transport import Transport

COLLECT_OPTIONS: dict[str, dict[str, Any]] = {
    "mounts": {"type": "list", "elements": "str"},
    "namespaces": {"type": "list", "elements": "str"},
    "leaves": {"type": "str", "choices": ["all", "sample", "none"], "default": "all"},
    "leaves_sample": {"type": "int", "default": 1000},
    "leaves_cache_path": {"type": "path"},
    "storage_max_entry_size": {"type": "int"},
    "storage_txn_max_req_len": {"type": "int"},
}
"""The options that say what is collected, beside those of the connection and of the login."""


@dataclass
class Collected:
    """``evidence`` is plain JSON, ``inventory`` has the issuers' certificates.

    evidence: {server, mounts, problems}. server: {product, version, enterprise, standby, started_at, cluster_id,
    cluster_name, storage} (server.py, storage.py). A mount: see mounts.unread_mount for its keys; settings are the
    server's own with durations as seconds, null is not there or, with a problem of that part, not known. problems:
    {part, path, capability, status, reason}, of the server at the top and of each mount in it.
    """

    evidence: dict[str, Any]
    inventory: Inventory


def collect(
    params: Mapping[str, Any], *, environment: Mapping[str, str], now: datetime, day: timedelta = DAY
) -> Collected:
    """Logs in and collects; only reads and lists. Dates are counted by ``day`` (see days.py).

    Raises OptionError for bad input, for a refused login, and where the server cannot be asked anything at all.
    Whatever else fails is a problem in the evidence.
    """
    _check_numbers(params)
    with logged_in(params, environment) as transport:
        has_token = Credentials(params, environment).method() != "none"
        return Collector(transport, params, now=now, has_token=has_token, day=day).collect()


class Collector:
    """One run over one server."""

    def __init__(
        self,
        transport: Transport,
        params: Mapping[str, Any],
        *,
        now: datetime,
        has_token: bool,
        day: timedelta = DAY,
    ) -> None:
        self.transport = transport
        self.params = params
        self.now = now
        self.day = day
        self.has_token = has_token
        self.inventory = Inventory()
        self.parts = Parts(transport)
        self.server: dict[str, Any] = {}
        self._leaf_options = LeafOptions(
            params["leaves"], params["leaves_sample"], LeafCache(params.get("leaves_cache_path"))
        )

    def collect(self) -> Collected:
        """The evidence. Raises RequestError where the server does not answer at all."""
        self.server = read_server(
            self.parts,
            storage_max_entry_size=self.params.get("storage_max_entry_size"),
            storage_txn_max_req_len=self.params.get("storage_txn_max_req_len"),
        )
        mounts: list[dict[str, Any]] = []
        if not self.parts.problems or self.parts.problems[0]["part"] != "server":
            if self.has_token:
                self._check_token()
            for namespace in self.params.get("namespaces") or [""]:
                mounts += self._namespace(namespace.strip("/"))
        else:
            mounts = self._stubs()
        cache = self._leaf_options.cache
        if cache.problem is not None:
            self.parts.problem("leaves_cache", cache.path or "", f"cannot be used: {cache.problem}")
        evidence = {"server": self.server, "mounts": mounts, "problems": self.parts.problems}
        return Collected(evidence, self.inventory)

    def _check_token(self) -> None:
        if not self.transport.token_checked:
            failure = check_token(self.transport)
            if failure is not None:
                self.parts.problems.append(failure.problem("token"))

    def _namespace(self, namespace: str) -> list[dict[str, Any]]:
        parts = Parts(self.transport, namespace=namespace)
        listed = list_mounts(parts)
        self.server["product"] = product_of(listed or {}, self.server)
        mounts = self._chosen(parts, pki_mounts(listed or {}), complete=listed is not None)
        irrevocable = None
        if mounts:
            try:
                irrevocable = count_irrevocable(parts)
            except RequestError as error:
                parts.note("irrevocable_leases", error)
        told = [problem for problem in parts.problems if problem["part"] == "irrevocable_leases"]
        self.parts.problems += [problem for problem in parts.problems if problem not in told]
        return [self._mount(mount, irrevocable, told) for mount in mounts]

    def _chosen(self, parts: Parts, found: Mapping[str, Any], *, complete: bool) -> list[Mount]:
        """The named mounts, seen or not; all that were seen where none is named."""
        names = self.params.get("mounts")
        if names:
            return [
                Mount(path, parts.namespace, found.get(path) or {}) for path in dict.fromkeys(map(_normal_path, names))
            ]
        if not found and complete:
            parts.problem("mounts", "sys/mounts", "no PKI mount is visible to the token")
        return [Mount(path, parts.namespace, entry) for path, entry in found.items()]

    def _mount(self, mount: Mount, irrevocable: Mapping[str, int] | None, told: list[dict[str, Any]]) -> dict[str, Any]:
        target = self.inventory.add_target("vault", f"vault://{self._address()}/{mount.location}")
        reader = MountReader(
            self.transport,
            mount,
            detailed=self.server["product"] == "openbao",
            managed_keys=bool(self.server["enterprise"]),
            leaf_options=self._leaf_options,
            now=self.now,
            day=self.day,
        )
        try:
            evidence = reader.read(irrevocable)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # A defect met at one mount is its evidence, and hides no other.
            evidence = unread_mount(mount)
            reader.parts.problem("mount", mount.path, f"the audit failed: {type(error).__name__}: {error}")
            evidence["problems"] = reader.parts.problems
        evidence["problems"] += told
        if evidence["issuers"] is None:
            reason = evidence["problems"][0]["reason"] if evidence["problems"] else "its issuers could not be read"
            self.inventory.unknown(target, reason)
            return evidence
        for issuer_id, certificate in reader.issuers.certificates.items():
            self.inventory.add_certificate(
                certificate, f"vault://{self._address()}/{mount.location}issuer/{issuer_id}", target=target
            )
        self.inventory.evaluated(target)
        return evidence

    def _address(self) -> str:
        return self.transport.connection.url.partition("://")[2]

    def _stubs(self) -> list[dict[str, Any]]:
        """The named mounts of a server that cannot be asked, each with the reason."""
        stubs = []
        for namespace in self.params.get("namespaces") or [""]:
            for name in dict.fromkeys(map(_normal_path, self.params.get("mounts") or [])):
                stub = unread_mount(Mount(name, namespace.strip("/"), {}))
                stub["problems"] = [{**self.parts.problems[0], "part": "mount"}]
                stubs.append(stub)
        return stubs


def _normal_path(name: str) -> str:
    return name.strip("/") + "/"


def _check_numbers(params: Mapping[str, Any]) -> None:
    for option in ("leaves_sample", "storage_max_entry_size", "storage_txn_max_req_len"):
        value = params.get(option)
        if value is not None and value < 1:
            raise OptionError.of(option, value, "is too small; give 1 or more")
