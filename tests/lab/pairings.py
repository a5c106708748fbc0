# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pairings of server and storage that the Vault audit is tried on, by name."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from .consul import Consul
from .openbao import OpenBao
from .server import silent
from .vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.certificates import Made

    from .vault_server import VaultServer

OPENBAO_RAFT = "openbao-raft"
VAULT_RAFT = "vault-raft"
VAULT_CONSUL = "vault-consul"
PAIRINGS = (OPENBAO_RAFT, VAULT_RAFT, VAULT_CONSUL)


@contextlib.contextmanager
def start_pairing(
    name: str,
    *,
    certificate: Made,
    authority: Made,
    limit: int | None = None,
    announce: Callable[[str], None] = silent,
) -> Iterator[VaultServer]:
    """A server on its storage, started and ready.

    ``limit`` is in bytes: raft's max_entry_size, or both kv_max_value_size and txn_max_req_len of Consul (which is
    then ``consul`` of the server); None is the storage's default.
    """
    if name == OPENBAO_RAFT:
        with OpenBao(
            certificate=certificate, authority=authority, raft=True, max_entry_size=limit, announce=announce
        ) as openbao:
            yield openbao
    elif name == VAULT_RAFT:
        with Vault(
            certificate=certificate, authority=authority, raft=True, max_entry_size=limit, announce=announce
        ) as vault:
            yield vault
    elif name == VAULT_CONSUL:
        with (
            Consul(kv_max_value_size=limit, txn_max_req_len=limit, announce=announce) as consul,
            Vault(certificate=certificate, authority=authority, consul=consul, announce=announce) as vault,
        ):
            yield vault
    else:
        raise ValueError(f"{name!r} is none of {', '.join(PAIRINGS)}")


def set_limit(server: VaultServer, limit: int) -> None:
    """Restarts the storage of a pairing with another limit, in bytes, as an operator would; returns when it is active.

    On raft that is a restart of the server; Vault stays up while its Consul restarts, and loses its lead meanwhile.
    """
    if isinstance(server, Vault) and server.consul is not None:
        server.consul.limits = dict.fromkeys(server.consul.limits, limit)
        server.consul.restart()
        server.await_active()
    else:
        server.max_entry_size = limit
        server.restart()
