# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection under one hard deadline, which a server that sends a byte now and then cannot stretch."""

from __future__ import annotations

import errno
import socket
import time

RECEIVE_SIZE = 16384

_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "no route to the network",
    errno.EMFILE: "too many open files here; lower max_connections or raise the limit (ulimit -n)",
}
_RESETS = (errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE)


class ProbeError(Exception):
    """Why there is no certificate, in words that name the step at which it went wrong."""


class Deadline:
    """An instant of the monotonic clock by which all has to be over; ``seconds`` is how far off it was."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, 0 once it has passed."""
        return max(0.0, self._end - time.monotonic())

    def remaining(self, phase: str) -> float:
        """Seconds left, always more than 0. Raises ProbeError that names the phase once there are none."""
        left = self.left()
        if left <= 0:
            raise self.expired(phase)
        return left

    def expired(self, phase: str) -> ProbeError:
        """The error of a deadline that passed during the phase."""
        return ProbeError(f"timed out after {round(self.seconds, 1):g} s {phase}")


def connect(address: str, port: int, deadline: Deadline) -> socket.socket:
    """A connected TCP socket. Raises ProbeError."""
    phase = "while connecting"
    remaining = deadline.remaining(phase)
    try:
        plain = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        raise _explained(error, phase, deadline) from None
    try:
        plain.settimeout(remaining)
        plain.connect((address, port))
    except OSError as error:
        plain.close()
        raise _explained(error, phase, deadline) from None
    return plain


class Connection:
    """A connected socket. Every wait is for what is left of the deadline; ``phase`` says what is going on.

    ``send`` and ``receive`` serve any bytes, ``read_*`` the plain-text part before STARTTLS, of which ``limit`` bytes
    are taken and no more. All raise ProbeError with the reason and the phase.
    """

    def __init__(self, plain: socket.socket, deadline: Deadline, *, phase: str, limit: int = 65536) -> None:
        self._socket = plain
        self._deadline = deadline
        self._left = limit
        self.phase = phase
        self.buffer = b""

    def send(self, data: bytes) -> None:
        """Sends all of it."""
        view = memoryview(data)
        try:
            while view:
                self._socket.settimeout(self._deadline.remaining(self.phase))
                view = view[self._socket.send(view) :]
        except OSError as error:
            raise _explained(error, self.phase, self._deadline) from None

    def receive(self) -> bytes:
        """What has arrived, at least one byte. Raises ProbeError also when the server closed the connection."""
        try:
            self._socket.settimeout(self._deadline.remaining(self.phase))
            data = self._socket.recv(RECEIVE_SIZE)
        except OSError as error:
            raise _explained(error, self.phase, self._deadline) from None
        if not data:
            raise ProbeError(f"the server closed the connection {self.phase}")
        return data

    def read_exactly(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        while len(self.buffer) < count:
            self._fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_until(self, *marks: bytes) -> bytes:
        """Everything up to and with the first of the marks."""
        overlap = max(map(len, marks)) - 1
        start = 0
        while True:
            ends = [at + len(mark) for mark, at in ((mark, self.buffer.find(mark, start)) for mark in marks) if at >= 0]
            if ends:
                return self.read_exactly(min(ends))
            start = max(0, len(self.buffer) - overlap)
            self._fill()

    def read_line(self) -> str:
        """The next line without its end."""
        return self.read_until(b"\n").decode("utf-8", "replace").rstrip("\r\n")

    def _fill(self) -> None:
        data = self.receive()
        self._left -= len(data)
        if self._left < 0:
            raise ProbeError(f"the server sent more than any answer has {self.phase}")
        self.buffer += data


def _explained(error: OSError, phase: str, deadline: Deadline) -> ProbeError:
    if isinstance(error, socket.timeout):
        return deadline.expired(phase)
    if error.errno in _RESETS:
        return ProbeError(f"reset by the server {phase}")
    reason = _REASONS.get(error.errno or 0)
    return ProbeError(reason or f"{(error.strerror or str(error)).lower()} {phase}")


def quoted(data: bytes | str, *, limit: int = 60) -> str:
    """The first line of what a server sent, printable and in quotes."""
    text = (data.decode("latin-1") if isinstance(data, bytes) else data).strip("\0\r\n ")
    line = text.splitlines()[0] if text else ""
    shown = "".join(each if " " <= each <= "~" else "." for each in line[:limit])
    return f"'{shown}{'...' if len(line) > limit else ''}'"
