# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A package index on loopback: the Simple API in HTML and JSON, the files, and their METADATA.

>>> with IndexServer([wheel("demo", "1.0").listed()]) as index:
...     index.url  # for pip --index-url and uv --default-index
"""

from __future__ import annotations

import html
import json
import re
import threading
import urllib.parse
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ansible_collections.sre.preflight.plugins.module_utils._mirror.model import File, ProjectPage

if TYPE_CHECKING:
    from typing_extensions import Self

    from tests.support.index_files import Listed

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """Says nothing: clients reset connections that they no longer need."""


class IndexServer:
    """Serves what is listed. ``requests`` are the paths that were asked for."""

    def __init__(self, files: Iterable[Listed] = ()) -> None:
        self.files: dict[str, list[Listed]] = {}
        self.requests: list[str] = []
        for each in files:
            self.add(each)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def add(self, listed: Listed) -> None:
        """Lists one more file, at the end of its project's page."""
        self.files.setdefault(normalized(listed.built.project), []).append(listed)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/simple/"

    def page(self, project: str) -> ProjectPage:
        """What the page of that project says."""
        return page_of(project, self.files.get(normalized(project), []), base=self.url)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, accept: str) -> tuple[str, bytes] | None:
        """Content type and body; None for what is not there."""
        path = urllib.parse.unquote(path)
        self.requests.append(path)
        page = re.fullmatch(r"/simple/([^/]+)/", path)
        if page:
            files = self.files.get(page[1])
            return None if files is None else _page(page[1], files, accept)
        file = re.fullmatch(r"/files/([^/]+)/([^/]+?)(\.metadata)?", path)
        for listed in self.files.get(file[1], []) if file else []:
            if listed.filename == file[2]:  # type: ignore[index]
                return _content(listed, metadata=bool(file[3]))  # type: ignore[index]
        return None


def normalized(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def page_of(project: str, files: Iterable[Listed], *, base: str = "http://index.invalid/simple/") -> ProjectPage:
    """The same as the parser makes of the page."""
    return ProjectPage(
        name=normalized(project),
        api_version="1.1",
        files=tuple(
            File(
                filename=each.filename,
                url=base.replace("/simple/", f"/files/{normalized(project)}/{each.filename}"),
                hashes=each.digests,
                requires_python=each.requires_python,
                yanked=each.yanked is not None,
                yanked_reason=each.yanked or None,
                core_metadata=each.metadata_digests,
                size=len(each.built.content),
                upload_time=each.upload_time,
            )
            for each in files
        ),
    )


def _content(listed: Listed, *, metadata: bool) -> tuple[str, bytes] | None:
    if not metadata:
        return "application/octet-stream", listed.built.content
    return ("text/plain", listed.built.metadata.encode()) if listed.core_metadata else None


def _page(project: str, files: list[Listed], accept: str) -> tuple[str, bytes]:
    if JSON in accept:
        page = {
            "meta": {"api-version": "1.1"},
            "name": project,
            "files": [_json(project, each) for each in files],
            "versions": [],
        }
        return JSON, json.dumps(page).encode()
    anchors = "\n".join(_anchor(project, each) for each in files)
    head = '<head><meta name="pypi:repository-version" content="1.0"></head>'
    body = f"<!DOCTYPE html><html>{head}<body>{anchors}</body></html>"
    return (HTML if HTML in accept else "text/html"), body.encode()


def _json(project: str, listed: Listed) -> dict[str, Any]:
    return {
        "filename": listed.filename,
        "url": f"../../files/{project}/{listed.filename}",
        "hashes": dict(listed.digests),
        "size": len(listed.built.content),
        "upload-time": listed.upload_time,
        **({} if listed.requires_python is None else {"requires-python": listed.requires_python}),
        **({} if listed.yanked is None else {"yanked": listed.yanked or True}),
        **({"core-metadata": listed.metadata_digests} if listed.core_metadata else {}),
        **listed.more,
    }


def _anchor(project: str, listed: Listed) -> str:
    digest = "".join(f"#{name}={value}" for name, value in list(listed.digests.items())[:1])
    said = {"href": f"../../files/{project}/{listed.filename}{digest}"}
    if listed.requires_python is not None:
        said["data-requires-python"] = listed.requires_python
    if listed.yanked is not None:
        said["data-yanked"] = listed.yanked
    if listed.metadata_digests is not None:
        said["data-core-metadata"] = "sha256=" + listed.metadata_digests["sha256"]
    attributes = " ".join(f'{name}="{html.escape(value)}"' for name, value in said.items())
    return f"<a {attributes}>{listed.filename}</a><br>"


def _handler(index: IndexServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = index.answer(self.path, self.headers.get("Accept", ""))
            kind, body = answer or ("text/plain", b"not found")
            self.send_response(200 if answer else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Vary", "Accept")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    return Handler
