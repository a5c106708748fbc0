# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays a server of every protocol: whatever it says, there is a chain or a reason in words at the end.

An input is the scheme of an endpoint and then what the server sends, packet by packet, each behind a ``<->``.
"""

from __future__ import annotations

import atheris

from tests.fuzz.engine import check_reason, fuzz

with atheris.instrument_imports(include=["ansible_collections.sre.preflight"]):
    from ansible_collections.sre.preflight.plugins.module_utils._tls.contexts import Contexts
    from ansible_collections.sre.preflight.plugins.module_utils._tls.handshake import read_served
    from ansible_collections.sre.preflight.plugins.module_utils._tls.starttls import PROTOCOLS, Peer, start_tls
    from ansible_collections.sre.preflight.plugins.module_utils._tls.stream import Connection, Deadline, ProbeError
    from ansible_collections.sre.preflight.plugins.module_utils._x509.certificate_reader import read_certificate

CONTEXT = Contexts().get(verify=False)
PEER = Peer("mail.example.com", 25, "127.0.0.1")


class Server:
    """A socket whose other end says one thing after the other, takes all that is sent to it, and hangs up."""

    def __init__(self, says: list[bytes]) -> None:
        self._says = says[::-1]

    def settimeout(self, _seconds: float) -> None:
        """There is nothing to wait for."""

    def send(self, data: memoryview) -> int:
        """All of it."""
        return len(data)

    def recv(self, _size: int) -> bytes:
        """What it says next; nothing once it has hung up."""
        return self._says.pop() if self._says else b""


def try_one(data: bytes) -> None:
    """STARTTLS, where the scheme has it, and the handshake."""
    scheme, *says = data.split(b"<->")
    connection = Connection(Server(says), Deadline(60), phase="during STARTTLS")  # type: ignore[arg-type]
    try:
        if scheme.decode("latin-1") in PROTOCOLS:
            start_tls(scheme.decode("latin-1"), connection, PEER)
        served = read_served(connection, CONTEXT, PEER.server_name)
    except ProbeError as error:
        check_reason(error)
        return
    assert served.chain
    for der in served.chain:
        try:
            read_certificate(der)
        except ValueError as error:
            check_reason(error)


if __name__ == "__main__":
    fuzz("endpoint", try_one, runs=40_000)
