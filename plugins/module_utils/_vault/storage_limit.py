# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large a CRL the limit of a storage leaves room for. Pure: no I/O.

Vault and OpenBao keep each CRL (DER) as one entry, sealed by the barrier, under
``logical/<mount uuid>/crls/<crl id>``. A storage that refuses the entry freezes the CRL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .storage import LIMITS

BARRIER_BYTES = 33
"""Term, version, nonce and tag of AES-GCM round every value (Vault's barrier)."""
RAFT_ENVELOPE_BYTES = 128
"""Barrier, key and protobuf fields of a raft command, without its two varints.

Measured on OpenBao 2.7.2: a CRL of 16,281 or 16,282 bytes made a command of 16,414, one of 19,867 bytes 20,001.
Vault 1.21.0 froze at the same entry, whichever of key, value and envelope it counts.
"""
RAFT_ERROR_BYTES = 16
RAFT_NAMESPACE_BYTES = 48
"""``namespaces/<uuid>/`` before the key of a mount in a namespace."""
CONSUL_ENVELOPE_BYTES = 388
"""JSON round the base64 value in a transaction.

Measured on Vault 1.21.0 and Consul 1.19.2: 8,599 bytes (within 2) made a request of 11,895, so 383 to 387; it grows
with the storage's own ``path``.
"""
CONSUL_ERROR_BYTES = 20
OTHER_ENVELOPE_BYTES = 300
"""Barrier, path and attribute names elsewhere; not measured."""
OTHER_SETTINGS: Mapping[str, str] = {
    "dynamodb": "item size",
    "etcd": "max-request-bytes",
    "zookeeper": "jute.maxbuffer",
    "foundationdb": "value size",
    "azure": "MaxBlobSize",
    "mysql": "vault_value",
    "spanner": "cell size",
    "postgresql": "field size",
    "s3": "object size",
    "gcs": "object size",
}


@dataclass(frozen=True)
class StorageLimit:
    """The limit that bites first.

    ``setting`` is its own name and ``limit_bytes`` its value (None: no limit that a CRL could reach, or none known);
    ``crl_bytes`` is the largest CRL that still goes in, right within ``error_bytes``; ``source`` is measured,
    configured or assumed.
    """

    storage_type: str
    setting: str | None = None
    limit_bytes: int | None = None
    crl_bytes: int | None = None
    error_bytes: int = 0
    source: str = "assumed"


def storage_limit(storage: Mapping[str, Any], *, namespaced: bool = False) -> StorageLimit:
    """The limit of the evidence's ``server.storage`` {type, max_entry_bytes, txn_max_request_bytes, limit_source}.

    ``namespaced``: the mount lies in a namespace, which makes its keys longer.
    """
    kind, source = str(storage.get("type") or "unknown"), str(storage.get("limit_source") or "assumed")
    usual = LIMITS.get(kind)
    entry = storage.get("max_entry_bytes") or (usual.max_entry_bytes if usual else None)
    if entry is None:
        return StorageLimit(kind, source=source)
    if kind == "raft":
        return _raft(int(entry), source, namespaced)
    if kind == "consul":
        request = storage.get("txn_max_request_bytes") or LIMITS["consul"].txn_max_request_bytes or entry
        return _consul(int(entry), int(request), source)
    room = max(0, int(entry) - OTHER_ENVELOPE_BYTES)
    setting = OTHER_SETTINGS.get(kind, "storage_max_entry_size")
    return StorageLimit(kind, setting, int(entry), room, OTHER_ENVELOPE_BYTES, source)


def put_bytes(limit: StorageLimit, crl_bytes: int) -> int:
    """What the storage is asked to take for a CRL of that size, at most: the inverse of ``crl_bytes``."""
    if limit.storage_type == "raft":
        return crl_bytes + RAFT_ENVELOPE_BYTES + RAFT_NAMESPACE_BYTES + 2 * _varint(crl_bytes)
    if limit.storage_type == "consul":
        return -(-(crl_bytes + BARRIER_BYTES) // 3) * 4 + CONSUL_ENVELOPE_BYTES
    return crl_bytes + OTHER_ENVELOPE_BYTES


def _raft(entry: int, source: str, namespaced: bool) -> StorageLimit:
    envelope = RAFT_ENVELOPE_BYTES + 2 * _varint(entry) + (RAFT_NAMESPACE_BYTES if namespaced else 0)
    return StorageLimit("raft", "max_entry_size", entry, max(0, entry - envelope), RAFT_ERROR_BYTES, source)


def _consul(value: int, request: int, source: str) -> StorageLimit:
    """Vault writes by transaction: the value in base64 within the request's limit, and plain within the value's."""
    by_request = max(0, (request - CONSUL_ENVELOPE_BYTES) // 4 * 3 - BARRIER_BYTES)
    by_value = max(0, value - BARRIER_BYTES)
    if by_value < by_request:
        return StorageLimit("consul", "kv_max_value_size", value, by_value, 2, source)
    return StorageLimit("consul", "txn_max_req_len", request, by_request, CONSUL_ERROR_BYTES, source)


def _varint(number: int) -> int:
    """Bytes of a protobuf varint."""
    return max(1, -(-number.bit_length() // 7))
