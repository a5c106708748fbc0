# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``vault.issuer-*``. Pure: no I/O, no clock."""

from __future__ import annotations

from .._audit.instant import format_duration, format_instant
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .._x509.rules import RFC5280_CRL, when
from .asking import ISSUER_API, RULES, health_check, needs, unread
from .facts import IssuerFacts

MANAGED_KEYS = "Vault managed keys, https://developer.hashicorp.com/vault/docs/enterprise/managed-keys"
MIN_ROOT_VALIDITY = Setting(
    "min_root_validity", "duration", "365d", "time that a root has to be valid for still, so that clients can follow"
)
MIN_INTERMEDIATE_VALIDITY = Setting(
    "min_intermediate_validity", "duration", "60d", "time that an intermediate has to be valid for still"
)


@RULES.rule(
    "issuer-expiring",
    title="Issuer expires before it can be replaced calmly",
    subject="issuer",
    rationale="With its issuer every certificate below it stops validating. A new root takes as long as the slowest "
    "client's trust store, a new intermediate as long as the certificates that it has issued live.",
    remediation="Make the new issuer now, publish its chain, and make it the default once clients have it.",
    references=(
        "RFC 5280 section 6.1, https://www.rfc-editor.org/rfc/rfc5280#section-6.1",
        health_check("ca_validity_period"),
    ),
    severity="low",
    settings=(MIN_ROOT_VALIDITY, MIN_INTERMEDIATE_VALIDITY),
)
@needs("issuers")
def issuer_expiring(issuer: IssuerFacts, context: Context) -> Verdict:
    certificate = issuer.certificate
    if certificate is None or certificate.not_after < context.now:
        return NOT_APPLICABLE
    kind = "root" if issuer.is_root else "intermediate"
    needed = context.policy[f"min_{kind}_validity"]
    if certificate.not_after - context.now >= needed:
        return PASS
    return fail(
        f"{issuer.display}, {'a' if issuer.is_root else 'an'} {kind}, expires at "
        f"{when(certificate.not_after, context.now)} (needed: {format_duration(needed)})",
        evidence={"not_after": format_instant(certificate.not_after), "needed_seconds": needed.total_seconds()},
        outage_at=certificate.not_after,
    )


@RULES.rule(
    "issuer-without-crl-signing",
    title="An issuer may not sign its CRL",
    subject="issuer",
    rationale="Without the usage crl-signing the server stops building the issuer's CRL, without a word: the last one "
    "goes stale, and what is revoked later is in none.",
    remediation="Add crl-signing to the issuer's usage.",
    references=(ISSUER_API, RFC5280_CRL),
    severity="high",
)
@needs("issuers")
def issuer_without_crl_signing(issuer: IssuerFacts, context: Context) -> Verdict:
    expired = issuer.certificate is not None and issuer.certificate.not_after < context.now
    if not issuer.has_key or not issuer.row.get("usage") or expired:
        return NOT_APPLICABLE
    if issuer.may("crl-signing"):
        return PASS
    return fail(
        f"{issuer.display} has the usage {', '.join(issuer.row['usage'])}: its CRL is no longer built",
        evidence={"usage": list(issuer.row["usage"])},
    )


@RULES.rule(
    "issuer-permits-outliving",
    title="Intermediate lets certificates outlive it",
    subject="issuer",
    rationale="With leaf_not_after_behavior permit the server issues certificates whose notAfter lies beyond their "
    "issuer's. They stop validating with it, at a date that none of them shows.",
    remediation="Set leaf_not_after_behavior to truncate (or err) for the issuer.",
    references=(ISSUER_API,),
    severity="medium",
)
@needs("issuers")
def issuer_permits_outliving(issuer: IssuerFacts, context: Context) -> Verdict:
    behavior = issuer.row.get("leaf_not_after_behavior")
    if not issuer.has_key or issuer.is_root or behavior is None:
        return NOT_APPLICABLE
    if behavior != "permit":
        return PASS
    return fail(
        f"{issuer.display} permits certificates that outlive it", evidence={"leaf_not_after_behavior": behavior}
    )


@RULES.rule(
    "root-issues-leaves",
    title="Root issues leaf certificates",
    subject="issuer",
    rationale="A root that issues leaves has to be online, and replacing it means replacing what every client trusts. "
    "An intermediate can be replaced in silence.",
    remediation="Issue from an intermediate; take issuing-certificates from the root's usage where it signs no "
    "intermediates here. Leaves that it has issued stay until they expire and are tidied.",
    references=(ISSUER_API, health_check("root_issued_leaves")),
    severity="medium",
)
@needs("issuers")
def root_issues_leaves(issuer: IssuerFacts, context: Context) -> Verdict:
    if not issuer.is_root:
        return NOT_APPLICABLE
    mount, leaves = issuer.mount, issuer.mount.settings("leaves")
    able = issuer.has_key and issuer.may("issuing-certificates")
    roles = sorted(name for name, role in mount.settings("roles").items() if able and mount.issuer_of(role) == issuer)
    example = (leaves.get("end_entities") or {}).get(issuer.certificate.subject if issuer.certificate else "")
    if not roles and not example:
        parts = ("roles", "leaves") if able else ("leaves",)
        unseen = next((part for part in parts if mount.problem(part) is not None), None)
        judged = PASS if able and leaves.get("mode") != "none" else NOT_APPLICABLE
        return unread(mount, unseen) if unseen else judged
    issues = f"issues for the roles {', '.join(roles)}" if roles else f"has issued leaves, such as {example}"
    return fail(
        f"{issuer.display} is a root, and {issues}",
        evidence={"roles": roles, "issued": example},
        # Every leaf was read, and none is the root's: so far it is a possibility only.
        severity="low" if leaves.get("mode") == "all" and not example else None,
    )


@RULES.rule(
    "root-key-unmanaged",
    title="Root's key is kept by the server itself",
    subject="issuer",
    rationale="A root lives for decades, and whoever can read the server's storage and its unseal keys has its key. A "
    "managed key stays in a hardware module or a key service. Only Vault Enterprise has them.",
    remediation="Make the next root with a managed key (type kms); keep this one offline where it only signs "
    "intermediates.",
    references=(MANAGED_KEYS, health_check("hardware_backed_root")),
    severity="low",
)
@needs("issuers", optional=("issuer_keys",))
def root_key_unmanaged(issuer: IssuerFacts, context: Context) -> Verdict:
    if not issuer.is_root or not issuer.has_key or issuer.row.get("key_managed") is None:
        return NOT_APPLICABLE
    if issuer.row["key_managed"]:
        return PASS
    return fail(
        f"{issuer.display} is a root whose key is in the server's own storage",
        evidence={"key_id": issuer.row["key_id"]},
    )
