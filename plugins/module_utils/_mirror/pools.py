# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""urllib3's pools: one for each origin and address."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .._audit.policy import OptionError
from .._http.context import client_context
from .._http.library import urllib3
from .._http.proxies import proxy_for, proxy_manager
from .connection import OPTION_NAMES, Connection, port_of


class Pools:
    """Made when they are first needed. Thread-safe. Raises OptionError at once where a file cannot be used."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, str, int, str | None], Any] = {}
        self._context = client_context(connection.files, OPTION_NAMES, verify=connection.validate_certs)
        if not connection.validate_certs:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # who sets the option knows

    def close(self) -> None:
        """Closes all connections."""
        for pool in self._pools.values():
            pool.close()

    def send(
        self, method: str, url: str, headers: Mapping[str, str], *, within: float, address: str | None = None
    ) -> Any:
        """A urllib3 response whose body is still to be read.

        ``address`` is dialled instead of the URL's host, which is still named to the server. Raises ValueError, or
        one of library.CONNECTION_ERRORS.
        """
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if parts.scheme == "http" and proxy_for(url, self.connection.proxies) is not None:
            target = f"{parts.scheme}://{parts.netloc}{target}"  # a proxy wants whole URLs
        return self._pool(url, address).request(
            method,
            target,
            headers={"Host": parts.netloc.rpartition("@")[2], **headers},
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=urllib3.Timeout(total=within),
            preload_content=False,
        )

    def _pool(self, url: str, address: str | None) -> Any:
        parts = urlsplit(url)
        key = (parts.scheme, parts.hostname or "", port_of(url), address)
        with self._lock:
            if key not in self._pools:
                pool = self._pools[key] = self._make(url, *key)
                pool.ConnectionCls = type("Connection", (_Bounded, pool.ConnectionCls), {})
            return self._pools[key]

    def _make(self, url: str, scheme: str, host: str, port: int, address: str | None) -> Any:
        options: dict[str, Any] = {"maxsize": self.connection.max_connections, "block": True}
        if scheme == "https":
            options["ssl_context"] = self._context
        proxy = proxy_for(url, self.connection.proxies)
        if address is not None:
            if proxy is not None:
                raise OptionError("mirror_addresses: 'all' cannot be asked by way of a proxy; use 'any'")
            if scheme == "https":
                named = host if self.connection.validate_certs else False
                return urllib3.HTTPSConnectionPool(
                    address, port, server_hostname=host, assert_hostname=named, **options
                )
            return urllib3.HTTPConnectionPool(address, port, **options)
        manager = urllib3.PoolManager(num_pools=1, **options)
        if proxy is not None:
            manager = proxy_manager(proxy, {"num_pools": 1, **options})
        return manager.connection_from_host(host, port, scheme)


class _Bounded:
    """A connection whose answer begins in time, even if its headers come drop by drop: a time-out is for each drop."""

    def getresponse(self) -> Any:
        """The answer up to the end of its headers."""
        connection: Any = self
        late = threading.Event()
        watch = threading.Timer(connection.sock.gettimeout(), _hang_up, [connection.sock, late])
        watch.daemon = True
        watch.start()
        try:
            response = super().getresponse()  # type: ignore[misc]
        finally:
            watch.cancel()
        if late.is_set():
            raise TimeoutError  # to http.client the end of the connection is the end of the headers
        return response


def _hang_up(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    with contextlib.suppress(OSError):
        # Not the method of an SSLSocket, which would also take away what another thread is reading from.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
