# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server itself: product, version, state, storage."""

from __future__ import annotations

from typing import Any

from .._audit.instant import format_instant, parse_instant
from . import errors
from .errors import RequestError
from .parts import Parts, Task
from .storage import describe

HEALTH = "sys/health"
SANITIZED = "sys/config/state/sanitized"
_NOT_HA = "0001-01-01T00:00:00Z"


def read_server(
    parts: Parts, *, storage_max_entry_size: int | None = None, storage_txn_max_req_len: int | None = None
) -> dict[str, Any]:
    """The evidence's ``server``, without its ``product`` (see product_of); what fails becomes a problem of ``parts``.

    Raises RequestError where the server does not answer at all.
    """
    health_status, health = parts.transport.probe(HEALTH)
    server: dict[str, Any] = {
        "product": None,
        "address": parts.transport.connection.url.partition("://")[2],
        "version": health.get("version"),
        "enterprise": bool(health.get("enterprise")) or "+ent" in str(health.get("version")),
        "standby": bool(health.get("standby")),
        "started_at": None,
        "cluster_id": health.get("cluster_id"),
        "cluster_name": health.get("cluster_name"),
        "storage": describe(None, None),
    }
    failure = state_failure(health_status, health)
    if failure is not None:
        parts.problems.append(failure.problem("server"))
        return server
    seal, leader, sanitized = parts.all(
        Task("server", lambda: parts.transport.probe("sys/seal-status")[1]),
        Task("server", lambda: parts.transport.probe("sys/leader")[1]),
        Task("storage", lambda: parts.read(SANITIZED)),
    )
    server["started_at"] = _active_since(leader or {})
    server["storage"] = describe(
        (seal or {}).get("storage_type"),
        (sanitized or {}).get("storage"),
        max_entry_size=storage_max_entry_size,
        txn_max_req_len=storage_txn_max_req_len,
    )
    # Kept until the mounts have said which product it is.
    server["product"] = "openbao" if "commit_date" in (seal or {}) else None
    return server


def product_of(mounts: dict[str, Any], server: dict[str, Any]) -> str:
    """``openbao`` or ``vault``: by the built-in plugins' versions (``v2.7.2+builtin.bao``), which both have.

    Without a mount to see, by the guess that read_server left: only OpenBao tells of a commit_date.
    """
    for mount in mounts.values():
        version = str(mount.get("running_plugin_version") or "")
        if version.endswith("+builtin.bao"):
            return "openbao"
        if "+builtin" in version:
            return "vault"
    return server["product"] or "vault"


def state_failure(status: int, health: dict[str, Any]) -> RequestError | None:
    """Why a server whose sys/health answered so cannot be asked anything else; None where it can."""
    if health.get("initialized") is False:
        return RequestError(errors.UNINITIALISED, HEALTH, "the server is not initialised", status=status)
    if health.get("sealed") is True:
        return RequestError(errors.SEALED, HEALTH, "the server is sealed", status=status)
    if "initialized" not in health:
        return RequestError(errors.UNREADABLE, HEALTH, "the answer is not that of a Vault or OpenBao", status=status)
    return None


def _active_since(leader: dict[str, Any]) -> str | None:
    """When the active node became active: since then, and no longer, it remembers its tidies. None without HA."""
    since = str(leader.get("active_time") or "")
    if not leader.get("ha_enabled") or not since or since == _NOT_HA:
        return None
    try:
        return format_instant(parse_instant(since))
    except ValueError:
        return None
