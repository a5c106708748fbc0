# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kubernetes_audit on a real API server: every source, every missing right, and nothing of any key."""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import timedelta

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.json_stream import encode
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes import audit, client
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.resources import RESOURCES
from tests.integration.kubernetes.filling import HOST, findings
from tests.lab.kubernetes import encoded
from tests.lab.process import LOOPBACK, wait_until
from tests.support import cluster_objects as make

pytestmark = pytest.mark.full

PLACES = {
    "tls": "namespaces/web/secrets/tls/tls.crt",
    "overdue": "namespaces/web/secrets/overdue/tls.crt#1",
    "authority": "namespaces/web/secrets/overdue/tls.crt#2",
    "opaque": "namespaces/web/secrets/opaque/server.pem",
    "configmap": "namespaces/web/configmaps/trust/ca.pem",
    "validating": "validatingwebhookconfigurations/validating/webhooks/validating.example.com",
    "mutating": "mutatingwebhookconfigurations/mutating/webhooks/mutating.example.com",
    "apiservice": "apiservices/v1.shops.example.com",
    "conversion": "customresourcedefinitions/carts.example.com/conversion",
    "clustertrustbundle": "clustertrustbundles/lab-trust",
}


@pytest.fixture(scope="module")
def whole(filled):
    """What is found with the shipped rights."""
    return filled.collected()


def test_every_resource_is_listed_with_the_shipped_rights(whole):
    assert {row["resource"]: row["status"] for row in whole.sources} == dict.fromkeys(RESOURCES, "evaluated")
    assert whole.cluster["version"].startswith("v1.")
    assert whole.cluster["problem"] is None
    assert abs(whole.cluster["clock_difference"]) < 60


@pytest.mark.parametrize("name", PLACES)
def test_a_certificate_is_found_where_it_lies(filled, whole, name):
    assert filled.locations(whole, name) == [PLACES[name]]


def test_the_clusters_own_cas_are_found(filled, whole):
    """The one that the controllers publish in every namespace, and those that vouch for clients and front proxies."""
    authorities = filled.cluster.authorities
    locations = whole.inventory.certificates[authorities.cluster.fingerprint].locations
    assert f"{filled.here}/namespaces/web/configmaps/kube-root-ca.crt/ca.crt" in locations
    aggregation = f"{filled.here}/namespaces/kube-system/configmaps/extension-apiserver-authentication"
    assert f"{aggregation}/client-ca-file" in locations
    proxy = whole.inventory.certificates[authorities.front_proxy.fingerprint].locations
    assert proxy == [f"{aggregation}/requestheader-client-ca-file"]


def test_the_api_servers_own_certificate_is_read(filled, whole):
    served = whole.inventory.certificates[filled.cluster.authorities.serving.fingerprint]
    assert served.locations == [f"tls://{filled.cluster.address}"]


def test_users_and_hosts_are_named(filled, whole):
    (finding,) = [each for each in findings(whole) if each["rule"] == "certificate.renewal-due"]
    assert finding["evidence"]["used_by"] == ["Ingress web/edge", "Deployment web/shop"]
    assert finding["evidence"]["hosts"] == [HOST]
    assert finding["message"].endswith(f"; used by Ingress web/edge, Deployment web/shop, which serves {HOST}")


def test_every_kind_of_workload_counts_as_a_user(whole):
    orphans = [each["resource"]["name"] for each in findings(whole) if each["rule"] == "kubernetes.secret-orphaned"]
    assert sorted(orphans) == ["web/broken", "web/orphan"]


def test_an_expired_bundle_of_a_webhook_is_an_outage(whole):
    (finding,) = [each for each in findings(whole) if each["rule"] == "kubernetes.trust-bundle-without-valid-ca"]
    assert finding["status"] == "fail"
    assert finding["severity"] == "critical"
    assert "the webhook expired.example.com; what it does not answer is refused" in finding["message"]


def test_garbage_in_a_tls_secret_is_unknown_and_hides_nothing(filled, whole):
    (finding,) = [each for each in findings(whole) if each["rule"] == "certificate.unparseable"]
    assert finding["status"] == "unknown"
    assert finding["message"] == f"{filled.here}/namespaces/web/secrets/broken/tls.crt: tls.crt holds no certificate"


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_right_that_is_missing_makes_its_own_resource_unknown(filled, resource, tmp_path):
    user = make.user_with(filled.cluster, f"without-{resource}", make.without(resource))
    collected = filled.collected(kubeconfig=make.write_kubeconfig(filled.cluster, user, tmp_path / "kubeconfig"))
    unread = [each for each in findings(collected) if each["rule"] == "kubernetes.source-unread"]
    assert [row["resource"] for row in collected.sources if row["status"] != "evaluated"] == [resource]
    (finding,) = unread
    assert finding["status"] == "unknown"
    assert f"lacks the verb list on {resource} " in finding["message"]
    assert finding["evidence"]["api_group"] == RESOURCES[resource].group


def test_no_rights_at_all_is_all_unknown(filled, tmp_path):
    nobody = filled.cluster.authorities.user("nobody")
    collected = filled.collected(kubeconfig=make.write_kubeconfig(filled.cluster, nobody, tmp_path / "kubeconfig"))
    assert {(row["status"], row["kind"]) for row in collected.sources} == {("unknown", "forbidden")}
    assert collected.inventory.certificates.keys() == {filled.cluster.authorities.serving.fingerprint}


def test_a_wrong_token_is_told_once_and_does_not_pass(filled):
    collected = filled.collected(api_key="wrong-token-of-nobody")
    told = [each for each in findings(collected) if each["status"] == "unknown"]
    assert [each["rule"] for each in told] == ["kubernetes.cluster-unread"]
    assert "HTTP status 401" in told[0]["message"]
    assert "wrong-token" not in json.dumps(findings(collected))


def test_rights_in_one_namespace_are_enough_for_it(filled):
    rules = [{"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["list"]}]
    token = make.login_with(filled.cluster, "one-namespace", rules, namespace="web")
    asked = {"resources": ["secrets", "configmaps"], "api_key": token}
    inside = filled.collected(**asked, namespaces=["web"])
    assert {row["status"] for row in inside.sources} == {"evaluated"}
    assert filled.locations(inside, "tls") == [PLACES["tls"]]
    both = filled.collected(**asked, namespaces=["web", "kube-system"])
    unread = [(row["resource"], row["namespace"]) for row in both.sources if row["status"] == "unknown"]
    assert unread == [("secrets", "kube-system"), ("configmaps", "kube-system")]
    everywhere = filled.collected(**asked)
    assert {row["status"] for row in everywhere.sources} == {"unknown"}


def test_a_client_certificate_logs_in(filled, tmp_path):
    user = filled.cluster.authorities.user("admin", "system:masters")
    path = make.write_kubeconfig(filled.cluster, user, tmp_path / "kubeconfig")
    found = filled.collected(kubeconfig=path, resources=["secrets"])
    assert found.sources[0]["status"] == "evaluated"


def test_host_token_and_ca_log_in(filled, tmp_path):
    authority = tmp_path / "ca.pem"
    authority.write_bytes(filled.cluster.authorities.cluster.pem)
    login = {"host": filled.cluster.url, "api_key": filled.token, "resources": ["secrets"]}
    assert filled.collected(**login, ca_cert=str(authority)).sources[0]["status"] == "evaluated"
    refused = filled.collected(**login)
    assert refused.cluster["problem"]["kind"] == "tls"
    assert filled.collected(**login, validate_certs=False).sources[0]["status"] == "evaluated"


def test_a_user_and_all_groups_are_impersonated(filled):
    rules = [
        {"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]},
    ]
    token = make.login_with(filled.cluster, "impersonator", rules)
    name = "preflight-lab-group"
    subject = {"kind": "Group", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    filled.cluster.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "preflight-audit"},
            "subjects": [subject],
        }
    )
    asked = {"api_key": token, "resources": ["secrets"], "impersonate_user": "ann"}
    assert filled.collected(**asked, impersonate_groups=["other", name]).sources[0]["status"] == "evaluated"
    assert filled.collected(**asked, impersonate_groups=[name, "other"]).sources[0]["status"] == "evaluated"
    assert filled.collected(**asked, impersonate_groups=["other"]).sources[0]["kind"] == "forbidden"


def test_a_context_that_is_not_there_is_one_clear_line(filled):
    with pytest.raises(OptionError, match=r"^kubeconfig: '.*' cannot be used: .*none-such"):
        filled.collected(context="none-such")


def test_nothing_of_a_key_is_in_the_evidence(filled, whole):
    text = "".join(encode(audit.dump(audit.Audit(whole)))) + json.dumps(findings(whole))
    for made in filled.made.values():
        body = b"".join(made.key_pem.split(b"-----")[2].split()).decode()
        assert body[10:50] not in text
        assert encoded(made.key_pem)[40:90] not in text
    for hidden in ("PRIVATE KEY", "hunter2", encoded(b"hunter2-of-the-lab"), filled.token):
        assert hidden not in text


def test_the_audit_log_shows_no_more_than_was_granted(filled, whole):
    granted = {
        (verb, group, resource)
        for rule in make.shipped_rules()
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    user = "system:serviceaccount:preflight:preflight-audit"
    entries = [each for each in filled.cluster.audit_log() if each["user"].get("username") == user]
    asked = {
        (each["verb"], each["objectRef"].get("apiGroup", ""), each["objectRef"]["resource"])
        for each in entries
        if "objectRef" in each
    }
    assert asked == granted, "what is granted and not needed is too much as well"
    assert {each["requestURI"] for each in entries if "objectRef" not in each} == {"/version"}
    assert {each["annotations"]["authorization.k8s.io/decision"] for each in entries} == {"allow"}


def with_defaults(monkeypatch, **values):
    """Gives the client other defaults than its own."""
    monkeypatch.setattr(client.Client.__init__, "__kwdefaults__", {**client.Client.__init__.__kwdefaults__, **values})


def test_pages_on_the_real_server_are_the_whole(filled, whole, monkeypatch):
    with_defaults(monkeypatch, page=2)
    paged = filled.collected()
    assert paged.inventory.certificates.keys() == whole.inventory.certificates.keys()
    count = {row["resource"]: row["objects"] for row in whole.sources}
    assert {row["resource"]: row["objects"] for row in paged.sources} == count


def test_requests_are_told_by_their_state(filled):
    cluster = filled.cluster
    cluster.apply(*(make.request(name) for name in ("waits", "denied", "issued")))
    cluster.apply(make.request("unanswered", signer="example.com/nobody"))
    decide = make.decide
    decide(cluster, "denied", "Denied", "not you")
    decide(cluster, "issued", "Approved")
    decide(cluster, "unanswered", "Approved")
    path = "/apis/certificates.k8s.io/v1/certificatesigningrequests/issued"
    wait_until(lambda: bool(cluster.client.get(path)["status"].get("certificate")), within=60, what="the signer")
    collected = filled.collected(resources=["certificatesigningrequests"])
    assert {row["name"]: row["state"] for row in collected.requests} == {
        "waits": "pending",
        "denied": "denied",
        "unanswered": "approved",
    }
    assert {row["requester"] for row in collected.requests} == {"admin"}
    soon = [each["rule"] for each in findings(collected) if each["resource"]["kind"] == "certificate-request"]
    assert soon == ["kubernetes.request-denied"]
    late = findings(collected, later=timedelta(hours=1))
    told = {each["rule"]: each["message"] for each in late if each["resource"]["kind"] == "certificate-request"}
    assert set(told) == {
        "kubernetes.request-denied",
        "kubernetes.request-pending",
        "kubernetes.request-not-issued",
    }
    assert "denied (signer kubernetes.io/kubelet-serving) was denied: Lab: not you" in told["kubernetes.request-denied"]


def test_a_server_that_restarts_in_mid_list_is_waited_for(filled, monkeypatch):
    with_defaults(monkeypatch, page=5, sleep=lambda pause: time.sleep(min(pause, 1.0)))
    monkeypatch.setattr(client, "MAX_RETRIES", 120)
    read, server, restarts = client.Client._read_page, filled.cluster.api_server, []

    def interrupted(self, path, query, keep):
        if "continue" in query and not restarts:
            restarts.append(threading.Thread(target=server.restart))
            restarts[0].start()
            wait_until(lambda: not accepts(server.ports[0]), within=30, what="the API server to be gone")
        return read(self, path, query, keep)

    monkeypatch.setattr(client.Client, "_read_page", interrupted)
    collected = filled.collected(resources=["secrets"])
    restarts[0].join()
    assert (collected.sources[0]["status"], collected.sources[0]["reason"]) == ("evaluated", None)
    assert collected.cluster["repeated"] > 0
    assert filled.locations(collected, "tls") == [PLACES["tls"]]


def accepts(port):
    """Whether somebody listens there."""
    with socket.socket() as connection:
        return connection.connect_ex((LOOPBACK, port)) == 0
