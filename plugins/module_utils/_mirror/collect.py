# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All evidence of a mirror and its upstream, and an inventory of the certificates that the mirror serves."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from .._audit.policy import OptionError
from .._http.proxies import proxy_for
from .._tls.collect import collect_endpoints
from .._tls.target import parse_endpoint
from .._x509.inventory import Inventory
from .client import Client
from .connection import CONNECTION_OPTIONS, Connection, Server, connection_of, mirror_of, upstream_of
from .evidence import FileProbe, MetadataProbe, PageFetch, ProjectEvidence
from .facts import NOTHING_ASKED, Asked
from .likely import likely_files
from .model import File
from .page_cache import PageCache
from .reader import Limits, Reader, choose_files
from .requirements import name_of, read_requirements
from .root import Root, compare_roots, root_evidence
from .wanted import Wanted, wanted

COLLECT_OPTIONS: dict[str, dict[str, Any]] = {
    **CONNECTION_OPTIONS,
    "projects": {"type": "list", "elements": "str", "default": []},
    "requirements": {"type": "list", "elements": "str", "default": []},
    "requirements_paths": {"type": "list", "elements": "path", "default": []},
    "pythons": {"type": "list", "elements": "str", "default": []},
    "platforms": {"type": "list", "elements": "str", "default": ["manylinux_2_28_x86_64"]},
    "sample": {"type": "int", "default": 0},
    "sample_seed": {"type": "int", "default": 0},
    "file_sample": {"type": "int", "default": 20},
    "max_page_bytes": {"type": "int", "default": 64 << 20},
    "max_file_bytes": {"type": "int", "default": 8 << 20},
    "cache_path": {"type": "path"},
}
"""The options that say what is collected, and of whom."""
_COUNTS = {"sample": 0, "file_sample": 0, "max_page_bytes": 1024, "max_file_bytes": 1024}


@dataclass
class Collected:
    """``indexes`` are one for each address of the mirror, and the upstream; ``sample`` tells what was drawn from what.

    An index: {key, role, url, address, hosts, root, probed, probes, files: [FileProbe]} (root.root_evidence,
    reader.Reader.probes); ``problem`` {kind, reason} where it does not answer. ``roots`` compares the root pages by
    key, where a sample made them be read. ``traffic``: {requests, bytes, not_modified}. ``problems``: {part, reason}.
    ``asked`` is what is to be resolved.
    """

    indexes: list[dict[str, Any]] = field(default_factory=list)
    projects: list[ProjectEvidence] = field(default_factory=list)
    roots: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    sample: dict[str, Any] | None = None
    traffic: dict[str, int] = field(default_factory=dict)
    problems: list[dict[str, str]] = field(default_factory=list)
    asked: Asked = NOTHING_ASKED
    inventory: Inventory = field(default_factory=Inventory)


def collect(params: Mapping[str, Any], environment: Mapping[str, str]) -> Collected:
    """Asks the mirror and, where one is named, the upstream; only reads. Raises OptionError for bad input."""
    for option, least in _COUNTS.items():
        if params[option] < least:
            raise OptionError.of(option, params[option], f"is too small; give {least} or more")
    connection, mirror = connection_of(params), mirror_of(params, environment)
    upstream = upstream_of(params, environment)
    every = params["mirror_addresses"] == "all"
    if every and proxy_for(mirror.url, connection.proxies):
        raise OptionError("mirror_addresses: 'all' cannot be asked by way of a proxy; use 'any'")
    asked = asked_of(params)
    names = list(dict.fromkeys([name_of(each, "projects") for each in (*params["projects"], *asked.requirements)]))
    if not names and not params["sample"]:
        raise OptionError("projects: nothing is named; give projects, requirements, requirements_paths or a sample")
    cache = PageCache(params.get("cache_path"))
    client = Client(connection, cache)
    limits = Limits(params["max_page_bytes"], params["max_file_bytes"])
    try:
        mirrors = [Reader(client, mirror, each, limits) for each in (_addresses(mirror) if every else [None])]
        collector = Collector(mirrors, Reader(client, upstream, None, limits) if upstream else None, params, asked)
        collected = collector.collect(names)
    finally:
        client.close()
        cache.close()
    collected.asked = replace(asked, projects=tuple(names))
    if cache.problem is not None:
        collected.problems.append({"part": "cache_path", "reason": f"cannot be used: {cache.problem}"})
    _collect_certificates(mirror, connection, collected.inventory, every=every)
    return collected


def asked_of(params: Mapping[str, Any]) -> Asked:
    """The requirements, given and from files, and the environments to resolve them in. Raises OptionError."""
    requirements = list(params["requirements"])
    for path in params["requirements_paths"]:
        required = read_requirements(path)
        if not required:
            raise OptionError.of("requirements_paths", path, "requires nothing of an index; name another file")
        requirements += required
    for each in requirements:
        wanted(each)
    asked = Asked(tuple(dict.fromkeys(requirements)), tuple(params["pythons"]), tuple(params["platforms"]))
    asked.environments()
    return asked


class Collector:
    """One run over a mirror, at one or more of its addresses, and its upstream."""

    def __init__(self, mirrors: list[Reader], upstream: Reader | None, params: Mapping[str, Any], asked: Asked) -> None:
        self.mirrors = mirrors
        self.upstream = upstream
        self.params = params
        self.collected = Collected(asked=asked)
        self.client = mirrors[0].client
        self.seed = int(params["sample_seed"])

    def collect(self, names: list[str]) -> Collected:
        roots = self._roots()
        names = names + self._drawn(names, roots)
        readers = [*self.mirrors, *([self.upstream] if self.upstream else [])]
        tasks = [(reader, name) for name in names for reader in readers]
        found: dict[str, dict[str, dict[str, PageFetch]]] = {name: {} for name in names}
        for (reader, name), pages in zip(tasks, self.client.map(lambda task: task[0].pages(task[1]), tasks)):
            found[name][reader.key] = pages
        likely = self._likely(found)
        self._projects(found, likely)
        for reader in readers:
            projects = {name: pages[reader.key] for name, pages in found.items()}
            self._index(reader, roots[reader.key], projects, likely.get(reader.key, {}))
        self.collected.traffic = dict(self.client.traffic.__dict__)
        return self.collected

    def _roots(self) -> dict[str, tuple[dict[str, Any], Root] | None]:
        """The root pages; the upstream's only where a sample is drawn: it is 35 MB."""
        roots: dict[str, tuple[dict[str, Any], Root] | None] = {}
        for reader in self.mirrors:
            answer, root = reader.root()
            roots[reader.key] = (root_evidence(root, answer), root)
        if self.upstream is not None:
            roots[self.upstream.key] = None
            if self.params["sample"]:
                answer, theirs = self.upstream.root()
                roots[self.upstream.key] = (root_evidence(theirs, answer), theirs)
                for reader in self.mirrors:
                    ours = roots[reader.key]
                    self.collected.roots[reader.key] = compare_roots(ours[1], theirs) if ours else None
        return roots

    def _drawn(self, names: list[str], roots: Mapping[str, tuple[dict[str, Any], Root] | None]) -> list[str]:
        """The sample: of what the upstream has, where there is one, so that what the mirror lacks is drawn too."""
        wanted = self.params["sample"]
        if not wanted:
            return []
        source = self.upstream or self.mirrors[0]
        root = roots[source.key]
        population = (root[1].names if root else None) or ()
        drawn = Random(self.seed).sample(population, min(wanted, len(population)))  # noqa: S311 # no secret
        self.collected.sample = {
            "source": source.server.url,
            "population": len(population),
            "drawn": sorted(drawn),
            "seed": self.seed,
        }
        if not population:
            reason = root[1].reason if root and root[1].reason else "it names no project"
            self.collected.problems.append(
                {"part": "sample", "reason": f"the root page cannot be drawn from: {reason}"}
            )
        known = set(names)
        return [name for name in drawn if name not in known]

    def _likely(self, found: Mapping[str, dict[str, dict[str, PageFetch]]]) -> dict[str, dict[str, list[File]]]:
        """By mirror and project the files that clients would take for what was asked."""
        environments = self.collected.asked.environments()
        wanted_of: dict[str, list[Wanted]] = {}
        for text in self.collected.asked.requirements if environments else ():
            requirement = wanted(text)
            wanted_of.setdefault(requirement.project, []).append(requirement)
        return {
            reader.key: {
                name: likely_files(found[name][reader.key], these, environments)
                for name, these in wanted_of.items()
                if name in found
            }
            for reader in self.mirrors
        }

    def _projects(
        self,
        found: Mapping[str, dict[str, dict[str, PageFetch]]],
        likely: Mapping[str, Mapping[str, Sequence[File]]],
    ) -> None:
        tasks = [(reader, name) for name in found for reader in self.mirrors]
        probes = self.client.map(
            lambda task: task[0].metadata(found[task[1]][task[0].key], likely[task[0].key].get(task[1], ())), tasks
        )
        metadata: dict[str, dict[str, tuple[MetadataProbe, ...]]] = {name: {} for name in found}
        for (reader, name), probe in zip(tasks, probes):
            if probe:
                metadata[name][reader.key] = probe
        self.collected.projects = [ProjectEvidence(name, pages, metadata[name]) for name, pages in found.items()]

    def _index(
        self,
        reader: Reader,
        root: tuple[dict[str, Any], Root] | None,
        projects: Mapping[str, dict[str, PageFetch]],
        likely: Mapping[str, Sequence[File]],
    ) -> None:
        ours = reader.server.role == "mirror"
        probed = next((name for name, pages in projects.items() if pages["current"].fetch.ok), None) if ours else None
        fetches = [page.fetch for pages in projects.values() for page in pages.values()]
        silent = next((each for each in fetches if each.status is None), None)
        dead = silent if silent and all(each.status is None for each in fetches) else None
        problem = {"kind": dead.kind, "reason": dead.reason} if dead else None
        target = self.collected.inventory.add_target(reader.server.role, _location(reader))
        if problem is None:
            self.collected.inventory.evaluated(target)
        else:
            self.collected.inventory.unknown(target, str(dead and dead.reason))
        self.collected.indexes.append(
            {
                "key": reader.key,
                "role": reader.server.role,
                "url": reader.server.url,
                "address": reader.address,
                "hosts": list(reader.server.hosts),
                "problem": problem,
                "root": root and root[0],
                "probed": probed,
                "probes": reader.probes(probed) if probed else {},
                "files": self._files(reader, projects, likely) if ours else [],
            }
        )

    def _files(
        self,
        reader: Reader,
        projects: Mapping[str, dict[str, PageFetch]],
        likely: Mapping[str, Sequence[File]],
    ) -> list[FileProbe]:
        random = Random(self.seed)  # noqa: S311 # no secret: the same files at every address
        chosen = choose_files(projects, likely, self.params["file_sample"], random)
        return list(self.client.map(lambda each: reader.file(*each), chosen))


def _location(reader: Reader) -> str:
    return reader.server.url if reader.address is None else f"{reader.server.url}@{reader.address}"


def _addresses(mirror: Server) -> list[str | None]:
    """Every address of the mirror's name; the name alone where it has none, so that the requests tell why."""
    try:
        found = socket.getaddrinfo(mirror.host, mirror.port, type=socket.SOCK_STREAM)
    except OSError:
        return [None]
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _collect_certificates(mirror: Server, connection: Connection, inventory: Inventory, *, every: bool) -> None:
    """The certificates that the mirror serves, for the rules ``certificate.*``; they are not read through a proxy."""
    if not mirror.url.startswith("https:") or proxy_for(mirror.url, connection.proxies):
        return
    files = connection.files
    endpoint = parse_endpoint(
        {
            "host": mirror.host,
            "port": mirror.port,
            "addresses": "all" if every else "first",
            **({"client_certificate": files.certificate} if files.certificate else {}),
            **({"client_key": files.key} if files.key else {}),
        },
        option="mirror_url",
    )
    collect_endpoints([endpoint], inventory, timeout=connection.timeout, ca_path=files.ca)
