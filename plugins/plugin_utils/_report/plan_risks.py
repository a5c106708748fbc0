# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may go wrong when a plan entry is applied, and what stays a risk until it has worked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant
from ansible_collections.sre.preflight.plugins.module_utils._vault.defaults import seconds
from ansible_collections.sre.preflight.plugins.module_utils._vault.settings import ROLES

from .plan_settings import MergedSettings, same
from .plan_steps import CRL, TIDY
from .text import some
from .values import binary, duration

_NAMED = 5
_MEASURES = {
    "raise_storage_limit": "raise the storage's limit",
    "keep_parent_tokens": "keep the parent tokens alive",
    "new_issuer": "issue from a new issuer",
    "hold_crl": "as a last resort serve an empty CRL",
}


def risks(merged: MergedSettings, advice: Mapping[str, Any], now: datetime) -> list[str]:
    """Sentences for people, the weightiest first; ``advice`` is what the forecast recommends, {} for nothing."""
    return [
        *_until_safe(advice, format_instant(now)),
        *_rebuilds(merged),
        *_of_crl(merged.settings.get(CRL, {})),
        *_of_tidy(merged),
        *_of_roles(merged),
    ]


def _until_safe(advice: Mapping[str, Any], now: str) -> Iterator[str]:
    if not advice:
        return
    until, safe_from = advice["until_then"], advice["safe_from"]
    peak = f"{until['peak_entries']:,} entries ({binary(until['peak_bytes'])})"
    if until["overflow_at"]:
        measures = "; ".join(_MEASURES.get(each["measure"], each["measure"]) for each in advice["interim"])
        yield (
            f"Until {safe_from[:10]} what was issued before stays a risk: revoked together it makes a CRL of up to "
            f"{peak}, which storage refuses, at the soonest on {until['overflow_at'][:10]}. Meanwhile, the least harm "
            f"first: {measures}."
        )
    elif safe_from > now:
        yield (
            f"The settings act on what is issued from then on; until {safe_from[:10]} the CRL may reach {peak}, "
            "which storage holds."
        )
    if advice["enough"] is False:
        yield "This alone does not keep the CRL as small as the policy wants: raise the storage's limit as well."


def _rebuilds(merged: MergedSettings) -> Iterator[str]:
    """Which changes of config/crl Vault answers with a rebuild at once (path_config_crl.go)."""
    values, found = merged.settings.get(CRL, {}), merged.found.get(CRL, {})
    changed = [key for key in values if not same(values[key], found[key])]
    forcing = [key for key in changed if key in ("disable", "enable_delta")]
    if values.get("auto_rebuild") is False and found["auto_rebuild"] is not False:
        forcing.append("auto_rebuild")
    if forcing:
        yield (
            f"Changing {', '.join(forcing)} in {CRL} rebuilds the CRL at once; where storage refuses it, the write "
            "ends in an error."
        )


def _of_crl(values: Mapping[str, Any]) -> Iterator[str]:
    if values.get("auto_rebuild") is True:
        yield (
            "With auto_rebuild a revocation reaches the CRL at its next scheduled rebuild; OCSP knows it at once. Read "
            "crl/rotate where it cannot wait."
        )
    if "max_crl_entries" in values:
        yield (
            f"From {values['max_crl_entries']:,} entries on Vault itself refuses to rebuild the CRL, and names "
            "max_crl_entries: the CRL then stays as it was."
        )
    if values.get("disable") is True:
        yield "With disable the CRL is empty: clients accept every revoked certificate again."


def _of_tidy(merged: MergedSettings) -> Iterator[str]:
    values, found = merged.settings.get(TIDY, {}), merged.found.get(TIDY, {})
    deletes = [key for key, value in values.items() if key.startswith("tidy_") and value is True]
    if deletes or (values.get("enabled") is True and not found["enabled"]):
        yield "The first pass reads the whole mount, and deletes what has expired for longer than the safety buffer."
    if "tidy_expired_issuers" in deletes:
        yield "Issuers that expired longer ago than issuer_safety_buffer are deleted; their keys stay."


def _of_roles(merged: MergedSettings) -> Iterator[str]:
    unleased = _roles_with(merged, "generate_lease", False)
    if unleased:
        yield (
            f"Leases that exist remain until they end. Whoever renews a lease of {_named(unleased)} must ask for a new "
            "certificate instead."
        )
    yield from _shorter(merged)
    unstored = _roles_with(merged, "no_store", True)
    if unstored:
        yield f"Certificates of {_named(unstored)} can then no longer be listed, nor revoked by serial number."
    for key, what in (("allow_localhost", "localhost"), ("allow_wildcard_certificates", "wildcards")):
        refused = _roles_with(merged, key, False)
        if refused:
            yield f"{_named(refused)} will refuse requests for {what}."


def _shorter(merged: MergedSettings) -> Iterator[str]:
    """One sentence for all roles that are cut to the same life."""
    cut: dict[float, list[str]] = {}
    for path, values in merged.settings.items():
        longest = seconds(merged.found[path].get("max_ttl")) if path.startswith(ROLES) else 0
        if "max_ttl" in values and path.startswith(ROLES) and (not longest or seconds(values["max_ttl"]) < longest):
            cut.setdefault(seconds(values["max_ttl"]), []).append(path)
    for ttl, roles in sorted(cut.items()):
        yield f"Who asks {_named(roles)} for more than {duration(ttl)} gets {duration(ttl)}, with a warning."


def _roles_with(merged: MergedSettings, key: str, value: bool) -> list[str]:
    return [path for path, values in merged.settings.items() if path.startswith(ROLES) and values.get(key) is value]


def _named(paths: Sequence[str]) -> str:
    return some(paths[:_NAMED], len(paths))
