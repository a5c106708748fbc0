# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``certificate.*`` on single certificates, CRLs and targets. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .._audit.finding import Remediation
from .._audit.instant import format_duration, format_instant, parse_instant
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Registry, Verdict, fail, unknown
from .certificate import Certificate
from .facts import Attempt, Facts, is_served
from .rotators import ROTATORS, rotator_of

RULES = Registry("certificate")

RFC5280_VALIDITY = "RFC 5280 section 4.1.2.5, https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5"
RFC5280_PATH = "RFC 5280 section 6.1, https://www.rfc-editor.org/rfc/rfc5280#section-6.1"
RFC5280_CRL = "RFC 5280 section 5.1.2.5, https://www.rfc-editor.org/rfc/rfc5280#section-5.1.2.5"

MAX_LIFESPAN_USED = Setting(
    "max_lifespan_used", "percent", 75.0, "percent of a certificate's lifespan after which it should have been renewed"
)
ROTATOR_WINDOWS = Setting(
    "rotator_windows",
    "percents",
    {name: rotator.missed_after for name, rotator in ROTATORS.items()},
    "percent of the lifespan, for each rotator, after which a renewal counts as missed",
)
MAX_CRL_LIFESPAN_USED = Setting(
    "max_crl_lifespan_used", "percent", 95.0, "percent of the time from thisUpdate to nextUpdate of a CRL"
)


def display_name(certificate: Certificate) -> str:
    """What people call it: its first name, else its subject, else its serial number."""
    return (certificate.names[0] if certificate.names else "") or certificate.subject or certificate.serial_number


def when(instant: datetime, now: datetime) -> str:
    """``2026-12-01T00:00:00Z (in 7d 20h)`` or ``... (3h 2m ago)``."""
    distance = format_duration(instant - now)
    return (
        f"{format_instant(instant)} ({distance} ago)" if instant < now else f"{format_instant(instant)} (in {distance})"
    )


def dates(certificate: Certificate, context: Context) -> dict[str, Any]:
    """The evidence that every finding on a certificate's dates carries."""
    return {
        "fingerprint_sha256": certificate.fingerprint_sha256,
        "not_before": format_instant(certificate.not_before),
        "not_after": format_instant(certificate.not_after),
        "lifespan_used_percent": round(certificate.lifespan_used(context.now), 1),
    }


@RULES.rule(
    "expired",
    title="Certificate has expired",
    subject="certificate",
    rationale="From its notAfter on, clients refuse the certificate: both outages that this collection exists for "
    "began with an expired certificate in front of Vault. An expired root in a trust store, or one that its own "
    "successor lies beside, breaks nothing by itself and is reported as low.",
    remediation="Renew the certificate, install it at every location named, and reload what serves it.",
    references=(RFC5280_VALIDITY,),
    severity="critical",
)
def expired(certificate: Certificate, context: Context) -> Verdict:
    if context.now <= certificate.not_after:
        return PASS
    facts: Facts = context.facts
    evidence = dates(certificate, context)
    message = f"{display_name(certificate)} expired at {when(certificate.not_after, context.now)}"
    successor = facts.successor_of(certificate)
    if successor is not None:
        message += f"; its successor, valid until {format_instant(successor.not_after)}, lies beside it"
        evidence["superseded_by"] = successor.fingerprint_sha256
        cleanup = Remediation("Remove the superseded certificate from the bundle; nothing depends on it.")
        return fail(message, evidence=evidence, outage_at=certificate.not_after, ceiling="low", remediation=cleanup)
    if facts.in_trust_store(certificate):
        cleanup = Remediation("Update the trust store; check first that nothing you run still chains to this root.")
        message += "; it lies in a trust store only"
        return fail(message, evidence=evidence, outage_at=certificate.not_after, ceiling="low", remediation=cleanup)
    return fail(message, evidence=evidence, outage_at=certificate.not_after)


@RULES.rule(
    "not-yet-valid",
    title="Certificate is not valid yet",
    subject="certificate",
    rationale="Before its notBefore clients refuse a certificate just as after its notAfter. The usual causes are an "
    "issuer whose clock runs ahead, and a certificate that was installed too early.",
    remediation="Compare the clocks of the issuer and of this host; keep the old certificate in service until then.",
    references=(RFC5280_VALIDITY,),
    severity="high",
)
def not_yet_valid(certificate: Certificate, context: Context) -> Verdict:
    if context.now >= certificate.not_before:
        return PASS
    return fail(
        f"{display_name(certificate)} becomes valid only at {when(certificate.not_before, context.now)}",
        evidence=dates(certificate, context),
        severity="critical" if any(map(is_served, certificate.locations)) else None,
    )


@RULES.rule(
    "malformed",
    title="Certificate has no positive lifespan",
    subject="certificate",
    rationale="A certificate whose notAfter lies before its notBefore is never valid; what was meant cannot be told, "
    "so no rule can judge its dates.",
    remediation="Issue the certificate anew and look for the fault in what made it.",
    references=(RFC5280_VALIDITY,),
    severity="medium",
)
def malformed(certificate: Certificate, context: Context) -> Verdict:
    if certificate.not_before <= certificate.not_after:
        return PASS
    return unknown(
        f"{display_name(certificate)} has notAfter {format_instant(certificate.not_after)} before notBefore "
        f"{format_instant(certificate.not_before)}",
        evidence=dates(certificate, context),
    )


def rests(certificate: Certificate, context: Context) -> bool:
    """Nothing to renew: expired (a finding of its own), superseded, or somebody else's root in a trust store."""
    facts: Facts = context.facts
    return (
        context.now > certificate.not_after
        or certificate.not_after < certificate.not_before
        or facts.successor_of(certificate) is not None
        or facts.in_trust_store(certificate)
    )


@RULES.rule(
    "renewal-due",
    title="Certificate has used more of its lifespan than allowed",
    subject="certificate",
    rationale="The outage report's first remediation: no certificate passes 75 % of its lifespan. What is renewed by "
    "then leaves a quarter of the lifespan to notice and mend a renewal that fails. Certificates with a known rotator "
    "are judged by its own window instead (rotation-missed); roots that lie in a trust store only are not yours to "
    "renew.",
    remediation="Renew the certificate now, while the old one still works, and reload what serves it.",
    references=("Outage report of 2021-04-05, first remediation", RFC5280_VALIDITY),
    severity="medium",
    settings=(MAX_LIFESPAN_USED, ROTATOR_WINDOWS),
)
def renewal_due(certificate: Certificate, context: Context) -> Verdict:
    threshold = context.policy["max_lifespan_used"]
    used = certificate.lifespan_used(context.now)
    if used <= threshold:
        return PASS
    if rotator_of(certificate) in context.policy["rotator_windows"] or rests(certificate, context):
        return NOT_APPLICABLE
    return fail(
        f"{display_name(certificate)} has used {used:.1f} % of its lifespan (allowed: {threshold:g} %) and expires at "
        f"{when(certificate.not_after, context.now)}",
        evidence={**dates(certificate, context), "max_lifespan_used_percent": threshold},
        outage_at=certificate.not_after,
    )


@RULES.rule(
    "rotation-missed",
    title="Automatic renewal was missed",
    subject="certificate",
    rationale="kubelet, Consul Connect, cert-manager, Vault Agent, consul-template and step renew by themselves, each "
    "in a window of its own. A certificate that is past its rotator's window was not renewed when it should have been: "
    "the rotator is stuck, and nobody else is watching.",
    remediation="Look at the rotator's own log for the renewal that failed, mend it, and see that the certificate "
    "changes.",
    references=tuple(f"{name}: {rotator.source}" for name, rotator in ROTATORS.items()),
    severity="high",
    settings=(ROTATOR_WINDOWS,),
)
def rotation_missed(certificate: Certificate, context: Context) -> Verdict:
    rotator = rotator_of(certificate)
    window = context.policy["rotator_windows"].get(rotator)
    if window is None:
        return NOT_APPLICABLE
    used = certificate.lifespan_used(context.now)
    if used <= window:
        return PASS
    if rests(certificate, context):
        return NOT_APPLICABLE
    return fail(
        f"{display_name(certificate)} has used {used:.1f} % of its lifespan; {rotator} should have renewed it by "
        f"{window:g} %; it expires at {when(certificate.not_after, context.now)}",
        evidence={**dates(certificate, context), "rotator": rotator, "rotator_window_percent": window},
        outage_at=certificate.not_after,
    )


@RULES.rule(
    "crl-stale",
    title="CRL is stale or about to be",
    subject="crl",
    rationale="Clients that check revocation refuse every certificate of an issuer whose CRL is past its nextUpdate. "
    "A CRL that nears it was not refreshed in time.",
    remediation="Fetch or rotate the CRL, and look for what should have refreshed it.",
    references=(RFC5280_CRL, "vault pki health-check, crl_validity_period"),
    severity="high",
    settings=(MAX_CRL_LIFESPAN_USED,),
)
def crl_stale(crl: Mapping[str, Any], context: Context) -> Verdict:
    if crl["next_update"] is None:
        return NOT_APPLICABLE
    this_update, next_update = parse_instant(crl["this_update"]), parse_instant(crl["next_update"])
    lifespan = (next_update - this_update).total_seconds()
    used = 100.0 * (context.now - this_update).total_seconds() / lifespan if lifespan > 0 else 100.0
    threshold = context.policy["max_crl_lifespan_used"]
    if used <= threshold and context.now <= next_update:
        return PASS
    state = (
        "is stale since" if context.now > next_update else f"has used {used:.1f} % of its lifespan and is stale from"
    )
    return fail(
        f"The CRL of {crl['issuer']} {state} {when(next_update, context.now)}",
        evidence={
            "this_update": crl["this_update"],
            "next_update": crl["next_update"],
            "entries": crl["entries"],
            "size_bytes": crl["bytes"],
            "lifespan_used_percent": round(used, 1),
        },
        outage_at=next_update,
    )


def _attempt_rule(attempt: Attempt, kinds: tuple[str, ...], applies: bool) -> Verdict:
    if attempt.problem in kinds:
        return unknown(f"{attempt.location}: {attempt.reason}", evidence={"problem": attempt.problem})
    return PASS if applies and attempt.problem is None else NOT_APPLICABLE


@RULES.rule(
    "target-unreachable",
    title="Endpoint could not be read",
    subject="attempt",
    rationale="An endpoint that does not answer may be down, moved or filtered from here. Its certificate is not "
    "known to be good, so it is unknown and never passed over.",
    remediation="Check the name, the port and the way to it from where the audit runs; remove endpoints that are gone.",
    references=(),
    severity="high",
)
def target_unreachable(attempt: Attempt, context: Context) -> Verdict:
    return _attempt_rule(attempt, ("unreachable",), attempt.target_kind == "endpoint")


@RULES.rule(
    "target-unreadable",
    title="File or directory could not be read",
    subject="attempt",
    rationale="What the audit may not or cannot read (permissions, a password, the size limit, a file that vanished) "
    "may hold the certificate that expires next.",
    remediation="Grant the read, give the password or raise the limit as the reason says; or exclude the path.",
    references=(),
    severity="medium",
)
def target_unreadable(attempt: Attempt, context: Context) -> Verdict:
    handled = ("unreachable", "unparseable", "empty", None)
    kinds = () if attempt.problem in handled else (str(attempt.problem),)
    return _attempt_rule(attempt, kinds, attempt.target_kind != "endpoint")


@RULES.rule(
    "target-empty",
    title="Nothing was found to audit",
    subject="attempt",
    rationale="Zero certificates is not success: a path that matches nothing is mostly a typing error, an unmounted "
    "volume or a moved directory.",
    remediation="Correct the path or pattern, or remove the target.",
    references=(),
    severity="medium",
)
def target_empty(attempt: Attempt, context: Context) -> Verdict:
    return _attempt_rule(attempt, ("empty",), attempt.target_kind != "endpoint")


@RULES.rule(
    "unparseable",
    title="Certificate could not be parsed",
    subject="attempt",
    rationale="What cannot be parsed cannot be judged: it may be damaged, break RFC 5280, or be in a form that the "
    "cryptography library refuses. Clients may refuse it as well.",
    remediation="Look at the reason; issue the certificate anew if it breaks the standard, remove it if it is debris.",
    references=("RFC 5280 section 4, https://www.rfc-editor.org/rfc/rfc5280#section-4", "RFC 7468"),
    severity="medium",
)
def unparseable(attempt: Attempt, context: Context) -> Verdict:
    return _attempt_rule(attempt, ("unparseable",), True)
