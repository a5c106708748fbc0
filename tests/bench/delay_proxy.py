# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TCP proxy that lets every connection wait before it passes it on: a far or slow server, on loopback.

    python tests/bench/delay_proxy.py SECONDS UPSTREAM_PORT FIRST_PORT LAST_PORT ADDRESS...

One thread and one epoll, since its CPU time is taken from what is measured. Prints "ready".
"""

from __future__ import annotations

import heapq
import itertools
import resource
import selectors
import socket
import sys
import time


class DelayProxy:
    """Accepts on every address and port, connects upstream ``delay`` seconds later, and carries bytes both ways."""

    def __init__(self, delay: float, upstream_port: int) -> None:
        self._delay = delay
        self._upstream = ("127.0.0.1", upstream_port)
        self._selector = selectors.EpollSelector()
        self._waiting: list[tuple[float, int, socket.socket]] = []
        self._numbers = itertools.count()

    def listen(self, address: str, port: int) -> None:
        listener = socket.create_server((address, port), backlog=64)
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, None)

    def run(self) -> None:
        while True:
            timeout = self._waiting[0][0] - time.monotonic() if self._waiting else None
            for key, _events in self._selector.select(timeout):
                if key.data is None:
                    self._accept(key.fileobj)  # type: ignore[arg-type]
                else:
                    self._carry(key.fileobj, key.data)  # type: ignore[arg-type]
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                self._connect(heapq.heappop(self._waiting)[2])

    def _accept(self, listener: socket.socket) -> None:
        client, _address = listener.accept()
        heapq.heappush(self._waiting, (time.monotonic() + self._delay, next(self._numbers), client))

    def _connect(self, client: socket.socket) -> None:
        server = socket.create_connection(self._upstream)
        for one, other in ((client, server), (server, client)):
            one.setblocking(False)
            self._selector.register(one, selectors.EVENT_READ, other)

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        try:
            data = one.recv(65536)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass  # either end may break off
        for each in (one, other):
            if each.fileno() >= 0:
                self._selector.unregister(each)
                each.close()


def main() -> None:
    delay, upstream_port, first, last, *addresses = sys.argv[1:]
    hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    proxy = DelayProxy(float(delay), int(upstream_port))
    for address in addresses:
        for port in range(int(first), int(last) + 1):
            proxy.listen(address, port)
    print("ready", flush=True)
    proxy.run()


if __name__ == "__main__":
    main()
