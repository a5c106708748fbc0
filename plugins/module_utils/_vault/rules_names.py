# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``vault.role-allows-*``: roles that issue for more names than meant. Pure: no I/O, no clock."""

from __future__ import annotations

from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .asking import ROLE_API, RULES, health_check, needs, remedy
from .facts import RoleFacts


@RULES.rule(
    "role-allows-any-name",
    title="Role issues for any name",
    subject="role",
    rationale="Whoever may use a role with allow_any_name can be anybody: with one leaked token every server of the "
    "house can be impersonated.",
    remediation="Turn allow_any_name off and list allowed_domains.",
    references=(ROLE_API,),
    severity="medium",
)
@needs("roles")
def role_allows_any_name(role: RoleFacts, context: Context) -> Verdict:
    if not role.role.get("allow_any_name"):
        return PASS
    hostnames = " and does not even ask for host names" if role.role.get("enforce_hostnames") is False else ""
    return fail(
        f"{role.display} issues for any name{hostnames}",
        evidence={"allow_any_name": True, "enforce_hostnames": role.role.get("enforce_hostnames")},
    )


@RULES.rule(
    "role-allows-localhost",
    title="Role for other names also issues for localhost",
    subject="role",
    rationale="allow_localhost is on by default. In a role that lists domains it is mostly overlooked, and a "
    "certificate for localhost is trusted by every machine that trusts the CA.",
    remediation="Set allow_localhost to false; list localhost in allowed_domains where it is meant.",
    references=(ROLE_API, health_check("role_allows_localhost")),
    severity="medium",
)
@needs("roles")
def role_allows_localhost(role: RoleFacts, context: Context) -> Verdict:
    domains = role.role.get("allowed_domains") or []
    if not domains or not role.role.get("allow_localhost"):
        return PASS
    return fail(
        f"{role.display} issues for {', '.join(domains)}, and for localhost",
        evidence={"allowed_domains": list(domains), "allow_localhost": True},
        remediation=remedy(
            role.mount, "Issue no more for localhost.", {f"roles/{role.name}": {"allow_localhost": False}}
        ),
    )


@RULES.rule(
    "role-allows-glob-wildcards",
    title="Role combines globs with wildcard certificates",
    subject="role",
    rationale="A glob in allowed_domains matches a wildcard as well, and wildcards of further subdomains: the two "
    "together allow far more than either seems to.",
    remediation="Turn allow_wildcard_certificates off, or make one role for wildcards of stated domains and one with "
    "globs for host names.",
    references=(ROLE_API, health_check("role_allows_glob_wildcards")),
    severity="medium",
)
@needs("roles")
def role_allows_glob_wildcards(role: RoleFacts, context: Context) -> Verdict:
    if "allow_wildcard_certificates" not in role.role:
        return NOT_APPLICABLE
    globs = [domain for domain in role.role.get("allowed_domains") or () if "*" in domain]
    if not (globs and role.role.get("allow_glob_domains") and role.role["allow_wildcard_certificates"]):
        return PASS
    return fail(
        f"{role.display} takes wildcards for the globs {', '.join(globs)}",
        evidence={"allowed_domains": globs, "allow_glob_domains": True, "allow_wildcard_certificates": True},
        remediation=remedy(
            role.mount,
            "Issue no wildcard certificates from this role.",
            {f"roles/{role.name}": {"allow_wildcard_certificates": False}},
        ),
    )
