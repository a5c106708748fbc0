# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules ``report.*``: what is wrong with the audit itself."""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import Resource
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.rule import (
    NOT_APPLICABLE,
    PASS,
    Context,
    Registry,
    Verdict,
    fail,
    unknown,
)

from .waivers import Waiver

RULES = Registry("report")


class Host(NamedTuple):
    """One host that was expected to report, and why it did not (None where it did)."""

    name: str
    reason: str | None


@RULES.rule(
    "host-unknown",
    title="Host did not report",
    subject="host",
    rationale="A host that was unreachable, or whose audit failed, may hold the certificate that expires next. It is "
    "named and counted, never left out.",
    remediation="Mend the connection or the error named in the reason, then audit the host again.",
    references=(),
    severity="high",
)
def host_unknown(host: Host, context: Context) -> Verdict:
    return PASS if host.reason is None else unknown(f"{host.name}: {host.reason}", evidence={"reason": host.reason})


@RULES.rule(
    "waiver-expired",
    title="Waiver has expired",
    subject="waiver",
    rationale="A waiver is a promise to mend something by a day. After that day it hides nothing any more, and "
    "somebody has to say what comes next.",
    remediation="Mend what it covered and remove it, or have its owner set a new date and reason.",
    references=(),
    severity="medium",
)
def waiver_expired(waiver: Waiver, context: Context) -> Verdict:
    if context.now < waiver.expires:
        return PASS
    return fail(
        f"The waiver of {waiver.rule} for {waiver.resource} by {waiver.owner} expired at "
        f"{format_instant(waiver.expires)}",
        evidence=waiver.to_json(),
    )


@RULES.rule(
    "waiver-unused",
    title="Waiver covers nothing",
    subject="waiver",
    rationale="A waiver that matches no finding was either mended and forgotten, or is misspelt; it would hide the "
    "next finding that happens to match.",
    remediation="Remove it, or correct its rule and resource patterns.",
    references=(),
    severity="low",
)
def waiver_unused(waiver: Waiver, context: Context) -> Verdict:
    if context.now >= waiver.expires:
        return NOT_APPLICABLE
    if waiver.used:
        return PASS
    return fail(
        f"The waiver of {waiver.rule} for {waiver.resource} by {waiver.owner} matches no finding",
        evidence=waiver.to_json(),
    )


def resource_of(subject: Host | Waiver) -> Resource:
    """A host or a waiver as a resource."""
    if isinstance(subject, Host):
        return Resource("host", subject.name, subject.name, subject.name)
    name = f"{subject.rule} {subject.resource}"
    return Resource("waiver", name, subject.host, f"{name} {subject.host} {subject.owner}")
