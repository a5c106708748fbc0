# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All evidence of a cluster: its objects' certificates into an inventory, and what the rules want to know beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from .._audit.libraries import require
from .._audit.policy import OptionError
from .._tls.collect import collect_endpoints
from .._tls.target import parse_endpoint
from .._x509.inventory import Inventory
from . import objects
from .client import ABSENT, FAILED, FORBIDDEN, Client, Refusal
from .connection import CONNECTION_OPTIONS, configuration_of, options_of
from .library import LIBRARIES, kubernetes
from .recording import Recorder
from .resources import BUNDLES, HOLDERS, REQUESTS, RESOURCES, USES, Resource

COLLECT_OPTIONS: dict[str, dict[str, Any]] = {
    **CONNECTION_OPTIONS,
    "resources": {"type": "list", "elements": "str", "choices": list(RESOURCES), "default": list(RESOURCES)},
    "namespaces": {"type": "list", "elements": "str", "default": []},
}
"""The options that say what is collected, and of whom."""


@dataclass
class Collected:
    """``cluster``: {url, address, version, clock_difference (seconds, positive where the server's clock is ahead),
    problem {kind, reason} or None, repeated}.

    ``sources`` are one for each resource and namespace (None for all): {resource, group, namespace, status: evaluated,
    absent or unknown, kind, reason, objects, restarts}. ``bundles``: {location, name, serves, certificates:
    [fingerprints], reason, copies (how many more ConfigMaps hold the same)}. ``requests``: {resource, location} and
    objects.Request. ``secrets``: those of type kubernetes.io/tls: {location, namespace, name, owner}. ``uses``:
    objects.Use as lists.
    """

    cluster: dict[str, Any] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)
    bundles: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[dict[str, Any]] = field(default_factory=list)
    uses: list[Any] = field(default_factory=list)
    inventory: Inventory = field(default_factory=Inventory)


def collect(params: Mapping[str, Any], environment: Mapping[str, str], now: datetime) -> Collected:
    """Lists and reads, nothing else. Raises OptionError for bad input; what the cluster refuses is evidence."""
    require(*LIBRARIES)
    options = options_of(params, environment)
    for namespace in params["namespaces"]:
        if not namespace or "/" in namespace:
            raise OptionError.of("namespaces", namespace, "is no name of a namespace")
    configuration = configuration_of(options, environment)
    try:
        api = kubernetes.client.ApiClient(configuration)
    except (OSError, ValueError) as error:
        raise OptionError(f"proxy: the client cannot be made with it: {type(error).__name__}") from None
    try:
        collector = Collector(Client(api, options), now)
        collector.collect(params["resources"], params["namespaces"])
    finally:
        api.close()
    _collect_served(configuration, collector.collected, options["timeout"])
    return collector.collected


class _Guard:
    """A resource's ``keep`` which no single object can stop."""

    def __init__(self, resource: Resource) -> None:
        self._keep = resource.keep
        self.failed: dict[str, str] = {}

    def keep(self, item: objects.Object) -> Any:
        try:
            return self._keep(item)
        except Exception as error:  # noqa: BLE001 - one object must not hide the others
            metadata = item.get("metadata")
            name = metadata.get("name") if isinstance(metadata, dict) else None
            self.failed[str(name)] = type(error).__name__  # without the message: it may quote the object
            return None

    def problem(self) -> dict[str, str]:
        """{kind, reason}; {} where all were read."""
        if not self.failed:
            return {}
        named = ", ".join(f"{name} ({error})" for name, error in list(self.failed.items())[:3])
        return {"kind": FAILED, "reason": f"{len(self.failed)} objects could not be read: {named}"}


class Collector:
    """One run over one cluster."""

    def __init__(self, client: Client, now: datetime) -> None:
        self.client = client
        self.collected = Collected()
        self._now = now
        parts = urlsplit(client.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self.collected.cluster = {"url": client.url, "address": f"{host}:{port}", "version": None, "problem": None}
        self.collected.cluster.update(clock_difference=None, repeated=0)
        self._recorder: Recorder | None = None
        self._published: dict[tuple[str, ...], dict[str, Any]] = {}

    @property
    def location(self) -> str:
        """What the locations of all objects begin with."""
        return f"kubernetes://{self.collected.cluster['address']}"

    def collect(self, resources: list[str], namespaces: list[str]) -> None:
        """Asks who is there, and then for all that is wanted of them."""
        cluster = self.collected.cluster
        try:
            cluster["version"], clock = self.client.version()
        except Refusal as refusal:
            # Whoever may not ask for the version may ask for other things.
            if refusal.kind != FORBIDDEN:
                cluster["problem"] = {"kind": refusal.kind, "reason": refusal.reason}
        else:
            if clock is not None:
                cluster["clock_difference"] = round((clock - self._now).total_seconds())
        for name in dict.fromkeys(resources):
            resource = RESOURCES[name]
            for namespace in dict.fromkeys(namespaces) if resource.namespaced and namespaces else [None]:
                self.collected.sources.append(self._source(resource, namespace))
        cluster["repeated"] = self.client.repeated

    def _source(self, resource: Resource, namespace: str | None) -> dict[str, Any]:
        row: dict[str, Any] = {"resource": resource.name, "group": resource.group, "namespace": namespace}
        row.update(status="unknown", kind=None, reason=None, objects=0, restarts=0)
        problem = self.collected.cluster["problem"]
        if problem is not None:
            return {**row, **problem}
        refusal = Refusal(ABSENT, "the server has no such API")
        for version in resource.versions:
            guard = _Guard(resource)
            try:
                found = self.client.list_all(resource.path(version, namespace), resource.query, guard.keep)
            except Refusal as told:
                refusal = told
                if refusal.kind != ABSENT:
                    break
            else:
                self._keep(resource, found.kept)
                status = "unknown" if guard.failed else "evaluated"
                row.update(status=status, objects=found.objects, restarts=found.restarts, **guard.problem())
                return row
        status = "absent" if refusal.kind == ABSENT else "unknown"
        return {**row, "status": status, "kind": refusal.kind, "reason": refusal.reason}

    def _keep(self, resource: Resource, kept: list[Any]) -> None:
        recorder = self._recorder = self._recorder or Recorder(self.collected.inventory, self.location)
        collected = self.collected
        if resource.keeps == HOLDERS:
            for holder in kept:
                self._keep_holder(resource, holder, recorder)
        elif resource.keeps == BUNDLES:
            collected.bundles += [recorder.bundle(resource.name, each) for row in kept for each in row]
        elif resource.keeps == REQUESTS:
            for request in kept:
                location = recorder.location_of(resource.name, request.namespace, request.name)
                collected.requests.append({"resource": resource.name, "location": location, **request._asdict()})
        elif resource.keeps == USES:
            # The pods of one controller all refer to the same.
            collected.uses += [list(use) for use in dict.fromkeys(kept)]

    def _keep_holder(self, resource: Resource, holder: objects.Holder, recorder: Recorder) -> None:
        location = recorder.holder(resource.name, holder)
        if holder.type == objects.TLS_TYPE:
            row = {"location": location, "namespace": holder.namespace, "name": holder.name, "owner": holder.owner}
            self.collected.secrets.append(row)
        elif resource.name == "configmaps":
            for bundle in recorder.bundles_of(holder, location):
                # One CA is published in every namespace: it is told of once.
                first = self._published.setdefault(tuple(bundle["certificates"]), bundle)
                if first is bundle:
                    self.collected.bundles.append(bundle)
                else:
                    first["copies"] += 1


def _collect_served(configuration: Any, collected: Collected, timeout: float) -> None:
    """The certificate that the API server serves; not where it is not reached directly, or was not reached at all."""
    parts = urlsplit(configuration.host)
    problem = collected.cluster["problem"]
    if parts.scheme != "https" or configuration.proxy or (problem and problem["kind"] in ("unreachable", "stalled")):
        return
    given: dict[str, Any] = {"host": parts.hostname, "port": parts.port or 443}
    if configuration.tls_server_name:
        given["server_name"] = configuration.tls_server_name
    collect_endpoints([parse_endpoint(given, option="host")], collected.inventory, timeout=timeout)
