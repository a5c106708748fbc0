# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much a mount holds before and after a tidy, and whether its CRL could be written at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .crl_model import is_frozen, main_crl, max_crl_entries, missing_entries
from .durations import normalise
from .errors import RequestError
from .issuers import read_crls, read_issuers
from .parts import Parts, Task
from .transport import Transport

_ADVICE = {
    "raft": "raise max_entry_size of the server's storage (raft) and restart it",
    "consul": "raise txn_max_req_len and kv_max_value_size of Consul and restart it",
}


class Stock:
    """What a mount holds, read once: the number of requests does not grow with it.

    ``evidence`` has counts, crls and crl_config as in the audit's evidence (mounts.py); ``problems`` is what could not
    be read, one sentence each.
    """

    def __init__(self, transport: Transport, mount: str) -> None:
        parts = Parts(transport, mount)
        certificates, revoked, issuers, config = parts.all(
            Task("certificates", lambda: parts.keys("certs")),
            Task("revoked", lambda: parts.keys("certs/revoked")),
            Task("issuers", lambda: parts.listing("issuers")),
            Task("crl_config", lambda: normalise(parts.read("config/crl"))),
        )
        found = read_issuers(parts, issuers or {"keys": []}, managed_keys=False)
        crls = read_crls(parts, found, delta=False, revoked=None)
        self.evidence: dict[str, Any] = {
            "counts": {
                "certificates": None if certificates is None else len(certificates),
                "revoked": None if revoked is None else len(revoked),
            },
            "crls": crls,
            "crl_config": config or {},
        }
        self.problems = [f"{problem['path']}: {problem['reason']}" for problem in parts.problems]

    def row(self) -> dict[str, Any]:
        """{certificates, revoked, crl_bytes, crl_entries, this_update} of the mount and its largest CRL."""
        crl = main_crl(self.evidence)
        return {
            **self.evidence["counts"],
            "crl_bytes": crl.get("bytes"),
            "crl_entries": crl.get("entries"),
            "this_update": crl.get("this_update"),
        }

    @property
    def auto_rebuild(self) -> bool:
        """Whether a tidy leaves the CRL to a later rebuild."""
        return bool(self.evidence["crl_config"].get("auto_rebuild")) and not self.evidence["crl_config"].get("disable")

    @property
    def crl_is_behind(self) -> bool:
        """Whether the CRLs hold more or fewer entries than there are revoked certificates."""
        revoked = self.evidence["counts"]["revoked"]
        return revoked is not None and revoked != sum(crl.get("entries") or 0 for crl in self.evidence["crls"])

    def frozen(self, transport: Transport, mount: str, now: datetime) -> str | None:
        """Why a tidy would be of no use, and what to do first; None where the CRL is not frozen."""
        if not is_frozen(self.evidence, now):
            return None
        row, missing = self.row(), missing_entries(self.evidence)
        return (
            f"the CRL of {mount} is frozen: it lacks {missing} of {row['revoked']} revoked certificates and was last "
            f"built at {row['this_update']}, so a tidy would delete and then fail to write it. Read {mount}crl/rotate "
            f"first; if that fails, {self._advice(transport)}, and rotate again. Give force where so many of them have "
            "expired that the rest fits"
        )

    def _advice(self, transport: Transport) -> str:
        allowed, revoked = max_crl_entries(self.evidence), self.evidence["counts"]["revoked"]
        if allowed is not None and revoked > allowed:
            return f"raise max_crl_entries of config/crl, which is {allowed}"
        return _ADVICE.get(_storage_type(transport), "find out in the server's log why it cannot be written")


def _storage_type(transport: Transport) -> str:
    try:
        answer: Mapping[str, Any] = transport.probe("sys/seal-status")[1]
    except RequestError:
        return ""
    return str(answer.get("storage_type") or "")
