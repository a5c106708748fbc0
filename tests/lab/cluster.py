# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three nodes of a server on raft: one leads, and when it steps down or dies another one does.

>>> with start_cluster(OpenBao, certificate=leaf, authority=ca) as cluster:
...     cluster.leader(), cluster.standby(), cluster.step_down()
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from .process import wait_until
from .standby import STANDBY, standby_of
from .vault_server import HEALTHY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.certificates import Made

    from .vault_server import VaultServer

SIZE = 3  # the smallest that still elects a leader when one is gone
ELECTED_WITHIN = 60.0
AUTOPILOT = "sys/storage/raft/autopilot/configuration"


class Cluster:
    """All of ``nodes`` are in service."""

    def __init__(self, nodes: list[VaultServer]) -> None:
        self.nodes = nodes

    def leader(self) -> VaultServer:
        """The node that leads, as soon as there is one."""
        found: list[VaultServer] = []

        def is_led() -> bool:
            found[:] = [node for node in self.nodes if _health(node) == HEALTHY]
            return bool(found)

        wait_until(is_led, within=ELECTED_WITHIN, what="a leader to be elected", interval=0.1)
        return found[0]

    def standby(self) -> VaultServer:
        """A node that does not lead, in service."""
        leader = self.leader()
        return next(node for node in self.nodes if node is not leader and _health(node) == STANDBY)

    def step_down(self) -> None:
        """Makes the leader give up its lead; the others elect one."""
        self.leader().client.request("PUT", "sys/step-down")

    def kill(self) -> VaultServer:
        """Kills the leader, which is returned; the others elect one."""
        leader = self.leader()
        os.kill(leader.pid, signal.SIGKILL)
        return leader

    def heal(self) -> None:
        """Brings all nodes back that are dead, and returns when every one is in service."""
        for node in self.nodes:
            if _health(node) == 0:
                node.restart()
        self.leader()


@contextlib.contextmanager
def start_cluster(product: type[VaultServer], *, certificate: Made, authority: Made) -> Iterator[Cluster]:
    """OpenBao or Vault; each client has the same root token."""
    with contextlib.ExitStack() as started:
        first = started.enter_context(product(certificate=certificate, authority=authority, raft=True))
        first.client.write(AUTOPILOT, server_stabilization_time="1s")
        names = [f"standby-{number}" for number in range(1, SIZE)]
        nodes = [first, *(started.enter_context(standby_of(first, name)) for name in names)]
        for node in nodes:
            node.serves_as = (HEALTHY, STANDBY)
        wait_until(lambda: _can_all_vote(first), within=ELECTED_WITHIN, what="all nodes to have a vote", interval=0.1)
        yield Cluster(nodes)


def _can_all_vote(leader: VaultServer) -> bool:
    """A node that has just joined cannot, for the time that autopilot's server_stabilization_time says."""
    servers = leader.client.read("sys/storage/raft/configuration")["config"]["servers"]
    return len(servers) == SIZE and all(server["voter"] for server in servers)


def _health(node: VaultServer) -> int:
    try:
        return node.health()
    except OSError:
        return 0
