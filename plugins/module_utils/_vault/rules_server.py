# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on the server as a whole. Pure: no I/O, no clock."""

from __future__ import annotations

from .._audit.finding import Remediation
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail, unknown
from .asking import RULES, needs, unread
from .facts import ServerFacts

OLDEST = {"vault": (1, 12), "openbao": (2, 0)}
"""The oldest versions that this audit is made for."""


@RULES.rule(
    "server-unread",
    title="Server could not be read",
    subject="server",
    rationale="A server that is sealed, not initialised or a standby answers nothing about its mounts: none of them is "
    "known to be good.",
    remediation="Unseal the server, or audit the active one.",
    references=("Vault API, /sys/health, https://developer.hashicorp.com/vault/api-docs/system/health",),
    severity="critical",
)
@needs("server")
def server_unread(server: ServerFacts, context: Context) -> Verdict:
    return PASS


@RULES.rule(
    "token-unfit",
    title="The audit's token is not fit",
    subject="server",
    rationale="A token that is expired, revoked or out of uses reads nothing, or stops in the middle of an audit.",
    remediation="Give the audit a token of its own, with the policy that this collection ships.",
    references=("Vault, tokens, https://developer.hashicorp.com/vault/docs/concepts/tokens",),
    severity="high",
)
def token_unfit(server: ServerFacts, context: Context) -> Verdict:
    return PASS if server.problem("token") is None else unread(server, "token")


@RULES.rule(
    "mounts-unlisted",
    title="The PKI mounts could not be listed",
    subject="server",
    rationale="A mount that nobody sees is audited by nobody. Zero mounts is not success.",
    remediation="Let the token read sys/mounts, or name the mounts.",
    references=("Vault API, /sys/mounts, https://developer.hashicorp.com/vault/api-docs/system/mounts",),
    severity="high",
)
def mounts_unlisted(server: ServerFacts, context: Context) -> Verdict:
    return PASS if server.problem("mounts") is None else unread(server, "mounts")


@RULES.rule(
    "storage-limit-assumed",
    title="What storage takes is assumed, not known",
    subject="server",
    rationale="All that is said of a CRL's size rests on the storage's limit. Where neither the server tells it nor an "
    "option gives it, the storage's default is assumed, and a lower setting would freeze the CRL sooner.",
    remediation="Let the token read sys/config/state/sanitized, or give storage_max_entry_size (for Consul "
    "storage_txn_max_req_len, from GET /v1/agent/self, DebugConfig.TxnMaxReqLen).",
    references=("Vault, integrated storage, https://developer.hashicorp.com/vault/docs/configuration/storage/raft",),
    severity="medium",
)
def storage_limit_assumed(server: ServerFacts, context: Context) -> Verdict:
    storage = server.value("storage") or {}
    source, limit = storage.get("limit_source"), storage.get("max_entry_bytes")
    if source in ("measured", "configured"):
        return PASS
    if server.problem("storage") is not None:
        return unread(server, "storage")
    if storage.get("type") is None:
        return unknown(f"{server.display}: its storage is not known")
    if source is None:
        return unknown(
            f"{server.display}: what its {storage['type']} storage takes is not known",
            evidence={"storage_type": storage["type"]},
            remediation=Remediation("Give storage_max_entry_size."),
        )
    if limit is None:
        return NOT_APPLICABLE
    return unknown(
        f"{server.display}: its {storage['type']} storage is assumed to take {limit} bytes, the default",
        evidence={"storage_type": storage["type"], "max_entry_bytes": limit},
        severity="low",
    )


@RULES.rule(
    "version-old",
    title="Server is older than this audit knows",
    subject="server",
    rationale="Versions before Vault 1.12 have no auto-tidy and no auto_rebuild: nothing keeps their CRLs small, and "
    "many of these rules do not apply to them.",
    remediation="Upgrade the server; until then start tidies by a timer of your own.",
    references=("Vault 1.12 release notes, https://developer.hashicorp.com/vault/docs/release-notes/1.12.0",),
    severity="high",
)
@needs("server")
def version_old(server: ServerFacts, context: Context) -> Verdict:
    oldest = OLDEST.get(str(server.evidence.get("product")))
    if oldest is None or not server.evidence.get("version"):
        return NOT_APPLICABLE
    if server.version >= oldest:
        return PASS
    return fail(
        f"{server.display} is older than {oldest[0]}.{oldest[1]}", evidence={"version": server.evidence["version"]}
    )
