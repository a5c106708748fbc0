# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport against a server that fails as real ones do now and then, but not at our bidding."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault import errors
from ansible_collections.sre.preflight.plugins.module_utils._vault.collect import collect
from ansible_collections.sre.preflight.plugins.module_utils._vault.connection import from_params
from ansible_collections.sre.preflight.plugins.module_utils._vault.errors import RequestError
from ansible_collections.sre.preflight.plugins.module_utils._vault.transport import GIVE_UP_AFTER, Transport
from tests.lab.process import wait_until
from tests.support.scripted_http import Received, Reply, ScriptedServer

TOKEN = "hvs.never-to-be-shown"
DATA = Reply(body={"data": {"value": 1}})


class Sleeper:
    """Counts seconds instead of sleeping them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@contextmanager
def transport_to(
    script: Callable[[Received], Reply], sleeper: Sleeper | None = None, *, patience: float = 0.0, **options: Any
) -> Iterator[tuple[Transport, ScriptedServer]]:
    with ScriptedServer(script) as server:
        times: dict[str, Any] = {"clock": sleeper.clock, "sleep": sleeper.sleep} if sleeper else {}
        connection = from_params({"url": server.url, **options}, {})
        transport = Transport(connection, token=TOKEN, patience=patience, **times)
        try:
            yield transport, server
        finally:
            server.released.set()
            transport.close()


def by_number(*replies: Reply) -> Callable[[Received], Reply]:
    """The first reply for the first request and so on; the last one for all that follow."""
    return lambda request: replies[min(request.number, len(replies)) - 1]


def failure_of(transport: Transport, path: str = "pki/config/crl") -> RequestError:
    with pytest.raises(RequestError) as caught:
        transport.read(path)
    assert TOKEN not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("status", [412, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_waited_out(status: int) -> None:
    sleeper = Sleeper()
    with transport_to(by_number(Reply(status), Reply(status), DATA), sleeper) as (transport, server):
        assert transport.read("pki/config/crl") == {"value": 1}
    assert len(server.requests) == 3
    assert sleeper.pauses == [0.3, 0.6]
    assert transport.retried == {str(status): 2}


def test_a_dropped_connection_is_tried_again() -> None:
    sleeper = Sleeper()
    with transport_to(by_number(Reply(drop=True), DATA), sleeper) as (transport, _server):
        assert transport.read("pki/config/crl") == {"value": 1}
    assert transport.retried == {errors.UNREACHABLE: 1}


def test_an_answer_that_is_cut_short_is_no_answer() -> None:
    with transport_to(lambda request: Reply(body=DATA.body, missing=1), retries=0) as (transport, _server):
        failure = failure_of(transport)
    assert (failure.kind, failure.reason) == (errors.UNREACHABLE, "no connection: IncompleteRead")


def test_a_connection_is_used_again_until_the_server_closes_it() -> None:
    replies = by_number(DATA, DATA, Reply(body=DATA.body, closes=True), DATA)
    with transport_to(replies, retries=0) as (transport, server):
        for _each in range(3):
            transport.read("pki/config/crl")
        wait_until(lambda: server.closed == 1, within=30, what="the connection to be closed")
        transport.read("pki/config/crl")
    assert (len(server.requests), server.opened) == (4, 2)


def test_retry_after_is_honoured() -> None:
    sleeper = Sleeper()
    with transport_to(by_number(Reply(429, headers={"Retry-After": "7"}), DATA), sleeper) as (transport, _server):
        transport.read("pki/config/crl")
    assert sleeper.pauses == [7.0]


def test_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    sleeper = Sleeper()
    with transport_to(lambda request: Reply(429, headers={"Retry-After": "3600"}), sleeper) as (transport, server):
        failure = failure_of(transport)
    assert (failure.kind, failure.status, sleeper.pauses) == (errors.RATE_LIMITED, 429, [])
    assert len(server.requests) == 1


@pytest.mark.parametrize(("retries", "requests"), [(0, 1), (2, 3), ({"total": 1, "backoff_factor": 0}, 2)])
def test_retries_are_as_many_as_the_option_says(retries: Any, requests: int) -> None:
    with transport_to(lambda request: Reply(502), Sleeper(), retries=retries) as (transport, server):
        failure = failure_of(transport)
    assert (failure.kind, failure.reason) == (errors.SERVER_ERROR, "the server failed (502)")
    assert len(server.requests) == requests


DENIED = "1 error occurred:\n\t* permission denied\n\n"
NO_PATH = "1 error occurred:\n\t* unsupported path\n\n"
NO_OPERATION = "1 error occurred:\n\t* unsupported operation\n\n"
NO_ROUTE = 'no handler for route "pki/config/crl". route entry not found.'
ACTIVE = "https://active:8200/v1/pki"


@pytest.mark.parametrize(
    ("status", "words", "kind", "reason"),
    [
        (403, [DENIED], errors.FORBIDDEN, "permission denied: the token needs read on pki/config/crl"),
        (404, [], errors.EMPTY, "it does not exist"),
        (404, [NO_PATH], errors.UNSUPPORTED, "this version has no such path"),
        (405, [NO_OPERATION], errors.UNSUPPORTED, "this version has no such path"),
        (404, [NO_ROUTE], errors.NO_MOUNT, "nothing is mounted there"),
        (503, ["Vault is sealed"], errors.SEALED, "the server is sealed"),
        (503, ["Vault is not initialized"], errors.UNINITIALISED, "the server is not initialised"),
        (307, [], errors.STANDBY, f"the server is a standby and redirects to {ACTIVE}; ask the active one"),
        (400, ["missing"], errors.REFUSED, "the server refused the request (400): missing"),
    ],
)
def test_failures_are_told_apart(status: int, words: list[str], kind: str, reason: str) -> None:
    location = {"Location": ACTIVE} if status == 307 else {}
    with transport_to(lambda request: Reply(status, {"errors": words}, location)) as (transport, server):
        failure = failure_of(transport)
    assert (failure.kind, failure.reason, failure.status) == (kind, reason, status)
    assert failure.path == "pki/config/crl"
    assert failure.capability == ("read" if kind == errors.FORBIDDEN else None)
    assert len(server.requests) == 1


def test_a_redirect_is_not_followed_with_the_token() -> None:
    with ScriptedServer(lambda request: DATA) as other:
        location = {"Location": f"{other.url}/v1/pki/config/crl"}
        with transport_to(lambda request: Reply(307, headers=location)) as (transport, _server):
            failure_of(transport)
    assert other.requests == []


@pytest.mark.parametrize("body", [b"<html>login</html>", b"", b"[]", b'{"data": 5}'])
def test_an_answer_of_something_else_is_no_answer(body: bytes) -> None:
    with transport_to(lambda request: Reply(200, body)) as (transport, _server):
        assert failure_of(transport).kind == errors.UNREADABLE


def test_a_stalled_server_costs_one_deadline_and_no_retry() -> None:
    started = time.monotonic()
    with transport_to(lambda request: Reply(pause=60), timeout=1) as (transport, server):
        failure = failure_of(transport)
        assert (failure.kind, failure.reason) == (errors.STALLED, "no answer within 1 s")
        assert time.monotonic() - started < 10
    assert len(server.requests) == 1


def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    started = time.monotonic()
    drops = [b"x"] * 1000
    with transport_to(lambda request: Reply(pieces=drops, pause=0.1), timeout=1) as (transport, _server):
        assert failure_of(transport).kind == errors.STALLED
        assert time.monotonic() - started < 10


def test_a_server_that_never_answers_is_given_up() -> None:
    with transport_to(lambda request: Reply(drop=True), Sleeper(), retries=0) as (transport, server):
        for _each in range(GIVE_UP_AFTER):
            failure_of(transport)
        last = failure_of(transport, "pki/roles/web")
    assert (last.kind, last.path) == (errors.UNREACHABLE, "pki/roles/web")
    assert len(server.requests) == GIVE_UP_AFTER


def test_a_sealed_server_is_asked_once() -> None:
    sealed = Reply(503, {"errors": ["Vault is sealed"]})
    with transport_to(lambda request: sealed) as (transport, server):
        assert {failure_of(transport, path).kind for path in ("a", "b", "c")} == {errors.SEALED}
    assert len(server.requests) == 1


def test_an_expired_token_is_told_from_a_missing_right() -> None:
    with transport_to(lambda request: Reply(403)) as (transport, server):
        transport.token_checked = True
        failures = [failure_of(transport, path) for path in ("pki/config/crl", "pki/config/urls")]
    assert {failure.kind for failure in failures} == {errors.TOKEN}
    assert [request.path for request in server.requests] == ["/v1/pki/config/crl", "/v1/auth/token/lookup-self"]


def test_a_token_that_never_could_look_itself_up_only_lacks_rights() -> None:
    with transport_to(lambda request: Reply(403)) as (transport, server):
        assert failure_of(transport).kind == errors.FORBIDDEN
    assert len(server.requests) == 1


def test_a_run_of_missing_rights_asks_for_the_token_once() -> None:
    def script(request: Received) -> Reply:
        return DATA if request.path.endswith("lookup-self") else Reply(403)

    with transport_to(script, Sleeper()) as (transport, server):
        transport.token_checked = True
        kinds = [failure_of(transport, f"pki/roles/{number}").kind for number in range(20)]
    assert set(kinds) == {errors.FORBIDDEN}
    assert len(server.requests) == 21


NO_LEADER = Reply(500, {"errors": ["local node not active but active cluster node not found"]})
GONE = Reply(307, headers={"Location": ACTIVE})
FAILOVER = [NO_LEADER, GONE, Reply(drop=True), Reply(502), Reply(503, b"<html>no server is available</html>")]


@pytest.mark.parametrize("reply", FAILOVER)
def test_a_leader_that_is_being_elected_is_waited_for(reply: Reply) -> None:
    sleeper = Sleeper()
    with transport_to(by_number(DATA, *[reply] * 9, DATA), sleeper, patience=60) as (transport, server):
        transport.read("pki/config/crl")
        assert transport.read("pki/config/crl") == {"value": 1}
    assert len(server.requests) == 11
    assert sleeper.pauses == [1.0, 1.0, 1.2, 2.4, 4.8, 5.0, 5.0, 5.0, 5.0]


@pytest.mark.parametrize("reply", FAILOVER)
def test_a_leader_that_does_not_come_is_waited_for_once(reply: Reply) -> None:
    sleeper = Sleeper()
    with transport_to(by_number(DATA, reply), sleeper, patience=60) as (transport, server):
        transport.read("pki/config/crl")
        failure_of(transport)
        assert 50 < sleeper.now <= 60
        asked = len(server.requests)
        failure_of(transport)
    assert sleeper.now <= 65
    assert len(server.requests) <= asked + 4


@pytest.mark.parametrize("reply", FAILOVER)
def test_what_has_never_answered_is_not_waited_for(reply: Reply) -> None:
    sleeper = Sleeper()
    with transport_to(lambda request: reply, sleeper, patience=60) as (transport, _server):
        failure_of(transport)
    assert sleeper.now < 3


@pytest.mark.parametrize("more", [{"retries": 0, "patience": 60}, {}], ids=["no retries", "no patience"])
def test_who_does_not_want_to_wait_does_not(more: dict[str, Any]) -> None:
    sleeper = Sleeper()
    with transport_to(by_number(DATA, NO_LEADER), sleeper, **more) as (transport, _server):
        transport.read("pki/config/crl")
        failure = failure_of(transport)
    assert (failure.kind, failure.reason) == (errors.NO_LEADER, "the cluster has no leader")
    assert sleeper.now < 3


@pytest.mark.parametrize("behind", [Reply(412), Reply(429, {"errors": []}, {"Retry-After": "1"})], ids=["412", "429"])
def test_what_was_written_is_seen_by_what_is_read_next(behind: Reply) -> None:
    """A standby that answers by itself refuses where it lacks the state that the write was answered with."""
    read: list[str | None] = []

    def script(request: Received) -> Reply:
        if request.method == "POST":
            return Reply(body={}, headers={"X-Vault-Index": "opaque-7"})
        read.append(request.headers.get("X-Vault-Index"))
        return behind if read.count("opaque-7") == 1 else DATA

    sleeper = Sleeper()
    with transport_to(script, sleeper, patience=60) as (transport, _server):
        transport.read("pki/config/crl")
        transport.call("POST", "pki/config/crl", body={"expiry": "96h"})
        assert transport.read("pki/config/crl") == {"value": 1}
    assert read == [None, "opaque-7", "opaque-7"]
    assert transport.retried == {errors.BEHIND: 1}
    assert sleeper.pauses == [1.0]


def test_a_quota_is_no_standby_that_lags_behind() -> None:
    replies = by_number(Reply(headers={"X-Vault-Index": "opaque-7"}), Reply(429, {"errors": ["quota exceeded"]}))
    with transport_to(replies, Sleeper(), retries=0) as (transport, _server):
        transport.call("POST", "pki/config/crl")
        assert failure_of(transport).kind == errors.RATE_LIMITED


@pytest.mark.parametrize(("action", "warnings"), [("warn", 1), ("ignore", 0), (None, 1)])
def test_there_is_one_warning_of_all_retries(
    action: str | None, warnings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("ansible.module_utils.common.warnings.warn", told.append)
    sealed = Reply(503, {"initialized": True, "sealed": True})
    with ScriptedServer(by_number(Reply(drop=True), Reply(drop=True), sealed)) as server:
        retries = {"total": 3, "backoff_factor": 0}
        params = {"url": server.url, "auth_method": "none", "retries": retries, "leaves": "none", "leaves_sample": 1}
        collect({**params, "retry_action": action}, environment={}, now=datetime.now(UTC))
    assert told == ["requests to the server had to be repeated: 2 x unreachable"] * warnings


def test_never_more_connections_than_allowed() -> None:
    with transport_to(lambda request: Reply(body=DATA.body, pause=0.01), max_connections=3) as (transport, server):
        results = list(transport.map(lambda number: transport.read(f"pki/roles/{number}"), range(60)))
    assert len(results) == len(server.requests) == 60
    assert server.most_at_once == 3


def test_what_is_sent() -> None:
    with transport_to(lambda request: DATA, namespace="team/") as (transport, server):
        transport.read("pki/cert/0a:1b", namespace="sub/")
        transport.read("pki/roles/a b%#?")
    first, second = server.requests
    assert first.path == "/v1/pki/cert/0a:1b"
    assert second.path == "/v1/pki/roles/a%20b%25%23%3F"
    assert (first.headers["X-Vault-Token"], first.headers["X-Vault-Request"]) == (TOKEN, "true")
    assert (first.headers["X-Vault-Namespace"], second.headers["X-Vault-Namespace"]) == ("team/sub/", "team/")


def test_a_listing_is_a_get_that_proxies_let_through() -> None:
    with transport_to(lambda request: Reply(body={"data": {"keys": ["a"]}})) as (transport, server):
        assert transport.listing("pki/certs/detailed", after="0a-1b", limit=5)["keys"] == ["a"]
    assert (server.requests[0].method, server.requests[0].path) == (
        "GET",
        "/v1/pki/certs/detailed?list=true&after=0a-1b&limit=5",
    )


def test_nothing_to_list_is_an_empty_list() -> None:
    with transport_to(lambda request: Reply(404, {"errors": []})) as (transport, _server):
        assert transport.listing("pki/roles") == {"keys": []}


def test_a_proxy_is_used_for_the_scheme_it_is_named_for() -> None:
    with ScriptedServer(lambda request: DATA) as proxy:
        proxies = {"http": proxy.url.replace("//", "//user:secret@")}
        connection = from_params({"url": "http://vault.invalid:8200", "proxies": proxies}, {})
        transport = Transport(connection)
        assert transport.read("pki/config/crl") == {"value": 1}
        transport.close()
    assert proxy.requests[0].path == "http://vault.invalid:8200/v1/pki/config/crl"
    assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
