# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen of one endpoint at one address: the served chain, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .target import Endpoint


@dataclass(frozen=True)
class Observation:
    """One connection to an endpoint.

    location: as Endpoint.location; address: the IP address dialled, None if there was none to dial; chain: the DER of
    the certificates as served, leaf first; chain_known: False where Python (before 3.10) shows the leaf only;
    tls_version: such as ``TLSv1.3``, None if the handshake was not completed; trust: None (no ca_path) or
    {trusted, reason}, without regard to dates; client_certificate_requested: True if the server refused us for the
    lack of one, None if that is not known (TLS 1.3 says so only later); handshake_error: why the handshake failed
    although the chain was read; reason: why there is no chain.
    """

    endpoint: Endpoint
    location: str
    address: str | None = None
    chain: tuple[bytes, ...] = ()
    chain_known: bool = True
    tls_version: str | None = None
    trust: dict[str, Any] | None = None
    client_certificate_requested: bool | None = None
    handshake_error: str | None = None
    reason: str | None = None
