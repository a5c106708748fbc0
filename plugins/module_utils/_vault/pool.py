# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections to one server, and what a connection that fails means."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from . import errors
from .connection import Connection
from .errors import RequestError
from .libraries import URLLIB3_ERRORS, urllib3

CONNECTION_ERRORS: tuple[type[Exception], ...] = (OSError, *URLLIB3_ERRORS)
CHUNK = 1 << 18
_HUNG_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""The other end was there and went, as a load balancer does whose server restarts: no fault of the certificates."""


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
    proxy = proxy_for(connection)
    manager = urllib3.PoolManager(**options) if proxy is None else _proxied(proxy, options)
    pool = manager.connection_from_host(parts.hostname, parts.port, parts.scheme)
    # A proxy wants whole URLs where it does not just pass TLS on.
    server = f"{parts.scheme}://{parts.netloc}" if proxy is not None and parts.scheme == "http" else ""
    return Pool(pool, f"{server}{parts.path}/v1/")


def _proxied(proxy: str, options: dict[str, Any]) -> Any:
    parts = urlsplit(proxy)
    headers = None
    if parts.username:
        headers = urllib3.make_headers(proxy_basic_auth=f"{parts.username}:{parts.password or ''}")
        proxy = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)


def proxy_for(connection: Connection) -> str | None:
    """The proxy's URL: of the option, or of the environment (HTTPS_PROXY, NO_PROXY) where the option is silent."""
    parts = urlsplit(connection.url)
    if connection.proxies is not None:
        return connection.proxies.get(parts.scheme)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)


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
    causes = list(_causes(error))
    refused = next(
        (cause for cause in causes if isinstance(cause, ssl.SSLError) and not isinstance(cause, _HUNG_UP)), None
    )
    if refused is not None:
        reason = getattr(refused, "verify_message", None) or refused.reason or "the handshake failed"
        return RequestError(errors.TLS, path, f"TLS: {reason}")
    # A refused connection is one of urllib3's time-outs too.
    timed_out = any(isinstance(cause, (TimeoutError, urllib3.exceptions.TimeoutError)) for cause in causes)
    if timed_out and not isinstance(error, urllib3.exceptions.NewConnectionError):
        return RequestError(errors.STALLED, path, f"no answer within {timeout:g} s")
    known = (getattr(cause, "strerror", None) for cause in reversed(causes))
    reason = next((each for each in known if each), type(causes[-1]).__name__)
    return RequestError(errors.UNREACHABLE, path, f"no connection: {reason}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that it wraps: urllib3 keeps some as ``__cause__``, some as an argument."""
    while error is not None:
        yield error
        inner = next((each for each in error.args if isinstance(each, BaseException)), None)
        error = error.__cause__ or inner or error.__context__
