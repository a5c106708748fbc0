# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking names up without ever waiting longer than the deadline."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._tls.dial import Dialler
from ansible_collections.sre.preflight.plugins.module_utils._tls.resolve import Resolver
from ansible_collections.sre.preflight.plugins.module_utils._tls.stream import Deadline, ProbeError
from ansible_collections.sre.preflight.plugins.module_utils._tls.target import Endpoint
from tests.support.certificates import make_leaf
from tests.support.servers import tls_server


def answer(*addresses: str) -> list[tuple]:
    """What getaddrinfo returns."""
    families = {address: socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses}
    return [
        (family, socket.SOCK_STREAM, 6, "", (address, 0, 0, 0) if family == socket.AF_INET6 else (address, 0))
        for address, family in families.items()
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "2001:db8::1"])
def test_an_address_is_not_looked_up(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    assert Resolver().addresses(host, Deadline(1)) == (host,)


def test_localhost_resolves() -> None:
    assert set(Resolver().addresses("localhost", Deadline(5))) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "name does not resolve"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "name server does not answer"),
        (socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure"), "name does not resolve: Non-recoverable failure"),
    ],
)
def test_failures_in_words(error: OSError, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ProbeError) as caught:
        Resolver().addresses("vault.example", Deadline(1))
    assert str(caught.value) == reason


def test_a_lookup_that_hangs_is_left_behind_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server can make getaddrinfo hang reliably: it is replaced here, and here only."""
    over, calls = threading.Event(), []

    def hang(host: str, *_arguments: object, **_options: object) -> list[tuple]:
        calls.append(host)
        over.wait(20)
        return answer("127.0.0.1")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    resolver = Resolver()
    start = time.monotonic()
    for _attempt in range(2):
        with pytest.raises(ProbeError, match=r"^timed out after 0\.2 s while resolving the name$"):
            resolver.addresses("vault.example", Deadline(0.2))
    assert time.monotonic() - start < 1
    over.set()
    assert resolver.addresses("vault.example", Deadline(5)) == ("127.0.0.1",)
    assert calls == ["vault.example"], "a name is looked up once, whoever asks"


def test_the_first_address_that_connects_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: answer("127.0.0.2", "127.0.0.1"))
    leaf = make_leaf()
    with tls_server([leaf]) as port:  # which listens on 127.0.0.1 only
        (observation,) = Dialler(timeout=5).observe(Endpoint("vault.example", port))
    assert observation.address == "127.0.0.1"
    assert observation.chain == (leaf.der,)
    assert observation.location == f"tls://vault.example:{port}"


def test_all_addresses_are_read_and_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: answer("127.0.0.2", "127.0.0.1"))
    leaf = make_leaf()
    with tls_server([leaf]) as port:
        observations = Dialler(timeout=5).observe(Endpoint("vault.example", port, addresses="all"))
    assert [(each.location, each.reason, each.chain) for each in observations] == [
        (f"tls://vault.example:{port}@127.0.0.2", "connection refused", ()),
        (f"tls://vault.example:{port}@127.0.0.1", None, (leaf.der,)),
    ]


def test_reasons_of_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: answer("127.0.0.2", "127.0.0.1"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (observation,) = Dialler(timeout=5).observe(Endpoint("vault.example", port))
    assert observation.reason == "connection refused"
