# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections to one server, and what a connection that fails means."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Union
from urllib.parse import urlsplit

from .._http.failure import connection_failure
from .._http.library import urllib3
from .._http.proxies import proxy_for, proxy_manager
from .connection import Connection
from .direct import CHUNK, DirectPool, Reply
from .errors import RequestError


class ProxiedPool:
    """urllib3's pool for the one server by way of a proxy.

    ``prefix`` goes before a path to make its URL: a proxy wants whole ones where it does not just pass TLS on.
    """

    def __init__(self, connections: Any, prefix: str) -> None:
        self._connections = connections
        self._prefix = prefix

    def exchange(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, within: float
    ) -> Reply:
        """As DirectPool's."""
        deadline = time.monotonic() + within
        response = self._connections.request(
            method,
            self._prefix + path,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,  # by way of an HTTP proxy the pool's host is the proxy's
            timeout=urllib3.Timeout(total=within),
            preload_content=False,
        )
        return Reply(int(response.status), response.headers.get, _content(response, deadline))

    def close(self) -> None:
        """Closes all connections."""
        self._connections.close()


Pool = Union[DirectPool, ProxiedPool]


def make_pool(connection: Connection) -> Pool:
    """At most max_connections, by way of a proxy where one is meant for the server."""
    context = connection.ssl_context() if connection.url.startswith("https:") else None
    parts = urlsplit(connection.url)
    proxy = proxy_for(connection.url, connection.proxies)
    if proxy is None:
        return DirectPool(parts.hostname or "", parts.port, context, connection.max_connections)
    if not connection.validate_certs:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # who sets the option knows
    options: dict[str, Any] = {"maxsize": connection.max_connections, "block": True, "num_pools": 1}
    if context is not None:
        options["ssl_context"] = context
    pool = proxy_manager(proxy, options).connection_from_host(parts.hostname, parts.port, parts.scheme)
    return ProxiedPool(pool, f"{parts.scheme}://{parts.netloc}" if context is None else "")


def _content(response: Any, deadline: float) -> bytes:
    """All of the body, by the deadline even if it comes drop by drop."""
    pieces: list[bytes] = []
    try:
        while True:
            piece = response.read1(CHUNK)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            if time.monotonic() > deadline:
                response.close()
                raise TimeoutError
    finally:
        response.release_conn()


def error_of_connection(path: str, error: Exception, timeout: float) -> RequestError:
    """The failure that one of CONNECTION_ERRORS is."""
    failure = connection_failure(error, timeout)
    return RequestError(failure.kind, path, failure.reason)
