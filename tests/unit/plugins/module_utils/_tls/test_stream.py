# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader under a deadline."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._tls.stream import (
    Connection,
    Deadline,
    ProbeError,
    connect,
    quoted,
)
from tests.support.servers import drip_greeting, raw_server, stall


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Connection(ours, Deadline(5), phase="during the test", limit=100), theirs


def test_what_was_read_too_much_is_kept_for_the_next_read(pair: tuple[Connection, socket.socket]) -> None:
    connection, server = pair
    server.sendall(b"one\r\ntwo\nthree<end>rest")
    assert connection.read_line() == "one"
    assert connection.read_line() == "two"
    assert connection.read_until(b"</end>", b"<end>") == b"three<end>"
    assert connection.read_exactly(2) == b"re"
    assert connection.buffer == b"st"


def test_a_mark_that_arrives_in_two_parts_is_found(pair: tuple[Connection, socket.socket]) -> None:
    connection, server = pair
    server.sendall(b"<featu")
    connection.buffer = connection.receive()
    server.sendall(b"res>")
    assert connection.read_until(b"<features>", b"<error>") == b"<features>"


@pytest.mark.parametrize(("count", "fits"), [(100, True), (101, False)])
def test_no_more_than_the_limit_is_taken(pair: tuple[Connection, socket.socket], count: int, fits: bool) -> None:
    connection, server = pair
    server.sendall(b"x" * (count - 1) + b"\n")
    if fits:
        assert len(connection.read_line()) == 99
    else:
        with pytest.raises(ProbeError, match=r"^the server sent more than any answer has during the test$"):
            connection.read_line()


def test_a_hang_up_is_named_with_its_phase(pair: tuple[Connection, socket.socket]) -> None:
    connection, server = pair
    server.close()
    with pytest.raises(ProbeError, match=r"^the server closed the connection during the test$"):
        connection.read_line()


@pytest.mark.parametrize("handle", [stall, drip_greeting])
def test_the_deadline_holds_whatever_the_server_does(handle: object) -> None:
    deadline = Deadline(0.3)
    start = time.monotonic()
    with raw_server(handle) as port, connect("127.0.0.1", port, deadline) as plain:
        connection = Connection(plain, deadline, phase="during the test")
        with pytest.raises(ProbeError, match=r"^timed out after 0\.3 s during the test$"):
            connection.read_line()
        assert 0.25 < time.monotonic() - start < 0.8


def test_sending_is_bounded_too(pair: tuple[Connection, socket.socket]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours, Deadline(0.2), phase="during the test")
        with pytest.raises(ProbeError, match=r"^timed out after 0\.2 s during the test$"):
            connection.send(bytes(50_000_000))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"220 mail ready\r\n250 more\r\n", "'220 mail ready'"),
        (b"\r\n\0", "''"),
        (b"", "''"),
        (b"J\0\0\0\n8.0.36\0\x1b[31m", "'J...'"),
        ("caf\u00e9 \u202e", "'caf. .'"),
        (b"x" * 61, "'" + "x" * 60 + "...'"),
        (b"x" * 60, "'" + "x" * 60 + "'"),
    ],
)
def test_what_a_server_said_is_shown_safely(data: bytes | str, text: str) -> None:
    assert quoted(data) == text
