# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``certificate.*`` that need more than one certificate: issuers, chains, stored against served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._audit.instant import format_instant
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .certificate import Certificate
from .facts import Facts, is_served
from .hostname import matches
from .rules import MAX_LIFESPAN_USED, RFC5280_PATH, RULES, dates, display_name, rests, when

__all__ = ["RULES"]

MAX_LISTED = 20
"""So many dependents are named in the evidence; the rest is counted."""


@RULES.rule(
    "outlives-issuer",
    title="Certificate outlives its issuer",
    subject="certificate",
    rationale="A certificate stops validating when its issuer expires, whatever its own notAfter says. Watching only "
    "the leaf misses that day.",
    remediation="Renew the issuer first, then what it issued; limit what it issues to its own lifespan "
    "(Vault: leaf_not_after_behavior=truncate).",
    references=(RFC5280_PATH,),
    severity="medium",
    correlation=True,
)
def outlives_issuer(certificate: Certificate, context: Context) -> Verdict:
    facts: Facts = context.facts
    issuers = facts.issuers_of(certificate)
    if not issuers or rests(certificate, context):
        return NOT_APPLICABLE
    last = max(issuers, key=lambda issuer: issuer.not_after)
    if certificate.not_after <= last.not_after:
        return PASS
    return fail(
        f"{display_name(certificate)} is valid until {format_instant(certificate.not_after)}, but its issuer "
        f"{display_name(last)} expires at {when(last.not_after, context.now)}",
        evidence={
            **dates(certificate, context),
            "issuer_fingerprint_sha256": last.fingerprint_sha256,
            "issuer_not_after": format_instant(last.not_after),
        },
        outage_at=last.not_after,
    )


@RULES.rule(
    "issuer-expiring",
    title="An expiring CA takes others down with it",
    subject="certificate",
    rationale="When a CA certificate expires, everything below it stops at that instant, fresh leaves included. The "
    "finding counts and names them, so that the size of the outage is known before it comes.",
    remediation="Renew the CA with enough overlap, distribute it to every trust store, then renew what it issued.",
    references=(RFC5280_PATH,),
    severity="high",
    settings=(MAX_LIFESPAN_USED,),
    correlation=True,
)
def issuer_expiring(certificate: Certificate, context: Context) -> Verdict:
    facts: Facts = context.facts
    if not certificate.is_ca:
        return NOT_APPLICABLE
    if certificate.lifespan_used(context.now) <= context.policy["max_lifespan_used"]:
        return PASS
    standing = [each for each in facts.dependents_of(certificate) if not rests(each, context)]
    if not standing:
        return NOT_APPLICABLE
    names = sorted(display_name(each) for each in standing)
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    verb = "expired" if context.now > certificate.not_after else "expires"
    return fail(
        f"CA {display_name(certificate)} {verb} at {when(certificate.not_after, context.now)}; "
        f"{len(standing)} certificate{'s' if len(standing) > 1 else ''} stop{'' if len(standing) > 1 else 's'} "
        f"validating then: {shown}",
        evidence={**dates(certificate, context), "dependents": len(standing), "dependent_names": names[:MAX_LISTED]},
        outage_at=certificate.not_after,
    )


@RULES.rule(
    "renewed-not-reloaded",
    title="Renewed on disk, but the old certificate is still served",
    subject="endpoint",
    rationale="A renewal only counts once it is served. A service that was not reloaded goes on with the old "
    "certificate until the day it expires, while every check of the files is green.",
    remediation="Reload or restart the service, then audit the endpoint again.",
    references=(),
    severity="high",
    correlation=True,
)
def renewed_not_reloaded(source: Mapping[str, Any], context: Context) -> Verdict:
    facts: Facts = context.facts
    leaf = _leaf(source, facts)
    if leaf is None:
        return NOT_APPLICABLE
    stored = facts.stored_by_names.get(frozenset(leaf.names), [])
    if not stored:
        return NOT_APPLICABLE
    newer = [each for each in stored if each.not_before > leaf.not_before and each.not_after > leaf.not_after]
    if not newer:
        return PASS
    newest = max(newer, key=lambda each: each.not_after)
    place = next(location for location in newest.locations if not is_served(location))
    return fail(
        f"{source['location']} serves {display_name(leaf)} valid until {when(leaf.not_after, context.now)}, while "
        f"{place} holds its renewal, valid until {format_instant(newest.not_after)}",
        evidence={
            **dates(leaf, context),
            "stored_location": place,
            "stored_fingerprint_sha256": newest.fingerprint_sha256,
            "stored_not_after": format_instant(newest.not_after),
        },
        outage_at=leaf.not_after,
    )


def _leaf(source: Mapping[str, Any], facts: Facts) -> Certificate | None:
    served = source["certificates"]
    return facts.inventory.certificates.get(served[0]) if served else None


@RULES.rule(
    "chain-incomplete",
    title="Served chain lacks an intermediate",
    subject="endpoint",
    rationale="Clients that have not seen the intermediate elsewhere cannot build a path: the service works in one "
    "browser and fails in every package installer. Judged where the issuer is in the inventory or ca_path is given.",
    remediation="Serve the leaf followed by every intermediate up to, and without, the root.",
    references=("RFC 8446 section 4.4.2, https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2", RFC5280_PATH),
    severity="high",
    correlation=True,
)
def chain_incomplete(source: Mapping[str, Any], context: Context) -> Verdict:
    facts: Facts = context.facts
    top = _leaf(source, facts)
    if top is None or not source.get("chain_known", True):
        return NOT_APPLICABLE
    served = [facts.inventory.certificates[each] for each in source["certificates"]]
    for _step in served:
        above = next((each for each in facts.issuers_of(top) if each in served), None)
        if top.self_issued or above is None:
            break
        top = above
    trust = source.get("trust")
    issuers = facts.issuers_of(top)
    if top.self_issued or (trust and trust["trusted"]) or any(issuer.self_issued for issuer in issuers):
        return PASS
    if not issuers:
        return NOT_APPLICABLE
    return fail(
        f"{source['location']} serves {len(served)} certificate{'s' if len(served) > 1 else ''} and lacks the "
        f"intermediate {display_name(issuers[0])} that issued {display_name(top)}",
        evidence={
            "served": [each.subject for each in served],
            "missing_subject": issuers[0].subject,
            "missing_fingerprint_sha256": issuers[0].fingerprint_sha256,
        },
    )


@RULES.rule(
    "untrusted",
    title="Served chain is not trusted",
    subject="endpoint",
    rationale="With ca_path given, the chain was verified against exactly those roots, without regard to dates (expiry "
    "has rules of its own): what fails here fails in every client that trusts them.",
    remediation="Serve a chain that ends in one of the roots in ca_path, or add the missing root there.",
    references=(RFC5280_PATH,),
    severity="high",
)
def untrusted(source: Mapping[str, Any], context: Context) -> Verdict:
    trust = source.get("trust")
    if not trust:
        return NOT_APPLICABLE
    if trust["trusted"]:
        return PASS
    return fail(
        f"{source['location']} serves a chain that is not trusted: {trust['reason']}",
        evidence={"reason": trust["reason"]},
    )


@RULES.rule(
    "hostname-mismatch",
    title="Certificate does not name the host",
    subject="endpoint",
    rationale="Clients that verify refuse a certificate that does not name the host they asked for. Judged where "
    "ca_path is given.",
    remediation="Issue the certificate with this name in its subjectAltName, or ask for the service by a name it has.",
    references=("RFC 9525 section 6, https://www.rfc-editor.org/rfc/rfc9525#section-6",),
    severity="high",
)
def hostname_mismatch(source: Mapping[str, Any], context: Context) -> Verdict:
    leaf = _leaf(source, context.facts)
    if not source.get("trust") or leaf is None:
        return NOT_APPLICABLE
    host = source["server_name"] or source["host"]
    if matches(leaf.names, host):
        return PASS
    names = ", ".join(leaf.names[:5]) + (f" and {len(leaf.names) - 5} more" if len(leaf.names) > 5 else "")
    return fail(
        f"{source['location']} serves a certificate for {names or 'no name at all'}, which does not match {host}",
        evidence={"host": host, "names": list(leaf.names[:MAX_LISTED]), "name_count": len(leaf.names)},
    )
