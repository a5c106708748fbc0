# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks the mirror for everything that has to install during an outage, so that it is there, and says what is not.

What it asks for is what clients ask for: pages in every format, metadata, and the files that they would take.
"""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from .asking import Answer, AskError, Server
from .choosing import Target, choose
from .pages import TYPES, File, files_of
from .requirements import Needed, dependencies

_WORKERS = 8
_CHUNK = 1 << 18
_PAUSES = (0.1, 0.5, 4.0)
"""Seconds; a request to an upstream that is away has been given up by then."""
_OF_NOW = ("HIT", "MISS", "EXPIRED", "REVALIDATED")
"""What nginx says of a page that is as new as it may be; STALE and UPDATING are older."""


@dataclass
class Project:
    """A project that has to install. ``specifiers`` are those that anybody asks for."""

    name: str
    specifiers: dict[str, None] = field(default_factory=dict)
    extras: frozenset[str] = frozenset()
    files: dict[str, File] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    current: bool = False
    """Whether all its pages are as new as the mirror promises."""


@dataclass
class Mirror:
    """The mirror as its own host sees it, and whom it is to serve. ``verified``: URLs whose content was compared."""

    server: Server
    url: str
    formats: Sequence[str]
    targets: Sequence[Target]
    verified: set[str] = field(default_factory=set)
    upstream_away: bool = False


def warm(mirror: Mirror, needed: Iterable[Needed]) -> list[Project]:
    """All projects, with what they depend on, by name."""
    projects: dict[str, Project] = {}
    changed = _ask_for(projects, needed)
    with ThreadPoolExecutor(_WORKERS) as workers:
        while changed:
            found = workers.map(lambda project: _warmed(mirror, project), [projects[name] for name in changed])
            changed = _ask_for(projects, [each for needs in found for each in needs])
    return sorted(projects.values(), key=lambda project: project.name)


def _ask_for(projects: dict[str, Project], needed: Iterable[Needed]) -> list[str]:
    """Adds what is needed; returns the names of the projects of which that was news."""
    changed: dict[str, None] = {}
    for each in needed:
        project = projects.setdefault(each.project, Project(each.project))
        if each.specifier not in project.specifiers or not each.extras <= project.extras:
            project.specifiers[each.specifier] = None
            project.extras |= each.extras
            changed[each.project] = None
    return list(changed)


def _warmed(mirror: Mirror, project: Project) -> list[Needed]:
    """Warms one project; returns what it depends on."""
    files = _pages(mirror, project)
    if files is None:
        return []
    for specifier in project.specifiers:
        chosen = choose(files, specifier, mirror.targets)
        if not chosen:
            project.problems.append(f"no file fits {project.name}{specifier}")
        project.files.update({file.filename: file for file in chosen})
    return [needed for file in project.files.values() for needed in _file(mirror, project, file)]


def _pages(mirror: Mirror, project: Project) -> list[File] | None:
    """The files of the page that the upstream has by now; of an older one where it does not answer; None without any.

    nginx serves what it has while it asks the upstream, so that the newer page comes with the next request.
    """
    project.problems.clear()
    for pause in (0.0, *_PAUSES):
        time.sleep(pause)
        files = _asked(mirror, project)
        if files is None or project.current or mirror.upstream_away:
            return files
    mirror.upstream_away = True
    return files


def _asked(mirror: Mirror, project: Project) -> list[File] | None:
    """Asks for the page in every format; the files of the first, None where one is not there."""
    listed: list[File] | None = None
    current = True
    for accept in (each for kind in mirror.formats for each in TYPES[kind]):
        try:
            answer = mirror.server.page(f"{mirror.url}{project.name}/", accept)
            files = files_of(_good(answer), answer.headers.get("content-type", ""), answer.url)
        except (AskError, ValueError) as error:
            project.problems.append(f"its page as {accept}: {error}")
            return None
        listed = files if listed is None else listed
        current = current and answer.headers.get("x-cache-status", "HIT") in _OF_NOW
    project.current = current
    return listed


def _good(answer: Answer) -> bytes:
    if answer.status != 200:
        body = " ".join(answer.body[:200].decode("utf-8", "replace").split())
        plain = answer.headers.get("content-type", "").startswith("text/plain")
        raise AskError(f"status {answer.status}" + (f": {body}" if plain and body else ""))
    return answer.body


def _file(mirror: Mirror, project: Project, file: File) -> list[Needed]:
    """Asks for a file, its metadata and its provenance; returns what it depends on."""
    if urlsplit(file.url).netloc != urlsplit(mirror.url).netloc:
        project.problems.append(f"{file.filename}: lies on another host, {urlsplit(file.url).netloc}")
        return []
    try:
        metadata = _metadata(mirror, file)
        if file.provenance:
            _good(mirror.server.page(urljoin(file.url, file.provenance), "*/*"))
        content = _content(mirror, file, wanted=metadata is None and file.is_wheel)
    except AskError as error:
        project.problems.append(f"{file.filename}: {error}")
        return []
    if metadata is None:
        metadata = _inside(content)
    return list(dependencies(metadata, project.extras))


def _metadata(mirror: Mirror, file: File) -> str | None:
    if not file.has_metadata:
        return None
    return _good(mirror.server.page(f"{file.url}.metadata", "*/*")).decode("utf-8", "replace")


def _content(mirror: Mirror, file: File, *, wanted: bool) -> bytes:
    """Brings the file into the cache, and compares it once. The content is returned only where it is wanted."""
    if file.url in mirror.verified and not wanted:
        answer = mirror.server.page(file.url, "*/*", method="HEAD")
        _good(answer)
        if answer.headers.get("x-cache-status") == "HIT":
            return b""
    digest, kept = hashlib.sha256(), io.BytesIO()
    with mirror.server.open(file.url, "*/*") as (status, _headers, response):
        if status != 200:
            raise AskError(f"status {status}")
        while chunk := response.read(_CHUNK):
            digest.update(chunk)
            if wanted:
                kept.write(chunk)
    if file.sha256 and digest.hexdigest() != file.sha256.lower():
        raise AskError(f"has the sha256 {digest.hexdigest()}, and its page says {file.sha256}")
    mirror.verified.add(file.url)
    return kept.getvalue()


def _inside(content: bytes) -> str:
    """The METADATA of a wheel; nothing where there is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
            return archive.read(name).decode("utf-8", "replace")
    except (zipfile.BadZipFile, StopIteration):
        return ""
