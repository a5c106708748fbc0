# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every rule ``vault.*`` does alike: its evidence has to be there, and its remedy has to be a role's settings."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Callable

from .._audit.finding import Remediation
from .._audit.rule import NOT_APPLICABLE, Check, Context, Registry, Verdict, unknown
from .facts import MountFacts, ServerFacts, UnreadPart
from .settings import Settings, found

RULES = Registry("vault")
ROLE = "vault_tidy"
"""The role that enforces what these rules remedy."""

API = "https://developer.hashicorp.com/vault/api-docs/secret/pki"
TIDY_API = f"PKI API, configure automatic tidy, {API}#configure-automatic-tidy"
CRL_API = f"PKI API, set revocation configuration, {API}#set-revocation-configuration"
ROLE_API = f"PKI API, create or update role, {API}#create-update-role"
ISSUER_API = f"PKI API, update issuer, {API}#update-issuer"
URLS_API = f"PKI API, set URLs, {API}#set-urls"
ACME_API = f"PKI API, ACME, {API}#acme-certificate-issuance"
TUNE_API = "Vault API, tune mount configuration, https://developer.hashicorp.com/vault/api-docs/system/mounts"
CONSIDERATIONS = (
    "PKI secrets engine considerations, https://developer.hashicorp.com/vault/docs/secrets/pki/considerations"
)
OUTAGE = "Outage reports of 2021-04-05 and 2022-04-05"


def health_check(name: str) -> str:
    """The check of the servers' own ``pki health-check`` that a rule stands for."""
    return f"vault pki health-check, {name}"


def needs(*parts: str, optional: tuple[str, ...] = ()) -> Callable[[Check], Check]:
    """Decorator: unknown where one of the parts could not be read, not applicable where the server has none.

    An ``optional`` part is one that the server may lack.
    """

    def wrap(check: Check) -> Check:
        @functools.wraps(check)
        def asked(subject: Any, context: Context) -> Verdict:
            if isinstance(subject, UnreadPart):
                return unread(subject.mount, subject.part)
            facts = subject if isinstance(subject, ServerFacts) else subject.mount
            for part in (*parts, *optional):
                if facts.problem(part) is not None and not _was_read(subject, part):
                    return unread(facts, part)
            if any(facts.value(part) is None for part in parts):
                return NOT_APPLICABLE
            return check(subject, context)

        return asked

    return wrap


def _was_read(subject: Any, part: str) -> bool:
    """Whether the subject itself is of that part: then it was read, whatever else of the part was not."""
    own = {"RoleFacts": "roles", "IssuerFacts": "issuers", "CrlFacts": "crls"}
    return own.get(type(subject).__name__) == part


def unread(facts: MountFacts | ServerFacts, part: str) -> Verdict:
    """Unknown: that part could not be read, why, and what to grant."""
    problem = facts.problem(part) or {}
    path, capability = problem.get("path") or part, problem.get("capability")
    advice = f"Mend what the reason says about {path}, and audit again."
    if capability:
        advice = f"Grant the audit's token the capability {capability} on {path}, and audit again."
    return unknown(
        f"{facts.display}: {path} could not be read: {problem.get('reason') or 'no reason was given'}",
        evidence={"part": part, "path": path, "capability": capability, "status": problem.get("status")},
        remediation=Remediation(advice),
    )


def remedy(mount: MountFacts, text: str, settings: Settings) -> Remediation:
    """These settings as a task of the role; ``settings`` are {path below the mount: {key: value}}."""
    return Remediation(text, role=ROLE, settings=settings, found=found(mount.evidence, settings), target=mount.target)


def changed(mount: MountFacts, path: str, wanted: Mapping[str, Any], current: Mapping[str, Any]) -> Settings:
    """Those of the wanted values that differ from the current ones, under that path."""
    return {path: {key: value for key, value in wanted.items() if current.get(key) != value}}
