# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fills an inventory with what endpoints serve."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Union

from .._x509.certificate import Certificate
from .._x509.certificate_reader import read_certificate
from .._x509.inventory import Inventory
from .contexts import Contexts
from .dial import Dialler
from .observation import Observation
from .pool import MAX_CONNECTIONS, observe_all
from .target import Endpoint

# A certificate, or the reason why its bytes are none.
_Parsed = Union[Certificate, str]


class _Seen(NamedTuple):
    """An observation whose chain is known by its fingerprints: a fleet serves few distinct certificates."""

    observation: Observation
    chain: tuple[str, ...]


def collect_endpoints(
    endpoints: Sequence[Endpoint],
    inventory: Inventory,
    *,
    timeout: float = 10.0,
    max_connections: int = MAX_CONNECTIONS,
    ca_path: str | None = None,
    passwords: Sequence[str] = (),
) -> None:
    """Adds one target an endpoint, in the order given, with its certificates, sources and problems.

    timeout: seconds an endpoint in all; ca_path: a file or directory of CA certificates to verify the served chains
    against, which makes ``trust`` evidence; passwords: for encrypted client keys. Raises OptionError, before anything
    is dialled, when ca_path or a client certificate cannot be used.
    """
    contexts = Contexts(ca_path=ca_path, passwords=passwords)
    for pair in {(each.client_certificate, each.client_key) for each in endpoints}:
        contexts.get(*pair, verify=ca_path is not None)
    dialler = Dialler(timeout=timeout, contexts=contexts)
    parsed: dict[str, _Parsed] = {}
    seen: list[list[_Seen]] = [[] for _each in endpoints]
    for index, observations in observe_all(endpoints, dialler.observe, max_connections=max_connections):
        seen[index] = [_compact(each, parsed) for each in observations]
    for endpoint, each in zip(endpoints, seen):
        target = inventory.add_target("endpoint", endpoint.location(), rotator=endpoint.rotator)
        _add_endpoint(each, inventory, target, parsed)


def _compact(observation: Observation, parsed: dict[str, _Parsed]) -> _Seen:
    """Parses what is new of a chain, and lets go of its bytes."""
    fingerprints = []
    for der in observation.chain:
        fingerprint = hashlib.sha256(der).hexdigest()
        if fingerprint not in parsed:
            parsed[fingerprint] = _parse(der)
        fingerprints.append(fingerprint)
    return _Seen(replace(observation, chain=()), tuple(fingerprints))


def _parse(der: bytes) -> _Parsed:
    try:
        return read_certificate(der)
    except ValueError as error:
        return str(error)


def _add_endpoint(observed: list[_Seen], inventory: Inventory, target: int, parsed: dict[str, _Parsed]) -> None:
    """One endpoint, evaluated if any of its addresses showed a chain."""
    reasons = {}
    for observation, chain in observed:
        if observation.reason is None:
            _add_source(observation, chain, inventory, target, parsed)
        else:
            inventory.add_problem(observation.location, kind="unreachable", reason=observation.reason, target=target)
            reasons[observation.location] = observation.reason
    if len(reasons) < len(observed):
        inventory.evaluated(target)
    else:
        inventory.unknown(target, "; ".join(dict.fromkeys(reasons.values())))


def _add_source(
    observation: Observation, chain: tuple[str, ...], inventory: Inventory, target: int, parsed: dict[str, _Parsed]
) -> None:
    """The served chain: each certificate that can be read, a problem for each that cannot."""
    readable = []
    for position, fingerprint in enumerate(chain, start=1):
        location = observation.location if position == 1 else f"{observation.location}#{position}"
        certificate = parsed[fingerprint]
        if isinstance(certificate, str):
            inventory.add_problem(location, kind="unparseable", reason=certificate, target=target)
        else:
            inventory.add_certificate(certificate, location, target=target)
            readable.append(fingerprint)
    # Rules take the first for the leaf: where that one cannot be read, none of the others may stand in for it.
    certificates = readable if readable[:1] == list(chain[:1]) else []
    inventory.add_source(
        observation.location,
        kind="endpoint",
        target=target,
        certificates=certificates,
        private_key=False,
        **_details(observation),
    )


def _details(observation: Observation) -> dict[str, Any]:
    """What a source says about an endpoint beside its certificates."""
    endpoint = observation.endpoint
    return {
        "host": endpoint.host,
        "port": endpoint.port,
        "server_name": endpoint.server_name,
        "starttls": endpoint.starttls,
        "address": observation.address,
        "tls_version": observation.tls_version,
        "chain_known": observation.chain_known,
        "trust": observation.trust,
        "client_certificate_requested": observation.client_certificate_requested,
        "handshake_error": observation.handshake_error,
    }
