# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PKI mounts that the token can see, or that were named, and the evidence of one of them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from . import errors
from .days import DAY
from .durations import normalise
from .end_entities import end_entities
from .errors import RequestError
from .issuers import Issuers, read_crls, read_issuers
from .leaf_cache import LeafCache
from .leases import count_leases
from .leaves import choose, missing_from_crl, nothing_read, read_leaves, revoked_by_day, summarise
from .parts import Parts, Task
from .serials import number
from .transport import Transport

MOUNTS = "sys/mounts"
VISIBLE_MOUNTS = "sys/internal/ui/mounts"


class LeafOptions(NamedTuple):
    """Which leaves are read: mode all|sample|none, how many make a sample, and where what was read is kept."""

    mode: str
    sample: int
    cache: LeafCache


class Mount(NamedTuple):
    """A mount as listed; ``entry`` is empty where it was named but not seen."""

    path: str
    namespace: str
    entry: Mapping[str, Any]

    @property
    def location(self) -> str:
        return f"{self.namespace}/{self.path}" if self.namespace else self.path


def list_mounts(parts: Parts) -> dict[str, Any] | None:
    """All mounts of a namespace by path; with fewer rights, those that the token has some right on.

    None, and a problem, where not even these can be had.
    """
    try:
        return dict(parts.read(MOUNTS))
    except RequestError as error:
        refused = error
    if refused.kind == errors.FORBIDDEN:
        try:
            visible = parts.read(VISIBLE_MOUNTS).get("secret") or {}
        except RequestError as error:
            refused = error if error.kind != errors.FORBIDDEN else refused
        else:
            if visible:
                return dict(visible)
    parts.problems.append(refused.problem("mounts"))
    return None


def pki_mounts(listed: Mapping[str, Any]) -> dict[str, Any]:
    """Those of type pki."""
    return {path: entry for path, entry in listed.items() if isinstance(entry, dict) and entry.get("type") == "pki"}


def unread_mount(mount: Mount) -> dict[str, Any]:
    """A mount's evidence with nothing known."""
    config = mount.entry.get("config") or {}
    return {
        "path": mount.path,
        "namespace": mount.namespace,
        "uuid": mount.entry.get("uuid"),
        "accessor": mount.entry.get("accessor"),
        "description": mount.entry.get("description"),
        # 0 stands for the system's default, which only the tuning knows.
        "max_lease_ttl_seconds": config.get("max_lease_ttl") or None,
        "default_lease_ttl_seconds": config.get("default_lease_ttl") or None,
        **dict.fromkeys(("tune", "auto_tidy", "tidy_status", "crl_config", "urls", "cluster", "acme", "roles")),
        "issuers": None,
        "crls": None,
        "counts": dict.fromkeys(("certificates", "revoked", "leases", "irrevocable_leases")),
        "leases_by_role": None,
        "leaves": nothing_read(),
        "problems": [],
    }


class MountReader:
    """Reads one mount, part by part; no part's failure keeps another from being read."""

    def __init__(
        self,
        transport: Transport,
        mount: Mount,
        *,
        detailed: bool,
        managed_keys: bool,
        leaf_options: LeafOptions,
        now: datetime,
        day: timedelta = DAY,
    ) -> None:
        self.mount = mount
        self.parts = Parts(transport, mount.path, mount.namespace)
        self._detailed = detailed
        self._managed_keys = managed_keys
        self._leaf_options = leaf_options
        self._now = now
        self._day = day
        self._listed: dict[str, Any] = {}
        self.issuers = Issuers([], {})

    def read(self, irrevocable: Mapping[str, int] | None) -> dict[str, Any]:
        """The mount's evidence."""
        evidence = unread_mount(self.mount)
        evidence.update(self._configuration())
        if self._is_gone():
            evidence["problems"] = self.parts.problems
            return evidence
        evidence["roles"] = self._roles()
        evidence["issuers"], evidence["crls"], in_crls = self._issuers(evidence["crl_config"])
        tune = evidence["tune"] or {}
        evidence["max_lease_ttl_seconds"] = tune.get("max_lease_ttl", evidence["max_lease_ttl_seconds"])
        evidence["default_lease_ttl_seconds"] = tune.get("default_lease_ttl", evidence["default_lease_ttl_seconds"])
        evidence["leases_by_role"] = count_leases(self.parts, self.mount.path)
        evidence["counts"] = self._counts(evidence["leases_by_role"], irrevocable)
        evidence["leaves"] = self._leaves(evidence["crls"], in_crls)
        evidence["problems"] = self.parts.problems
        return evidence

    def _configuration(self) -> dict[str, Any]:
        """All that is one request; the listings go to ``_listed``."""
        parts = self.parts
        tune_path = f"{MOUNTS}/{self.mount.path}tune"
        names = ("tune", "auto_tidy", "tidy_status", "crl_config", "urls", "cluster", "acme")
        listed = ("roles", "issuers", "certificates", "revoked")
        values = parts.all(
            Task("tune", lambda: parts.transport.read(tune_path, namespace=parts.namespace)),
            Task("auto_tidy", lambda: normalise(parts.read("config/auto-tidy"))),
            Task("tidy_status", lambda: normalise(parts.read("tidy-status"))),
            Task("crl_config", lambda: normalise(parts.read("config/crl"))),
            Task("urls", lambda: parts.read("config/urls")),
            Task("cluster", lambda: parts.read("config/cluster")),
            Task("acme", lambda: normalise(parts.read("config/acme"))),
            Task("roles", lambda: parts.keys("roles")),
            Task("issuers", lambda: parts.listing("issuers")),
            Task("certificates", lambda: parts.keys("certs")),
            Task("revoked", lambda: parts.keys("certs/revoked")),
        )
        self._listed = dict(zip(listed, values[len(names) :]))
        return dict(zip(names, values))

    def _is_gone(self) -> bool:
        """Whether nothing is mounted there (any more): then one problem says so for all parts."""
        # The list of issuers needs no right where there is a mount, but one where there is none: hence the 403.
        problems = self.parts.problems
        gone = [problem for problem in problems if problem["reason"] == errors.NO_MOUNT_REASON]
        if not gone or any(problem["status"] != 403 for problem in problems if problem not in gone):
            return False
        problems.clear()
        self.parts.problem("mount", self.mount.path, errors.NO_MOUNT_REASON)
        return True

    def _roles(self) -> dict[str, Any] | None:
        names = self._listed["roles"]
        if names is None:
            return None
        roles = self.parts.each("roles", lambda name: normalise(self.parts.read(f"roles/{name}")), names)
        return roles or (None if names else {})

    def _issuers(
        self, crl_config: Mapping[str, Any] | None
    ) -> tuple[list[dict[str, Any]] | None, list[dict[str, Any]] | None, list[dict[int, str]] | None]:
        """Issuers, CRLs, and the entries of each CRL where anything could be compared with them."""
        if self._listed["issuers"] is None:
            return None, None, None
        self.issuers = read_issuers(self.parts, self._listed["issuers"], managed_keys=self._managed_keys)
        revoked: list[dict[int, str]] | None = [] if self._listed["revoked"] else None
        delta = crl_config is None or bool(crl_config.get("enable_delta"))
        crls = read_crls(self.parts, self.issuers, delta=delta, revoked=revoked, day=self._day)
        if not any(problem["part"] in ("issuers", "crls") for problem in self.parts.problems):
            return self.issuers.rows, crls, revoked
        # Of what was revoked, no more can be said: it may be in a CRL that could not be read.
        return self.issuers.rows or None, crls or None, None

    def _counts(
        self, by_role: Mapping[str, int] | None, irrevocable: Mapping[str, int] | None
    ) -> dict[str, int | None]:
        certificates, revoked = self._listed["certificates"], self._listed["revoked"]
        return {
            "certificates": None if certificates is None else len(certificates),
            "revoked": None if revoked is None else len(revoked),
            "leases": None if by_role is None else sum(by_role.values()),
            "irrevocable_leases": None
            if irrevocable is None
            else irrevocable.get(str(self.mount.entry.get("accessor")), 0),
        }

    def _leaves(self, crls: list[dict[str, Any]] | None, in_crls: list[dict[int, str]] | None) -> dict[str, Any]:
        """The evidence's ``leaves``; the CRLs get their entries' own dates from them."""
        options, listed = self._leaf_options, self._listed["certificates"]
        own = {int(certificate.serial_number, 16) for certificate in self.issuers.certificates.values()}
        serials = [serial for serial in listed or [] if number(serial) not in own]
        wanted = choose(serials, options.mode, options.sample)
        leaves = read_leaves(
            self.parts,
            wanted,
            listed or [],
            detailed=self._detailed,
            cache=options.cache,
            mount_key=str(self.mount.entry.get("uuid") or self.mount.location),
        )
        expected = None if listed is None else len(serials)
        summary = summarise(leaves, mode=options.mode, expected=expected, now=self._now, day=self._day)
        roots = [each.subject for each in self.issuers.certificates.values() if each.self_issued]
        summary["end_entities"] = end_entities(self.parts, leaves, roots)
        revoked = self._listed["revoked"]
        if revoked == []:
            summary["revoked_unexpired_missing_from_crl"] = 0
        elif revoked and crls and in_crls is not None:
            summary.update(missing_from_crl(self.parts, revoked, ChainMap(*in_crls), leaves, self._now))
            for crl, entries in zip(crls, in_crls):
                crl["revoked_by_day"] = revoked_by_day(entries, leaves, day=self._day)
        return summary
