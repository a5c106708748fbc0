# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A further node of a server on raft, which joins it and stands by.

>>> with OpenBao(..., raft=True) as active, standby_of(active) as standby: ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .process import wait_until

if TYPE_CHECKING:
    from .vault_server import VaultServer

STANDBY = 429  # of sys/health
UNINITIALISED, SEALED = 501, 503


def standby_of(active: VaultServer, name: str = "standby") -> VaultServer:
    """The further node, not yet started; it has to stop before the first. ``client`` has the same root token.

    ``name`` is its own in the cluster.
    """

    class Standby(type(active)):  # type: ignore[misc] # OpenBao or Vault
        """Joins the cluster instead of being initialised."""

        title = f"{active.title} ({name})"

        def storage(self) -> dict[str, Any]:
            authority = self.directory / "authority.pem"
            authority.write_bytes(self.authority.pem)
            data = self.directory / "raft"
            data.mkdir(exist_ok=True)
            leader = {"leader_api_addr": active.url, "leader_ca_cert_file": str(authority)}
            raft = {"path": str(data), "node_id": name, "performance_multiplier": 1, "retry_join": [leader]}
            return {"raft": raft if self.max_entry_size is None else {**raft, "max_entry_size": self.max_entry_size}}

        def is_ready(self) -> bool:
            return self.health() in (UNINITIALISED, SEALED)

        def set_up(self) -> None:
            self.client.token, self.unseal_key = active.client.token, active.unseal_key
            wait_until(lambda: self.health() == SEALED, within=self.ready_within, what=f"{self.title} to join")
            self.client.request("PUT", "sys/unseal", {"key": self.unseal_key})
            wait_until(lambda: self.health() == STANDBY, within=self.ready_within, what=f"{self.title} to stand by")

    return Standby(
        certificate=active.certificate,
        authority=active.authority,
        raft=True,
        max_entry_size=active.max_entry_size,
        announce=active.announce,
    )
