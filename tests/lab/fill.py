# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fills a PKI mount: so many certificates of each age, TTL, lease and fate, over many connections.

>>> leased, old = fill(
...     mount,
...     Batch(count=5000, ttl=timedelta(minutes=10), lease=True),
...     Batch(count=500, ttl=timedelta(days=3), age=timedelta(days=27), revoked=100),
... )

The server makes the keys: to sign requests with one shared key was measured to be no quicker. On raft and Consul each
write waits for the disk, and those that wait together share it, which is why the connections are many.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .pki_mount import PkiMount
    from .vault_client import VaultClient

CONNECTIONS = 32
BACKDATED = timedelta(seconds=30)  # the servers' own default, against clocks that differ


@dataclass(frozen=True, kw_only=True)
class Batch:
    """So many certificates that are alike: EC, of distinct names, NotBefore ``age`` ago and NotAfter in ``ttl``.

    With ``lease`` each has a lease of that TTL, below the token that issues it. ``revoked`` of them, the first ones,
    are revoked.
    """

    count: int
    ttl: timedelta
    age: timedelta = BACKDATED
    lease: bool = False
    revoked: int = 0

    @property
    def role(self) -> str:
        """The role that issues it."""
        return f"fill-{_seconds(self.age)}-{'leased' if self.lease else 'plain'}"


class Filled(NamedTuple):
    """A certificate that is there now; the serial number in the server's own form, ``lease_id`` empty without one."""

    serial_number: str
    lease_id: str


def fill(
    mount: PkiMount, *batches: Batch, issuer: VaultClient | None = None, connections: int = CONNECTIONS
) -> list[list[Filled]]:
    """Issues and revokes; returns one list a batch. ``issuer`` is who issues, where the leases are to end with it.

    What is revoked is so before it returns, with one rebuild of the CRL (see revoke_many).
    """
    client = issuer or mount.client
    filled = []
    for batch in batches:
        mount.create_role(batch.role, generate_lease=batch.lease, not_before_duration=_seconds(batch.age))
        issued = _issue(client, mount.path, batch, connections)
        filled.append(issued)
        if batch.revoked:
            revoke_many(mount, [each.serial_number for each in issued[: batch.revoked]], connections=connections)
    return filled


def revoke_many(mount: PkiMount, serial_numbers: Iterable[str], *, connections: int = CONNECTIONS) -> None:
    """Revokes with one rebuild of the CRL at the end instead of one each, which would be quadratic.

    It turns auto_rebuild on meanwhile. Raises ApiError where the CRL does not fit the storage.
    """
    config = f"{mount.path}/config/crl"
    was_on = mount.client.read(config)["auto_rebuild"]
    mount.client.write(config, auto_rebuild=True)
    try:
        with ThreadPoolExecutor(connections) as pool:
            list(pool.map(mount.revoke, serial_numbers))
    finally:
        mount.client.write(config, auto_rebuild=was_on)  # turning it off rebuilds
    if was_on:
        mount.client.read(f"{mount.path}/crl/rotate")


def _issue(client: VaultClient, path: str, batch: Batch, connections: int) -> list[Filled]:
    ttl = _seconds(batch.ttl)

    def issue(number: int) -> Filled:
        name = f"{batch.role}-{number}.lab.internal"
        body = {"common_name": name, "ttl": ttl}
        answer = client.request("POST", f"{path}/issue/{batch.role}", body)
        return Filled(answer["data"]["serial_number"], answer["lease_id"])

    with ThreadPoolExecutor(connections) as pool:
        return list(pool.map(issue, range(batch.count)))


def _seconds(span: timedelta) -> str:
    """As the API takes it."""
    return f"{span // timedelta(seconds=1)}s"
