# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python index on loopback that does all that the Simple API asks for, and whatever fault a test wants instead.

>>> with IndexServer(demo_index()) as index:
...     index.url, index.requests
"""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit

from tests.support.package_index import (
    Project,
    dumped,
    html_page,
    json_page,
    release_json,
    root_html,
    root_page,
)

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
TEXT = "text/html"
OFFERED = (JSON, HTML, TEXT)
LATEST = {JSON.replace("v1", "latest"): JSON, HTML.replace("v1", "latest"): HTML}


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Page:
    """What is sent back. ``drip`` seconds before each byte; ``drop`` ends the connection without an answer.

    ``endless`` is sent again and again as headers, every ``drip`` seconds, without an end. The body is sent ``times``
    times, one after the other.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drip: float = 0.0
    drop: bool = False
    endless: bytes = b""
    times: int = 1


Fault = Callable[[Asked, Page], Page]


class IndexServer:
    """Serves ``projects`` below /simple/ and their files below /files/.

    ``change`` edits a project's page in JSON before both formats are made of it; ``fault`` has the last word on every
    answer. ``files_url`` is where the links lead, the server's own /files/ without it; ``tls`` serves over TLS,
    ``address`` is listened on.
    It is a proxy for plain HTTP too, which takes every host for itself.
    """

    def __init__(
        self,
        projects: Mapping[str, Project],
        *,
        change: Callable[[dict[str, Any]], Any] | None = None,
        fault: Fault | None = None,
        files_url: str | None = None,
        tls: ssl.SSLContext | None = None,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.projects = projects
        self.change = change
        self.fault = fault
        self.requests: list[Asked] = []
        self.most_at_once = 0
        self.most_connections = 0
        self.released = threading.Event()
        self.now = 0
        self.connections = 0
        self._lock = threading.Lock()
        self._server = _Server(address, type("Handler", (_Handler,), {"index": self}))
        self._scheme = "https" if tls else "http"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.files_url = files_url or f"{self.origin}/files/"

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:port``, or https."""
        host, port = self._server.server_address[:2]
        return f"{self._scheme}://{host!s}:{port}"

    @property
    def url(self) -> str:
        """The index's address, as clients have it."""
        return f"{self.origin}/simple/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def connected(self, change: int) -> None:
        """Counts a connection that begins or ends."""
        with self._lock:
            self.connections += change
            self.most_connections = max(self.most_connections, self.connections)

    def answer(self, asked: Asked) -> Page:
        """What a good index says, and then the fault."""
        with self._lock:
            self.requests.append(asked)
            self.now += 1
            self.most_at_once = max(self.most_at_once, self.now)
        try:
            page = self._good(asked)
            return self.fault(asked, page) if self.fault else page
        finally:
            with self._lock:
                self.now -= 1

    def _good(self, asked: Asked) -> Page:
        path = urlsplit(asked.path).path  # a whole URL where it is asked as a proxy
        if path.startswith(("/files/", "/packages/")):
            return self._file(path.rpartition("/")[2])
        if path.startswith("/pypi/"):
            return self._release_json(path.split("/")[2])
        if path == "/simple":
            return Page(301, {"Location": "/simple/"})
        name = path.removeprefix("/simple/").strip("/")
        normal = name.lower().replace("_", "-").replace(".", "-")
        if not path.startswith("/simple/") or (normal and normal not in self.projects):
            return Page(404, {"Content-Type": "text/plain"}, b"not found")
        if normal and path != f"/simple/{normal}/":
            return Page(301, {"Location": f"/simple/{normal}/"})
        return self._negotiated(asked, normal)

    def _negotiated(self, asked: Asked, name: str) -> Page:
        kind = negotiated(asked.headers.get("Accept", "*/*"))
        if kind is None:
            return Page(406, {"Content-Type": "text/plain", "Vary": "Accept"}, b"not acceptable")
        if name:
            page = json_page(self.projects[name], self.files_url)
            if self.change is not None:
                self.change(page)
            body = dumped(page) if kind == JSON else html_page(page).encode()
        else:
            body = dumped(root_page(self.projects)) if kind == JSON else root_html(list(self.projects)).encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"Content-Type": kind, "Vary": "Accept", "Cache-Control": "max-age=600", "ETag": tag}
        if asked.headers.get("If-None-Match") == tag:
            return Page(304, headers)
        return Page(200, headers, body)

    def _release_json(self, name: str) -> Page:
        """What bandersnatch asks for; it takes files from below /packages/ alone."""
        project = self.projects.get(name)
        if project is None:
            return Page(404, {"Content-Type": "text/plain"}, b"not found")
        body = dumped(release_json(project, f"{self.origin}/packages/"))
        return Page(200, {"Content-Type": "application/json", "X-PyPI-Last-Serial": str(project.serial)}, body)

    def _file(self, filename: str) -> Page:
        for project in self.projects.values():
            for dist in project.dists:
                headers = {"Content-Type": "application/octet-stream", "Cache-Control": "max-age=365000000, immutable"}
                if filename in (dist.filename, f"{dist.filename}.metadata"):
                    return Page(200, headers, dist.content if filename == dist.filename else dist.metadata)
        return Page(404, {"Content-Type": "text/plain"}, b"not found")


def negotiated(accept: str) -> str | None:
    """The offered type that the client likes best (RFC 9110, 12.5.1), the API's own before text/html; None for none."""
    best: tuple[float, str] | None = None
    for offered in OFFERED:
        quality = max((_quality(each, offered) for each in accept.split(",")), default=0.0)
        if quality > 0 and (best is None or quality > best[0]):
            best = (quality, offered)
    return best and best[1]


def _quality(wanted: str, offered: str) -> float:
    kind, *parameters = (part.strip() for part in wanted.split(";"))
    kind = LATEST.get(kind, kind)
    if kind not in (offered, "*/*"):
        return 0.0
    return next((float(each[2:]) for each in parameters if each.startswith("q=")), 1.0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """Says nothing: the audit ends handshakes as soon as it knows the certificates."""


class _Handler(BaseHTTPRequestHandler):
    """Sends what the index answers, and knows of HEAD and of the one range that the audit asks for."""

    protocol_version = "HTTP/1.1"
    index: ClassVar[IndexServer]

    def setup(self) -> None:
        super().setup()
        self.index.connected(1)

    def finish(self) -> None:
        self.index.connected(-1)
        super().finish()

    def do_GET(self) -> None:
        page = self.index.answer(Asked(self.command, self.path, dict(self.headers.items())))
        try:
            self.send(page)
        except ConnectionError:
            self.close_connection = True

    do_HEAD = do_GET

    def send(self, page: Page) -> None:
        if page.drop:
            self.close_connection = True
            return
        if page.endless:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.index.released.wait(page.drip):
                self.wfile.write(page.endless)
            return
        status, body = page.status, page.body
        if status == 200 and self.headers.get("Range") == "bytes=0-0" and "Cache-Control" in page.headers:
            status, body = 206, body[:1]
        self.send_response(status)
        for name, value in page.headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body) * page.times))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            for _time in range(page.times):
                self.send_body(body, page.drip)

    def send_body(self, body: bytes, drip: float) -> None:
        for piece in [body[index : index + 1] for index in range(len(body))] if drip else [body]:
            if drip and self.index.released.wait(drip):
                return
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""
