# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules kubernetes.* just below, at and above what they allow, and what they make of missing evidence."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.json_stream import encode
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes import audit, domain
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.collect import Collected
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.objects import Bundle, Holder, Part, Request
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.recording import Recorder
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.resources import RESOURCES
from ansible_collections.sre.preflight.plugins.module_utils._x509.items import CertificateItem, ProblemItem
from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import read_items
from tests.support.certificates import make_ca, make_leaf

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
HERE = "kubernetes://api.example.com:6443"


def cluster(**more):
    """The evidence of a cluster that answered, with an empty list for everything."""
    row = {"kind": None, "reason": None, "objects": 0, "restarts": 0, "status": "evaluated", "namespace": None}
    return Collected(
        cluster={
            "url": "https://api.example.com:6443",
            "address": "api.example.com:6443",
            "version": "v1.37.2",
            "clock_difference": 0,
            "problem": None,
            "repeated": 0,
            **more,
        },
        sources=[{**row, "resource": each.name, "group": each.group} for each in RESOURCES.values()],
    )


def judged(collected, now=NOW, **options):
    """{rule: finding} of those that do not pass, as after saving and loading."""
    again = audit.load(json.loads("".join(encode(audit.dump(audit.Audit(collected))))))
    coverage = Coverage()
    policy = Policy.from_options(domain.SETTINGS, options)
    found = {each.rule: each.to_json() for each in audit.judge(again, policy, now, coverage, False)}
    return found, coverage.to_json()


def source(collected, name, **changes):
    row = next(row for row in collected.sources if row["resource"] == name)
    row.update(changes)
    return collected


def test_an_empty_cluster_that_answers_passes():
    found, coverage = judged(cluster())
    assert found == {}
    assert (coverage["targets_expected"], coverage["targets_evaluated"]) == (len(RESOURCES), len(RESOURCES))


def test_a_cluster_that_does_not_answer_is_told_of_once():
    collected = cluster(problem={"kind": "unreachable", "reason": "no connection: Connection refused"})
    for row in collected.sources:
        row.update(status="unknown", kind="unreachable", reason="no connection: Connection refused")
    found, coverage = judged(collected)
    assert list(found) == ["kubernetes.cluster-unread"]
    finding = found["kubernetes.cluster-unread"]
    assert finding["status"] == "unknown"
    assert finding["message"] == "https://api.example.com:6443: no connection: Connection refused"
    assert coverage["targets_unknown"] == len(RESOURCES)


@pytest.mark.parametrize(
    ("name", "namespace", "message"),
    [
        (
            "secrets",
            None,
            (
                "secrets in all namespaces may not be listed: the login lacks the verb list on secrets (API group ''); "
                "grant it by a ClusterRole"
            ),
        ),
        (
            "ingresses",
            "web",
            (
                "ingresses.networking.k8s.io in the namespace web may not be listed: the login lacks the verb list on "
                "ingresses (API group 'networking.k8s.io'); grant it by a Role there"
            ),
        ),
        (
            "apiservices",
            None,
            (
                "apiservices.apiregistration.k8s.io may not be listed: the login lacks the verb list on apiservices "
                "(API group 'apiregistration.k8s.io'); grant it by a ClusterRole"
            ),
        ),
    ],
)
def test_a_missing_right_names_the_verb_and_the_resource(name, namespace, message):
    collected = source(cluster(), name, status="unknown", kind="forbidden", reason="HTTP 403", namespace=namespace)
    found, coverage = judged(collected)
    (finding,) = found.values()
    assert (finding["rule"], finding["status"], finding["message"]) == ("kubernetes.source-unread", "unknown", message)
    assert coverage["targets_unknown"] == 1


def test_another_failure_is_told_as_it_is():
    collected = source(cluster(), "pods", status="unknown", kind="stalled", reason="no answer within 30 s")
    (finding,) = judged(collected)[0].values()
    assert finding["message"] == "pods in all namespaces could not be listed: no answer within 30 s"


def test_what_the_server_does_not_have_is_no_target():
    collected = source(cluster(), "clustertrustbundles", status="absent", kind="absent", reason="no such API")
    found, coverage = judged(collected)
    assert found == {}
    assert coverage["targets_expected"] == len(RESOURCES) - 1
    assert coverage["rules"]["kubernetes.source-unread"]["not_applicable"] == 1


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (None, None),
        (60, None),
        (-60, None),
        (61, "The clock of https://api.example.com:6443 is 1m 1s ahead of that of the audit"),
        (-3600, "The clock of https://api.example.com:6443 is 1h behind that of the audit"),
    ],
)
def test_clocks(seconds, message):
    found, _coverage = judged(cluster(clock_difference=seconds))
    assert [each["message"] for each in found.values()] == ([message] if message else [])


def request(state, since=NOW, signer="example.com/ca", resource="certificatesigningrequests", **more):
    collected = cluster()
    row = Request("", "web-0", signer, state, format_instant(since), format_instant(since), "", "system:node:a")
    collected.requests.append({"resource": resource, "location": f"{HERE}/x/web-0", **row._asdict(), **more})
    return collected


@pytest.mark.parametrize("state", ["pending", "approved"])
@pytest.mark.parametrize("over", [0, 1])
def test_a_request_may_wait_for_its_age(state, over):
    rule = {"pending": "request-pending", "approved": "request-not-issued"}[state]
    words = {"pending": "waits for approval", "approved": "is approved and not issued"}[state]
    since = NOW - timedelta(minutes=15) - over * SECOND
    found, _coverage = judged(request(state, since))
    assert list(found) == ([f"kubernetes.{rule}"] if over else [])
    if over:
        (finding,) = found.values()
        assert finding["message"] == (
            f"web-0 (signer example.com/ca) {words} since 2026-05-31T23:44:59Z (15m 1s); system:node:a asked for it"
        )
        assert finding["evidence"]["waited_seconds"] == 901
    assert judged(request(state, since), max_request_age="1h")[0] == {}


def test_a_request_without_a_date_is_unknown():
    collected = request("pending")
    collected.requests[0]["since"] = ""
    (finding,) = judged(collected)[0].values()
    assert finding["status"] == "unknown"


@pytest.mark.parametrize(("state", "words"), [("denied", "was denied"), ("failed", "failed")])
def test_a_request_that_ended_without_a_certificate(state, words):
    (finding,) = judged(request(state, reason="NotAllowed: ask for less"))[0].values()
    assert finding["rule"] == f"kubernetes.request-{state}"
    assert finding["message"] == (
        f"web-0 (signer example.com/ca) {words}: NotAllowed: ask for less; system:node:a asked for it"
    )


@pytest.mark.parametrize(
    ("signer", "resource", "fails"),
    [
        ("kubernetes.io/kubelet-serving", "certificatesigningrequests", False),
        ("kubernetes.io/kubelet-serving2", "certificatesigningrequests", True),
        ("example.com/kubelet", "certificatesigningrequests", False),
        ("kubernetes.io/kube-apiserver-client-pod", "podcertificaterequests", False),
    ],
)
def test_signers_of_kubernetes_itself(signer, resource, fails):
    found, _coverage = judged(request("pending", signer=signer, resource=resource))
    assert list(found) == (["kubernetes.signer-unknown"] if fails else [])


def bundle(*made, items=()):
    collected = cluster()
    read = [item for each in made for item in read_items(each.pem)]
    recorder = Recorder(collected.inventory, HERE)
    given = Bundle("policy", "webhooks/a", "the webhook a", [*read, *items])
    collected.bundles.append(recorder.bundle("validatingwebhookconfigurations", given))
    return collected


def authority(begins, ends, name="Own CA"):
    return make_ca(common_name=name, not_before=begins, not_after=ends)


OLD = authority(NOW - 400 * DAY, NOW - DAY)
RULE = "kubernetes.trust-bundle-without-valid-ca"


@pytest.mark.parametrize(
    ("made", "fails"),
    [
        ([authority(NOW - 9 * DAY, NOW)], False),
        ([authority(NOW - 9 * DAY, NOW - SECOND)], True),
        ([authority(NOW, NOW + DAY)], False),
        ([authority(NOW + SECOND, NOW + DAY)], True),
        ([OLD, authority(NOW - DAY, NOW + 300 * DAY)], False),
        ([OLD, authority(NOW - 9 * DAY, NOW - HOUR, "Other CA")], True),
    ],
)
def test_a_bundle_needs_one_ca_that_is_valid(made, fails):
    assert (RULE in judged(bundle(*made))[0]) is fails


def test_a_bundle_of_expired_cas_is_an_outage_since_the_last_of_them():
    found, _coverage = judged(bundle(OLD, authority(NOW - 9 * DAY, NOW - HOUR, "Other CA")))
    finding = found[RULE]
    assert finding["severity"] == "critical"
    assert finding["outage_at"] == "2026-05-31T23:00:00Z"
    assert finding["message"] == (
        "The CA bundle policy (webhooks/a) for the webhook a has no CA that is still valid: the last of 2 expired "
        "2026-05-31T23:00:00Z"
    )
    assert finding["resource"]["location"] == f"{HERE}/validatingwebhookconfigurations/policy/webhooks/a"


def test_a_bundle_that_cannot_be_read_is_unknown():
    found, _coverage = judged(bundle(items=[ProblemItem("", "unparseable", "caBundle holds no certificate")]))
    assert found[RULE]["status"] == "unknown"
    assert found["certificate.unparseable"]["status"] == "unknown"


def tls_secret(leaf, *uses, owner=None, rotator=None):
    collected = cluster()
    items = [CertificateItem("", read_items(leaf.pem)[0].certificate)]
    holder = Holder("web", "shop", "kubernetes.io/tls", owner, rotator, True, [Part("tls.crt", items)])
    location = Recorder(collected.inventory, HERE).holder("secrets", holder)
    collected.secrets.append({"location": location, "namespace": "web", "name": "shop", "owner": owner})
    collected.uses += [list(use) for use in uses]
    return collected


FRESH = make_leaf(names=["shop.example.com"], not_before=NOW - DAY, not_after=NOW + 300 * DAY)
OVERDUE = make_leaf(names=["shop.example.com"], not_before=NOW - 80 * DAY, not_after=NOW + 20 * DAY)
DEPLOYMENT = ("web", "Deployment web/shop", [["shop", []]])
INGRESS = ("web", "Ingress web/edge", [["shop", ["shop.example.com", "www.example.com"]]])


def test_a_secret_that_somebody_uses_passes():
    assert judged(tls_secret(FRESH, DEPLOYMENT))[0] == {}


def test_a_secret_that_nobody_uses_is_orphaned():
    other = ("shop", "Deployment shop/shop", [["shop", []]])
    (finding,) = judged(tls_secret(FRESH, other, owner="Certificate shop"))[0].values()
    assert (finding["rule"], finding["severity"]) == ("kubernetes.secret-orphaned", "low")
    assert finding["message"] == (
        "No Ingress, pod or template of a workload refers to the Secret web/shop (it belongs to Certificate shop)"
    )


@pytest.mark.parametrize("status", ["unknown", "absent"])
def test_nobody_is_called_an_orphan_unless_all_were_asked(status):
    collected = source(tls_secret(FRESH), "cronjobs", status=status, kind="forbidden", reason="no")
    found, coverage = judged(collected)
    assert "kubernetes.secret-orphaned" not in found
    assert coverage["rules"]["kubernetes.secret-orphaned"]["not_applicable"] == 1


def test_what_expires_is_said_with_who_uses_it_and_which_host_breaks():
    found, _coverage = judged(tls_secret(OVERDUE, DEPLOYMENT, INGRESS))
    (finding,) = found.values()
    assert finding["rule"] == "certificate.renewal-due"
    assert finding["message"].endswith(
        "; used by Deployment web/shop, Ingress web/edge, which serves shop.example.com, www.example.com"
    )
    assert finding["evidence"]["used_by"] == ["Deployment web/shop", "Ingress web/edge"]
    assert finding["evidence"]["hosts"] == ["shop.example.com", "www.example.com"]
    assert finding["resource"]["location"] == f"{HERE}/namespaces/web/secrets/shop/tls.crt"


def test_many_users_are_counted_in_the_message_and_listed_in_the_evidence():
    uses = [("web", f"Deployment web/shop{number}", [["shop", []]]) for number in range(9)]
    (finding,) = judged(tls_secret(OVERDUE, *uses))[0].values()
    assert "used by Deployment web/shop0, " in finding["message"]
    assert finding["message"].endswith("web/shop4 and 4 more")
    assert len(finding["evidence"]["used_by"]) == 9


def test_cert_manager_has_a_window_of_its_own():
    found, _coverage = judged(tls_secret(OVERDUE, DEPLOYMENT, rotator="cert-manager"))
    assert list(found) == ["certificate.rotation-missed"]


@pytest.mark.parametrize("part", ["cluster", "uses", "inventory"])
def test_evidence_of_another_shape_is_refused(part):
    document = json.loads("".join(encode(audit.dump(audit.Audit(cluster())))))
    del document[part]
    with pytest.raises(ValueError, match="the evidence is not that of a cluster"):
        audit.load(document)
