# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on trust bundles and Secrets. Pure: no I/O, no clock."""

from __future__ import annotations

from .._audit.instant import format_instant
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail, unknown
from .asking import RULES, SECRETS, WEBHOOKS
from .facts import BundleFacts, SecretFacts


@RULES.rule(
    "trust-bundle-without-valid-ca",
    title="Trust bundle has no CA that is valid",
    subject="bundle",
    rationale="Clients that trust this bundle refuse every server. Behind a webhook that means that the API server "
    "refuses what the webhook should have admitted; behind an aggregated API, that the API is gone.",
    remediation="Put the present CA into the bundle, and find what should have kept it in step (such as cert-manager's "
    "cainjector).",
    references=(WEBHOOKS, "RFC 5280 section 6.1, https://www.rfc-editor.org/rfc/rfc5280#section-6.1"),
    severity="critical",
)
def trust_bundle_without_valid_ca(bundle: BundleFacts, context: Context) -> Verdict:
    copies = f" (as in {bundle.row['copies']} more ConfigMaps)" if bundle.row["copies"] else ""
    what = f"The CA bundle {bundle.row['name']}{copies} for {bundle.row['serves']}"
    if not bundle.certificates:
        reason = bundle.row["reason"] or "it holds no certificate"
        return unknown(f"{what} has no certificate that can be read: {reason}")
    if any(each.not_before <= context.now <= each.not_after for each in bundle.certificates):
        return PASS
    last = max(bundle.certificates, key=lambda each: each.not_after)
    evidence = {
        "certificates": len(bundle.certificates),
        "fingerprint_sha256": last.fingerprint_sha256,
        "not_before": format_instant(last.not_before),
        "not_after": format_instant(last.not_after),
    }
    if context.now < last.not_before:
        begins = format_instant(last.not_before)
        return fail(f"{what} has no CA that is valid yet: the last begins {begins}", evidence=evidence)
    return fail(
        f"{what} has no CA that is still valid: the last of {len(bundle.certificates)} expired "
        f"{format_instant(last.not_after)}",
        evidence=evidence,
        outage_at=last.not_after,
    )


@RULES.rule(
    "secret-orphaned",
    title="Nothing refers to a TLS Secret",
    subject="secret",
    rationale="A Secret that no Ingress and no workload refers to is renewed by nobody's care, holds a private key "
    "that nobody needs, and its expiry is noise. What reads Secrets by the API alone (a gateway, an operator) is not "
    "seen.",
    remediation="Delete the Secret if nothing reads it by the API; else waive this, and name what does.",
    references=(SECRETS,),
    severity="low",
)
def secret_orphaned(secret: SecretFacts, context: Context) -> Verdict:
    if secret.users is None:
        return NOT_APPLICABLE
    if secret.users:
        return PASS
    owner = f" (it belongs to {secret.row['owner']})" if secret.row["owner"] else ""
    return fail(
        f"No Ingress, pod or template of a workload refers to the Secret {secret.row['namespace']}/"
        f"{secret.row['name']}{owner}",
        evidence={"namespace": secret.row["namespace"], "name": secret.row["name"], "owner": secret.row["owner"]},
    )
