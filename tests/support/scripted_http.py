# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP server that does as it is told, for the faults that a real server cannot be made to show.

>>> with ScriptedServer(lambda request: Reply(503)) as server:
...     server.url, server.requests
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Received(NamedTuple):
    """A request as it came; ``number`` counts from 1, ``body`` is its JSON."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Reply:
    """What is sent back. ``pieces`` are sent one by one with ``pause`` seconds before each.

    ``missing`` bytes are announced and do not come; ``closes`` ends the connection without a word of it.
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] | None = None
    pause: float = 0.0
    drop: bool = False
    missing: int = 0
    closes: bool = False


class ScriptedServer:
    """Answers each request by ``script``, on a loopback port, plain HTTP. ``requests`` are those that came."""

    def __init__(self, script: Callable[[Received], Reply]) -> None:
        self.requests: list[Received] = []
        self.most_at_once = 0
        self.opened = self.closed = 0  # connections
        self.released = threading.Event()  # a pause ends with the server
        self._now = 0
        self._lock = threading.Lock()
        self._server = _Server(self, ("127.0.0.1", 0), _handler(self, script))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, handler: BaseHTTPRequestHandler) -> Received:
        size = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(size)) if size else None
        with self._lock:
            received = Received(
                len(self.requests) + 1, handler.command, handler.path, dict(handler.headers.items()), body
            )
            self.requests.append(received)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        return received

    def done(self) -> None:
        with self._lock:
            self._now -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: ScriptedServer, *arguments: Any) -> None:
        self._owner = owner
        super().__init__(*arguments)

    def process_request(self, *arguments: Any) -> None:
        self._owner.opened += 1
        super().process_request(*arguments)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._owner.closed += 1


def _handler(server: ScriptedServer, script: Callable[[Received], Reply]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            received = server.take(self)
            try:
                self.send(script(received))
            except ConnectionError:
                self.close_connection = True
            finally:
                server.done()

        def send(self, reply: Reply) -> None:
            if reply.drop:
                self.close_connection = True
                return
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            pieces = [content] if reply.pieces is None else reply.pieces
            if reply.pieces is None and reply.pause:
                server.released.wait(reply.pause)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(sum(map(len, pieces)) + reply.missing))
            self.end_headers()
            self.close_connection = self.close_connection or reply.closes or reply.missing > 0
            for piece in pieces:
                if reply.pieces is not None:
                    server.released.wait(reply.pause)
                self.wfile.write(piece)
                self.wfile.flush()

        do_GET = do_POST = do_PUT = do_LIST = do_CONNECT = answer

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    return Handler
