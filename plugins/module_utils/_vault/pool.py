# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections to one server, and what a connection that fails means."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .._http.failure import connection_failure
from .._http.library import urllib3
from .._http.proxies import proxy_for, proxy_manager
from .connection import Connection
from .errors import RequestError

CHUNK = 1 << 18


class Pool(NamedTuple):
    """urllib3's pool for the one server, and what goes before a path to make its URL.

    Not its pool manager, which would look up the server anew, at a third of the cost of a request.
    """

    connections: Any
    prefix: str


def make_pool(connection: Connection) -> Pool:
    """At most max_connections, by way of a proxy where one is meant for the server."""
    options: dict[str, Any] = {"maxsize": connection.max_connections, "block": True, "num_pools": 1}
    if connection.url.startswith("https:"):
        options["ssl_context"] = connection.ssl_context()
        if not connection.validate_certs:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # who sets the option knows
    parts = urlsplit(connection.url)
    proxy = proxy_for(connection.url, connection.proxies)
    manager = urllib3.PoolManager(**options) if proxy is None else proxy_manager(proxy, options)
    pool = manager.connection_from_host(parts.hostname, parts.port, parts.scheme)
    # A proxy wants whole URLs where it does not just pass TLS on.
    server = f"{parts.scheme}://{parts.netloc}" if proxy is not None and parts.scheme == "http" else ""
    return Pool(pool, f"{server}{parts.path}/v1/")


def send(pool: Pool, method: str, path: str, *, headers: dict[str, str], body: bytes | None, within: float) -> Any:
    """A urllib3 response whose body is still to be read. Raises one of CONNECTION_ERRORS."""
    return pool.connections.request(
        method,
        pool.prefix + path,
        body=body,
        headers=headers,
        retries=False,
        redirect=False,
        assert_same_host=False,  # by way of an HTTP proxy the pool's host is the proxy's
        timeout=urllib3.Timeout(total=within),
        preload_content=False,
    )


def error_of_connection(path: str, error: Exception, timeout: float) -> RequestError:
    """The failure that one of CONNECTION_ERRORS is."""
    failure = connection_failure(error, timeout)
    return RequestError(failure.kind, path, failure.reason)
