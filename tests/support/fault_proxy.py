# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy between a client and a real server over TLS, which fails as it is told.

>>> with FaultProxy(server, script) as proxy:      # terminates TLS, and sees each request
...     proxy.url, proxy.seen
>>> with TcpProxy(server.port) as proxy:           # passes TLS on, and sees bytes only
...     proxy.delay = 0.5
...     proxy.cut()
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Self

from tests.support.servers import LOOPBACK, raw_server, server_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.lab.vault_server import VaultServer

PASSED_BACK = ("location", "retry-after", "x-vault-index")


class Seen(NamedTuple):
    """A request that came: ``number`` counts from 1, ``path`` is below /v1/ and without its query."""

    number: int
    method: str
    path: str

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "LIST", "HEAD")


class Answer(NamedTuple):
    """The proxy's own answer; the server does not see the request."""

    status: int
    body: bytes = b'{"errors":["the proxy says no"]}'


class Cut(NamedTuple):
    """The connection is cut: before the server sees the request, or with ``carried_out`` once it has answered."""

    carried_out: bool = False


Fault = Answer | Cut | None
"""None lets a request pass. To wait, or to do something else meanwhile, is for the script."""


class FaultProxy:
    """Serves the server's own certificate, asks ``script`` about each request, and passes on what it lets pass.

    ``upstream`` may be set to another node with the same certificate, as a load balancer changes it.
    """

    def __init__(self, server: VaultServer, script: Callable[[Seen], Fault] = lambda seen: None) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self._lock = threading.Lock()
        self.upstream = server
        self._context = ssl.create_default_context(cadata=server.authority.pem.decode())
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(self))
        self._server.daemon_threads = True
        own = server_context([server.certificate], minimum=ssl.TLSVersion.TLSv1_2)
        self._server.socket = own.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def note(self, method: str, path: str) -> Seen:
        with self._lock:
            seen = Seen(len(self.seen) + 1, method, path.partition("?")[0].removeprefix("/v1/"))
            self.seen.append(seen)
        return seen

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes, dict[str, str]]:
        """What the server answers, and the headers that count. Raises OSError where it cannot be asked."""
        connection = http.client.HTTPSConnection(LOOPBACK, self.upstream.port, context=self._context, timeout=30)
        with contextlib.closing(connection):
            try:
                connection.request(method, path, body=body or None, headers=headers)
                response = connection.getresponse()
                kept = {name: value for name, value in response.headers.items() if name.lower() in PASSED_BACK}
                return response.status, response.read(), kept
            except http.client.HTTPException as error:
                raise ConnectionError(str(error)) from error


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = ("content-type", "x-vault-")
            headers = {name: value for name, value in self.headers.items() if name.lower().startswith(kept)}
            fault = proxy.script(proxy.note(self.command, self.path))
            try:
                if isinstance(fault, Answer):
                    self.answer(*fault)
                    return
                if not isinstance(fault, Cut) or fault.carried_out:
                    answer = proxy.forward(self.command, self.path, headers, body)
                if fault is None:
                    self.answer(*answer)
                    return
            except OSError:
                pass
            self.close_connection = True

        def answer(self, status: int, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_LIST = do_DELETE = pass_on

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    return Handler


class TcpProxy:
    """Carries bytes both ways, each read ``delay`` seconds late; while it ``refuses``, it hangs up at once."""

    def __init__(self, port: int) -> None:
        self.delay = 0.0
        self.port = 0
        self.refuses = False
        self._upstream = port
        self._open: set[socket.socket] = set()
        self._stack = contextlib.ExitStack()

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        self.port = self._stack.enter_context(raw_server(self._serve))
        return self

    def __exit__(self, *_error: object) -> None:
        self.cut()
        self._stack.close()

    def cut(self) -> None:
        """Ends every connection that is open, in both directions."""
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _serve(self, client: socket.socket) -> None:
        if self.refuses:
            return
        with socket.create_connection((LOOPBACK, self._upstream)) as server:
            pair = {client, server}
            self._open |= pair
            back = threading.Thread(target=self._carry, args=(server, client))
            back.start()
            self._carry(client, server)
            back.join()
            self._open -= pair

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        waiting = threading.Event()
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                waiting.wait(self.delay)
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
