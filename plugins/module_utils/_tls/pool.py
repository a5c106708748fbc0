# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many endpoints at once: so many connections in all, so many a server, and none that waits for another's."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Callable

from .observation import Observation
from .target import Endpoint

MAX_CONNECTIONS = 256
MAX_CONNECTIONS_A_SERVER = 5

Observe = Callable[[Endpoint], "list[Observation]"]


class Schedule:
    """Which endpoint is next: those of a server wait in a queue of their own, and servers take turns.

    A worker never takes an endpoint only to wait for its server's limit, so a slow server holds up nobody else.
    Thread-safe.
    """

    def __init__(self, endpoints: Sequence[Endpoint], *, a_server: int = MAX_CONNECTIONS_A_SERVER) -> None:
        self._limit = a_server
        self._waiting: dict[str, deque[int]] = {}
        for index, endpoint in enumerate(endpoints):
            self._waiting.setdefault(endpoint.host, deque()).append(index)
        self._active = dict.fromkeys(self._waiting, 0)
        self._ready = deque(self._waiting)  # servers with something waiting and a connection free
        self._left = len(endpoints)
        self._changed = threading.Condition()

    def take(self) -> tuple[str, int] | None:
        """A server and the index of an endpoint on it; waits for one, and is None once there are no more."""
        with self._changed:
            while not self._ready and self._left:
                self._changed.wait()
            if not self._left:
                return None
            server = self._ready.popleft()
            index = self._waiting[server].popleft()
            self._left -= 1
            self._active[server] += 1
            if self._waiting[server] and self._active[server] < self._limit:
                self._ready.append(server)
            if not self._left:
                self._changed.notify_all()
            return server, index

    def give_back(self, server: str) -> None:
        """The endpoint taken last of that server is done with."""
        with self._changed:
            if self._waiting[server] and self._active[server] == self._limit:
                self._ready.append(server)
                self._changed.notify()
            self._active[server] -= 1

    def stop(self) -> None:
        """No more endpoints for anybody."""
        with self._changed:
            self._left = 0
            self._changed.notify_all()


def observe_all(
    endpoints: Sequence[Endpoint],
    observe: Observe,
    *,
    max_connections: int = MAX_CONNECTIONS,
    a_server: int = MAX_CONNECTIONS_A_SERVER,
) -> Iterator[tuple[int, list[Observation]]]:
    """The index and the observations of every endpoint, as they are done.

    Closing the iterator (as KeyboardInterrupt does) returns at once: the threads are daemons and end with the
    connection they have, by its deadline at the latest.
    """
    schedule = Schedule(endpoints, a_server=a_server)
    results: queue.SimpleQueue[tuple[int, list[Observation]]] = queue.SimpleQueue()
    for number in range(min(max_connections, len(endpoints))):
        worker = threading.Thread(target=_work, args=(schedule, endpoints, observe, results), name=f"tls {number}")
        worker.daemon = True
        worker.start()
    try:
        for _each in endpoints:
            yield results.get()
    finally:
        schedule.stop()


def _work(
    schedule: Schedule,
    endpoints: Sequence[Endpoint],
    observe: Observe,
    results: queue.SimpleQueue[tuple[int, list[Observation]]],
) -> None:
    while True:
        taken = schedule.take()
        if taken is None:
            return
        server, index = taken
        results.put((index, _observed(endpoints[index], observe)))
        schedule.give_back(server)


def _observed(endpoint: Endpoint, observe: Observe) -> list[Observation]:
    try:
        return observe(endpoint)
    except Exception as error:  # noqa: BLE001 # a defect met at one endpoint is its evidence, and hides no other
        return [Observation(endpoint, endpoint.location(), reason=f"the audit failed: {type(error).__name__}: {error}")]
