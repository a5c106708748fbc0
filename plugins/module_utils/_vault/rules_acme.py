# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``vault.acme-*``. Pure: no I/O, no clock."""

from __future__ import annotations

from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .asking import ACME_API, RULES, TUNE_API, health_check, needs
from .facts import MountFacts

HEADERS = ("Replay-Nonce", "Link", "Location")
"""The headers of answers without which ACME does not work (RFC 8555)."""
RFC8555 = "RFC 8555, https://www.rfc-editor.org/rfc/rfc8555"


@RULES.rule(
    "acme-off",
    title="ACME is not enabled",
    subject="mount",
    rationale="With ACME clients renew their certificates by themselves, with programs that everybody has. It is what "
    "keeps a certificate from being forgotten.",
    remediation="Set path in config/cluster, let the headers of ACME through, then enable config/acme; or waive this "
    "rule where another agent renews.",
    references=(ACME_API, RFC8555, health_check("enable_acme_issuance")),
    severity="low",
)
@needs("acme", "issuers")
def acme_off(mount: MountFacts, context: Context) -> Verdict:
    if mount.settings("acme").get("enabled"):
        return PASS
    if all(issuer.is_root for issuer in mount.issuers):
        return NOT_APPLICABLE
    return fail(f"{mount.display}: ACME is not enabled", evidence={"issuers": len(mount.issuers)})


@RULES.rule(
    "acme-without-path",
    title="ACME is enabled but has no URL",
    subject="mount",
    rationale="ACME clients follow the URLs that the server gives them, which it makes from config/cluster. Without an "
    "https path there every client fails, and no certificate is renewed.",
    remediation="Set path in config/cluster to the mount's https URL, as clients reach it.",
    references=(ACME_API, health_check("enable_acme_issuance")),
    severity="high",
)
@needs("acme", "cluster")
def acme_without_path(mount: MountFacts, context: Context) -> Verdict:
    if not mount.settings("acme").get("enabled"):
        return NOT_APPLICABLE
    path = str(mount.settings("cluster").get("path") or "")
    if path.startswith("https://"):
        return PASS
    told = f"is {path!r}, not an https URL" if path else "is empty"
    return fail(f"{mount.display}: ACME is enabled, but path in config/cluster {told}", evidence={"path": path})


@RULES.rule(
    "acme-headers-missing",
    title="The mount keeps ACME's headers back",
    subject="mount",
    rationale="ACME needs the headers Replay-Nonce, Link and Location in answers. The server drops them unless the "
    "mount's tuning lists them.",
    remediation="Tune the mount with allowed_response_headers set to Replay-Nonce, Link and Location, beside those "
    "that it has.",
    references=(TUNE_API, RFC8555, health_check("allow_acme_headers")),
    severity="medium",
)
@needs("acme", "tune")
def acme_headers_missing(mount: MountFacts, context: Context) -> Verdict:
    if not mount.settings("acme").get("enabled"):
        return NOT_APPLICABLE
    allowed = {str(each).lower() for each in mount.settings("tune").get("allowed_response_headers") or ()}
    missing = [header for header in HEADERS if header.lower() not in allowed]
    if not missing:
        return PASS
    return fail(f"{mount.display}: ACME's answers lack {', '.join(missing)}", evidence={"missing": missing})


@RULES.rule(
    "acme-open",
    title="ACME issues without a role and without a binding",
    subject="mount",
    rationale="With eab_policy not-required and the default directory's policy sign-verbatim, anybody who reaches the "
    "server and answers a challenge gets a certificate for that name, whatever the roles say.",
    remediation="In config/acme set default_directory_policy to a role or to forbid, or eab_policy to always-required.",
    references=(ACME_API,),
    severity="medium",
)
@needs("acme")
def acme_open(mount: MountFacts, context: Context) -> Verdict:
    acme = mount.settings("acme")
    if not acme.get("enabled"):
        return NOT_APPLICABLE
    verbatim = str(acme.get("default_directory_policy") or "sign-verbatim") == "sign-verbatim"
    if not verbatim or acme.get("eab_policy", "not-required") != "not-required":
        return PASS
    return fail(
        f"{mount.display}: ACME's default directory signs verbatim and asks for no external account binding",
        evidence={
            "default_directory_policy": acme.get("default_directory_policy"),
            "eab_policy": acme.get("eab_policy"),
        },
    )
