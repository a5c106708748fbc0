# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a server takes to revoke a backlog. Pure.

Without auto_rebuild every revocation rebuilds the whole CRL, so the time grows with the square of the backlog.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DrainModel:
    """One revocation onto a CRL of s entries takes ``base_seconds`` + ``entry_seconds`` x s.

    ``queued_seconds`` is what one takes with auto_rebuild on. The truth lay between the estimate divided by
    ``spread`` and multiplied by it on the machines that were measured (``source``).
    """

    base_seconds: float
    entry_seconds: float
    queued_seconds: float
    spread: float
    source: str

    def inline_seconds(self, revocations: float, entries: float) -> float:
        """The time to revoke that many onto a CRL of ``entries``, each with its rebuild."""
        count = max(0.0, revocations)
        sizes = count * max(0.0, entries) + count * max(0.0, count - 1) / 2
        return count * self.base_seconds + self.entry_seconds * sizes

    def queued_total_seconds(self, revocations: float, entries: float) -> float:
        """The time with auto_rebuild: the revocations alone, and one rebuild in the end."""
        count = max(0.0, revocations)
        return count * self.queued_seconds + self.entry_seconds * (max(0.0, entries) + count)

    def row(self, revocations: float, entries: float) -> dict[str, Any]:
        """{revocations, inline, inline_low, inline_high, auto_rebuild}, all but the first in seconds."""
        inline = self.inline_seconds(revocations, entries)
        return {
            "revocations": round(max(0.0, revocations)),
            "inline": round(inline, 1),
            "inline_low": round(inline / self.spread, 1),
            "inline_high": round(inline * self.spread, 1),
            "auto_rebuild": round(self.queued_total_seconds(revocations, entries), 1),
        }


_MACHINE = "on 2 cores at a load of 4 to 14, CRLs of up to 8,000 entries"
OPENBAO_RAFT = DrainModel(0.027, 2.5e-5, 0.0045, 2.1, f"OpenBao 2.7.2 on raft, {_MACHINE}")
VAULT_RAFT = DrainModel(0.005, 4.7e-5, 0.006, 2.1, f"Vault 1.21.0 on raft, {_MACHINE}")
VAULT_CONSUL = DrainModel(0.03, 3.2e-5, 0.006, 2.0, f"Vault 1.21.0 on Consul 1.19.2, {_MACHINE}")

MODELS: Mapping[tuple[str, str], DrainModel] = {
    ("openbao", "raft"): OPENBAO_RAFT,
    ("vault", "raft"): VAULT_RAFT,
    ("vault", "consul"): VAULT_CONSUL,
}


def drain_model(product: str, storage_type: str) -> DrainModel:
    """The constants of that pairing; those of the slowest where it was not measured."""
    return MODELS.get((product.lower(), storage_type.lower()), VAULT_RAFT)
