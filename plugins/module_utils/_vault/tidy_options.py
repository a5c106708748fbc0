# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of vault_pki_tidy that say what is tidied and how it is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._audit.instant import parse_duration
from .._audit.policy import OptionError
from .durations import seconds_of
from .tidy_status import OPERATIONS

DURATIONS = (
    "safety_buffer",
    "issuer_safety_buffer",
    "acme_account_safety_buffer",
    "revoked_safety_buffer",
    "revocation_queue_safety_buffer",
    "pause_duration",
)
TIDY_OPTIONS: dict[str, dict[str, Any]] = {
    "mount": {"type": "str", "required": True},
    "expected_cluster_id": {"type": "str"},
    "operations": {
        "type": "list",
        "elements": "str",
        "choices": list(OPERATIONS),
        "default": ["tidy_cert_store", "tidy_revoked_certs"],
    },
    **{name: {"type": "str"} for name in DURATIONS},
    "page_size": {"type": "int"},
    "wait_timeout": {"type": "str", "default": "1h"},
    "on_timeout": {"type": "str", "choices": ["leave", "cancel"], "default": "leave"},
    "rotate_crl": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
    "progress": {"type": "bool", "default": True},
    "resume": {"type": "dict"},
}
"""The options that say what is tidied and how it is waited for. ``progress`` is for the action plugin."""


def wanted_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """{operation: True, parameter: normalised value}. Raises OptionError."""
    if not params["operations"]:
        raise OptionError.of("operations", params["operations"], "is empty; name at least one")
    wanted: dict[str, Any] = dict.fromkeys(params["operations"], True)
    for name in DURATIONS:
        if params.get(name) is not None:
            wanted[name] = seconds_of(params[name])
            if wanted[name] is None:
                raise OptionError.of(name, params[name], "is no duration; write it as 72h, or in seconds")
    if params.get("page_size") is not None:
        wanted["page_size"] = params["page_size"]
    return wanted


def timeout_of(params: Mapping[str, Any]) -> float:
    """``wait_timeout`` in seconds. Raises OptionError."""
    try:
        return parse_duration(params["wait_timeout"]).total_seconds()
    except ValueError as error:
        raise OptionError.of("wait_timeout", params["wait_timeout"], f"is refused: {error}") from None


def check_known(wanted: Mapping[str, Any], status: Mapping[str, Any], params: Mapping[str, Any], server: str) -> None:
    """Raises OptionError for what this product and version do not know, by its tidy-status: it would be ignored."""
    for key in wanted:
        if key not in status:
            known = [name for name in (*OPERATIONS, *DURATIONS, "page_size") if name in status]
            option, value = ("operations", key) if key in OPERATIONS else (key, params[key])
            raise OptionError.of(option, value, f"is not known to {server}; it knows {', '.join(known)}")
