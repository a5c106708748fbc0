# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's package index, with all that API 1.4 has, and its fallback as that of 2021 was.

The index has its files on another port than its pages. The fallback is a directory of static pages with links and
hashes and nothing else: neither requires-python nor yanked. It was written 19 days ago, and nobody has noticed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from dataclasses import dataclass
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.support.package_index import Project
from tests.support.simple_index import Asked, IndexServer, Page

from .pki import now
from .process import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

WRITTEN = timedelta(days=19)
"""So long ago the fallback was synchronised."""
PYTHONS = ("3.9", "3.13")
"""The Pythons that the pods have: some of them are old."""
_RELEASED = timedelta(days=400)
_INTEGRITY = "/integrity/"
_PROVENANCE = b'{"version": 1, "attestation_bundles": []}'


@dataclass(frozen=True)
class PackageIndex:
    """Both while they are served; ``upstream_url`` and ``mirror_url`` as clients have them in index-url."""

    projects: Mapping[str, Project]
    upstream_url: str
    mirror_url: str


@contextlib.contextmanager
def package_index(directory: Path) -> Iterator[PackageIndex]:
    """Serves the index, and the fallback that it writes into that directory."""
    projects = build_projects()
    write_fallback(projects, directory)
    with (
        IndexServer(projects) as files,
        IndexServer(projects, files_url=files.files_url, fault=_with_provenance) as upstream,
        _static_server(directory) as mirror,
    ):
        for dist in (dist for project in projects.values() for dist in project.dists):
            dist.entry["provenance"] = f"{upstream.origin}{_INTEGRITY}{dist.filename}"
        yield PackageIndex(projects, upstream.url, f"{mirror}/simple/")


def build_projects() -> dict[str, Project]:
    """spindle has withdrawn its last release for Python 3.9, quarry has source distributions alone, lantern a release
    of last week; harbor is archived."""
    spindle, quarry, lantern = (Project(name) for name in ("spindle", "quarry", "lantern"))
    harbor = Project("harbor", status="archived")
    _release(spindle, "1.4")
    _release(spindle, "1.4", sdist=True)
    _release(spindle, "2.0", yanked="It deletes what it should keep")
    _release(spindle, "3.0", needs=">=3.10")
    _release(quarry, "1.1", sdist=True)
    _release(quarry, "2.0", needs=">=3.10", sdist=True)
    _release(lantern, "1.2")
    _release(lantern, "1.3", age=timedelta(days=5))
    _release(harbor, "1.0")
    return {each.name: each for each in (harbor, lantern, quarry, spindle)}


def _with_provenance(asked: Asked, page: Page) -> Page:
    """What the index answers, which has a provenance of each file beside its pages."""
    if asked.path.startswith(_INTEGRITY):
        return Page(200, {"Content-Type": "application/vnd.pypi.integrity.v1+json"}, _PROVENANCE)
    return page


def _release(
    project: Project,
    version: str,
    *,
    needs: str = ">=3.8",
    age: timedelta = _RELEASED,
    sdist: bool = False,
    **more: str,
) -> None:
    uploaded = (now() - age).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    project.add(version, requires_python=needs, sdist=sdist, **{"upload-time": uploaded, **more})


def write_fallback(projects: Mapping[str, Project], directory: Path) -> None:
    """What was there WRITTEN ago, as static pages and files that are as old."""
    written = now() - WRITTEN
    simple, files = directory / "simple", directory / "files"
    files.mkdir(parents=True)
    pages = {simple / "index.html": "".join(f'<a href="{name}/">{name}</a><br/>\n' for name in projects)}
    for name, project in projects.items():
        known = [each for each in project.dists if each.entry["upload-time"] < written.isoformat()]
        pages[simple / name / "index.html"] = "".join(
            f'<a href="../../files/{each.filename}#sha256={each.entry["hashes"]["sha256"]}">{each.filename}</a><br/>\n'
            for each in known
        )
        for each in known:
            (files / each.filename).write_bytes(each.content)
    for path, links in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<!DOCTYPE html>\n<html><head><title>Links</title></head><body>\n{links}</body></html>\n")
        os.utime(path, (written.timestamp(), written.timestamp()))


class _StaticFiles(SimpleHTTPRequestHandler):
    """What a web server does by itself, and keeps connections."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def _static_server(directory: Path) -> Iterator[str]:
    """Its origin, such as ``http://127.0.0.1:40013``."""
    server = ThreadingHTTPServer((LOOPBACK, 0), functools.partial(_StaticFiles, directory=str(directory)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
