# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers on loopback, in threads: good ones, and those that stall, reset, drip or talk something else.

>>> with tls_server([leaf, authority]) as port, raw_server(drip) as dripping: ...

They need nothing but Python (3.9 and newer).
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.certificates import Made

LOOPBACK = "127.0.0.1"
# Seconds after which bad servers give up: far beyond any deadline in the tests, so that a broken one fails them.
PATIENCE = 8.0
Handler = Callable[[socket.socket], None]


class _Listener:
    """Accepts connections until it is closed, each handled in a thread of its own."""

    def __init__(self, handle: Handler, host: str) -> None:
        self._handle = handle
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
        self.port: int = self._socket.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    def close(self) -> None:
        """Ends all connections, and returns when every thread has ended."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._socket.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # The other end hangs up whenever it has seen enough.
        with contextlib.suppress(OSError), connection:
            self._handle(connection)
        with self._lock:
            self._connections.discard(connection)


@contextlib.contextmanager
def raw_server(handle: Handler, *, host: str = LOOPBACK) -> Iterator[int]:
    """A TCP server that hands each connection to ``handle``; yields its port."""
    listener = _Listener(handle, host)
    try:
        yield listener.port
    finally:
        listener.close()


@contextlib.contextmanager
def tls_server(
    chain: Sequence[Made],
    *,
    host: str = LOOPBACK,
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1,
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    client_authority: Made | None = None,
    before: Handler | None = None,
    names_asked: list[str | None] | None = None,
) -> Iterator[int]:
    """A TLS server that serves ``chain`` (its key is that of the first); yields its port.

    client_authority: the CA of the client certificates that it demands; before: the plain-text part (STARTTLS);
    names_asked: takes the server name of every handshake.
    """
    context = server_context(chain, minimum=minimum, maximum=maximum, client_authority=client_authority)
    if names_asked is not None:
        context.sni_callback = lambda _tls, name, _context: names_asked.append(name)

    def handle(connection: socket.socket) -> None:
        if before is not None:
            before(connection)
        with context.wrap_socket(connection, server_side=True) as tls:
            wait_for_close(tls)

    with raw_server(handle, host=host) as port:
        yield port


def server_context(
    chain: Sequence[Made],
    *,
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1,
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    client_authority: Made | None = None,
) -> ssl.SSLContext:
    """A context that serves ``chain`` in the protocol versions given, old ciphers and digests included."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = minimum, maximum
    with tempfile.TemporaryDirectory() as directory:
        certificates, key = write_pair(Path(directory), chain)
        context.load_cert_chain(certificates, key)
    if client_authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_authority.pem.decode())
    return context


def write_pair(directory: Path, chain: Sequence[Made]) -> tuple[str, str]:
    """Writes chain.pem and key.pem (of the first certificate); returns their paths."""
    certificates, key = directory / "chain.pem", directory / "key.pem"
    certificates.write_bytes(b"".join(each.pem for each in chain))
    key.write_bytes(chain[0].key_pem)
    key.chmod(0o600)
    return str(certificates), str(key)


def wait_for_close(connection: socket.socket) -> None:
    """Reads until the other end hangs up (or breaks off)."""
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass


def stall(connection: socket.socket) -> None:
    """Accepts, and never says a word."""
    connection.settimeout(PATIENCE)
    wait_for_close(connection)


def close_at_once(_connection: socket.socket) -> None:
    """Hangs up politely."""


def close_after_hello(connection: socket.socket) -> None:
    """Reads the ClientHello and hangs up."""
    connection.recv(65536)


def reset_after_hello(connection: socket.socket) -> None:
    """Reads a byte of the ClientHello and resets the connection."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(connection: socket.socket) -> None:
    """Answers with the longest handshake record there is, a byte every 20 ms, so that no single wait is long."""
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
    _drip(connection, b"\0")


def drip_greeting(connection: socket.socket) -> None:
    """Greets as an SMTP server whose line does not end."""
    connection.sendall(b"220-")
    _drip(connection, b"a")


def _drip(connection: socket.socket, byte: bytes) -> None:
    connection.settimeout(0.02)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        connection.sendall(byte)
        try:
            if not connection.recv(4096):
                return
        except socket.timeout:
            continue


def say(text: bytes) -> Handler:
    """A server that says one thing and then listens."""

    def handle(connection: socket.socket) -> None:
        connection.sendall(text)
        wait_for_close(connection)

    return handle


def answer_http(connection: socket.socket) -> None:
    """What a web server without TLS says to a ClientHello."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def conversation(*steps: tuple[str, bytes]) -> Handler:
    """A scripted plain-text part: ("send", bytes) says them, ("expect", bytes) reads until just these have come."""

    def handle(connection: socket.socket) -> None:
        for action, data in steps:
            if action == "send":
                connection.sendall(data)
            else:
                _expect(connection, data)

    return handle


def _expect(connection: socket.socket, wanted: bytes) -> None:
    received = b""
    while len(received) < len(wanted):
        more = connection.recv(len(wanted) - len(received))
        if not more:
            break
        received += more
    assert received == wanted, f"expected {wanted!r}, received {received!r}"
