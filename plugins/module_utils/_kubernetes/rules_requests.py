# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on requests for certificates that were not answered with one. Pure: no I/O, no clock.

A request is no inventory: Kubernetes removes one that was issued or denied after an hour, and one that is pending after
a day. While it is there, somebody waits for a certificate.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .._audit.instant import format_duration, format_instant, parse_instant
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail, unknown
from .asking import INCIDENT, REQUESTS, RULES
from .facts import RequestFacts

MAX_REQUEST_AGE = Setting(
    "max_request_age", "duration", "15m", "time that a request for a certificate may wait for an answer"
)
_BUILT_IN = "kubernetes.io/"
BUILT_IN_SIGNERS = ("kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving", "legacy-unknown")
"""Kubernetes' own (certificates.k8s.io/v1, well-known signers); nobody else may use the domain."""


@RULES.rule(
    "request-pending",
    title="A request for a certificate waits for approval",
    subject="request",
    rationale="Whoever asked goes on with the old certificate, until it expires. Kubernetes approves none but the "
    "kubelets' client requests by itself, and removes a pending request after a day without a trace.",
    remediation="Approve or deny it (kubectl certificate approve NAME), and find what should have done so.",
    references=(REQUESTS, INCIDENT),
    severity="high",
    settings=(MAX_REQUEST_AGE,),
)
def request_pending(request: RequestFacts, context: Context) -> Verdict:
    return _waiting(request, context, "pending", "waits for approval")


@RULES.rule(
    "request-not-issued",
    title="An approved request got no certificate",
    subject="request",
    rationale="A signer answers within seconds. An approved request without a certificate has a signer that does not "
    "run, or that nobody runs; whoever asked goes on with the old certificate until it expires.",
    remediation="Look at the signer's log; for Kubernetes' own signers at kube-controller-manager's, and its "
    "--cluster-signing-* options.",
    references=(REQUESTS, INCIDENT),
    severity="high",
    settings=(MAX_REQUEST_AGE,),
)
def request_not_issued(request: RequestFacts, context: Context) -> Verdict:
    return _waiting(request, context, "approved", "is approved and not issued")


@RULES.rule(
    "request-denied",
    title="A request for a certificate was denied",
    subject="request",
    rationale="Whoever asked has no new certificate, and mostly asks no second time; the old one goes on to its end.",
    remediation="See who denied it and why. If it should have been granted, have it asked for again and approve it.",
    references=(REQUESTS,),
    severity="medium",
)
def request_denied(request: RequestFacts, context: Context) -> Verdict:
    return _ended(request, "denied", "was denied")


@RULES.rule(
    "request-failed",
    title="A request for a certificate failed",
    subject="request",
    rationale="The signer refused it for good: a usage, a name or a lifespan that it does not sign. Whoever asked has "
    "no new certificate, and the next try fails alike.",
    remediation="Mend what the signer's reason says in what makes the request, and have it asked for again.",
    references=(REQUESTS,),
    severity="high",
)
def request_failed(request: RequestFacts, context: Context) -> Verdict:
    return _ended(request, "failed", "failed")


@RULES.rule(
    "signer-unknown",
    title="A certificate is asked of a signer that is not there",
    subject="request",
    rationale="The names below kubernetes.io/ are Kubernetes' own, and one that it does not have is never signed, "
    "however often it is approved.",
    remediation="Correct the signerName in what makes the request.",
    references=(REQUESTS,),
    severity="high",
)
def signer_unknown(request: RequestFacts, context: Context) -> Verdict:
    signer = str(request.row["signer"])
    if not signer.startswith(_BUILT_IN) or request.row["resource"] != "certificatesigningrequests":
        return NOT_APPLICABLE
    if signer[len(_BUILT_IN) :] in BUILT_IN_SIGNERS:
        return PASS
    known = ", ".join(_BUILT_IN + each for each in BUILT_IN_SIGNERS)
    return fail(f"{request.display}: Kubernetes has no such signer; it has {known}", evidence=_evidence(request))


def _waiting(request: RequestFacts, context: Context, state: str, what: str) -> Verdict:
    """Fails from the allowed age on; before it, there is time."""
    if request.row["state"] != state:
        return NOT_APPLICABLE
    try:
        since: datetime = parse_instant(request.row["since"])
    except ValueError:
        return unknown(f"{request.display} {what}, and does not say since when", evidence=_evidence(request))
    waited = context.now - since
    if waited <= context.policy["max_request_age"]:
        return PASS
    return fail(
        f"{request.display} {what} since {format_instant(since)} ({format_duration(waited)}); "
        f"{request.row['requester'] or 'nobody'} asked for it",
        evidence={**_evidence(request), "waited_seconds": int(waited.total_seconds())},
    )


def _ended(request: RequestFacts, state: str, what: str) -> Verdict:
    if request.row["state"] != state:
        return NOT_APPLICABLE
    reason = request.row["reason"] or "no reason is given"
    return fail(
        f"{request.display} {what}: {reason}; {request.row['requester'] or 'nobody'} asked for it",
        evidence=_evidence(request),
    )


def _evidence(request: RequestFacts) -> dict[str, Any]:
    return {key: request.row[key] for key in ("signer", "state", "created", "since", "reason", "requester")}
