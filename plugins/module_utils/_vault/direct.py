# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections straight to a server, by the standard library: what one small request costs us is half of urllib3's.

A Vault lists certificates without their dates, so that an audit reads each by itself: 100,000 requests.
"""

from __future__ import annotations

import http.client
import queue
import ssl
import time
from collections.abc import Mapping
from typing import Callable, NamedTuple

from .._http.library import urllib3

CHUNK = 1 << 18


class Reply(NamedTuple):
    """An HTTP answer, whole; ``header`` looks up one of its headers."""

    status: int
    header: Callable[[str], str | None]
    content: bytes


class DirectPool:
    """At most ``size`` connections to ``host``, with TLS where there is a context; each is used again. Thread-safe."""

    def __init__(self, host: str, port: int | None, context: ssl.SSLContext | None, size: int) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._idle: queue.LifoQueue[http.client.HTTPConnection | None] = queue.LifoQueue(size)
        for _place in range(size):
            self._idle.put(None)

    def exchange(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, within: float
    ) -> Reply:
        """The answer to one request, ``within`` so many seconds. Raises one of CONNECTION_ERRORS."""
        deadline = time.monotonic() + within
        connection = self._idle.get() or self._connection()
        try:
            reply = _exchange(connection, method, path, headers, body, deadline)
        except http.client.HTTPException as error:
            connection.close()
            raise urllib3.exceptions.ProtocolError("no HTTP answer", error) from error
        except BaseException:
            connection.close()
            raise
        finally:
            self._idle.put(connection)
        return reply

    def close(self) -> None:
        """Closes the connections that are idle."""
        while not self._idle.empty():
            connection = self._idle.get_nowait()
            if connection is not None:
                connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port)
        return http.client.HTTPSConnection(self._host, self._port, context=self._context)


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None,
    deadline: float,
) -> Reply:
    _connect(connection, deadline)
    connection.request(method, path, body=body, headers=dict(headers))
    response = connection.getresponse()
    try:
        content = _content(response, deadline)
    finally:
        response.close()
    return Reply(response.status, response.headers.get, content)


def _connect(connection: http.client.HTTPConnection, deadline: float) -> None:
    """Anew where the server has closed it meanwhile: then there is something to read, its end."""
    if connection.sock is not None and urllib3.util.wait_for_read(connection.sock, timeout=0):
        connection.close()
    if connection.sock is None:
        connection.timeout = _left(deadline)
        connection.connect()
    connection.sock.settimeout(_left(deadline))


def _content(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """All of the body, by the deadline even if it comes drop by drop. Raises IncompleteRead where it is cut short."""
    content = bytearray()
    # None: until its end. Counted here, because before Python 3.13 read1 does not.
    length = response.length
    while length is None or len(content) < length:
        piece = response.read1(CHUNK if length is None else min(CHUNK, length - len(content)))
        if not piece:
            break
        content += piece
        if time.monotonic() > deadline:
            raise TimeoutError
    if length is not None and len(content) < length:
        raise http.client.IncompleteRead(bytes(content), length - len(content))
    return bytes(content)


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.001)
