# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``vault.crl-*`` on the settings of a mount's CRLs. Pure: no I/O, no clock."""

from __future__ import annotations

from datetime import timedelta

from .._audit.instant import format_duration
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .._x509.rules import MAX_CRL_LIFESPAN_USED
from .asking import CRL_API, RULES, URLS_API, health_check, needs, remedy, unread
from .crl_model import revoked_entries
from .defaults import DEFAULT_GRACE_PERIOD, seconds
from .facts import MountFacts

MAX_INLINE_REVOCATIONS = Setting(
    "max_inline_revocations",
    "count",
    100,
    "revocations a day from which on each of them should not rebuild the whole CRL",
)
DEFAULT_EXPIRY = 72 * 3600.0
DEFAULT_DELTA_INTERVAL = 900.0


@RULES.rule(
    "crl-auto-rebuild-off",
    title="Every revocation rebuilds the whole CRL",
    subject="mount",
    rationale="Without auto_rebuild a revocation takes as long as building the CRL, so the time to revoke a backlog "
    "grows with its square: 13,000 leases take hours, in which the server does little else.",
    remediation="Turn auto_rebuild on in config/crl; the CRL is then rebuilt its grace period before it expires, and "
    "crl/rotate or delta CRLs bring a revocation out sooner.",
    references=(CRL_API, "hashicorp/vault issue 9176", health_check("role_no_store_false")),
    severity="medium",
    settings=(MAX_INLINE_REVOCATIONS,),
)
@needs("crl_config")
def crl_auto_rebuild_off(mount: MountFacts, context: Context) -> Verdict:
    config = mount.settings("crl_config")
    if config.get("auto_rebuild") or config.get("disable"):
        return PASS if config.get("auto_rebuild") else NOT_APPLICABLE
    unseen = next((part for part in ("roles", "crls") if mount.problem(part) is not None), None)
    if unseen:
        return unread(mount, unseen)
    busiest = mount.forecast.people.largest_day
    leased, leases = mount.leased_roles, mount.value("leases") or 0
    if not leased and not leases and busiest < context.policy["max_inline_revocations"]:
        return PASS
    reason = f"{busiest:.0f} were revoked on the busiest day"
    if leases or leased:
        reason = f"{leases} leases may come due at once" if leases else f"leases are given by {', '.join(leased)}"
    return fail(
        f"{mount.display}: each revocation rebuilds the CRL of {revoked_entries(mount.evidence)} entries, and {reason}",
        evidence={
            "revocations_busiest_day": round(busiest),
            "leases": mount.value("leases"),
            "roles_with_leases": list(leased),
        },
        severity="high" if leases or leased else None,
        remediation=remedy(mount, "Turn auto_rebuild on.", {"config/crl": {"auto_rebuild": True}}),
    )


@RULES.rule(
    "crl-grace-period-unworkable",
    title="The grace period of auto_rebuild cannot work",
    subject="mount",
    rationale="With auto_rebuild the CRL is rebuilt its grace period before it expires. One as long as the expiry "
    "rebuilds it without end, one too short leaves no time to notice a rebuild that fails.",
    remediation="Set auto_rebuild_grace_period to a sixth of expiry (12h for the usual 72h) in config/crl.",
    references=(CRL_API,),
    severity="medium",
    settings=(MAX_CRL_LIFESPAN_USED,),
)
@needs("crl_config")
def crl_grace_period_unworkable(mount: MountFacts, context: Context) -> Verdict:
    config = mount.settings("crl_config")
    if not config.get("auto_rebuild"):
        return NOT_APPLICABLE
    expiry = seconds(config.get("expiry"), DEFAULT_EXPIRY)
    grace = seconds(config.get("auto_rebuild_grace_period"), DEFAULT_GRACE_PERIOD)
    shortest = expiry * (100 - context.policy["max_crl_lifespan_used"]) / 100
    if shortest <= grace < expiry:
        return PASS
    told = "is not shorter than" if grace >= expiry else "leaves too little of"
    return fail(
        f"{mount.display}: the grace period of {format_duration(timedelta(seconds=grace))} {told} the CRL's expiry of "
        f"{format_duration(timedelta(seconds=expiry))}",
        evidence={"auto_rebuild_grace_period_seconds": grace, "expiry_seconds": expiry},
        severity="high" if grace >= expiry else None,
        remediation=remedy(
            mount,
            "Let the CRL be rebuilt after five sixths of its expiry.",
            {"config/crl": {"auto_rebuild_grace_period": max(1, int(expiry / 6))}},
        ),
    )


@RULES.rule(
    "crl-delta-unworkable",
    title="Delta CRLs are on but cannot work",
    subject="mount",
    rationale="Delta CRLs need auto_rebuild and an interval shorter than the CRL's expiry; and clients find them only "
    "where certificates name their distribution point.",
    remediation="Mend the setting named, or turn enable_delta off.",
    references=(CRL_API, URLS_API),
    severity="medium",
)
@needs("crl_config", optional=("urls",))
def crl_delta_unworkable(mount: MountFacts, context: Context) -> Verdict:
    config = mount.settings("crl_config")
    if not config.get("enable_delta"):
        return NOT_APPLICABLE
    expiry = seconds(config.get("expiry"), DEFAULT_EXPIRY)
    interval = seconds(config.get("delta_rebuild_interval"), DEFAULT_DELTA_INTERVAL)
    evidence = {"delta_rebuild_interval_seconds": interval, "expiry_seconds": expiry}
    if not config.get("auto_rebuild"):
        return fail(
            f"{mount.display}: delta CRLs are enabled without auto_rebuild",
            evidence=evidence,
            remediation=remedy(mount, "Turn auto_rebuild on.", {"config/crl": {"auto_rebuild": True}}),
        )
    if interval >= expiry:
        shorter = {"delta_rebuild_interval": f"{max(1, int(min(DEFAULT_DELTA_INTERVAL, expiry / 6)))}s"}
        return fail(
            f"{mount.display}: delta CRLs are rebuilt less often than they expire",
            evidence=evidence,
            remediation=remedy(mount, "Rebuild delta CRLs more often.", {"config/crl": shorter}),
        )
    urls = mount.settings("urls")
    if "delta_crl_distribution_points" in urls and not urls["delta_crl_distribution_points"]:
        return fail(
            f"{mount.display}: certificates name no distribution point of delta CRLs, so that nobody fetches them",
            evidence=evidence,
            severity="low",
        )
    return PASS


@RULES.rule(
    "crl-disabled",
    title="The CRL is disabled while certificates are revoked",
    subject="mount",
    rationale="With disable set the server serves an empty CRL: clients accept every certificate that was revoked, "
    "compromised ones among them.",
    remediation="Turn disable off in config/crl. If it was set to hold a CRL that no longer fits into storage, first "
    "mend that.",
    references=(CRL_API, health_check("crl_validity_period")),
    severity="low",
)
@needs("crl_config")
def crl_disabled(mount: MountFacts, context: Context) -> Verdict:
    if not mount.settings("crl_config").get("disable"):
        return PASS
    revoked = mount.value("revoked")
    # What could not be read counts as if it happened.
    happens = bool(revoked is None or revoked or mount.leased_roles or mount.problem("roles"))
    told = (
        "how many certificates are revoked is not known" if revoked is None else f"{revoked} certificates are revoked"
    )
    return fail(
        f"{mount.display}: the CRL is disabled, and {told}",
        evidence={"revoked": revoked, "roles_with_leases": list(mount.leased_roles)},
        severity="high" if happens else None,
        remediation=remedy(mount, "Turn the CRL on again.", {"config/crl": {"disable": False}}),
    )
