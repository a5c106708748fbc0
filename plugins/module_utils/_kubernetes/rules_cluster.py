# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on a cluster as a whole, and on what could not be listed of it. Pure: no I/O, no clock."""

from __future__ import annotations

from datetime import timedelta

from .._audit.instant import format_duration
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail, unknown
from .asking import INCIDENT, RBAC, RULES
from .client import FORBIDDEN
from .facts import ClusterFacts, SourceFacts

MAX_CLOCK_DIFFERENCE = Setting(
    "max_clock_difference", "duration", "1m", "difference between the clocks of the API server and of the audit"
)


@RULES.rule(
    "cluster-unread",
    title="The cluster could not be asked anything",
    subject="cluster",
    rationale="A cluster that does not answer, or that refuses the audit's login, may hold the certificate that "
    "expires next. The login itself may be what has expired.",
    remediation="Mend what the reason says: the address, the network, the CA or the login; then audit again.",
    references=(INCIDENT,),
    severity="high",
)
def cluster_unread(cluster: ClusterFacts, context: Context) -> Verdict:
    problem = cluster.cluster["problem"]
    if problem is None:
        return PASS
    return unknown(f"{cluster.cluster['url']}: {problem['reason']}", evidence={"problem": problem["kind"]})


@RULES.rule(
    "source-unread",
    title="A resource of the cluster could not be listed",
    subject="source",
    rationale="What the audit may not list may hold the certificate that expires next. It is unknown, and never taken "
    "for an empty list.",
    remediation="Grant what the message names, as roles/audit/files/kubernetes_audit.yml does, or leave the resource "
    "out of the option resources.",
    references=(RBAC,),
    severity="medium",
)
def source_unread(source: SourceFacts, context: Context) -> Verdict:
    row = source.row
    if row["status"] == "evaluated":
        return PASS
    if row["status"] == "absent" or not source.told:
        return NOT_APPLICABLE
    evidence = {"verb": "list", "resource": row["resource"], "api_group": row["group"], "problem": row["kind"]}
    if row["kind"] == FORBIDDEN:
        granted = "a Role there" if row["namespace"] is not None else "a ClusterRole"
        message = (
            f"{source.title}{source.where} may not be listed: the login lacks the verb list on {row['resource']} "
            f"(API group {row['group']!r}); grant it by {granted}"
        )
        return unknown(message, evidence=evidence)
    return unknown(f"{source.title}{source.where} could not be listed: {row['reason']}", evidence=evidence)


@RULES.rule(
    "clock-differs",
    title="The clocks of the cluster and of the audit differ",
    subject="cluster",
    rationale="Certificates are issued and refused by clocks. Where they differ, what one side takes for valid the "
    "other takes for expired or not yet valid, and the dates of this report are off by as much.",
    remediation="Synchronise the clocks of the control plane and of the host that audits (NTP).",
    references=("RFC 5280 section 4.1.2.5, https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5",),
    severity="medium",
    settings=(MAX_CLOCK_DIFFERENCE,),
)
def clock_differs(cluster: ClusterFacts, context: Context) -> Verdict:
    difference = cluster.cluster["clock_difference"]
    if difference is None:
        return NOT_APPLICABLE
    if timedelta(seconds=abs(difference)) <= context.policy["max_clock_difference"]:
        return PASS
    side = "ahead of" if difference > 0 else "behind"
    return fail(
        f"The clock of {cluster.cluster['url']} is {format_duration(timedelta(seconds=difference))} {side} that of the "
        "audit",
        evidence={"clock_difference_seconds": difference},
    )
