# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``vault.crl-*`` on CRLs as they are served. Pure: no I/O, no clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .._audit.instant import parse_instant
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail, unknown
from .._x509.rules import MAX_CRL_LIFESPAN_USED, RFC5280_CRL, when
from .asking import CRL_API, OUTAGE, RULES, health_check, needs
from .crl_model import main_crl, missing_entries
from .facts import CrlFacts, MountFacts


def _dates(crl: CrlFacts, context: Context) -> tuple[datetime | None, float]:
    """nextUpdate, and the percent of the CRL's lifespan that is used."""
    if crl.crl.get("next_update") is None or crl.crl.get("this_update") is None:
        return None, 0.0
    this_update, next_update = parse_instant(crl.crl["this_update"]), parse_instant(crl.crl["next_update"])
    lifespan = (next_update - this_update).total_seconds()
    used = 100.0 * (context.now - this_update).total_seconds() / lifespan if lifespan > 0 else 100.0
    return next_update, used


def _served(crl: CrlFacts, used: float) -> dict[str, Any]:
    return {
        "this_update": crl.crl["this_update"],
        "next_update": crl.crl["next_update"],
        "entries": crl.crl.get("entries"),
        "size_bytes": crl.crl.get("bytes"),
        "lifespan_used_percent": round(used, 1),
    }


@RULES.rule(
    "crl-expired",
    title="CRL has expired",
    subject="crl",
    rationale="Clients that check revocation refuse every certificate of an issuer whose CRL is past its nextUpdate.",
    remediation="Read crl/rotate, then look in the server's log for why the CRL was not rebuilt.",
    references=(RFC5280_CRL, CRL_API, health_check("crl_validity_period")),
    severity="critical",
)
@needs("crls")
def crl_expired(crl: CrlFacts, context: Context) -> Verdict:
    next_update, used = _dates(crl, context)
    if crl.is_delta or next_update is None:
        return NOT_APPLICABLE
    if context.now <= next_update:
        return PASS
    return fail(
        f"{crl.display} expired at {when(next_update, context.now)}",
        evidence=_served(crl, used),
        outage_at=next_update,
    )


@RULES.rule(
    "crl-near-expiry",
    title="CRL is about to expire",
    subject="crl",
    rationale="The server rebuilds a CRL well before its nextUpdate: at each revocation, or its grace period before. "
    "One that nears it was not refreshed in time.",
    remediation="Read crl/rotate, then look in the server's log for why the CRL was not rebuilt.",
    references=(RFC5280_CRL, CRL_API, health_check("crl_validity_period")),
    severity="high",
    settings=(MAX_CRL_LIFESPAN_USED,),
)
@needs("crls")
def crl_near_expiry(crl: CrlFacts, context: Context) -> Verdict:
    next_update, used = _dates(crl, context)
    if crl.is_delta or next_update is None or context.now > next_update:
        return NOT_APPLICABLE
    if used <= context.policy["max_crl_lifespan_used"]:
        return PASS
    return fail(
        f"{crl.display} has used {used:.1f} % of its lifespan and expires at {when(next_update, context.now)}",
        evidence=_served(crl, used),
        outage_at=next_update,
    )


@RULES.rule(
    "crl-delta-stale",
    title="Delta CRL is stale or about to be",
    subject="crl",
    rationale="A client that uses delta CRLs sees new revocations only there. One past its nextUpdate is refused or, "
    "worse, ignored.",
    remediation="Read crl/rotate-delta, then look in the server's log for why it was not rebuilt.",
    references=(
        "RFC 5280 section 5.2.4, https://www.rfc-editor.org/rfc/rfc5280#section-5.2.4",
        CRL_API,
        health_check("crl_validity_period"),
    ),
    severity="high",
    settings=(MAX_CRL_LIFESPAN_USED,),
)
@needs("crls")
def crl_delta_stale(crl: CrlFacts, context: Context) -> Verdict:
    next_update, used = _dates(crl, context)
    enabled = crl.mount.settings("crl_config").get("enable_delta", True)
    if not crl.is_delta or next_update is None or not enabled:
        return NOT_APPLICABLE
    if used <= context.policy["max_crl_lifespan_used"] and context.now <= next_update:
        return PASS
    verb = "is stale since" if context.now > next_update else f"has used {used:.1f} % of its lifespan and is stale from"
    return fail(
        f"{crl.display} {verb} {when(next_update, context.now)}", evidence=_served(crl, used), outage_at=next_update
    )


@RULES.rule(
    "crl-frozen",
    title="CRL is frozen: revocations no longer reach it",
    subject="mount",
    rationale="Once a CRL no longer fits into storage, or an issuer's cannot be built, the server goes on serving the "
    "last one and answers revocations with success. Nothing in the API says so. The outage comes when its nextUpdate "
    "passes and clients refuse every certificate; until then they accept what was revoked.",
    remediation="Look in the server's log for the error of the CRL's build. Raise the storage's limit or let a tidy "
    "remove expired entries, then read crl/rotate and see thisUpdate change.",
    references=(OUTAGE, CRL_API, "openbao/openbao issue 1895"),
    severity="critical",
)
@needs("crls", "revoked", optional=("crl_config",))
def crl_frozen(mount: MountFacts, context: Context) -> Verdict:
    if not mount.evidence["crls"] or mount.frozen is False:
        return PASS if mount.evidence["crls"] else NOT_APPLICABLE
    crl = main_crl(mount.evidence)
    missing = mount.settings("leaves").get("revoked_unexpired_missing_from_crl") or missing_entries(mount.evidence)
    evidence = {
        "missing_entries": missing,
        "entries": crl.get("entries"),
        "size_bytes": crl.get("bytes"),
        "this_update": crl.get("this_update"),
        "next_update": crl.get("next_update"),
    }
    if mount.frozen is None:
        return unknown(f"{mount.display}: whether its CRL still takes revocations cannot be told", evidence=evidence)
    outage = parse_instant(crl["next_update"]) if crl.get("next_update") else None
    until = f"; it expires at {when(outage, context.now)}" if outage else ""
    return fail(
        f"{mount.display}: {missing} revoked certificates are missing from the CRL of {crl['this_update']}{until}",
        evidence=evidence,
        outage_at=outage,
    )
