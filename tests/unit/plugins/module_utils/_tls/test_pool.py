# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many endpoints at once: limits, fairness, and no endpoint that hides another."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._tls.observation import Observation
from ansible_collections.sre.preflight.plugins.module_utils._tls.pool import Schedule, observe_all
from ansible_collections.sre.preflight.plugins.module_utils._tls.target import Endpoint


class Servers:
    """Stands in for the dialler: counts who is connected, and can make servers wait."""

    def __init__(self, *slow: str) -> None:
        self.slow = slow
        self.lock = threading.Lock()
        self.active: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.most_in_all = 0
        self.fast_are_done = threading.Event()
        self.fast_left = 0

    def observe(self, endpoint: Endpoint) -> list[Observation]:
        with self.lock:
            self.active[endpoint.host] += 1
            self.most[endpoint.host] = max(self.most[endpoint.host], self.active[endpoint.host])
            self.most_in_all = max(self.most_in_all, sum(self.active.values()))
        if endpoint.host in self.slow:
            assert self.fast_are_done.wait(3), "the slow server held up the others"
        with self.lock:
            self.active[endpoint.host] -= 1
            if endpoint.host not in self.slow:
                self.fast_left -= 1
                if not self.fast_left:
                    self.fast_are_done.set()
        return [Observation(endpoint, endpoint.location(), reason="not dialled")]


def endpoints_of(*hosts: tuple[str, int]) -> list[Endpoint]:
    return [Endpoint(host, 1000 + port) for host, count in hosts for port in range(count)]


def test_every_endpoint_is_observed_once() -> None:
    endpoints = endpoints_of(("a", 30), ("b", 1), ("c", 7))
    servers = Servers()
    results = dict(observe_all(endpoints, servers.observe, max_connections=16))
    assert sorted(results) == list(range(38))
    assert all(results[index][0].endpoint is endpoints[index] for index in results)


def test_nothing_to_do_is_done_at_once() -> None:
    assert list(observe_all([], Servers().observe)) == []


def test_a_slow_server_with_many_endpoints_starves_nobody() -> None:
    """Its endpoints come first and outnumber the threads, yet all others are done before its first."""
    endpoints = endpoints_of(("slow", 20), *((f"fast{number}", 3) for number in range(20)))
    servers = Servers("slow")
    servers.fast_left = 60
    order = [index for index, _result in observe_all(endpoints, servers.observe, max_connections=8, a_server=5)]
    assert sorted(order) == list(range(80))
    assert all(index >= 20 for index in order[:60])
    assert 1 <= servers.most["slow"] <= 5


@pytest.mark.parametrize("limit", [1, 5])
def test_no_server_gets_more_connections_than_its_limit(limit: int) -> None:
    servers = Servers()
    list(observe_all(endpoints_of(("a", 200), ("b", 200)), servers.observe, max_connections=32, a_server=limit))
    assert max(servers.most.values()) <= limit


def test_no_more_connections_in_all_than_asked_for() -> None:
    servers = Servers()
    list(observe_all(endpoints_of(*((str(number), 2) for number in range(50))), servers.observe, max_connections=3))
    assert servers.most_in_all <= 3


def test_a_defect_at_one_endpoint_is_its_evidence() -> None:
    def observe(endpoint: Endpoint) -> list[Observation]:
        if endpoint.port == 1001:
            raise RecursionError("too deep")
        return [Observation(endpoint, endpoint.location())]

    results = dict(observe_all(endpoints_of(("a", 3)), observe))
    assert [results[index][0].reason for index in range(3)] == [
        None,
        "the audit failed: RecursionError: too deep",
        None,
    ]


def test_whoever_leaves_early_does_not_wait() -> None:
    servers = Servers("slow")
    servers.fast_left = 1
    results = observe_all([Endpoint("fast", 1), *endpoints_of(("slow", 50))], servers.observe, max_connections=4)
    next(results)
    before = servers.active["slow"]
    servers.fast_are_done.clear()
    results.close()  # returns although the slow server still holds its connections
    assert before <= 4


def test_servers_take_turns() -> None:
    schedule = Schedule(endpoints_of(("a", 2), ("b", 2)), a_server=1)
    assert [schedule.take(), schedule.take()] == [("a", 0), ("b", 2)]
    schedule.give_back("b")
    assert schedule.take() == ("b", 3)
    schedule.give_back("a")
    assert schedule.take() == ("a", 1)
    assert schedule.take() is None
