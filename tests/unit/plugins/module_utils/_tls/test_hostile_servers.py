# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever bytes a server sends, there is a reason in words at the end, and in time."""

from __future__ import annotations

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._tls.contexts import Contexts
from ansible_collections.sre.preflight.plugins.module_utils._tls.handshake import read_served
from ansible_collections.sre.preflight.plugins.module_utils._tls.starttls import PROTOCOLS, Peer, start_tls
from ansible_collections.sre.preflight.plugins.module_utils._tls.stream import Connection, Deadline, ProbeError

CONTEXT = Contexts().get(verify=False)
# Pieces that lead a parser further than noise does.
PIECES = st.sampled_from(
    [
        b"220 m\r\n",
        b"220-m\r\n",
        b"250 STARTTLS\r\n",
        b"* OK\r\n",
        b"a1 OK\r\n",
        b"+OK\r\n",
        b"OK\r\n",
        b'"STARTTLS"\r\n',
        b"0\x84\x00\x00\x00\x10\x02\x01\x01x",
        b"0\x80",
        b"J\x00\x00\x00\n8.0\x00",
        b"S",
        b"382 \r\n",
        b"234\r\n",
        b"<stream:features>urn:ietf:params:xml:ns:xmpp-tls</stream:features>",
        b"<proceed",
        b">",
        b"\x16\x03\x03\x00\x04",
    ]
)
ANSWERS = st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=8).map(b"".join)


@contextlib.contextmanager
def connection_that_receives(data: bytes) -> Connection:
    """Connected to a server that says this, hangs up, and takes whatever we say."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        yield Connection(ours, Deadline(5), phase="during STARTTLS")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(data=ANSWERS)
def test_any_answer_is_an_agreement_or_a_reason(protocol: str, data: bytes) -> None:
    with connection_that_receives(data) as connection, contextlib.suppress(ProbeError):
        start_tls(protocol, connection, Peer("localhost", 1, "127.0.0.1"))


@given(data=st.one_of(ANSWERS, ANSWERS.map(lambda rest: b"\x16\x03\x03\x00\x20" + rest)))
def test_no_noise_is_a_handshake(data: bytes) -> None:
    with connection_that_receives(data) as connection, pytest.raises(ProbeError) as caught:
        read_served(connection, CONTEXT, "localhost")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("port", "namespace"), [(5222, b"'jabber:client'"), (5269, b"'jabber:server'")])
def test_xmpp_servers_are_addressed_as_servers_and_by_an_escaped_name(port: int, namespace: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.shutdown(socket.SHUT_WR)
        connection = Connection(ours, Deadline(5), phase="during STARTTLS")
        with pytest.raises(ProbeError, match=r"^the server closed the connection during STARTTLS$"):
            start_tls("xmpp", connection, Peer("a&'\"<b>", port, "127.0.0.1"))
        said = theirs.recv(4096)
    assert b"xmlns=" + namespace in said
    assert b'to="a&amp;&#x27;&quot;&lt;b&gt;"' in said
