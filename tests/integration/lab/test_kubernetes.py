# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's Kubernetes is a real one: it signs, it refuses, it remembers who asked, and it survives a restart."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from cryptography import x509

from tests.lab.kubernetes import Kubernetes
from tests.lab.kubernetes_client import KubernetesClient, KubernetesError
from tests.lab.process import is_running, wait_until
from tests.support import cluster_objects as make

pytestmark = pytest.mark.full

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Kubernetes]:
    with Kubernetes() as started:
        yield started


def client_with(cluster: Kubernetes, token: str) -> KubernetesClient:
    return KubernetesClient(port=cluster.api_server.ports[0], ca_pem=cluster.authorities.cluster.pem, token=token)


def test_it_is_the_version_that_is_pinned(cluster: Kubernetes) -> None:
    assert cluster.api_server.describe() == "kube-apiserver 1.37.2"
    assert cluster.client.get("/version")["gitVersion"] == "v1.37.2"


def test_an_approved_request_is_signed_by_the_clusters_ca(cluster: Kubernetes) -> None:
    cluster.apply(make.request("signed"))
    make.decide(cluster, "signed", "Approved")

    def issued() -> bytes:
        encoded = cluster.client.get(f"{REQUESTS}/signed")["status"].get("certificate", "")
        return base64.b64decode(encoded)

    wait_until(lambda: bool(issued()), within=60, what="the signing controller")
    certificate = x509.load_pem_x509_certificate(issued())
    certificate.verify_directly_issued_by(cluster.authorities.cluster.certificate)


def test_a_service_account_may_do_what_it_was_granted(cluster: Kubernetes) -> None:
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]
    granted = client_with(cluster, make.login_with(cluster, "granted", rules))
    assert granted.get("/api/v1/secrets")["kind"] == "SecretList"
    with pytest.raises(KubernetesError) as refused:
        granted.get("/api/v1/configmaps")
    assert refused.value.status == 403
    user = "system:serviceaccount:default:granted"
    asked = [each for each in cluster.audit_log() if each["user"].get("username") == user]
    decisions = [each["annotations"]["authorization.k8s.io/decision"] for each in asked]
    assert decisions == ["allow", "forbid"]


def test_a_restart_keeps_what_was_stored(cluster: Kubernetes) -> None:
    cluster.apply(make.config_map("default", "kept", a=b"1"))
    before = len(cluster.audit_log())
    cluster.api_server.restart()
    assert cluster.client.get("/api/v1/namespaces/default/configmaps/kept")["data"] == {"a": "1"}
    assert len(cluster.audit_log()) > before


def test_nothing_is_left_behind() -> None:
    with Kubernetes() as started:
        servers = (started.etcd, started.api_server, started.controllers)
        processes = [server.pid for server in servers]
        directories = [server.directory for server in servers]
    assert not any(map(is_running, processes))
    assert not any(directory.exists() for directory in directories)
