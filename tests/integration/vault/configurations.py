# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mounts in every state that the server's own ``pki health-check`` looks at, and what it says of each.

Where our audit says something else, ``faults`` names why, and what it says instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.integration.vault import mount_states as state
from tests.integration.vault.health_check import Verdict
from tests.integration.vault.mount_states import CRITICAL, DAY, INFO, REFUSED, WARNING, Mount

HIDDEN, STALE, NEVER, LEAVES = "audit_visibility", "crl_validity_period", "tidy_last_run", "root_issued_leaves"
TIDY, STORES, ACME, CA = "enable_auto_tidy", "role_no_store_false", "enable_acme_issuance", "ca_validity_period"
FORGETS = (
    "The server keeps the time of its last tidy in memory. The check takes a tidy that was forgotten with a restart, "
    "or that was not due yet, for one that never ran. (Vault keeps that of the last automatic one in its storage, and "
    "begins to count when a mount is made. The check does not read it.)"
)
NO_KEY_STORE = (
    "Only Vault Enterprise has managed keys. To every other server the check recommends what it does not have; it is "
    "off by default for that."
)
NO_STORE = (
    "The check objects to every role that stores its certificates. One that is not stored cannot be revoked by its "
    "number; where certificates live for weeks, or clients use ACME, which refuses such roles, its advice does harm."
)
ALLOWED_ROLES = "The check reads its own setting allowed_roles and uses it nowhere. " + NO_STORE
DELTAS_OFF = "The check judges the delta CRL that the server goes on serving although deltas are off."
DISABLED = (
    "The check looks for the key `disabled`, where the API has `disable`: that a CRL is off neither lowers its "
    "severity nor is it told of. What it sees is the date of an empty CRL."
)
TOO_LATE = "The check objects to a root that issues leaves once it has done so; which roles are about to, it ignores."
ERROR = "The check reads when the last tidy ended, and not that it ended in an error."
NO_ROOT = "The check wants to see all certificates even where the mount has no root that could have issued them."
NO_LEASES = "The check does not see that leases of the roles make each revocation rebuild the CRL, or that they may."
NOTHING_TO_TIDY = "The check wants a mount tidied in which there is no certificate."
CALLS = (
    "The check calls the URL in config/cluster from where it runs, and accepts any certificate there. What it finds "
    "depends on that machine's network; our audit contacts the server that the user named, and no other."
)


class Fault(NamedTuple):
    """Why our verdict on a check differs from theirs, and what ours is; ``on_vault`` where it is another one there."""

    reason: str
    ours: Mapping[str, str] = {}
    on_vault: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Configuration:
    """A mount, and their verdict on it; ours follows from that, but for the ``faults`` of some checks.

    ``config`` is -health-config, ``policy`` that of our audit; ``denied`` are paths below the mount that the token of
    both may not use. ``before_restart``: it is made before the server restarts.
    """

    name: str
    build: Callable[[Mount], None]
    theirs: Verdict = field(default_factory=dict)
    faults: Mapping[str, Fault] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    denied: tuple[str, ...] = ()
    before_restart: bool = False


def one(check: str, status: str, place: str = "") -> Verdict:
    """A verdict on one place."""
    return {check: {place: status}}


def root(status: str | None = None, **more: Any) -> dict[str, Any]:
    """Their verdict on a root, whose key is in software, and whose end is near or not."""
    software = one("hardware_backed_root", INFO, "issuer/ca")
    expiry = one(CA, status, "issuer/ca") if status else {}
    theirs = {**software, **expiry, **more.pop("theirs", {})}
    return {"theirs": theirs, "faults": {"hardware_backed_root": Fault(NO_KEY_STORE), **more.pop("faults", {})}, **more}


def stored(status: str = WARNING, reason: str = NO_STORE, place: str = "roles/stored", **more: Any) -> dict[str, Any]:
    """Their verdict on a role that stores, beside ``more``."""
    theirs = {**one(STORES, status, place), **more.pop("theirs", {})}
    return {"theirs": theirs, "faults": {STORES: Fault(reason), **more.pop("faults", {})}, **more}


# Deltas are off unless a mount turns them on.
STALE_CRL = {STALE: {"issuer/ca/crl": CRITICAL, "issuer/ca/crl/delta": CRITICAL}}
ONE_PERCENT = {
    "config": {STALE: {"crl_expiry_pct_critical": 1, "delta_crl_expiry_pct_critical": 1}},
    "policy": {"max_crl_lifespan_used": 1},
}
A_SECOND = {"config": {NEVER: {"last_run_critical": "7d", "last_run_warning": "1s"}}, "policy": {"max_tidy_age": "1s"}}
SECONDS = {"config": {NEVER: {"last_run_critical": "1s", "last_run_warning": "1s"}}, "policy": {"max_tidy_age": "1s"}}
TWO_ALLOWED = {"config": {"too_many_certs": {"count_warning": 3}}, "policy": {"max_certificates": 3}}
FAR_TOO_MANY = {
    "config": {"too_many_certs": {"count_warning": 1, "count_critical": 2}},
    "policy": {"max_certificates": 1},
}

CONFIGURATIONS = (
    Configuration("sound", state.sound),
    Configuration("root", state.root, **root()),
    Configuration("root-600-days", state.root_of(600 * DAY), **root(INFO)),
    Configuration("root-300-days", state.root_of(300 * DAY), **root(WARNING)),
    Configuration("root-100-days", state.root_of(100 * DAY), **root(CRITICAL)),
    Configuration("intermediate-150-days", state.intermediate_of(150 * DAY), one(CA, INFO, "issuer/ca")),
    Configuration("intermediate-45-days", state.intermediate_of(45 * DAY), one(CA, WARNING, "issuer/ca")),
    Configuration("intermediate-9-days", state.intermediate_of(9 * DAY), one(CA, CRITICAL, "issuer/ca")),
    Configuration("intermediate-expired", state.intermediate_of(-9 * DAY), one(CA, CRITICAL, "issuer/ca")),
    Configuration("one-issuer-of-two-ends", state.second_issuer, one(CA, CRITICAL, "issuer/second")),
    Configuration("crl-expired", state.short_crl, STALE_CRL, {STALE: Fault(DELTAS_OFF, {"issuer/ca/crl": "fail"})}),
    Configuration(
        "crl-near-expiry",
        state.used_crl,
        STALE_CRL,
        {STALE: Fault(DELTAS_OFF, {"issuer/ca/crl": "fail"})},
        **ONE_PERCENT,
    ),
    Configuration("crl-and-delta-near-expiry", state.used_delta, STALE_CRL, **ONE_PERCENT),
    Configuration("crl-disabled", state.disabled_crl, faults={STALE: Fault(DISABLED, {"": "fail"})}),
    Configuration(
        "crl-disabled-and-expired",
        state.disabled_short_crl,
        STALE_CRL,
        {STALE: Fault(f"{DISABLED} {DELTAS_OFF}", {"": "fail", "issuer/ca/crl": "fail"})},
    ),
    Configuration(
        "root-issues-leaves",
        state.root_leaf,
        **root(
            theirs={**one(LEAVES, WARNING, "issuer/ca"), **one(STORES, WARNING, "roles/stored")},
            faults={STORES: Fault(NO_STORE)},
        ),
    ),
    Configuration(
        "root-has-issued-leaves", state.root_leaf_without_role, **root(theirs=one(LEAVES, WARNING, "issuer/ca"))
    ),
    Configuration("root-has-issued-an-intermediate", state.root_intermediate, **root()),
    Configuration(
        "root-is-about-to-issue",
        state.root_role,
        **root(faults={LEAVES: Fault(TOO_LATE, {"issuer/ca": "fail"})}),
    ),
    Configuration(
        "role-for-localhost", state.role(allow_localhost=True), one("role_allows_localhost", WARNING, "roles/web")
    ),
    Configuration("role-for-localhost-only", state.role(allow_localhost=True, allowed_domains=[])),
    Configuration(
        "role-with-globs-and-wildcards",
        state.role(allowed_domains=["*.lab"], allow_glob_domains=True, allow_wildcard_certificates=True),
        one("role_allows_glob_wildcards", WARNING, "roles/web"),
    ),
    Configuration(
        "role-with-globs",
        state.role(allowed_domains=["*.lab"], allow_glob_domains=True, allow_wildcard_certificates=False),
    ),
    Configuration("role-with-wildcards", state.role(allow_wildcard_certificates=True, allow_bare_domains=True)),
    Configuration("role-stores", state.stored_role, **stored()),
    Configuration("role-stores-and-auto-rebuild", state.stored_role_and_auto_rebuild, **stored(INFO)),
    Configuration(
        "role-stores-as-allowed",
        state.stored_role,
        **stored(reason=ALLOWED_ROLES, config={STORES: {"allowed_roles": ["stored"]}}),
    ),
    Configuration(
        "role-stores-many-short-lived",
        state.stored_short_lived,
        {**one(STORES, WARNING, "roles/stored"), **one(ACME, INFO)},
        policy={"high_churn": 2},
    ),
    Configuration("role-stores-for-acme", state.stored_short_lived_for_acme, **stored(policy={"high_churn": 2})),
    Configuration("audit-hides", state.tuned(audit_non_hmac_request_keys=["csr"]), one(HIDDEN, INFO)),
    Configuration("audit-hides-answers", state.tuned(audit_non_hmac_response_keys=["error"]), one(HIDDEN, INFO)),
    Configuration("audit-shows-keys", state.audit_shows_keys, one(HIDDEN, WARNING)),
    Configuration(
        "if-modified-since",
        state.tuned(passthrough_request_headers=["X-Other"]),
        one("allow_if_modified_since", INFO),
    ),
    Configuration("last-modified", state.without_header("Last-Modified"), one("allow_if_modified_since", INFO)),
    Configuration("auto-tidy-off", state.auto_tidy(enabled=False), one(TIDY, INFO)),
    Configuration("auto-tidy-each-47-hours", state.auto_tidy(interval_duration="47h")),
    Configuration("auto-tidy-each-2-days", state.auto_tidy(interval_duration="48h"), one(TIDY, WARNING)),
    Configuration("auto-tidy-each-week", state.auto_tidy(interval_duration="168h"), one(TIDY, CRITICAL)),
    Configuration("auto-tidy-pauses-199-ms", state.auto_tidy(pause_duration="199ms")),
    Configuration("auto-tidy-pauses-200-ms", state.auto_tidy(pause_duration="200ms"), one(TIDY, WARNING)),
    Configuration("auto-tidy-pauses-1-s", state.auto_tidy(pause_duration="1s"), one(TIDY, CRITICAL)),
    Configuration(
        "tidied-before-the-restart",
        state.sound,
        one(NEVER, CRITICAL),
        {NEVER: Fault(FORGETS, {"": "unknown"}, on_vault={})},
        before_restart=True,
    ),
    Configuration(
        "not-tidied-yet",
        state.untidied,
        one(NEVER, CRITICAL),
        {NEVER: Fault(FORGETS, {"": "unknown"}, on_vault={})},
    ),
    Configuration("never-tidied", state.untidied, one(NEVER, CRITICAL), **SECONDS),
    Configuration("tidied-too-long-ago", state.sound, one(NEVER, WARNING), **A_SECOND),
    Configuration("tidied-far-too-long-ago", state.sound, one(NEVER, CRITICAL), **SECONDS),
    Configuration("nothing-to-tidy", state.empty, one(NEVER, CRITICAL), {NEVER: Fault(NOTHING_TO_TIDY)}),
    Configuration("tidy-failed", state.failed_tidy, faults={NEVER: Fault(ERROR, {"": "fail"})}),
    Configuration("too-many-certificates", state.three_certificates, one("too_many_certs", WARNING), **TWO_ALLOWED),
    Configuration("far-too-many", state.three_certificates, one("too_many_certs", CRITICAL), **FAR_TOO_MANY),
    Configuration("acme-off", state.acme_off, one(ACME, INFO)),
    # Without any path the servers refuse to turn ACME on.
    Configuration("acme-with-http", state.acme_path("http://127.0.0.1/v1/pki"), one(ACME, WARNING)),
    Configuration(
        "acme-url-leads-nowhere",
        state.acme_path("https://127.0.0.1:1/v1/pki"),
        one(ACME, WARNING),
        {ACME: Fault(CALLS)},
    ),
    Configuration("acme-headers", state.without_header("Replay-Nonce"), one("allow_acme_headers", WARNING)),
    Configuration(
        "everything-at-once",
        state.everything,
        {
            **one(CA, CRITICAL, "issuer/ca"),
            **one("hardware_backed_root", INFO, "issuer/ca"),
            **one(LEAVES, WARNING, "issuer/ca"),
            STORES: {"roles/bad": WARNING},
            **one("role_allows_localhost", WARNING, "roles/bad"),
            **one("role_allows_glob_wildcards", WARNING, "roles/bad"),
            **one(HIDDEN, WARNING),
            **one("allow_if_modified_since", INFO),
            **one(TIDY, INFO),
            **one(NEVER, CRITICAL),
            **one("too_many_certs", WARNING),
            **one(ACME, WARNING),
            **one("allow_acme_headers", WARNING),
        },
        {
            "hardware_backed_root": Fault(NO_KEY_STORE),
            STORES: Fault(
                NO_STORE + " What costs here are the leases: each one revoked rebuilds the CRL.", {"": "fail"}
            ),
        },
        config={"too_many_certs": {"count_warning": 3}, **SECONDS["config"]},
        policy={"max_certificates": 3, **SECONDS["policy"]},
    ),
    Configuration("auto-tidy-not-allowed", state.sound, one(TIDY, REFUSED), denied=("config/auto-tidy",)),
    Configuration("tidy-status-not-allowed", state.sound, one(NEVER, REFUSED), denied=("tidy-status",)),
    Configuration(
        "roles-not-allowed",
        state.sound,
        {check: {"roles": REFUSED} for check in ("role_allows_localhost", "role_allows_glob_wildcards", STORES)},
        {STORES: Fault(NO_LEASES, {"roles": "unknown", "": "unknown"})},
        denied=("roles",),
    ),
    Configuration(
        "tuning-not-allowed",
        state.sound,
        {check: {"": REFUSED} for check in (HIDDEN, "allow_if_modified_since", "allow_acme_headers")},
        denied=("tune",),
    ),
    Configuration(
        "certificates-not-allowed",
        state.sound,
        {**one("too_many_certs", REFUSED), **one(LEAVES, REFUSED)},
        {LEAVES: Fault(NO_ROOT)},
        denied=("certs",),
    ),
)
