# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's own ``pki health-check`` and our audit of the same mount, brought to one form.

A verdict is {check: {place: status}} of what is amiss. A place is what the verdict is about, below the mount:
``roles/web``, ``issuer/ca``, ``issuer/ca/crl``, or "" for the mount itself.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._vault import audit as vault_audit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from tests.lab.vault_server import VaultServer

Verdict = dict[str, dict[str, str]]

CHECKS: dict[str, tuple[str, ...]] = {
    "ca_validity_period": ("certificate.expired", "vault.issuer-expiring"),
    "crl_validity_period": (
        "vault.crl-delta-stale",
        "vault.crl-disabled",
        "vault.crl-expired",
        "vault.crl-near-expiry",
    ),
    "hardware_backed_root": ("vault.root-key-unmanaged",),
    "root_issued_leaves": ("vault.root-issues-leaves",),
    "role_allows_localhost": ("vault.role-allows-localhost",),
    "role_allows_glob_wildcards": ("vault.role-allows-glob-wildcards",),
    "role_no_store_false": ("vault.crl-auto-rebuild-off", "vault.role-stores-short-lived"),
    "audit_visibility": ("vault.audit-parameters-hidden", "vault.audit-secrets-visible"),
    "allow_if_modified_since": ("vault.if-modified-since-off",),
    "enable_auto_tidy": ("vault.auto-tidy-disabled", "vault.tidy-interval-long", "vault.tidy-pause-long"),
    "tidy_last_run": ("vault.tidy-failed", "vault.tidy-not-run"),
    "too_many_certs": ("vault.too-many-certificates",),
    "enable_acme_issuance": ("vault.acme-off", "vault.acme-without-path"),
    "allow_acme_headers": ("vault.acme-headers-missing",),
}
"""Their checks, and the rules of ours that see to the same."""

FINE = ("not_applicable", "ok")
OURS = {
    "informational": "fail",
    "warning": "fail",
    "critical": "fail",
    "insufficient_permissions": "unknown",
}
"""Their statuses, from bad to worse, and what each is in our words."""
RANKS = (*FINE, *OURS)
MAX_SECONDS = 60


class Refused(Exception):
    """The health check ended without a verdict on anything; the message is its own."""


def health_check(
    server: VaultServer, mount: str, *, token: str, config: Mapping[str, Any], directory: Path
) -> tuple[Verdict, dict[str, list[str]]]:
    """Their verdict on a mount, with issuers by id, and each check's messages. Raises Refused.

    ``directory`` is for its files.
    """
    file = directory / "health-check.json"
    file.write_text(json.dumps({"hardware_backed_root": {"enabled": True}, **config}))
    command = [server.program(), "pki", "health-check", "-format=json", f"-health-config={file}", mount]
    completed = subprocess.run(
        command,
        env=_environment(server, token, directory),
        capture_output=True,
        text=True,
        timeout=MAX_SECONDS,
        check=False,
    )
    if not completed.stdout.startswith("{"):
        raise Refused(completed.stderr.strip())
    report = json.loads(completed.stdout)
    verdict = {check: _worst(results or [], mount) for check, results in report.items()}
    return verdict, {check: [each["message"] for each in results or []] for check, results in report.items()}


def _environment(server: VaultServer, token: str, directory: Path) -> dict[str, str]:
    authority = directory / "authority.pem"
    authority.write_bytes(server.authority.pem)
    settings = {"ADDR": server.url, "TOKEN": token, "CACERT": str(authority)}
    environment = {f"{prefix}_{name}": value for prefix in ("BAO", "VAULT") for name, value in settings.items()}
    return {**environment, "PATH": os.defpath, "HOME": str(directory)}


def _worst(results: list[dict[str, Any]], mount: str) -> dict[str, str]:
    """What is amiss by place: forty findings on one place are one."""
    found: dict[str, str] = {}
    for each in results:
        place, status = _place(each["endpoint"], mount), each["status"]
        if status not in FINE:
            found[place] = max(status, found.get(place, status), key=RANKS.index)
    return found


def _place(endpoint: str, mount: str) -> str:
    place = endpoint.removeprefix(f"/{mount}/")
    return place if place.split("/")[0] in ("roles", "issuer") else ""


class Audited:
    """Our verdicts on the mounts of one collection."""

    def __init__(self, audit: vault_audit.Audit, now: datetime) -> None:
        self._audit = audit
        self._now = now

    def mount(self, mount: str) -> dict[str, Any]:
        """Its evidence."""
        found: dict[str, Any] = next(each for each in self._audit.evidence["mounts"] if each["path"] == f"{mount}/")
        return found

    def issuers(self, mount: str) -> dict[str, str]:
        """Names of its issuers by id."""
        return {row["issuer_id"]: row["issuer_name"] for row in self.mount(mount)["issuers"] or []}

    def verdict(self, mount: str, policy: Mapping[str, Any]) -> Verdict:
        """Ours on a mount, with issuers by id."""
        evidence = {**self._audit.evidence, "mounts": [self.mount(mount)]}
        values = Policy.from_options(vault_audit.SETTINGS, policy)
        audit = vault_audit.Audit(evidence, self._audit.inventory)
        findings = vault_audit.judge(audit, values, self._now, Coverage(), include_passes=False)
        prefix = f"vault://{evidence['server']['address']}/{mount}/"
        checks = {rule: check for check, rules in CHECKS.items() for rule in rules}
        verdict: Verdict = defaultdict(dict)
        for finding in findings:
            # The inventory has the issuers of all mounts.
            if finding.rule in checks and finding.resource.location.startswith(prefix):
                place = finding.resource.location.removeprefix(prefix)
                before = verdict[checks[finding.rule]].get(place)
                verdict[checks[finding.rule]][place] = "fail" if "fail" in (before, finding.status) else finding.status
        return dict(verdict)


def named(verdict: Verdict, issuers: Mapping[str, str]) -> Verdict:
    """Without the checks at which nothing is amiss, and with issuers by name."""
    return {
        check: {_renamed(place, issuers): status for place, status in places.items()}
        for check, places in verdict.items()
        if places
    }


def _renamed(place: str, issuers: Mapping[str, str]) -> str:
    kind, _slash, rest = place.partition("/")
    if kind != "issuer":
        return place
    issuer_id, slash, below = rest.partition("/")
    return f"issuer/{issuers.get(issuer_id, issuer_id)}{slash}{below}"
