# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on a mount as a whole: its certificates, its URLs, its tuning. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .asking import CONSIDERATIONS, RULES, TUNE_API, URLS_API, health_check, needs, unread
from .facts import MountFacts

MAX_CERTIFICATES = Setting(
    "max_certificates", "count", 50_000, "certificates stored in one mount from which on they are too many"
)
FAR_TOO_MANY = 5
"""From so many times the threshold on it is high: 250,000 beside 50,000, as in health-check."""

VISIBLE_REQUEST = [
    "csr",
    "certificate",
    "issuer_ref",
    "common_name",
    "alt_names",
    "other_sans",
    "ip_sans",
    "uri_sans",
    "ttl",
    "not_after",
    "serial_number",
    "key_type",
    "private_key_format",
    "managed_key_name",
    "managed_key_id",
    "ou",
    "organization",
    "country",
    "locality",
    "province",
    "street_address",
    "postal_code",
    "permitted_dns_domains",
    "policy_identifiers",
    "ext_key_usage_oids",
]
VISIBLE_RESPONSE = ["certificate", "issuing_ca", "serial_number", "error", "ca_chain"]
SECRET = ("private_key", "pem_bundle")
"""The parameters that an audit log should show, and those that it must not, as in health-check."""
TEMPLATES = ("{{cluster_path}}", "{{cluster_aia_path}}")


@RULES.rule(
    "mount-unread",
    title="Mount could not be read",
    subject="mount",
    rationale="A mount that vanished, or that a token cannot see, may be the one whose CRL overflows next.",
    remediation="Check the mount's path and namespace; remove mounts that are gone from the audit.",
    references=(),
    severity="high",
)
def mount_unread(mount: MountFacts, context: Context) -> Verdict:
    return PASS if mount.problem("mount") is None else unread(mount, "mount")


@RULES.rule(
    "too-many-certificates",
    title="Mount stores too many certificates",
    subject="mount",
    rationale="Every stored certificate makes listings, tidies and leadership changes slower: 20 million of them made "
    "a cluster unusable for 25 minutes.",
    remediation="Turn tidy_cert_store on so that expired ones go; issue for a shorter time; leave short-lived "
    "certificates unstored (no_store), and count those in the audit log.",
    references=(CONSIDERATIONS, "hashicorp/vault issue 21042", health_check("too_many_certs")),
    severity="medium",
    settings=(MAX_CERTIFICATES,),
)
@needs("certificates")
def too_many_certificates(mount: MountFacts, context: Context) -> Verdict:
    count, most = mount.value("certificates"), context.policy["max_certificates"]
    if count < most:
        return PASS
    expired = mount.settings("leaves").get("expired")
    return fail(
        f"{mount.display}: {count} certificates are stored (allowed: fewer than {most})",
        evidence={"certificates": count, "max_certificates": most, "expired_of_those_read": expired},
        severity="high" if count >= FAR_TOO_MANY * most else None,
    )


def _lacking(mount: MountFacts, *keys: str) -> list[str]:
    """The issuers whose certificates would carry none of these URLs: neither their own nor the mount's."""
    urls = mount.settings("urls")
    if any(urls.get(key) for key in keys):
        return []
    issuing = [issuer for issuer in mount.issuers if issuer.has_key and issuer.may("issuing-certificates")]
    return [issuer.display for issuer in issuing if not any(issuer.row.get(key) for key in keys)]


@RULES.rule(
    "revocation-urls-missing",
    title="Certificates do not say where revocations are published",
    subject="mount",
    rationale="A client learns of the CRL or the OCSP responder from the certificate itself. Without either, revoking "
    "a certificate changes nothing for most clients.",
    remediation="Set crl_distribution_points or ocsp_servers in config/urls, or for the issuer; certificates issued "
    "before stay without.",
    references=(URLS_API, "RFC 5280 section 4.2.1.13, https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.13"),
    severity="medium",
)
@needs("urls", "issuers")
def revocation_urls_missing(mount: MountFacts, context: Context) -> Verdict:
    lacking = _lacking(mount, "crl_distribution_points", "ocsp_servers")
    if not mount.issuers:
        return NOT_APPLICABLE
    if not lacking:
        return PASS
    return fail(
        f"{mount.display}: certificates name neither CRL distribution points nor OCSP servers",
        evidence={"issuers": lacking},
    )


@RULES.rule(
    "issuer-urls-missing",
    title="Certificates do not say where their issuer is published",
    subject="mount",
    rationale="With the authority information access a client can fetch an intermediate that a server forgot to send; "
    "without it the connection fails.",
    remediation="Set issuing_certificates in config/urls, or for the issuer.",
    references=(URLS_API, "RFC 5280 section 4.2.2.1, https://www.rfc-editor.org/rfc/rfc5280#section-4.2.2.1"),
    severity="low",
)
@needs("urls", "issuers")
def issuer_urls_missing(mount: MountFacts, context: Context) -> Verdict:
    lacking = _lacking(mount, "issuing_certificates")
    if not mount.issuers:
        return NOT_APPLICABLE
    if not lacking:
        return PASS
    return fail(f"{mount.display}: certificates do not name their issuer's URL", evidence={"issuers": lacking})


@RULES.rule(
    "url-template-unfilled",
    title="URL templates lack the cluster's path",
    subject="mount",
    rationale="With templating on, a template whose value config/cluster lacks makes every issuance fail or leaves the "
    "URL out.",
    remediation="Set path and aia_path in config/cluster.",
    references=(URLS_API,),
    severity="medium",
)
@needs("urls", "cluster")
def url_template_unfilled(mount: MountFacts, context: Context) -> Verdict:
    urls, cluster = mount.settings("urls"), mount.settings("cluster")
    if not urls.get("enable_templating"):
        return NOT_APPLICABLE
    values = {TEMPLATES[0]: cluster.get("path"), TEMPLATES[1]: cluster.get("aia_path")}
    texts = [url for value in urls.values() if isinstance(value, list) for url in value]
    unfilled = [name for name, value in values.items() if not value and any(name in url for url in texts)]
    if not unfilled:
        return PASS
    return fail(
        f"{mount.display}: {', '.join(unfilled)} has no value in config/cluster", evidence={"templates": unfilled}
    )


def _without(wanted: Iterable[str], having: Any) -> list[str]:
    """Those of ``wanted`` that are not in a tuning's list, whatever their case."""
    present = {str(each).lower() for each in having or ()}
    return [each for each in wanted if each.lower() not in present]


@RULES.rule(
    "audit-secrets-visible",
    title="The audit log shows private keys",
    subject="mount",
    rationale="Parameters listed in audit_non_hmac_request_keys or audit_non_hmac_response_keys are logged in the "
    "clear. Among them is one that holds private keys.",
    remediation="Remove the parameters named from the mount's tuning, and treat the keys in the log as leaked.",
    references=(TUNE_API, health_check("audit_visibility")),
    severity="high",
)
@needs("tune")
def audit_secrets_visible(mount: MountFacts, context: Context) -> Verdict:
    tune = mount.settings("tune")
    keys = ("audit_non_hmac_request_keys", "audit_non_hmac_response_keys")
    shown = {key: [each for each in SECRET if each in (tune.get(key) or ())] for key in keys}
    if not any(shown.values()):
        return PASS
    names = sorted({each for values in shown.values() for each in values})
    return fail(f"{mount.display}: the audit log shows {', '.join(names)} in the clear", evidence=shown)


@RULES.rule(
    "audit-parameters-hidden",
    title="The audit log hides what certificates were asked for",
    subject="mount",
    rationale="By default the audit log holds only hashes of names, serial numbers and certificates. They are no "
    "secret, and after an incident they are what tells who got which certificate; all the more where certificates are "
    "not stored.",
    remediation="Tune the mount with audit_non_hmac_request_keys and audit_non_hmac_response_keys set to the "
    "parameters named.",
    references=(TUNE_API, health_check("audit_visibility")),
    severity="low",
)
@needs("tune")
def audit_parameters_hidden(mount: MountFacts, context: Context) -> Verdict:
    tune = mount.settings("tune")
    request = _without(VISIBLE_REQUEST, tune.get("audit_non_hmac_request_keys"))
    response = _without(VISIBLE_RESPONSE, tune.get("audit_non_hmac_response_keys"))
    if not request and not response:
        return PASS
    return fail(
        f"{mount.display}: the audit log holds only hashes of {len(request)} parameters of requests and "
        f"{len(response)} of answers",
        evidence={"audit_non_hmac_request_keys": request, "audit_non_hmac_response_keys": response},
    )


@RULES.rule(
    "if-modified-since-off",
    title="Clients fetch CRLs that have not changed",
    subject="mount",
    rationale="Unless the mount lets If-Modified-Since and Last-Modified through, each client loads the whole CRL each "
    "time: a megabyte for thousands of clients.",
    remediation="Tune the mount with passthrough_request_headers=If-Modified-Since and "
    "allowed_response_headers=Last-Modified.",
    references=(TUNE_API, health_check("allow_if_modified_since")),
    severity="low",
)
@needs("tune")
def if_modified_since_off(mount: MountFacts, context: Context) -> Verdict:
    tune = mount.settings("tune")
    request = _without(["If-Modified-Since"], tune.get("passthrough_request_headers"))
    response = _without(["Last-Modified"], tune.get("allowed_response_headers"))
    if not request and not response:
        return PASS
    return fail(
        f"{mount.display}: the mount does not let {' and '.join(request + response)} through",
        evidence={"passthrough_request_headers": request, "allowed_response_headers": response},
    )
