# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outage of 2021-04-05 in the small: a CRL near its limit, and leases that would overflow it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from .fill import Batch, fill
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
    fill(
        mount,
        Batch(count=REVOKED, ttl=timedelta(days=6), age=timedelta(days=24), revoked=REVOKED),
        Batch(count=LEASED, ttl=timedelta(days=30), lease=True),
    )
