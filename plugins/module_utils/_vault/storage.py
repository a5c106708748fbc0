# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the storage below a server holds in one entry: from the server, from an option, or from this table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

KIB = 1024
MIB = 1024 * KIB


class Limit(NamedTuple):
    """The largest entry of a storage backend in bytes, None where there is none that matters; and who says so."""

    max_entry_bytes: int | None
    source: str
    txn_max_request_bytes: int | None = None


LIMITS: Mapping[str, Limit] = {
    "raft": Limit(MIB, "raft storage, parameter max_entry_size: 1048576 by default"),
    "consul": Limit(
        512 * KIB,
        "Consul agent, limits.kv_max_value_size and limits.txn_max_req_len: 524288 by default",
        512 * KIB,
    ),
    "dynamodb": Limit(400 * KIB, "DynamoDB quotas: an item has at most 400 KB"),
    "etcd": Limit(3 * MIB // 2, "etcd, --max-request-bytes: 1.5 MiB by default"),
    "zookeeper": Limit(MIB - 1, "ZooKeeper, jute.maxbuffer: 0xfffff by default"),
    "foundationdb": Limit(100_000, "FoundationDB, known limitations: a value has at most 100,000 bytes"),
    "azure": Limit(4 * MIB - 1, "Vault's azure storage, MaxBlobSize: less than 4 MiB"),
    "mysql": Limit(16 * MIB - 1, "Vault's mysql storage, column vault_value: a MEDIUMBLOB"),
    "spanner": Limit(10 * MIB, "Cloud Spanner quotas: a cell has at most 10 MiB"),
    "inmem": Limit(None, "in memory: no limit"),
    "inmem_ha": Limit(None, "in memory: no limit"),
    "file": Limit(None, "a file an entry: no limit"),
    "postgresql": Limit(1 << 30, "PostgreSQL limits: a field has at most 1 GB"),
    "s3": Limit(5 << 30, "Amazon S3: an object in one PUT has at most 5 GB"),
    "gcs": Limit(5 << 40, "Cloud Storage quotas: an object has at most 5 TiB"),
}
"""The limits that a backend has by default."""


def describe(
    kind: str | None,
    sanitized: Mapping[str, Any] | None,
    *,
    max_entry_size: int | None = None,
    txn_max_req_len: int | None = None,
) -> dict[str, Any]:
    """{type, max_entry_bytes, txn_max_request_bytes, limit_source} of the evidence's ``server.storage``.

    ``sanitized`` is ``storage`` of sys/config/state/sanitized, the others are the module's options, which win.
    limit_source: measured (the server says so), configured (an option), assumed (LIMITS), or None where nothing is
    known.
    """
    own = (sanitized or {}).get("type")
    kind = own or kind
    limit = LIMITS.get(kind or "", Limit(None, ""))
    entry, request = limit.max_entry_bytes, limit.txn_max_request_bytes
    source = "assumed" if kind in LIMITS else None
    told = ((sanitized or {}).get(kind) or {}).get("max_entry_size") if kind else None
    if told is not None and str(told).isdigit():
        entry, source = int(told), "measured"
    if max_entry_size is not None:
        entry, source = max_entry_size, "configured"
    if txn_max_req_len is not None:
        request, source = txn_max_req_len, "configured"
    return {"type": kind, "max_entry_bytes": entry, "txn_max_request_bytes": request, "limit_source": source}
