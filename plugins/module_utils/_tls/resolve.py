# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names to addresses, within a deadline."""

from __future__ import annotations

import ipaddress
import socket
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError

from .stream import Deadline, ProbeError

PHASE = "while resolving the name"

# What getaddrinfo says, in the words of a report; the rest in its own.
_REASONS = {
    socket.EAI_NONAME: "name does not resolve",
    getattr(socket, "EAI_NODATA", socket.EAI_NONAME): "name has no address",
    socket.EAI_AGAIN: "name server does not answer",
}


class Resolver:
    """Looks every name up once, each in a daemon thread that nobody has to wait for.

    The system's getaddrinfo cannot be interrupted. So the caller waits as long as its deadline allows, and the
    thread of a lookup that takes longer is left behind: it ends when the C library gives up (resolv.conf(5): some
    10 s a server) and never keeps the process alive. Whoever asks for the same name meanwhile joins the same lookup.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lookups: dict[str, Future[tuple[str, ...]]] = {}

    def addresses(self, host: str, deadline: Deadline) -> tuple[str, ...]:
        """The distinct addresses of a host in the system's order of preference (RFC 6724).

        Raises ProbeError when there is none or the deadline passes.
        """
        if _is_address(host):
            return (host,)
        try:
            return self._lookup(host).result(timeout=deadline.remaining(PHASE))
        except FutureTimeoutError:
            raise deadline.expired(PHASE) from None
        except (OSError, UnicodeError) as error:
            raise ProbeError(_reason(error)) from None

    def _lookup(self, host: str) -> Future[tuple[str, ...]]:
        with self._lock:
            lookup = self._lookups.get(host)
            if lookup is None:
                lookup = self._lookups[host] = Future()
                threading.Thread(target=_resolve, args=(host, lookup), name=f"resolve {host}", daemon=True).start()
            return lookup


def _resolve(host: str, lookup: Future[tuple[str, ...]]) -> None:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        lookup.set_exception(error)
    else:
        lookup.set_result(tuple(dict.fromkeys(_text(answer[4]) for answer in answers)))


def _text(address: tuple[object, ...]) -> str:
    """The address of a socket address; a link-local one keeps its zone (RFC 4007)."""
    text = str(address[0])
    zone = address[3] if len(address) == 4 else 0
    return f"{text}%{zone}" if zone and "%" not in text else text


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.gaierror) and error.errno in _REASONS:
        return _REASONS[error.errno]
    return f"name does not resolve: {getattr(error, 'strerror', None) or error}"
