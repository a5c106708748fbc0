# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``vault.crl-*`` on the CRL's size against what storage takes: now and forecast. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._audit.finding import Remediation
from .._audit.instant import parse_instant
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail, unknown
from .._x509.rules import when
from .asking import CONSIDERATIONS, CRL_API, OUTAGE, RULES, needs, remedy
from .crl_model import capacity_entries, main_crl, max_crl_entries, revoked_entries, safe_max_crl_entries
from .facts import MountFacts
from .steps import has_entry_limit

MAX_CRL_FILL = Setting(
    "max_crl_fill", "percent", 50.0, "percent of what storage takes, that the CRL should stay under, now and forecast"
)
FORECAST_GROWTH = Setting(
    "forecast_growth", "factor", 2.0, "factor by which the footprint grows in the forecast's second scenario"
)
HIGH_FILL, CRITICAL_FILL = 80.0, 95.0
"""Percent of what storage takes from which on a CRL is high, and critical."""


def unlimited(mount: MountFacts) -> Verdict | None:
    """Why the CRL's size cannot be judged; None where it can."""
    if capacity_entries(mount.evidence, mount.limit) is not None:
        return None
    storage = mount.server.value("storage") or {}
    if storage.get("type") is not None and storage.get("limit_source") is None:
        return unknown(
            f"{mount.display}: what the server's {storage['type']} storage takes is not known",
            remediation=Remediation("Give storage_max_entry_size."),
        )
    if storage.get("type") is None:
        return unknown(
            f"{mount.display}: which storage the server uses is not known, so neither is what it takes",
            remediation=Remediation("Give storage_max_entry_size, or the right named by vault.storage-limit-assumed."),
        )
    return NOT_APPLICABLE


def size(mount: MountFacts) -> dict[str, Any]:
    """The evidence of every finding on the CRL's size."""
    crl, limit = main_crl(mount.evidence), mount.limit
    return {
        "entries": revoked_entries(mount.evidence),
        "size_bytes": crl.get("bytes"),
        "capacity_entries": capacity_entries(mount.evidence, limit),
        "limit_bytes": limit.crl_bytes,
        "limit_setting": limit.setting,
        "limit_setting_bytes": limit.limit_bytes,
        "limit_source": limit.source,
    }


def recommendation(mount: MountFacts) -> Remediation | None:
    """What the solver proposes, as a task of the role; None where no settings help."""
    advice = mount.recommended
    if not advice["settings"]:
        return None
    changes = "; ".join(step["change"] for step in advice["steps"])
    text = f"{changes}. The CRL then peaks at {advice['peak_entries']} entries, from {advice['safe_from'][:10]} on"
    if advice["enough"] is False:
        text += "; raise the storage's limit as well, this alone does not keep it under the policy's part"
    if advice["interim"]:
        text += ". Until then what was issued before stays a risk: see what is recommended for the mount"
    return remedy(mount, text + ".", advice["settings"])


@RULES.rule(
    "crl-near-limit",
    title="CRL nears what storage takes",
    subject="mount",
    rationale="Storage takes the CRL as one entry. Once it is too large, every rebuild fails, the CRL freezes, and the "
    "outage comes with its nextUpdate. The limit is raft's max_entry_size, Consul's txn_max_req_len, or Vault's own "
    "max_crl_entries.",
    remediation="Let a tidy remove revoked certificates after they have expired, give no leases, issue for a shorter "
    "time; or raise the storage's limit.",
    references=(CONSIDERATIONS, OUTAGE),
    severity="medium",
    settings=(MAX_CRL_FILL,),
)
@needs("crls", optional=("revoked",))
def crl_near_limit(mount: MountFacts, context: Context) -> Verdict:
    unjudged = unlimited(mount)
    if unjudged is not None or not mount.evidence["crls"]:
        return unjudged or NOT_APPLICABLE
    evidence, allowed = size(mount), context.policy["max_crl_fill"]
    fill = 100.0 * evidence["entries"] / max(1, evidence["capacity_entries"])
    if fill <= allowed:
        return PASS
    severity = "critical" if fill >= CRITICAL_FILL else "high" if fill >= HIGH_FILL else None
    return fail(
        f"{mount.display}: the CRL holds {evidence['entries']} entries, {fill:.1f} % of the "
        f"{evidence['capacity_entries']} that fit (allowed: {allowed:g} %; limit {mount.limit.source})",
        evidence={**evidence, "fill_percent": round(fill, 1)},
        severity=severity,
        remediation=recommendation(mount),
    )


def _overflow(mount: MountFacts, scenario: Mapping[str, Any], told: str, context: Context, **more: Any) -> Verdict:
    at = parse_instant(scenario["overflow_at"])
    return fail(
        f"{mount.display}: {told} the CRL outgrows its storage at {when(at, context.now)}; it would peak at "
        f"{scenario['peak_entries']} entries, {scenario['peak_bytes']} bytes",
        evidence={
            **size(mount),
            "overflow_at": scenario["overflow_at"],
            "peak_entries": scenario["peak_entries"],
            "peak_bytes": scenario["peak_bytes"],
            "assumptions": mount.scenarios["assumptions"],
        },
        remediation=recommendation(mount),
        **more,
    )


@RULES.rule(
    "crl-overflow",
    title="CRL will outgrow its storage",
    subject="mount",
    rationale="At the mount's own rate of revocations, with its own settings, the CRL passes what storage takes on "
    "that date and freezes: this is the outage of 2021, seen in advance.",
    remediation="Let a tidy remove revoked certificates after they have expired, give no leases, issue for a shorter "
    "time; or raise the storage's limit.",
    references=(OUTAGE, CONSIDERATIONS),
    severity="high",
)
@needs("crls", "leaves", optional=("revoked", "crl_config", "auto_tidy", "roles"))
def crl_overflow(mount: MountFacts, context: Context) -> Verdict:
    unjudged = unlimited(mount)
    if unjudged is not None or mount.frozen:
        return unjudged or NOT_APPLICABLE
    scenario = mount.scenarios["as_now"]
    if scenario["overflow_at"] is None:
        return PASS
    return _overflow(mount, scenario, "as it goes now", context, outage_at=parse_instant(scenario["overflow_at"]))


@RULES.rule(
    "crl-overflow-with-growth",
    title="CRL will outgrow its storage if the footprint grows",
    subject="mount",
    rationale="The outage report's second remediation: reassess the tidy parameters as footprint and deploy frequency "
    "grow. With so many times the certificates, the same settings end in a frozen CRL.",
    remediation="Shorten the interval and buffers of auto-tidy and the certificates' lives before the footprint grows.",
    references=(OUTAGE, CONSIDERATIONS),
    severity="low",
    settings=(FORECAST_GROWTH,),
)
@needs("crls", "leaves", optional=("revoked", "crl_config", "auto_tidy", "roles"))
def crl_overflow_with_growth(mount: MountFacts, context: Context) -> Verdict:
    unjudged = unlimited(mount)
    if unjudged is not None or mount.frozen or mount.scenarios["as_now"]["overflow_at"] is not None:
        return unjudged or NOT_APPLICABLE
    scenario = mount.scenarios["growth"]
    if scenario["overflow_at"] is None:
        return PASS
    return _overflow(mount, scenario, f"with {context.policy['forecast_growth']:g} times the footprint", context)


@RULES.rule(
    "max-crl-entries-unsafe",
    title="max_crl_entries is above what storage takes",
    subject="mount",
    rationale="Vault refuses a CRL of more than max_crl_entries with an error that names the setting. Its default of "
    "100,000 is some 3.9 MB, far above raft's 1 MiB and Consul's 512 KiB, so storage refuses the CRL first; -1 turns "
    "the guard off.",
    remediation="Set max_crl_entries in config/crl to what storage really takes, with a fifth to spare.",
    references=(CRL_API, "Vault 1.19 release notes, max_crl_entries"),
    severity="medium",
)
@needs("crl_config", optional=("crls", "revoked"))
def max_crl_entries_unsafe(mount: MountFacts, context: Context) -> Verdict:
    value = mount.settings("crl_config").get("max_crl_entries")
    safe = safe_max_crl_entries(mount.limit)
    if not has_entry_limit(mount.server.evidence) or value is None or safe is None:
        return NOT_APPLICABLE
    allowed = max_crl_entries(mount.evidence)
    if allowed is not None and allowed <= safe:
        return PASS
    told = f"is {allowed}" if allowed is not None else f"= {value} turns the guard off"
    # The guard would stop the CRL at once where it is larger already.
    larger = revoked_entries(mount.evidence) > safe
    advice = Remediation(f"Make the CRL smaller than {safe} entries, or raise the storage's limit, before you set it.")
    return fail(
        f"{mount.display}: max_crl_entries {told}, but {mount.limit.storage_type} storage takes some {safe} safely",
        evidence={"max_crl_entries": value, "safe_max_crl_entries": safe, **size(mount)},
        remediation=advice
        if larger
        else remedy(mount, f"Set max_crl_entries to {safe}.", {"config/crl": {"max_crl_entries": safe}}),
    )
