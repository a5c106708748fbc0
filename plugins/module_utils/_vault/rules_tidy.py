# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``vault.tidy-*`` on what auto-tidy is to do. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._audit.finding import Remediation
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .asking import CONSIDERATIONS, OUTAGE, RULES, TIDY_API, changed, health_check, needs, remedy
from .crl_model import revoked_entries
from .facts import MountFacts


def operations(mount: MountFacts) -> dict[str, bool]:
    """The operations that matter to this mount and that its server has: all true."""
    tidy = mount.settings("auto_tidy")
    wanted = {
        "tidy_cert_store": mount.stores,
        "tidy_revoked_certs": True,
        "tidy_expired_issuers": bool(expired_issuers(mount)),
        "tidy_acme": bool(mount.settings("acme").get("enabled")),
        "tidy_revoked_cert_issuer_associations": len(mount.issuers) > 1,
    }
    return {key: True for key, matters in wanted.items() if matters and key in tidy}


def expired_issuers(mount: MountFacts) -> list[str]:
    """Names of the issuers whose certificates have expired."""
    return [
        issuer.display
        for issuer in mount.issuers
        if issuer.certificate is not None and issuer.certificate.not_after < mount.now
    ]


def tidy_remedy(mount: MountFacts, text: str, wanted: Mapping[str, Any]) -> Remediation:
    """These keys of config/auto-tidy as a task of the role."""
    return remedy(mount, text, changed(mount, "config/auto-tidy", wanted, mount.settings("auto_tidy")))


@RULES.rule(
    "auto-tidy-disabled",
    title="Auto-tidy is disabled",
    subject="mount",
    rationale="Without tidy, expired certificates and revocations stay for ever: the store, the CRL and the time that "
    "each rebuild takes grow with every certificate, until the CRL outgrows what storage takes.",
    remediation="Enable auto-tidy with the operations that matter to the mount.",
    references=(TIDY_API, OUTAGE, health_check("enable_auto_tidy")),
    severity="medium",
)
@needs("auto_tidy")
def auto_tidy_disabled(mount: MountFacts, context: Context) -> Verdict:
    tidy = mount.settings("auto_tidy")
    if tidy.get("enabled"):
        return PASS
    entries, leased = revoked_entries(mount.evidence), bool(mount.leased_roles)
    certificates = mount.value("certificates")
    empty = certificates is not None and certificates <= len(mount.issuers) and not entries
    return fail(
        f"{mount.display}: auto-tidy is disabled: nothing that expires is removed from the store, nor from the CRL of "
        f"{entries} entries",
        evidence={"certificates": certificates, "crl_entries": entries},
        severity="low" if empty else "high" if entries or leased else None,
        remediation=tidy_remedy(
            mount, "Enable auto-tidy with the operations that matter here.", {"enabled": True, **operations(mount)}
        ),
    )


def _operation(key: str, mount: MountFacts, consequence: str, **more: Any) -> Verdict:
    """The verdict on one operation, where auto-tidy runs at all (auto-tidy-disabled says so else)."""
    tidy = mount.settings("auto_tidy")
    if not tidy.get("enabled") or key not in tidy:
        return NOT_APPLICABLE
    if tidy[key]:
        return PASS
    return fail(
        f"{mount.display}: auto-tidy runs without {key}: {consequence}",
        remediation=tidy_remedy(mount, f"Turn {key} on in config/auto-tidy.", {key: True}),
        **more,
    )


@RULES.rule(
    "tidy-cert-store-off",
    title="Tidy leaves expired certificates in the store",
    subject="mount",
    rationale="Every certificate that a role stores stays for ever. Listings, leadership changes and each pass take "
    "longer with every one.",
    remediation="Turn tidy_cert_store on in config/auto-tidy.",
    references=(TIDY_API, CONSIDERATIONS),
    severity="medium",
)
@needs("auto_tidy", optional=("roles",))
def tidy_cert_store_off(mount: MountFacts, context: Context) -> Verdict:
    if not mount.stores:
        return NOT_APPLICABLE
    return _operation("tidy_cert_store", mount, "expired certificates stay in the store for ever")


@RULES.rule(
    "tidy-revoked-certs-off",
    title="Tidy leaves expired entries in the CRL",
    subject="mount",
    rationale="tidy_cert_store alone leaves revoked certificates and the CRL as they are: an entry leaves the CRL only "
    "where tidy_revoked_certs is on.",
    remediation="Turn tidy_revoked_certs on in config/auto-tidy.",
    references=(TIDY_API, OUTAGE),
    severity="medium",
)
@needs("auto_tidy")
def tidy_revoked_certs_off(mount: MountFacts, context: Context) -> Verdict:
    entries = revoked_entries(mount.evidence)
    return _operation(
        "tidy_revoked_certs",
        mount,
        f"the CRL keeps its {entries} entries for ever, and all that come",
        evidence={"crl_entries": entries},
        severity="high" if entries else None,
    )


@RULES.rule(
    "tidy-expired-issuers-off",
    title="Tidy leaves expired issuers in the mount",
    subject="mount",
    rationale="The server goes on building a CRL for an issuer that has expired, and lists it among the others.",
    remediation="Turn tidy_expired_issuers on in config/auto-tidy; issuer_safety_buffer (a year by default) keeps "
    "those that have expired only lately.",
    references=(TIDY_API,),
    severity="low",
)
@needs("auto_tidy", "issuers")
def tidy_expired_issuers_off(mount: MountFacts, context: Context) -> Verdict:
    expired = expired_issuers(mount)
    if not expired:
        return NOT_APPLICABLE
    return _operation("tidy_expired_issuers", mount, f"expired: {', '.join(expired)}", evidence={"expired": expired})


@RULES.rule(
    "tidy-acme-off",
    title="Tidy leaves ACME accounts and orders in the mount",
    subject="mount",
    rationale="ACME clients leave an order for every certificate, and an account for every installation. Nothing else "
    "removes them.",
    remediation="Turn tidy_acme on in config/auto-tidy.",
    references=(TIDY_API, "RFC 8555, https://www.rfc-editor.org/rfc/rfc8555"),
    severity="medium",
)
@needs("auto_tidy", "acme")
def tidy_acme_off(mount: MountFacts, context: Context) -> Verdict:
    if not mount.settings("acme").get("enabled"):
        return NOT_APPLICABLE
    return _operation("tidy_acme", mount, "ACME is enabled, and its accounts and orders stay for ever")


@RULES.rule(
    "tidy-associations-off",
    title="Tidy leaves revoked certificates without their issuer",
    subject="mount",
    rationale="A revoked certificate that is not associated with its issuer is compared with all issuers at every "
    "rebuild of the CRL.",
    remediation="Turn tidy_revoked_cert_issuer_associations on in config/auto-tidy.",
    references=(TIDY_API,),
    severity="low",
)
@needs("auto_tidy", "issuers")
def tidy_associations_off(mount: MountFacts, context: Context) -> Verdict:
    if len(mount.issuers) < 2 or not revoked_entries(mount.evidence):
        return NOT_APPLICABLE
    return _operation(
        "tidy_revoked_cert_issuer_associations", mount, f"every rebuild tries all {len(mount.issuers)} issuers"
    )
