# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules know of a mirror: one index at one address, its pages, and what the upstream has of the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .choosing import CLIENTS
from .environment import Environment, environment
from .evidence import Fetch, FileProbe, MetadataProbe, PageFetch, ProjectEvidence
from .model import File, ProjectPage
from .outcome import Faults
from .resolution import Resolution, resolve
from .seen import Seen, seen_by
from .violations import FOREIGN_ANCHOR, FORM, NOT_A_PAGE
from .wanted import wanted

_NO_PAGE = (NOT_A_PAGE, FORM)


@dataclass(frozen=True)
class Asked:
    """What is to be resolved: requirements as texts, for each of the Pythons on each of the platforms.

    ``projects`` are those that somebody named, by themselves or in a requirement, and that no chance has drawn.
    """

    requirements: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()

    def environments(self) -> list[Environment]:
        """Every Python on every platform. Raises OptionError."""
        return [environment(python, platform) for python in self.pythons for platform in self.platforms]


NOTHING_ASKED = Asked()


@dataclass(frozen=True)
class PageFacts:
    """One page of a project, by one way of asking; ``theirs`` is the upstream's page of it, where that was read."""

    project: str
    way: str
    evidence: PageFetch
    theirs: ProjectPage | None = None

    @property
    def page(self) -> ProjectPage:
        """What it says."""
        return self.evidence.page

    @property
    def files(self) -> tuple[File, ...]:
        """The files that it lists."""
        return self.page.files

    @property
    def fetch(self) -> Fetch:
        """How it was got."""
        return self.evidence.fetch

    @property
    def is_json(self) -> bool:
        """Whether its bytes are JSON, whatever they were called."""
        return self.evidence.format == "json"

    @property
    def name(self) -> str:
        """For people: the project, and ``as old clients get it`` where current ones get another page."""
        return self.project if self.way == "current" else f"{self.project} (as old clients get it)"

    @property
    def is_page(self) -> bool:
        """Whether it is one of the Simple API, and no login form, directory listing or anything else."""
        kinds = {each.kind for each in self.page.violations}
        if self.evidence.format is None or kinds & set(_NO_PAGE):
            return False
        return bool(self.files) or FOREIGN_ANCHOR not in kinds

    def violations(self, *kinds: str, at: str = "") -> list[str]:
        """``place: detail`` of the violations of these kinds whose place ends in ``at``."""
        return [
            f"{each.place}: {each.detail}"
            for each in self.page.violations
            if each.kind in kinds and each.place.endswith(at)
        ]


class UpstreamFacts:
    """The upstream: its pages by project."""

    def __init__(self, index: Mapping[str, Any] | None, projects: tuple[ProjectEvidence, ...]) -> None:
        self.index = index
        self._projects = projects

    @property
    def problem(self) -> str | None:
        """Why nothing can be compared with it; None where something can."""
        if self.index is None:
            return "no upstream_url is given"
        problem = self.index.get("problem")
        return f"the upstream does not answer: {problem['reason']}" if problem else None

    @cached_property
    def answers(self) -> Mapping[str, PageFetch]:
        """What it answered for each project."""
        key = str(self.index and self.index["key"])
        return {each.name: each.pages[key]["current"] for each in self._projects if key in each.pages}

    @cached_property
    def pages(self) -> Mapping[str, ProjectPage]:
        """The pages that could be read."""
        read = {name: PageFacts(name, "current", answer) for name, answer in self.answers.items() if answer.fetch.ok}
        return {name: page.page for name, page in read.items() if page.is_page}

    def page_of(self, project: str) -> ProjectPage | None:
        """A project's page; one that is not there has no files, None is not known."""
        answer = self.answers.get(project)
        missing = answer is not None and answer.fetch.status == 404
        return ProjectPage() if missing else self.pages.get(project)

    def file(self, project: str, filename: str) -> File | None:
        """What it lists under that name."""
        page = self.pages.get(project)
        return next((each for each in page.files if each.filename == filename), None) if page else None


class MirrorFacts:
    """The mirror at one address, with all that was asked of it there."""

    def __init__(
        self,
        index: Mapping[str, Any],
        projects: tuple[ProjectEvidence, ...],
        upstream: UpstreamFacts,
        root_comparison: Mapping[str, Any] | None = None,
        asked: Asked = NOTHING_ASKED,
    ) -> None:
        self.index = index
        self.projects = projects
        self.upstream = upstream
        self.root_comparison = root_comparison
        self.asked = asked

    @property
    def key(self) -> str:
        """What its pages are listed under."""
        return str(self.index["key"])

    @property
    def url(self) -> str:
        """Its address, as clients have it."""
        return str(self.index["url"])

    @property
    def location(self) -> str:
        """The URL, with ``@address`` where one of its addresses was asked apart."""
        address = self.index.get("address")
        return self.url if address is None else f"{self.url}@{address}"

    @property
    def problem(self) -> str | None:
        """Why it could not be asked anything; None where it answered."""
        problem = self.index.get("problem")
        return str(problem["reason"]) if problem else None

    @cached_property
    def answers(self) -> tuple[PageFacts, ...]:
        """Every answer for a project's page, whatever it was."""
        return tuple(
            PageFacts(project.name, way, page, self.upstream.pages.get(project.name))
            for project in self.projects
            for way, page in project.pages[self.key].items()
        )

    @cached_property
    def pages(self) -> tuple[PageFacts, ...]:
        """The answers that are pages of the Simple API."""
        return tuple(each for each in self.answers if each.fetch.ok and each.is_page)

    @property
    def metadata(self) -> Iterator[tuple[str, MetadataProbe]]:
        """The metadata files that were asked for, by project."""
        return ((each.name, probe) for each in self.projects for probe in each.metadata.get(self.key, ()))

    @cached_property
    def resolutions(self) -> tuple[Resolution, ...]:
        """What clients would choose, for every requirement, Python and platform that was asked for."""
        environments = self.asked.environments()
        metadata = {probe.filename: probe.requires_python for _project, probe in self.metadata if probe.fetch.ok}
        chosen = []
        for text in self.asked.requirements if environments else ():
            requirement = wanted(text)
            theirs, seen = self.upstream.page_of(requirement.project), self._seen(requirement.project)
            chosen += resolve(requirement, environments, theirs, None, metadata, seen=seen, faults=self._faults)
        return tuple(chosen)

    def _seen(self, project: str) -> Mapping[str, Seen | None]:
        """What each client sees of a project, by the client's name."""
        pages = self._pages.get(project)
        if pages is None:
            return {}
        return {client.name: seen_by(client, pages["current"], pages.get("html")) for client in CLIENTS}

    @cached_property
    def _pages(self) -> Mapping[str, Mapping[str, PageFetch]]:
        return {each.name: each.pages[self.key] for each in self.projects}

    @cached_property
    def _faults(self) -> Faults:
        """What is known to be wrong with files and with METADATA, as far as they were asked for."""
        files = {each.filename: _unserved(each.filename, each.unserved) for each in self.files if each.unserved}
        digests = {each.filename: each.digests for each in self.files if each.digests}
        metadata = {}
        for _project, probe in self.metadata:
            name = f"{probe.filename}.metadata"
            if probe.unserved:
                metadata[probe.filename] = _unserved(name, probe.unserved)
            elif probe.wrong_digests:
                metadata[probe.filename] = f"{name} has another hash than the page says"
        return Faults(files, metadata, digests)

    @property
    def files(self) -> tuple[FileProbe, ...]:
        """The files that were sampled."""
        return tuple(self.index["files"])

    def probe(self, name: str) -> tuple[Fetch, Mapping[str, Any]] | None:
        """One of the tries (reader.Reader.probes): its answer, and {format, files}; None where it was not made."""
        probe = self.index["probes"].get(name)
        return None if probe is None else (Fetch.from_json(probe["fetch"]), probe)


def _unserved(filename: str, reason: str) -> str:
    return f"{filename} is not served ({reason})"
