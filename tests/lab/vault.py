# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HashiCorp Vault: in memory, on raft, or on Consul.

>>> with Vault(certificate=leaf, authority=ca, raft=True, max_entry_size=131072) as vault: ...
>>> with Consul(txn_max_req_len=65536) as consul, Vault(certificate=leaf, authority=ca, consul=consul) as vault: ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .process import program_version
from .server import silent
from .servers.build import program
from .vault_server import VaultServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.certificates import Made

    from .consul import Consul


class Vault(VaultServer):
    """One Vault. $PREFLIGHT_VAULT names another program than the one on PATH or the pinned one, which is built at
    need. ``consul`` is where it stores, and has to outlive it."""

    title = "Vault"

    def __init__(
        self,
        *,
        certificate: Made,
        authority: Made,
        raft: bool = False,
        max_entry_size: int | None = None,
        consul: Consul | None = None,
        announce: Callable[[str], None] = silent,
    ) -> None:
        super().__init__(
            certificate=certificate, authority=authority, raft=raft, max_entry_size=max_entry_size, announce=announce
        )
        if raft and consul is not None:
            raise ValueError("raft or Consul, not both")
        self.consul = consul

    def program(self) -> str:
        return program("vault")

    def describe(self) -> str:
        return f"{self.title} {program_version(self.program())}"

    def environment(self) -> dict[str, str]:
        """Consul's token is in no file."""
        if self.consul is None or not self.consul.acl:
            return super().environment()
        return {**super().environment(), "CONSUL_HTTP_TOKEN": self.consul.client.token}

    def configuration(self, chain: Path, key: Path) -> dict[str, Any]:
        return {**super().configuration(chain, key), "disable_mlock": True}  # on raft it wants to be told

    def storage(self) -> dict[str, Any]:
        if self.consul is None:
            return super().storage()
        return {"consul": {"address": self.consul.address, "path": "vault/"}}
