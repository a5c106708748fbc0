# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What carries a mount over until new settings have worked, in order of harm. Pure."""

from __future__ import annotations

from typing import Any

from .crl_model import safe_max_crl_entries
from .steps import Situation, has_entry_limit
from .storage_limit import StorageLimit, put_bytes, storage_limit

SPARE = 1.5
"""How much more than the predicted peak a raised limit should hold; a safe max_crl_entries takes a fifth off again."""
MIB = 1_048_576


def interim_measures(situation: Situation, peak_bytes: int) -> list[dict[str, Any]]:
    """[{measure, settings, commands, consequence}], the least harmful first, for a CRL of up to ``peak_bytes``.

    ``settings`` are those of the server's or the storage's own configuration file, or of the mount; ``commands``
    are words of the ``vault`` and ``bao`` programs, with names in angle brackets to fill in.
    """
    path = str(situation.mount.get("path") or "pki/")
    raised = _raised_limit(situation, path, peak_bytes)
    return [*([raised] if raised else []), _keep_tokens(), _new_issuer(path), _hold_crl()]


def raised_limit_bytes(limit: StorageLimit, peak_bytes: int) -> int:
    """The next whole MiB that takes a CRL half as large again as ``peak_bytes``."""
    return -(-put_bytes(limit, int(peak_bytes * SPARE)) // MIB) * MIB


def _measure(measure: str, consequence: str, settings: Any = None, commands: Any = ()) -> dict[str, Any]:
    return {
        "measure": measure,
        "settings": settings or {},
        "commands": [list(words) for words in commands],
        "consequence": consequence,
    }


def _raised_limit(situation: Situation, path: str, peak_bytes: int) -> dict[str, Any] | None:
    kind = situation.limit.storage_type
    size = raised_limit_bytes(situation.limit, peak_bytes)
    if kind == "raft":
        settings: dict[str, dict[str, Any]] = {"storage/raft": {"max_entry_size": size}}
        told = "Each node is restarted, standbys first. Larger entries make snapshots and replication slower."
    elif kind == "consul":
        settings = {"limits": {"txn_max_req_len": size, "kv_max_value_size": size}}
        told = (
            "Each Consul server and each agent that Vault speaks to is restarted. Consul's maintainers warn that "
            "large values may cost it its leader."
        )
    else:
        return None
    if has_entry_limit(situation.server):
        larger = storage_limit({"type": kind, "max_entry_bytes": size, "txn_max_request_bytes": size})
        settings["config/crl"] = {"max_crl_entries": safe_max_crl_entries(larger)}
        told += " Vault's own max_crl_entries goes up with it, or it would freeze the CRL instead."
    return _measure(
        "raise_storage_limit",
        f"{told} A CRL that was frozen is whole again once it is rotated.",
        settings,
        [("read", f"{path}crl/rotate")],
    )


def _keep_tokens() -> dict[str, Any]:
    return _measure(
        "keep_parent_tokens",
        "Leases come due only when their token or their own time ends. Tokens stay valid longer than intended, and "
        "only up to their own maximum; without -increment they get no more than their first TTL again. Certificates "
        "whose tokens have ended are not helped.",
        commands=[
            ("list", "auth/token/accessors"),
            ("token", "renew", "-increment=<time>", "-accessor", "<accessor>"),
        ],
    )


def _new_issuer(path: str) -> dict[str, Any]:
    return _measure(
        "new_issuer",
        "What is issued from then on is revoked into a CRL of its own; what was issued before stays a backlog, and a "
        "role that names its issuer goes on with the old one. It must come before the freeze: once the old issuer's "
        "CRL cannot be written, every rebuild of the mount ends in an error (on Vault adding the issuer too, although "
        "it is added), and it is chance whether the new issuer's CRL is still written, until the old issuer's usage is "
        "without crl-signing and its CRL goes stale. Clients need the new issuer's chain.",
        commands=[
            ("write", f"{path}root/generate/internal", "issuer_name=<new name>", "common_name=<name>"),
            ("write", f"{path}config/issuers", "default=<new name>"),
        ],
    )


def _hold_crl() -> dict[str, Any]:
    return _measure(
        "hold_crl",
        "At once the CRLs of all issuers of the mount are empty: clients accept every revoked certificate again. It "
        "holds for one expiry of config/crl (72 h by default): the empty CRL is not renewed, crl/rotate answers well "
        "and does nothing, and when it has expired clients refuse every certificate. A longer expiry counts only where "
        "it is set together with disable; setting disable to false and to true again makes a new one. Turning it back "
        "on while the entries do not fit answers with an error and leaves the CRL empty.",
        {"config/crl": {"disable": True}},
    )
