# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large a CRL is with so many entries, how many entries a storage holds, and whether a CRL is frozen. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .._audit.instant import parse_instant
from .defaults import DEFAULT_GRACE_PERIOD, seconds
from .storage_limit import StorageLimit

ENTRY_BYTES = 38.996
"""DER of one revoked certificate: a serial of 159 random bits (20 octets, 19 in one case of 256), UTCTime, no reason.

Measured on OpenBao 2.7.2 with 1 to 3,352 entries.
"""
DEFAULT_OVERHEAD_BYTES = 700
"""What is not entries, where no CRL could be read: an RSA-4096 signature and a long issuer name."""
OVERHEAD_RANGE = (100.0, 4096.0)
"""Outside of it the entries are not of the usual size (reasons, foreign serial numbers)."""
SETTLED_AFTER = timedelta(minutes=1)
"""A CRL that is younger may have been read between the writing of a revocation and its own rebuild."""


@dataclass(frozen=True)
class CrlShape:
    """The size of an issuer's CRL: ``overhead_bytes`` and ``entry_bytes`` for each entry; right within 16 bytes."""

    overhead_bytes: float = DEFAULT_OVERHEAD_BYTES
    entry_bytes: float = ENTRY_BYTES

    @classmethod
    def of(cls, size_bytes: int | None, entries: int | None) -> CrlShape:
        """The shape of a CRL as served; the default where there is none."""
        if size_bytes is None or entries is None:
            return cls()
        overhead = size_bytes - entries * ENTRY_BYTES
        if entries == 0 or OVERHEAD_RANGE[0] <= overhead <= OVERHEAD_RANGE[1]:
            return cls(max(0.0, overhead))
        overhead = min(DEFAULT_OVERHEAD_BYTES, size_bytes / 2)
        return cls(overhead, (size_bytes - overhead) / entries)

    def bytes(self, entries: float) -> int:
        """The CRL's size with that many entries."""
        return round(self.overhead_bytes + entries * self.entry_bytes)

    def entries(self, size_bytes: int) -> int:
        """The most entries that fit into ``size_bytes``."""
        return max(0, int((size_bytes - self.overhead_bytes) / self.entry_bytes))


def main_crl(mount: Mapping[str, Any]) -> Mapping[str, Any]:
    """The complete CRL with the most bytes: the one that the forecast is made for. {} where none was read.

    With several issuers all revocations are taken to go there, which errs on the safe side.
    """
    complete = [crl for crl in mount.get("crls") or () if crl.get("kind") != "delta"]
    return max(complete, key=lambda crl: crl.get("bytes") or 0, default={})


def shape_of(crl: Mapping[str, Any]) -> CrlShape:
    """The shape of one of the evidence's CRLs."""
    return CrlShape.of(crl.get("bytes"), crl.get("entries"))


def revoked_entries(mount: Mapping[str, Any]) -> int:
    """What the main CRL holds when it is next built: what it holds now, and what is revoked but missing from it.

    Expired certificates stay in the CRL until a tidy removes them (measured on OpenBao 2.7.2).
    """
    return int(main_crl(mount).get("entries") or 0) + (missing_entries(mount) or 0)


def missing_entries(mount: Mapping[str, Any]) -> int | None:
    """How many revoked certificates the mount's complete CRLs lack; None where that is not known."""
    crls = [crl for crl in mount.get("crls") or () if crl.get("kind") != "delta"]
    revoked = (mount.get("counts") or {}).get("revoked")
    if not crls or revoked is None:
        return None
    return max(0, int(revoked) - sum(int(crl.get("entries") or 0) for crl in crls))


def max_crl_entries(mount: Mapping[str, Any]) -> int | None:
    """Vault's own limit (1.19 and later); None where it has none or it is off."""
    value = (mount.get("crl_config") or {}).get("max_crl_entries")
    return int(value) if value is not None and int(value) > 0 else None


def capacity_entries(mount: Mapping[str, Any], limit: StorageLimit) -> int | None:
    """The most entries that the main CRL can be written with; None where nothing limits them."""
    stored = None if limit.crl_bytes is None else shape_of(main_crl(mount)).entries(limit.crl_bytes)
    allowed = [value for value in (stored, max_crl_entries(mount)) if value is not None]
    return min(allowed, default=None)


def safe_max_crl_entries(limit: StorageLimit) -> int | None:
    """The ``max_crl_entries`` that the storage really holds, with a fifth to spare; None without a limit."""
    return None if limit.crl_bytes is None else max(1, int(0.8 * (limit.crl_bytes - 600) / 39))


def is_frozen(mount: Mapping[str, Any], now: datetime) -> bool | None:
    """Whether revocations no longer reach the CRL; None where that cannot be told.

    With auto_rebuild they are due only when the CRL is next built, its grace period before nextUpdate.
    """
    config, crl = mount.get("crl_config") or {}, main_crl(mount)
    missing = missing_entries(mount)
    if missing is None or crl.get("this_update") is None:
        return None
    if missing == 0 or config.get("disable"):
        return False
    this_update = parse_instant(crl["this_update"])
    if not config.get("auto_rebuild"):
        return now - this_update > SETTLED_AFTER
    if crl.get("next_update") is None:
        return None
    grace = seconds(config.get("auto_rebuild_grace_period"), DEFAULT_GRACE_PERIOD)
    return now > parse_instant(crl["next_update"]) - timedelta(seconds=grace) + SETTLED_AFTER


def crl_row(mount: Mapping[str, Any], limit: StorageLimit, now: datetime) -> dict[str, Any]:
    """The ``crl`` of a mount as the module returns it."""
    crl = main_crl(mount)
    return {
        "bytes": crl.get("bytes"),
        "entries": crl.get("entries"),
        "missing_entries": missing_entries(mount),
        "limit_bytes": limit.crl_bytes,
        "limit_error_bytes": limit.error_bytes,
        "limit_setting": limit.setting,
        "limit_setting_bytes": limit.limit_bytes,
        "limit_source": limit.source,
        "capacity_entries": capacity_entries(mount, limit),
        "frozen": is_frozen(mount, now),
        "this_update": crl.get("this_update"),
        "next_update": crl.get("next_update"),
    }
