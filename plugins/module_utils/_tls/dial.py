# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one endpoint to what it serves: resolve, connect, STARTTLS, handshake, all under one deadline."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from .contexts import Contexts
from .handshake import Served, read_served
from .observation import Observation
from .resolve import Resolver
from .starttls import Peer, start_tls
from .stream import Connection, Deadline, ProbeError, connect
from .target import Endpoint


class Dialler:
    """Reads the certificates of endpoints; one for a run, since contexts and lookups are shared by its threads.

    timeout: seconds an endpoint in all, every step and every address included.
    """

    def __init__(self, *, timeout: float = 10.0, contexts: Contexts | None = None) -> None:
        self._timeout = timeout
        self._contexts = contexts or Contexts()
        self._resolver = Resolver()

    def observe(self, endpoint: Endpoint) -> list[Observation]:
        """One observation, or with ``addresses: all`` one an address. What fails is an observation with a reason."""
        deadline = Deadline(self._timeout)
        try:
            addresses = self._resolver.addresses(endpoint.host, deadline)
        except ProbeError as error:
            return [Observation(endpoint, endpoint.location(), reason=str(error))]
        if endpoint.addresses == "all":
            return [self._observe_address(endpoint, each, share) for each, share in _shares(addresses, deadline)]
        return [self._observe_first(endpoint, addresses, deadline)]

    def _observe_address(self, endpoint: Endpoint, address: str, deadline: Deadline) -> Observation:
        location = endpoint.location(None if endpoint.is_address else address)
        try:
            plain = connect(address, endpoint.port, deadline)
        except ProbeError as error:
            return Observation(endpoint, location, address, reason=str(error))
        return self._talk(plain, endpoint, location, address, deadline)

    def _observe_first(self, endpoint: Endpoint, addresses: tuple[str, ...], deadline: Deadline) -> Observation:
        """Of the first address that connects."""
        reasons: dict[str, str] = {}
        for address, share in _shares(addresses, deadline):
            try:
                plain = connect(address, endpoint.port, share)
            except ProbeError as error:
                reasons[address] = str(error)
            else:
                return self._talk(plain, endpoint, endpoint.location(), address, deadline)
        return Observation(endpoint, endpoint.location(), addresses[0], reason=_summary(reasons))

    def _talk(
        self, plain: socket.socket, endpoint: Endpoint, location: str, address: str, deadline: Deadline
    ) -> Observation:
        """STARTTLS and handshake on a connected socket, which is closed at the end."""
        verify = self._contexts.ca_path is not None
        try:
            with plain:
                served = self._read(plain, endpoint, deadline, verify=verify)
            if not served.chain:
                # The verdict is known, the chain is not (OpenSSL 1.1.1, Python 3.9): ask again without a verdict.
                with connect(address, endpoint.port, deadline) as again:
                    unverified = self._read(again, endpoint, deadline, verify=False)
                served = unverified._replace(trust=served.trust)
        except ProbeError as error:
            return Observation(endpoint, location, address, reason=str(error))
        return Observation(endpoint, location, address, **served._asdict())

    def _read(self, plain: socket.socket, endpoint: Endpoint, deadline: Deadline, *, verify: bool) -> Served:
        context = self._contexts.get(endpoint.client_certificate, endpoint.client_key, verify=verify)
        connection = Connection(plain, deadline, phase="during STARTTLS")
        if endpoint.starttls is not None:
            name = endpoint.requested_name or endpoint.host
            start_tls(endpoint.starttls, connection, Peer(name, endpoint.port, plain.getsockname()[0]))
        return read_served(connection, context, endpoint.requested_name)


def _shares(addresses: tuple[str, ...], deadline: Deadline) -> Iterator[tuple[str, Deadline]]:
    """Every address with its fair share of the time that is left, so that a dead one leaves some to the next."""
    for index, address in enumerate(addresses):
        yield address, Deadline(deadline.left() / (len(addresses) - index))


def _summary(reasons: dict[str, str]) -> str:
    """The reasons of all addresses; those that share a reason without saying it again."""
    if len(set(reasons.values())) == 1:
        return next(iter(reasons.values()))
    return "; ".join(f"{address}: {reason}" for address, reason in reasons.items())
