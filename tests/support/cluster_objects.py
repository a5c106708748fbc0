# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests of the objects in which a cluster has certificates, or refers to them; and logins with least rights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.lab.kubernetes import encoded
from tests.support.certificates import make_key, make_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.lab.kubernetes import Kubernetes
    from tests.support.certificates import Made

MANIFEST = Path(__file__).parents[2] / "roles" / "audit" / "files" / "kubernetes_audit.yml"
RBAC = "rbac.authorization.k8s.io"
NEVER = {"matchLabels": {"never": "matches"}}
Manifest = dict[str, Any]


def shipped() -> list[Manifest]:
    """The objects of the manifest that the role ships."""
    manifest: Manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return list(manifest["items"])


def shipped_rules() -> list[dict[str, list[str]]]:
    """The rules of the shipped ClusterRole."""
    rules: list[dict[str, list[str]]] = next(each["rules"] for each in shipped() if each["kind"] == "ClusterRole")
    return rules


def login_with(cluster: Kubernetes, name: str, rules: Iterable[Mapping[str, Any]], namespace: str | None = None) -> str:
    """A service account's token that has these rights, in one namespace or in the cluster.

    Kubernetes lets every service account list ClusterTrustBundles besides.
    """
    token = cluster.service_account(name)
    grant(cluster, name, rules, {"kind": "ServiceAccount", "name": name, "namespace": "default"}, namespace)
    return token


def user_with(cluster: Kubernetes, name: str, rules: Iterable[Mapping[str, Any]]) -> Made:
    """A user's client certificate that has these rights in the cluster, and no other."""
    grant(cluster, name, rules, {"kind": "User", "name": name, "apiGroup": RBAC}, None)
    return cluster.authorities.user(name)


def grant(
    cluster: Kubernetes,
    name: str,
    rules: Iterable[Mapping[str, Any]],
    subject: Mapping[str, str],
    namespace: str | None,
) -> None:
    """Grants rights to a user or service account, in one namespace or in the cluster."""
    kind = "Role" if namespace else "ClusterRole"
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    reference = {"apiGroup": RBAC, "kind": kind, "name": name}
    common = {"apiVersion": f"{RBAC}/v1", "metadata": metadata}
    cluster.apply(
        {**common, "kind": kind, "rules": list(rules)},
        {**common, "kind": f"{kind}Binding", "roleRef": reference, "subjects": [dict(subject)]},
    )


def without(resource: str) -> list[dict[str, Any]]:
    """The shipped rules less one resource."""
    kept = ({**rule, "resources": [each for each in rule["resources"] if each != resource]} for rule in shipped_rules())
    return [rule for rule in kept if rule["resources"]]


def write_kubeconfig(cluster: Kubernetes, user: str | Made, path: Path) -> str:
    """A kubeconfig in a file."""
    path.write_text(json.dumps(cluster.kubeconfig(user)))
    return str(path)


def secret(namespace: str, name: str, data: Mapping[str, bytes], kind: str = "Opaque", **metadata: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {"namespace": namespace, "name": name, **metadata},
        "data": {key: encoded(value) for key, value in data.items()},
    }


def tls_secret(namespace: str, name: str, made: Made, *, chain: bytes = b"", **metadata: Any) -> Manifest:
    data = {"tls.crt": made.pem + chain, "tls.key": made.key_pem}
    return secret(namespace, name, data, "kubernetes.io/tls", **metadata)


def config_map(namespace: str, name: str, **data: bytes) -> Manifest:
    texts = {key.replace("_", "."): value.decode() for key, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": name},
        "data": texts,
    }


def client_config(bundle: bytes) -> Manifest:
    return {"caBundle": encoded(bundle), "service": {"namespace": "web", "name": "hook"}}


def webhook(kind: str, name: str, bundle: bytes) -> Manifest:
    """A validating or mutating webhook that matches nothing."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": f"{name}.example.com",
                "clientConfig": client_config(bundle),
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "objectSelector": NEVER,
            }
        ],
    }


def api_service(bundle: bytes) -> Manifest:
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.shops.example.com"},
        "spec": {
            "group": "shops.example.com",
            "version": "v1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            **client_config(bundle),
        },
    }


def converted_resource(bundle: bytes) -> Manifest:
    """A CustomResourceDefinition with a conversion webhook."""
    schema = {"openAPIV3Schema": {"type": "object"}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "carts.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "carts", "kind": "Cart"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
            "conversion": {
                "strategy": "Webhook",
                "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": client_config(bundle)},
            },
        },
    }


def trust_bundle(name: str, bundle: bytes) -> Manifest:
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "ClusterTrustBundle",
        "metadata": {"name": name},
        "spec": {"trustBundle": bundle.decode()},
    }


def request(name: str, *, signer: str = "kubernetes.io/kubelet-serving") -> Manifest:
    """A CertificateSigningRequest as one for Vault has it: for a serving certificate of a node."""
    subject = make_name(f"system:node:{name}", ORGANIZATION_NAME="system:nodes")
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    key = make_key()
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(names, critical=False)
    pem = made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {
            "request": encoded(pem),
            "signerName": signer,
            "usages": ["digital signature", "server auth"],
        },
    }


def decide(cluster: Kubernetes, name: str, condition: str, message: str = "") -> None:
    """Approves or denies a request."""
    path = f"/apis/certificates.k8s.io/v1/certificatesigningrequests/{name}"
    found = cluster.client.get(path)
    decision = {"type": condition, "status": "True", "reason": "Lab", "message": message}
    found["status"]["conditions"] = [decision]
    cluster.client.request("PUT", f"{path}/approval", found)


def ingress(namespace: str, name: str, secret_name: str, host: str) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "defaultBackend": {"service": {"name": "shop", "port": {"number": 80}}},
            "tls": [{"hosts": [host], "secretName": secret_name}],
        },
    }


def pod_spec(secret_name: str) -> Manifest:
    return {
        "restartPolicy": "Never",
        "containers": [{"name": "main", "image": "none.example.com/none"}],
        "volumes": [{"name": "tls", "secret": {"secretName": secret_name}}],
    }


def pod(namespace: str, name: str, secret_name: str) -> Manifest:
    metadata = {"namespace": namespace, "name": name}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(secret_name)}


def workload(kind: str, namespace: str, name: str, secret_name: str) -> Manifest:
    """A Deployment, StatefulSet, DaemonSet, Job or CronJob that mounts a Secret."""
    labels = {"app": name}
    always = kind in ("Deployment", "StatefulSet", "DaemonSet")
    spec = {**pod_spec(secret_name), **({"restartPolicy": "Always"} if always else {})}
    body: Manifest = {"template": {"metadata": {"labels": labels}, "spec": spec}}
    if always:
        body["selector"] = {"matchLabels": labels}
    if kind == "StatefulSet":
        body["serviceName"] = name
    if kind == "CronJob":
        body = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": body}}
    group = "apps/v1" if always else "batch/v1"
    return {"apiVersion": group, "kind": kind, "metadata": {"namespace": namespace, "name": name}, "spec": body}
