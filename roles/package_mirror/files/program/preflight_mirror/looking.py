# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the upstream is like: which formats it has, and which hosts its pages lead to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

from .asking import AskError, Server
from .pages import JSON, TEXT, TYPES, File, files_of, origin_of

_ROOT_BYTES = 1 << 18
_FROM_ROOT = 5
_WORKERS = 8


def look(server: Server, upstream: str, projects: Iterable[str]) -> dict[str, Any]:
    """{formats, hosts, missing: {project: why}}. Raises AskError where no page of the upstream can be read."""
    names = list(dict.fromkeys(projects)) or _some_names(server, upstream)
    with ThreadPoolExecutor(_WORKERS) as workers:
        pages = dict(zip(names, workers.map(lambda name: _page(server, upstream, name), names)))
        readable = {name: page for name, page in pages.items() if isinstance(page, list)}
        if not readable:
            told = "; ".join(f"{name}: {page}" for name, page in list(pages.items())[:3])
            raise AskError(told or "its root page names no project")
        hosts = {origin_of(upstream)}
        for found in workers.map(lambda files: _origins(server, files), readable.values()):
            hosts |= found
    formats = _formats(server, f"{upstream}{next(iter(readable))}/")
    missing = {name: page for name, page in pages.items() if not isinstance(page, list)}
    return {"formats": formats, "hosts": sorted(hosts), "missing": missing}


def _formats(server: Server, url: str) -> list[str]:
    """Those that the upstream serves to who asks for nothing else."""
    served = {kind: server.page(url, types[0]).headers.get("content-type", "") for kind, types in TYPES.items()}
    kinds = {kind: value.partition(";")[0].strip().lower() for kind, value in served.items()}
    has = [kind for kind, types in TYPES.items() if kinds[kind] in types]
    plain = server.page(url, TEXT).headers.get("content-type", "")
    return has if "html" in has or not plain.startswith(TEXT) else [*has, "html"]


def _some_names(server: Server, upstream: str) -> list[str]:
    """A few projects of the root page, whose beginning is enough."""
    with server.open(upstream, TEXT) as (status, _headers, response):
        start = response.read(_ROOT_BYTES).decode("utf-8", "replace")
    if status != 200:
        raise AskError(f"{upstream}: status {status}")
    found = re.findall(r"""href=["']?[^"'> ]*?([A-Za-z0-9._-]+)/?["'> ]""", start)
    return list(dict.fromkeys(found))[:_FROM_ROOT]


def _page(server: Server, upstream: str, name: str) -> list[File] | str:
    """The files of a project, or why there are none."""
    try:
        answer = server.page(f"{upstream}{name}/", f"{JSON}, {TEXT};q=0.5")
        if answer.status != 200:
            return f"status {answer.status}"
        return files_of(answer.body, answer.headers.get("content-type", ""), answer.url)
    except (AskError, ValueError) as error:
        return str(error)


def _origins(server: Server, files: list[File]) -> set[str]:
    """Where links, provenance and the first file's redirect lead."""
    found = {origin_of(each.url) for each in files}
    found |= {origin_of(urljoin(each.url, each.provenance)) for each in files if each.provenance}
    if files:
        found.add(_redirected(server, files[0].url))
    return {each for each in found if each.startswith(("http://", "https://"))}


def _redirected(server: Server, url: str) -> str:
    try:
        return origin_of(server.page(url, "*/*", method="HEAD").url)
    except AskError:
        return origin_of(url)


def describe(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What ``look`` says, for settings {upstream_url, upstream_ca_path, projects}."""
    server = Server(ca_path=settings["upstream_ca_path"])
    return look(server, settings["upstream_url"], settings["projects"])
