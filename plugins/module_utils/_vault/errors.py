# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong with a request to Vault or OpenBao, told apart by kind."""

from __future__ import annotations

import json
from typing import Any

from .._http import failure

FORBIDDEN = "forbidden"
MISSING = "missing"  # the server has no such thing
EMPTY = "empty"  # a listing without entries, or a thing that is missing: a 404 without words
UNSUPPORTED = "unsupported"  # this product or version has no such path
NO_MOUNT = "no-mount"
TOKEN = "token"  # noqa: S105 # the name of a kind
SEALED = "sealed"
STANDBY = "standby"  # it does not forward, or its leader is gone
NO_LEADER = "no-leader"  # the cluster elects one
BEHIND = "behind"  # a standby that answers by itself, and lacks what was just written
UNINITIALISED = "uninitialised"
RATE_LIMITED = "rate-limited"
SERVER_ERROR = "server-error"
REFUSED = "refused"  # any other 4xx
UNREACHABLE = failure.UNREACHABLE
TLS = failure.TLS
STALLED = failure.STALLED
UNREADABLE = "unreadable"  # an answer that is not what the API gives

NO_MOUNT_REASON = "nothing is mounted there"
TOKEN_REASON = "the token is no longer accepted; it has expired or was revoked"  # noqa: S105 # a sentence

ABSENT = (MISSING, EMPTY)

FINAL = frozenset({TOKEN, SEALED, UNINITIALISED, TLS})
"""After one of these no other request can succeed. (A standby forwards all but a few to the active node.)"""

FAILOVER = frozenset({STANDBY, NO_LEADER, BEHIND, UNREACHABLE})
"""What a cluster shows while another node takes the lead."""

_MAX_WORDS = 300


class RequestError(Exception):
    """One request failed: ``kind`` (above), the API ``path``, the HTTP ``status`` or None, ``reason`` in words.

    ``capability`` is the right that is missing where the kind is forbidden. It never holds a header or a body that
    was sent.
    """

    def __init__(
        self, kind: str, path: str, reason: str, *, status: int | None = None, capability: str | None = None
    ) -> None:
        super().__init__(f"{path}: {reason}")
        self.kind = kind
        self.path = path
        self.reason = reason
        self.status = status
        self.capability = capability

    def at(self, path: str) -> RequestError:
        """The same failure, met by another request."""
        return RequestError(self.kind, path, self.reason, status=self.status)

    def problem(self, part: str) -> dict[str, Any]:
        """It as one of the evidence's ``problems``."""
        return {
            "part": part,
            "path": self.path,
            "capability": self.capability,
            "status": self.status,
            "reason": self.reason,
        }


def words_of(body: bytes) -> str:
    """What the server's error answer says, in one line; "" where it says nothing."""
    try:
        errors = json.loads(body)["errors"]
        text = "; ".join(str(each) for each in errors)
    except (ValueError, KeyError, TypeError):
        return ""
    lines = [line.strip(" \t*") for line in text.splitlines()]
    # Its multi-error form begins with a count: "1 error occurred:".
    kept = [line for line in lines if line and not line.endswith("occurred:")]
    return "; ".join(kept)[:_MAX_WORDS]


def may_pass(error: RequestError) -> bool:
    """Whether it is over once a leader is elected; what stands in front of a cluster answers 502 to 504 until then."""
    return error.kind in FAILOVER or (error.kind == SERVER_ERROR and error.status in (502, 503, 504))


def error_of(
    path: str, capability: str, status: int, body: bytes, *, location: str | None = None, index: str | None = None
) -> RequestError:
    """The failure that an HTTP status of 300 and more is. A refused token is told apart elsewhere.

    ``index`` is the state of the storage that was asked for, if any.
    """
    words = words_of(body)
    # Vault Enterprise answers 412 and OpenBao 429, whose quotas have words (measured on 2.7.2).
    if index and (status == 412 or (status == 429 and not words)):
        return RequestError(BEHIND, path, "the standby lacks what was just written", status=status)
    if status in (301, 302, 307, 308):
        where = f" and redirects to {location}" if location else ""
        return RequestError(STANDBY, path, f"the server is a standby{where}; ask the active one", status=status)
    if status == 403:
        return RequestError(
            FORBIDDEN,
            path,
            f"permission denied: the token needs {capability} on {path}",
            status=403,
            capability=capability,
        )
    kind, reason = _kind_and_reason(status, words)
    return RequestError(kind, path, reason, status=status)


def _kind_and_reason(status: int, words: str) -> tuple[str, str]:
    if "is sealed" in words:
        return SEALED, "the server is sealed"
    if "active cluster node not found" in words:
        return NO_LEADER, "the cluster has no leader"
    if "not initialized" in words:
        return UNINITIALISED, "the server is not initialised"
    # The second is what tuning answers, with a 400.
    if "no handler for route" in words or "cannot fetch sysview" in words:
        return NO_MOUNT, NO_MOUNT_REASON
    if status == 405 or "unsupported path" in words or "unsupported operation" in words:
        return UNSUPPORTED, "this version has no such path"
    if status == 404:
        return (MISSING, words) if words else (EMPTY, "it does not exist")
    told = f": {words}" if words else ""
    if status == 429:
        return RATE_LIMITED, f"the server refuses more requests for now (429){told}"
    if status >= 500 or status == 412:
        return SERVER_ERROR, f"the server failed ({status}){told}"
    return REFUSED, f"the server refused the request ({status}){told}"
