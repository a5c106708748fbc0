# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that a real API server cannot be made to show at will: expired tokens, answers cut short, overload."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.client import Client, Refusal
from tests.support.scripted_http import Reply, ScriptedServer

NAMES = [f"s{number}" for number in range(5)]
NO_QUERY: dict[str, str] = {}


def name_of(item):
    return item["metadata"]["name"]


def client_of(server, **options):
    """A client of two objects a page that does not wait; ``pauses`` are those that it would have made."""
    pauses = []
    api = SimpleNamespace(
        configuration=SimpleNamespace(
            host=server.url,
            auth_settings=lambda: {"BearerToken": {"in": "header", "key": "authorization", "value": "Bearer abc"}},
        ),
        rest_client=SimpleNamespace(pool_manager=urllib3.PoolManager()),
    )
    given = {"timeout": 5.0, "impersonate_user": None, "impersonate_groups": [], **options}
    client = Client(api, given, page=2, sleep=pauses.append)
    return client, pauses


def query_of(request):
    return {key: value for key, (value,) in parse_qs(urlsplit(request.path).query).items()}


def page(request):
    """The page that was asked for; all where no limit is given."""
    query = query_of(request)
    start = int(query.get("continue", 0))
    end = start + int(query.get("limit", len(NAMES)))
    items = [{"metadata": {"name": name}} for name in NAMES[start:end]]
    following = str(end) if end < len(NAMES) else ""
    return Reply(body={"kind": "SecretList", "metadata": {"continue": following}, "items": items})


def status(code, message="", **headers):
    return Reply(code, body={"kind": "Status", "message": message}, headers=headers)


def run(script, **options):
    with ScriptedServer(script) as server:
        client, pauses = client_of(server, **options)
        try:
            return client.list_all("/api/v1/secrets", NO_QUERY, name_of), pauses, server.requests
        except Refusal as refusal:
            return refusal, pauses, server.requests


def test_pages_are_asked_for_one_after_the_other():
    found, _pauses, requests = run(page)
    assert found == (NAMES, 5, 0)
    assert [query_of(each).get("continue") for each in requests] == [None, "2", "4"]


def test_what_is_not_kept_is_counted():
    with ScriptedServer(page) as server:
        found = client_of(server)[0].list_all("/x", {}, lambda item: None if name_of(item) == "s1" else name_of(item))
    assert found == (["s0", "s2", "s3", "s4"], 5, 0)


def test_an_expired_continue_token_begins_anew_without_pages():
    expired = status(410, "The provided continue parameter is too old")
    found, _pauses, requests = run(lambda each: expired if "continue=2" in each.path else page(each))
    assert found == (NAMES, 5, 1)
    assert [query_of(each) for each in requests] == [{"limit": "2"}, {"limit": "2", "continue": "2"}, {}]


def test_a_list_that_expires_without_pages_too_is_refused():
    refusal, _pauses, requests = run(lambda _each: status(410, "too old"))
    assert (refusal.kind, refusal.reason) == ("expired", "HTTP status 410: too old")
    assert len(requests) == 2


CUT = b'{"metadata": {"continue": ""}, "items": [{"metadata": {"name": "half"}}, {"meta'


@pytest.mark.parametrize(
    "fault",
    [Reply(drop=True), Reply(body=CUT), status(503, "starting"), status(429), status(500), Reply(body=b"<html>")],
    ids=["hung up", "cut short", "503", "429", "500", "no JSON"],
)
def test_an_interrupted_page_is_asked_for_again_and_nothing_is_counted_twice(fault):
    found, pauses, requests = run(lambda each: fault if each.number == 2 else page(each))
    assert found == (NAMES, 5, 0)
    assert pauses == [0.5]
    assert [query_of(each).get("continue") for each in requests] == [None, "2", "2", "4"]


def test_the_pauses_double_and_end():
    refusal, pauses, requests = run(lambda _each: status(503, "starting"))
    assert (refusal.kind, refusal.reason) == ("failed", "HTTP status 503: starting")
    assert pauses == [0.5, 1, 2, 4, 8]
    assert len(requests) == 6


def test_what_comes_after_a_lost_server_is_not_waited_for_again():
    with ScriptedServer(lambda _each: Reply(drop=True)) as server:
        client, pauses = client_of(server)
        for path in ("/api/v1/secrets", "/api/v1/pods"):
            with pytest.raises(Refusal, match="no connection"):
                client.list_all(path, {}, name_of)
        assert len(pauses) == 5
        assert len(server.requests) == 7


def test_the_server_is_left_alone_for_as_long_as_it_asks_within_the_timeout():
    fault = {2: status(429, **{"Retry-After": "3"}), 3: status(429, **{"Retry-After": "999"})}
    _found, pauses, _requests = run(lambda each: fault.get(each.number) or page(each))
    assert pauses == [3.0, 5.0]


@pytest.mark.parametrize(
    ("code", "kind"), [(401, "unauthorized"), (403, "forbidden"), (404, "absent"), (302, "failed")]
)
def test_a_refusal_is_not_asked_again_nor_followed_elsewhere(code, kind):
    refusal, pauses, requests = run(lambda _each: status(code, "no\n  way", Location="/elsewhere"))
    assert (refusal.kind, refusal.reason) == (kind, f"HTTP status {code}: no way")
    assert pauses == []
    assert len(requests) == 1


def test_a_right_that_is_gone_in_mid_list_is_waited_for():
    """A server that has just started answers 403 until it has read its rules."""
    found, pauses, _requests = run(lambda each: status(403, "no") if each.number in (2, 3) else page(each))
    assert found == (NAMES, 5, 0)
    assert pauses == [0.5, 1]
    refusal, pauses, _requests = run(lambda each: status(403, "no") if each.number > 1 else page(each))
    assert refusal.kind == "forbidden"
    assert len(pauses) == 5


def test_every_group_is_a_header_of_its_own():
    with ScriptedServer(page) as server:
        client, _pauses = client_of(server, impersonate_user="ann", impersonate_groups=["one", "two"])
        headers = client._headers()
    assert headers.getlist("Impersonate-Group") == ["one", "two"]
    assert headers.getlist("Impersonate-User") == ["ann"]
    assert headers["Authorization"] == "Bearer abc"


def test_version_and_clock():
    reply = Reply(body={"gitVersion": "v1.37.2"}, headers={})
    with ScriptedServer(lambda _each: reply) as server:
        version, clock = client_of(server)[0].version()
    assert version == "v1.37.2"
    assert clock is not None
    assert clock.tzinfo is not None


@pytest.mark.parametrize("body", [b"<html>", {"version": "1"}, ["gitVersion"]])
def test_another_server_is_told_from_kubernetes(body):
    with ScriptedServer(lambda _each: Reply(body=body)) as server, pytest.raises(Refusal) as refusal:
        client_of(server)[0].version()
    assert refusal.value.reason == "it does not answer /version as Kubernetes does"
