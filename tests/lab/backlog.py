# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outage of 2021-04-05 in the small: a CRL near its limit, and leases that would overflow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fill import CONNECTIONS, revoke_many
from .pki_mount import PkiMount

if TYPE_CHECKING:
    from .vault_server import VaultServer

MAX_ENTRY_SIZE = 16_384
"""Bytes, where raft has 1 MiB by default: the same story with a sixty-fourth of the certificates."""
MOUNT = "services"
REVOKED = 290  # a CRL at 70 % of the limit
LEASED = 400


def build_backlog(server: VaultServer) -> None:
    """A mount as it was: leased certificates of 30 days, many of them revoked early, and no tidy."""
    mount = PkiMount(server.client, MOUNT)
    mount.enable()
    mount.generate_root("Package index services CA")
    mount.create_role("replaced", max_ttl="144h", not_before_duration="576h")
    mount.create_role("service", generate_lease=True, max_ttl="720h")
    replaced = mount.issue_many("replaced", _names(REVOKED), connections=CONNECTIONS)
    revoke_many(mount, [each.serial_number for each in replaced])
    mount.issue_many("service", _names(LEASED), connections=CONNECTIONS)


def _names(count: int) -> list[str]:
    return [f"service-{number}.packages.lab.internal" for number in range(count)]
