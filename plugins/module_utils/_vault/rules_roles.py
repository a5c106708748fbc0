# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``vault.role-*`` on lives, storing and issuers. Pure: no I/O, no clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from .._audit.finding import Remediation
from .._audit.instant import format_duration, format_instant, parse_instant
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .._x509.rules import when
from .asking import CONSIDERATIONS, ISSUER_API, ROLE_API, RULES, health_check, needs, remedy, unread
from .facts import MountFacts, RoleFacts
from .population import RATE_WINDOW_DAYS
from .rules_mount import MAX_CERTIFICATES
from .steps import shorter_ttl

MAX_UNSTORED_TTL = Setting(
    "max_unstored_ttl", "duration", "24h", "life of a certificate up to which it may be left unstored"
)
HIGH_CHURN = Setting(
    "high_churn", "count", 1000, "certificates issued a day from which on storing short-lived ones is not worth it"
)


def issued_a_day(mount: MountFacts) -> float | None:
    """The mount's own rate over the last 30 days; None where no leaves were read. Scaled up from a sample."""
    leaves = mount.settings("leaves")
    read, expected = leaves.get("read") or 0, leaves.get("expected") or 0
    if not read:
        return None if leaves.get("mode") == "none" else 0.0
    first = format_instant(mount.now - timedelta(days=RATE_WINDOW_DAYS))[:10]
    days = leaves.get("by_day") or ()
    oldest = min((issued for issued, _expires, _count in days), default=first)
    window = max(1.0, min(RATE_WINDOW_DAYS, (mount.now - parse_instant(oldest)) / timedelta(days=1)))
    recent = sum(count for issued, _expires, count in days if issued >= first)
    return float(recent * max(1.0, expected / read) / window)


def _days(seconds: float) -> str:
    return format_duration(timedelta(seconds=seconds))


@RULES.rule(
    "role-ttl-long",
    title="Role issues for longer than the churn allows",
    subject="role",
    rationale="What is stored at any time is the rate of issuing times the certificates' life, and what a backlog can "
    "revoke is as much. At the mount's own rate this role's longest life leads past the number of certificates that a "
    "mount should hold.",
    remediation="Shorten ttl and max_ttl of the role, or leave its certificates unstored.",
    references=(CONSIDERATIONS, ROLE_API),
    severity="medium",
    settings=(MAX_CERTIFICATES,),
)
@needs("roles", "leaves")
def role_ttl_long(role: RoleFacts, context: Context) -> Verdict:
    mount, rate = role.mount, issued_a_day(role.mount)
    if rate is None or role.role.get("no_store"):
        return NOT_APPLICABLE
    longest, most = mount.max_ttl(role.role), context.policy["max_certificates"]
    stored = rate * longest / 86400
    if stored < most:
        return PASS
    return fail(
        f"{role.display}: {rate:.0f} certificates a day that live up to {_days(longest)} are {stored:.0f} at a time "
        f"(allowed: {most})",
        evidence={"issued_a_day": round(rate, 1), "max_ttl_seconds": longest, "stored": round(stored)},
        remediation=_shorter(role, most / rate * 86400),
    )


def _shorter(role: RoleFacts, too_long: float) -> Remediation:
    """Whole hours below that many seconds, or half of it where it is an hour or less."""
    ttl = int((too_long - 1) // 3600 * 3600) or max(1, int(too_long / 2))
    return remedy(
        role.mount, f"Issue for no longer than {_days(ttl)}.", {f"roles/{role.name}": shorter_ttl(role.role, ttl)}
    )


@RULES.rule(
    "role-stores-short-lived",
    title="Role stores certificates that hardly need revoking",
    subject="role",
    rationale="A certificate that lives for hours expires before a client fetches the CRL that names it. Storing many "
    "of them costs the mount its listings, its tidies and its leadership changes. Roles that ACME uses have to store.",
    remediation="Set no_store to true for the role, if nobody revokes its certificates by serial number.",
    references=(CONSIDERATIONS, health_check("role_no_store_false")),
    severity="low",
    settings=(MAX_UNSTORED_TTL, HIGH_CHURN),
)
@needs("roles")
def role_stores_short_lived(role: RoleFacts, context: Context) -> Verdict:
    mount, longest = role.mount, role.mount.max_ttl(role.role)
    if role.role.get("no_store") or longest > context.policy["max_unstored_ttl"].total_seconds():
        return PASS
    unseen = next((part for part in ("leaves", "acme") if mount.problem(part) is not None), None)
    if unseen:
        return unread(mount, unseen)
    rate = issued_a_day(mount)
    if rate is None or _used_by_acme(role):
        return NOT_APPLICABLE
    if rate < context.policy["high_churn"]:
        return PASS
    return fail(
        f"{role.display} stores certificates of up to {_days(longest)} in a mount that issues {rate:.0f} a day",
        evidence={"max_ttl_seconds": longest, "issued_a_day": round(rate, 1)},
        remediation=remedy(mount, "Leave these certificates unstored.", {f"roles/{role.name}": {"no_store": True}}),
    )


def _used_by_acme(role: RoleFacts) -> bool:
    acme = role.mount.settings("acme")
    return bool(acme.get("enabled")) and not {"*", role.name}.isdisjoint(acme.get("allowed_roles") or ())


@RULES.rule(
    "role-cannot-revoke",
    title="Role leaves long-lived certificates unstored",
    subject="role",
    rationale="A certificate that is not stored can be revoked only by whoever still has it at hand. One that lives "
    "for weeks and whose key leaks stays valid.",
    remediation="Set no_store to false for the role, or shorten its max_ttl to what may stay valid after a leak.",
    references=(CONSIDERATIONS, ROLE_API),
    severity="medium",
    settings=(MAX_UNSTORED_TTL,),
)
@needs("roles")
def role_cannot_revoke(role: RoleFacts, context: Context) -> Verdict:
    if not role.role.get("no_store"):
        return NOT_APPLICABLE
    longest = role.mount.max_ttl(role.role)
    if longest <= context.policy["max_unstored_ttl"].total_seconds():
        return PASS
    return fail(
        f"{role.display} leaves certificates of up to {_days(longest)} unstored: they cannot be revoked by number",
        evidence={"no_store": True, "max_ttl_seconds": longest},
        remediation=remedy(role.mount, "Store these certificates.", {f"roles/{role.name}": {"no_store": False}}),
    )


@RULES.rule(
    "role-no-store-with-lease",
    title="Role has both no_store and generate_lease",
    subject="role",
    rationale="no_store wins: the server gives no lease then, whatever generate_lease says. Whoever counts on the "
    "lease to revoke the certificate is mistaken.",
    remediation="Decide: no_store without leases, or stored certificates.",
    references=(ROLE_API,),
    severity="low",
)
@needs("roles")
def role_no_store_with_lease(role: RoleFacts, context: Context) -> Verdict:
    if not role.role.get("no_store"):
        return NOT_APPLICABLE
    if role.role.get("generate_lease") is False or "generate_lease" not in role.role:
        return PASS
    return fail(
        f"{role.display} has no_store and generate_lease: its certificates get no lease",
        evidence={"no_store": True, "generate_lease": role.role["generate_lease"]},
        remediation=remedy(role.mount, "Say what is so: no leases.", {f"roles/{role.name}": {"generate_lease": False}}),
    )


def _fixed_end(role: RoleFacts) -> datetime | None:
    """The role's own not_after, if it has one."""
    text = role.role.get("not_after")
    try:
        return parse_instant(text) if text else None
    except ValueError:
        return None


def _refused_from(role: RoleFacts, ends: datetime) -> datetime:
    """When the issuer begins to refuse what the role's clients ask for (behaviour err): its end, less their life."""
    if _fixed_end(role) is not None:
        return role.mount.now
    return ends - timedelta(seconds=role.mount.ttl(role.role))


@RULES.rule(
    "role-outlives-issuer",
    title="Role issues for longer than its issuer lives",
    subject="role",
    rationale="What happens then is up to the issuer's leaf_not_after_behavior: err refuses every request, long before "
    "the issuer expires; truncate gives shorter and shorter lives; permit issues certificates that stop validating "
    "with the issuer.",
    remediation="Rotate the issuer now, or shorten ttl and max_ttl of the role until then.",
    references=(ISSUER_API, ROLE_API, "RFC 5280 section 6.1, https://www.rfc-editor.org/rfc/rfc5280#section-6.1"),
    severity="medium",
)
@needs("roles", "issuers")
def role_outlives_issuer(role: RoleFacts, context: Context) -> Verdict:
    issuer = role.issuer
    if issuer is None or issuer.certificate is None:
        return NOT_APPLICABLE
    ends, longest = issuer.certificate.not_after, role.mount.max_ttl(role.role)
    asked_until = _fixed_end(role) or context.now + timedelta(seconds=longest)
    if asked_until <= ends:
        return PASS
    behavior = str(issuer.row.get("leaf_not_after_behavior") or "err")
    evidence = {
        "issuer_not_after": format_instant(ends),
        "max_ttl_seconds": longest,
        "leaf_not_after_behavior": behavior,
    }
    message = f"{role.display} issues until {format_instant(asked_until)}, {issuer.display} ends at "
    message += when(ends, context.now)
    if behavior == "err":
        refused = _refused_from(role, ends)
        return fail(
            f"{message}: the longest lives are refused already, those of {_days(role.mount.ttl(role.role))} from "
            f"{when(refused, context.now)} on",
            evidence={**evidence, "refused_from": format_instant(refused)},
            outage_at=refused,
        )
    told = {"truncate": "certificates are cut short", "permit": "certificates outlive their issuer"}
    return fail(
        f"{message}: {told.get(behavior, behavior)}",
        evidence=evidence,
        severity="low" if behavior == "truncate" else None,
        outage_at=ends if behavior == "permit" else None,
    )
