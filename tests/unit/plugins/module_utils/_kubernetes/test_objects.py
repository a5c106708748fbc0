# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From objects of the API to what is kept of them: certificates and names, and nothing of a key."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from ansible_collections.sre.preflight.plugins.module_utils._kubernetes import objects
from ansible_collections.sre.preflight.plugins.module_utils._x509.items import CertificateItem, ProblemItem
from tests.support.certificates import make_ca, make_leaf
from tests.support.keystores import keystore, trusted_entry

AUTHORITY = make_ca()
LEAF = make_leaf(issuer=AUTHORITY, names=["shop.example.com"])


def encoded(data):
    return base64.b64encode(data).decode()


def secret(kind="Opaque", metadata=None, **data):
    values = {key.replace("_", "."): encoded(value) for key, value in data.items()}
    return {"type": kind, "metadata": {"namespace": "web", "name": "shop", **(metadata or {})}, "data": values}


def tls(**more):
    return secret(objects.TLS_TYPE, **{"tls_crt": LEAF.pem, "tls_key": LEAF.key_pem, **more})


def subjects(holder):
    return {
        part.key: [item.certificate.subject for item in part.items if isinstance(item, CertificateItem)]
        for part in holder.parts
    }


def reasons(holder):
    return [item.reason for part in holder.parts for item in part.items if isinstance(item, ProblemItem)]


def test_a_tls_secret_gives_its_chain_and_its_ca():
    holder = objects.secret_of(tls(tls_crt=LEAF.pem + AUTHORITY.pem, ca_crt=AUTHORITY.pem))
    assert subjects(holder) == {"tls.crt": ["CN=leaf.example.com", "CN=Test CA"], "ca.crt": ["CN=Test CA"]}
    assert holder.private_key
    assert (holder.namespace, holder.name, holder.owner, holder.rotator) == ("web", "shop", None, None)


def test_the_key_of_a_tls_secret_is_not_even_decoded(monkeypatch):
    decoded = []
    monkeypatch.setattr(objects, "_decoded", lambda value: decoded.append(value) or base64.b64decode(value))
    objects.secret_of(tls())
    assert decoded == [encoded(LEAF.pem)]


@pytest.mark.parametrize("kind", [objects.TLS_TYPE, "Opaque", "example.com/own"])
def test_nothing_of_a_private_key_is_kept(kind):
    both = LEAF.pem + LEAF.key_pem
    given = secret(kind, tls_crt=both, tls_key=LEAF.key_pem, password=b"staple", annotations=LEAF.key_pem)
    given["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": encoded(LEAF.key_pem)}
    kept = repr(objects.secret_of(given))
    body = b"".join(LEAF.key_pem.split(b"-----")[2].split()).decode()
    assert body[:40] not in kept
    assert encoded(LEAF.key_pem)[:40] not in kept
    assert "staple" not in kept


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        (b"", "empty", "tls.crt is empty: it holds no certificate"),
        (b"garbage", "unparseable", "tls.crt holds no certificate"),
        (b"\0\xff\xfe" * 30, "unparseable", "tls.crt holds no certificate"),
    ],
)
def test_a_tls_secret_without_a_certificate_says_so(value, kind, reason):
    holder = objects.secret_of(tls(tls_crt=value))
    assert [(item.kind, item.reason) for item in holder.parts[0].items] == [(kind, reason)]


def test_a_bad_block_hides_no_good_one():
    holder = objects.secret_of(tls(tls_crt=b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n" + LEAF.pem))
    assert subjects(holder)["tls.crt"] == ["CN=leaf.example.com"]
    assert len(reasons(holder)) == 1


def test_an_opaque_secret_is_told_by_its_content():
    holder = objects.secret_of(secret(anything=LEAF.der, bundle_pem=AUTHORITY.pem, other=b"text", number=b"0123"))
    assert subjects(holder) == {"anything": ["CN=leaf.example.com"], "bundle.pem": ["CN=Test CA"]}
    assert not holder.private_key


def test_a_key_beside_a_certificate_is_noted():
    assert objects.secret_of(secret(cert=LEAF.pem, key=LEAF.key_pem)).private_key


@pytest.mark.parametrize("data", [{}, {"user": b"x"}, {"key": LEAF.key_pem}])
def test_a_secret_without_certificates_is_nothing(data):
    assert objects.secret_of(secret(**data)) is None


def test_a_keystore_is_opened_by_the_password_beside_it():
    store = serialize_key_and_certificates(
        b"leaf", LEAF.key, LEAF.certificate, None, BestAvailableEncryption(b"correct")
    )
    holder = objects.secret_of(secret(store_p12=store, keystore_password=b"correct\n"))
    assert subjects(holder)["store.p12"] == ["CN=leaf.example.com"]
    assert "correct" not in repr(holder)
    (problem,) = objects.secret_of(secret(store_p12=store, hint=b"correct")).parts[0].items
    assert problem.kind == "password"


def test_what_cert_manager_renews_has_its_window():
    holder = objects.secret_of(
        secret(metadata={"annotations": {"cert-manager.io/certificate-name": "shop"}}, tls_crt=LEAF.pem)
    )
    assert (holder.owner, holder.rotator) == ("Certificate shop", "cert-manager")


def test_an_owner_is_named():
    owner = {"kind": "Gateway", "name": "edge"}
    assert objects.secret_of(secret(metadata={"ownerReferences": [owner]}, c=LEAF.pem)).owner == "Gateway edge"


def test_a_config_map_has_text_and_bytes():
    item = {
        "metadata": {"namespace": "web", "name": "trust"},
        "data": {"ca.pem": AUTHORITY.pem.decode(), "conf": "x: 1"},
        "binaryData": {"trust.jks": encoded(keystore(trusted_entry("ca", AUTHORITY.der))), "bad": "!"},
    }
    holder = objects.config_map_of(item)
    assert subjects(holder) == {"ca.pem": ["CN=Test CA"], "trust.jks": ["CN=Test CA"]}


def client(data=AUTHORITY.pem):
    return {"caBundle": encoded(data), "service": {"name": "hook", "namespace": "web"}}


def test_webhooks_give_a_bundle_each():
    item = {
        "metadata": {"name": "policy"},
        "webhooks": [
            {"name": "a.example.com", "clientConfig": client(), "failurePolicy": "Fail"},
            {"name": "b.example.com", "clientConfig": client(b"none"), "failurePolicy": "Ignore"},
            {"name": "c.example.com", "clientConfig": {"url": "https://example.com"}},
        ],
    }
    first, second = list(objects.webhooks_of(item) or ())
    assert (first.name, first.path) == ("policy", "webhooks/a.example.com")
    assert first.serves == "the webhook a.example.com; what it does not answer is refused"
    assert second.serves == "the webhook b.example.com"
    assert [item.reason for item in second.items] == ["caBundle holds no certificate"]


def test_other_bundles():
    (api,) = list(objects.api_service_of({"metadata": {"name": "v1.metrics"}, "spec": client()}) or ())
    webhook = {"conversion": {"webhook": {"clientConfig": client()}}}
    (conversion,) = list(objects.conversion_of({"metadata": {"name": "shops.example.com"}, "spec": webhook}) or ())
    trust = {"trustBundle": AUTHORITY.pem.decode() * 2, "signerName": "example.com/ca"}
    (bundle,) = list(objects.trust_bundle_of({"metadata": {"name": "example.com:ca:1"}, "spec": trust}) or ())
    assert [each.serves for each in (api, conversion, bundle)] == [
        "the aggregated API v1.metrics",
        "the conversion of shops.example.com",
        "the signer example.com/ca",
    ]
    assert [len(each.items) for each in (api, conversion, bundle)] == [1, 1, 2]


@pytest.mark.parametrize("read", [objects.webhooks_of, objects.api_service_of, objects.conversion_of])
@pytest.mark.parametrize("item", [{}, {"spec": None, "webhooks": None}, {"spec": {"conversion": {"webhook": None}}}])
def test_no_bundle_is_nothing(read, item):
    assert read(item) is None


def request(*conditions, **status):
    return {
        "metadata": {"name": "web-0", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"signerName": "kubernetes.io/kubelet-serving", "username": "system:node:a", "request": "SECRET"},
        "status": {"conditions": [{"lastTransitionTime": f"2026-01-01T00:0{n}:00Z", **each} for n, each in conditions]}
        | status,
    }


@pytest.mark.parametrize(
    ("conditions", "state", "since", "reason"),
    [
        ([], "pending", "2026-01-01T00:00:00Z", ""),
        ([(1, {"type": "Approved", "reason": "Auto"})], "approved", "2026-01-01T00:01:00Z", "Auto"),
        (
            [(2, {"type": "Denied", "reason": "No", "message": "not\nyou"})],
            "denied",
            "2026-01-01T00:02:00Z",
            "No: not you",
        ),
        ([(1, {"type": "Approved"}), (3, {"type": "Failed"})], "failed", "2026-01-01T00:03:00Z", ""),
    ],
)
def test_the_state_of_a_request(conditions, state, since, reason):
    found = objects.request_of(request(*conditions))
    assert (found.state, found.since, found.reason, found.requester) == (state, since, reason, "system:node:a")


@pytest.mark.parametrize("status", [{"certificate": "LS0t"}, {"certificateChain": "-----"}])
def test_an_issued_request_is_no_news(status):
    assert objects.request_of(request((1, {"type": "Approved"}), **status)) is None


def test_an_ingress_names_its_hosts_by_secret():
    spec = {
        "rules": [{"host": "a.example.com"}, {"host": "b.example.com"}, {}],
        "tls": [{"secretName": "one", "hosts": ["a.example.com"]}, {"secretName": "two"}, {"hosts": ["default"]}],
    }
    use = objects.ingress_of({"metadata": {"namespace": "web", "name": "edge"}, "spec": spec})
    assert use == objects.Use(
        "web", "Ingress web/edge", (("one", ("a.example.com",)), ("two", ("a.example.com", "b.example.com")))
    )
    assert objects.ingress_of({"metadata": {}, "spec": {}}) is None


POD = {
    "volumes": [
        {"secret": {"secretName": "mounted"}},
        {"projected": {"sources": [{"secret": {"name": "projected"}}, {"configMap": {"name": "no"}}]}},
        {"emptyDir": {}},
    ],
    "containers": [
        {
            "env": [{"valueFrom": {"secretKeyRef": {"name": "variable"}}}, {"name": "PLAIN", "value": "x"}],
            "envFrom": [{"secretRef": {"name": "all"}}],
        }
    ],
    "initContainers": [{"envFrom": [{"secretRef": {"name": "mounted"}}, {"configMapRef": {"name": "no"}}]}],
}
SECRETS = ["mounted", "projected", "all", "variable"]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [("Deployment", {"template": {"spec": POD}}), ("CronJob", {"jobTemplate": {"spec": {"template": {"spec": POD}}}})],
)
def test_a_workload_names_its_secrets(kind, spec):
    use = objects.workload_of(kind)({"metadata": {"namespace": "web", "name": "shop"}, "spec": spec})
    assert use.user == f"{kind} web/shop"
    assert [name for name, _hosts in use.secrets] == SECRETS


@pytest.mark.parametrize(
    ("owners", "user"),
    [
        ([], "Pod web/shop-5d8f-x"),
        ([{"kind": "StatefulSet", "name": "db", "controller": True}], "StatefulSet web/db"),
        ([{"kind": "ReplicaSet", "name": "shop-5d8f", "controller": True}], "Deployment web/shop"),
        ([{"kind": "ReplicaSet", "name": "own", "controller": True}], "ReplicaSet web/own"),
        ([{"kind": "Node", "name": "n1"}], "Pod web/shop-5d8f-x"),
    ],
)
def test_a_pod_is_named_by_what_controls_it(owners, user):
    metadata = {"namespace": "web", "name": "shop-5d8f-x", "labels": {"pod-template-hash": "5d8f"}}
    use = objects.pod_of({"metadata": {**metadata, "ownerReferences": owners}, "spec": POD})
    assert use.user == user


ODD = [{}, {"metadata": None, "spec": None, "status": None, "data": None}, {"metadata": [], "spec": "x", "data": [1]}]


@pytest.mark.parametrize("item", ODD)
@pytest.mark.parametrize("read", [objects.secret_of, objects.config_map_of, objects.webhooks_of, objects.pod_of])
def test_odd_objects_are_nothing(read, item):
    assert read(item) is None
