# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on leases of certificates: who gives them, and what a backlog of them does. Pure: no I/O, no clock."""

from __future__ import annotations

from datetime import timedelta

from .._audit.instant import format_duration, parse_instant
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .._x509.rules import when
from .asking import CONSIDERATIONS, OUTAGE, ROLE_API, RULES, needs, remedy
from .facts import MountFacts, RoleFacts
from .rules_crl_size import recommendation, size, unlimited

BACKLOG_AWAY = Setting(
    "backlog_away", "duration", "7d", "how long the service is away in the forecast's third scenario, the backlog"
)
BACKLOG_TOKEN_TTL = Setting(
    "backlog_token_ttl", "duration", "768h", "how long a client's token lives unless it is renewed"
)
MAX_LEASE_DRAIN = Setting(
    "max_lease_drain", "duration", "10m", "time that revoking the forecast's backlog of leases may take"
)
LEASES_DOC = (
    "PKI secrets engine considerations, leases, "
    "https://developer.hashicorp.com/vault/docs/secrets/pki/considerations#leases"
)
FORECAST_PARTS = ("revoked", "crl_config", "auto_tidy", "roles")


@RULES.rule(
    "role-generates-leases",
    title="Role gives every certificate a lease",
    subject="role",
    rationale="When a lease or its parent token ends before the certificate does, the server revokes the certificate, "
    "and each revocation is an entry of the CRL. After an absence all that came due is revoked at once: both outages "
    "were that. A legacy role without the setting counts as true.",
    remediation="Set generate_lease to false; short lives and explicit revocations do without leases. Certificates "
    "that hold a lease already keep it until they expire.",
    references=(OUTAGE, LEASES_DOC, ROLE_API),
    severity="medium",
)
@needs("roles")
def role_generates_leases(role: RoleFacts, context: Context) -> Verdict:
    if not role.leased:
        return PASS
    mount = role.mount
    overflows = not mount.problem("crls") and mount.forecast.worst.overflow_at is not None
    legacy = " (a legacy role, whose missing value means true)" if role.role.get("generate_lease") is None else ""
    by_role = mount.settings("leases_by_role")
    return fail(
        f"{role.display} gives leases{legacy} to certificates of up to "
        f"{format_duration(timedelta(seconds=mount.max_ttl(role.role)))}",
        evidence={
            "generate_lease": role.role.get("generate_lease"),
            "max_ttl_seconds": mount.max_ttl(role.role),
            "leases": by_role.get(role.name, 0) if mount.value("leases") is not None else None,
        },
        severity="high" if overflows else None,
        remediation=remedy(
            mount,
            "Give no more leases; use PATCH, a POST resets the others.",
            {f"roles/{role.name}": {"generate_lease": False}},
        ),
    )


def _holds_leases(mount: MountFacts) -> bool:
    return bool(mount.value("leases") or mount.leased_roles)


@RULES.rule(
    "lease-backlog-overflow",
    title="A backlog of leases would overflow the CRL",
    subject="mount",
    rationale="The incident itself: the service is away for some days, clients' tokens end meanwhile, and on return "
    "every certificate whose lease came due is revoked at once. The date is the first on which that return would "
    "freeze the CRL. The worst case, in which every leased certificate is revoked, is reported as medium.",
    remediation="Give no leases, turn auto_rebuild on, and raise the storage's limit until the leased certificates "
    "have expired.",
    references=(OUTAGE, "hashicorp/vault issue 2844", "hashicorp/vault issue 8994"),
    severity="medium",
    settings=(BACKLOG_AWAY, BACKLOG_TOKEN_TTL),
)
@needs("crls", "leases", "leaves", optional=FORECAST_PARTS)
def lease_backlog_overflow(mount: MountFacts, context: Context) -> Verdict:
    unjudged = unlimited(mount)
    if unjudged is not None or not _holds_leases(mount):
        return unjudged or NOT_APPLICABLE
    likely = mount.scenarios["backlog"]
    worst = likely["worst"]
    if worst["overflow_at"] is None and likely["overflow_at"] is None:
        return PASS
    evidence = {
        **size(mount),
        "leases": mount.value("leases"),
        "likely": {key: likely[key] for key in ("overflow_at", "peak_entries", "peak_bytes")},
        "worst": {key: worst[key] for key in ("overflow_at", "peak_entries", "peak_bytes")},
        "assumptions": mount.scenarios["assumptions"],
    }
    away = format_duration(context.policy["backlog_away"])
    if likely["overflow_at"] is None:
        return fail(
            f"{mount.display}: if all {mount.value('leases')} leases came due at once, the CRL would outgrow its "
            f"storage with {worst['peak_entries']} entries; an absence of {away} alone would not do it",
            evidence=evidence,
            remediation=recommendation(mount),
        )
    at = parse_instant(likely["overflow_at"])
    return fail(
        f"{mount.display}: a return at {when(at, context.now)} after {away} away would revoke so many of its "
        f"{mount.value('leases')} leases that the CRL outgrows its storage; it would peak at "
        f"{likely['peak_entries']} entries, at worst {worst['peak_entries']}",
        evidence=evidence,
        outage_at=at,
        remediation=recommendation(mount),
    )


@RULES.rule(
    "lease-drain-long",
    title="A backlog of leases would take too long to revoke",
    subject="mount",
    rationale="Without auto_rebuild each revocation rebuilds the whole CRL, so that the drain grows with the square of "
    "the backlog. While it lasts, the server that has just come back is busy with nothing else.",
    remediation="Turn auto_rebuild on in config/crl, and give no leases.",
    references=(OUTAGE, "hashicorp/vault issue 6417"),
    severity="medium",
    settings=(MAX_LEASE_DRAIN, BACKLOG_AWAY, BACKLOG_TOKEN_TTL),
)
@needs("crl_config", "crls", "leases", "leaves", optional=("revoked", "auto_tidy", "roles"))
def lease_drain_long(mount: MountFacts, context: Context) -> Verdict:
    if not _holds_leases(mount):
        return NOT_APPLICABLE
    queued = bool(mount.settings("crl_config").get("auto_rebuild"))
    drain = mount.scenarios["backlog"]["drain_seconds"]
    taken, longest = drain["auto_rebuild" if queued else "inline"], context.policy["max_lease_drain"].total_seconds()
    if taken <= longest:
        return PASS
    advice = None
    if not queued:
        advice = remedy(
            mount,
            f"Turn auto_rebuild on: the same backlog then takes {drain['auto_rebuild']:g} s.",
            {"config/crl": {"auto_rebuild": True}},
        )
    return fail(
        f"{mount.display}: revoking a backlog of {drain['revocations']} leases would take "
        f"{format_duration(timedelta(seconds=taken))} (allowed: {format_duration(timedelta(seconds=longest))})",
        evidence={"drain_seconds": drain, "measured_on": mount.scenarios["drain_source"], "auto_rebuild": queued},
        severity="high" if taken >= 6 * longest else None,
        remediation=advice,
    )


@RULES.rule(
    "irrevocable-leases",
    title="Leases have become irrevocable",
    subject="mount",
    rationale="The server gave up on revoking them after six attempts, mostly because the CRL could not be built. "
    "Their certificates stay valid, and nothing tries again.",
    remediation="Look at them with sys/leases?type=irrevocable, mend the error they name, then revoke their prefix by "
    "force.",
    references=("Vault API, /sys/leases, https://developer.hashicorp.com/vault/api-docs/system/leases", CONSIDERATIONS),
    severity="high",
)
@needs("irrevocable_leases")
def irrevocable_leases(mount: MountFacts, context: Context) -> Verdict:
    count = mount.value("irrevocable_leases")
    if not count:
        return PASS
    return fail(
        f"{mount.display}: {count} leases could not be revoked and are given up",
        evidence={"irrevocable_leases": count},
    )
