# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes without nodes: etcd, the API server with RBAC and an audit log, and the controllers that sign requests.

>>> with Kubernetes() as cluster:
...     cluster.client.get("/api/v1/namespaces")            # the client may do everything
...     cluster.kubeconfig(cluster.service_account("audit"))  # one that may do nothing yet
...     cluster.audit_log()                                 # who asked what
"""

from __future__ import annotations

import base64
import contextlib
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from tests.support.certificates import make_name

from .etcd import Etcd
from .kubernetes_client import KubernetesClient, KubernetesError
from .pki import LOCAL_NAMES, lab_ca, lab_certificate
from .process import LOOPBACK, program_version, wait_until
from .server import Server, silent
from .servers.build import program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from tests.support.certificates import Made

PROBE_TIMEOUT = 2.0
ROOT_CA = "kube-root-ca.crt"
"""The ConfigMap in which the cluster's CA is published."""
CONTROLLERS = (
    "certificatesigningrequest-signing-controller",
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-cleaner-controller",
    "root-ca-certificate-publisher-controller",
)
# Who asked for what is all that a test wants to know; bodies would hold secrets.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class Authorities:
    """The cluster's CAs and keys, made once for all of its processes."""

    def __init__(self) -> None:
        self.cluster = lab_ca(common_name="Kubernetes lab")
        self.front_proxy = lab_ca(common_name="Kubernetes lab front proxy")
        self.serving = lab_certificate(self.cluster, ["kubernetes.default.svc", *LOCAL_NAMES])
        self.proxy_client = lab_certificate(self.front_proxy, ["front-proxy-client"], client=True)
        self.service_accounts = lab_certificate(self.cluster, ["service-accounts"])

    def user(self, name: str, *groups: str) -> Made:
        """A client certificate of a user, who is in these groups."""
        organizations = {"ORGANIZATION_NAME": groups[0]} if groups else {}
        return lab_certificate(self.cluster, [], client=True, subject=make_name(name, **organizations))


class ApiServer(Server):
    """kube-apiserver, over TLS. Its audit log survives a restart."""

    title = "kube-apiserver"
    ready_within = 120.0

    def __init__(self, etcd: Etcd, authorities: Authorities, *, announce: Callable[[str], None] = silent) -> None:
        super().__init__(announce=announce)
        self.etcd = etcd
        self.authorities = authorities
        self._client: KubernetesClient | None = None

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.ports[0]}"

    @property
    def client(self) -> KubernetesClient:
        if self._client is None:
            raise RuntimeError(f"{self.title} is not started")
        return self._client

    def describe(self) -> str:
        return f"{self.title} {program_version(program(self.title), '--version')}"

    def configure(self) -> list[str]:
        made = self.authorities
        serving = self.write("serving.pem", made.serving.pem, made.serving.key_pem)
        proxy = self.write("proxy.pem", made.proxy_client.pem, made.proxy_client.key_pem)
        accounts = self.write("accounts.pem", made.service_accounts.pem)
        accounts_key = self.write("accounts.key", made.service_accounts.key_pem)
        admin = made.user("admin", "system:masters")
        admin_file = self.write("admin.pem", admin.pem, admin.key_pem)
        if self._client is None or self._client.port != self.ports[0]:  # a restart keeps it
            self._client = KubernetesClient(port=self.ports[0], ca_pem=made.cluster.pem, cert_file=str(admin_file))
        return [
            program(self.title),
            f"--etcd-servers={self.etcd.url}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={self.ports[0]}",
            f"--external-hostname={LOOPBACK}",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/24",
            "--authorization-mode=RBAC",
            f"--tls-cert-file={serving}",
            f"--tls-private-key-file={serving}",
            f"--client-ca-file={self.write('ca.pem', made.cluster.pem)}",
            f"--requestheader-client-ca-file={self.write('front-proxy.pem', made.front_proxy.pem)}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            f"--proxy-client-cert-file={proxy}",
            f"--proxy-client-key-file={proxy}",
            f"--service-account-issuer={self.url}",
            f"--service-account-key-file={accounts}",
            f"--service-account-signing-key-file={accounts_key}",
            f"--audit-policy-file={self.write('audit-policy.json', json.dumps(AUDIT_POLICY).encode())}",
            f"--audit-log-path={self.directory / 'audit.log'}",
        ]

    def write(self, name: str, *contents: bytes) -> Path:
        """A file in the server's directory, for its owner only."""
        file = self.directory / name
        file.touch(mode=0o600)
        file.write_bytes(b"".join(contents))
        return file

    def is_ready(self) -> bool:
        status, _answer = self.client.raw("GET", "/readyz", timeout=PROBE_TIMEOUT)
        return status == HTTPStatus.OK

    def set_up(self) -> None:
        wait_until(self._has_namespaces, within=self.ready_within, what=f"{self.title} to make its namespaces")

    def _has_namespaces(self) -> bool:
        names = {each["metadata"]["name"] for each in self.client.get("/api/v1/namespaces")["items"]}
        return {"default", "kube-system"} <= names

    def stop(self) -> None:
        if self._client is not None:
            self._client.close()
        super().stop()


class ControllerManager(Server):
    """kube-controller-manager with the controllers that sign requests, and that publish the cluster's CA."""

    title = "kube-controller-manager"

    def __init__(self, api_server: ApiServer, *, announce: Callable[[str], None] = silent) -> None:
        super().__init__(announce=announce)
        self.api_server = api_server

    def configure(self) -> list[str]:
        made = self.api_server.authorities
        kubeconfig = self.directory / "kubeconfig"
        kubeconfig.write_text(
            json.dumps(
                kubeconfig_of(
                    self.api_server.url, made.cluster, made.user("system:kube-controller-manager", "system:masters")
                )
            )
        )
        authority, key = self.directory / "ca.pem", self.directory / "ca.key"
        authority.write_bytes(made.cluster.pem)
        key.touch(mode=0o600)
        key.write_bytes(made.cluster.key_pem)
        return [
            program(self.title),
            f"--kubeconfig={kubeconfig}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={self.ports[0]}",
            f"--cert-dir={self.directory}",
            "--leader-elect=false",
            f"--controllers={','.join(CONTROLLERS)}",
            f"--cluster-signing-cert-file={authority}",
            f"--cluster-signing-key-file={key}",
            f"--root-ca-file={authority}",
        ]

    def is_ready(self) -> bool:
        """Its work is what tells: the CA is published in a namespace."""
        path = f"/api/v1/namespaces/default/configmaps/{ROOT_CA}"
        return self.api_server.client.raw("GET", path, timeout=PROBE_TIMEOUT)[0] == HTTPStatus.OK


class Kubernetes:
    """The three of them. ``client`` is the administrator's."""

    def __init__(self, *, announce: Callable[[str], None] = silent) -> None:
        self.authorities = Authorities()
        self.etcd = Etcd(announce=announce)
        self.api_server = ApiServer(self.etcd, self.authorities, announce=announce)
        self.controllers = ControllerManager(self.api_server, announce=announce)
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting:
            for server in (self.etcd, self.api_server, self.controllers):
                starting.enter_context(server)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._running.close()

    @property
    def client(self) -> KubernetesClient:
        return self.api_server.client

    @property
    def url(self) -> str:
        return self.api_server.url

    @property
    def address(self) -> str:
        """``127.0.0.1:6443``."""
        return f"{LOOPBACK}:{self.api_server.ports[0]}"

    def namespace(self, name: str) -> str:
        """Makes a namespace with what pods need there; returns its name when the cluster's CA is published in it."""
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, account)
        path = f"/api/v1/namespaces/{name}/configmaps/{ROOT_CA}"
        wait_until(
            lambda: self.client.raw("GET", path)[0] == HTTPStatus.OK,
            within=30,
            what=f"the CA to be published in {name}",
        )
        return name

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Creates objects."""
        for manifest in manifests:
            self.client.create(manifest)

    def service_account(self, name: str, namespace: str = "default") -> str:
        """A token of a service account, which is made where it is not there."""
        metadata = {"name": name, "namespace": namespace}
        with contextlib.suppress(KubernetesError):
            self.client.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
        token: str = self.client.request("POST", path, asked)["status"]["token"]
        return token

    def kubeconfig(self, user: str | Made) -> dict[str, Any]:
        """The contents of a kubeconfig for a token, or for a client certificate."""
        return kubeconfig_of(self.url, self.authorities.cluster, user)

    def audit_log(self) -> list[dict[str, Any]]:
        """All requests so far, in their order."""
        text = (self.api_server.directory / "audit.log").read_text()
        return [json.loads(line) for line in text.splitlines()]


def kubeconfig_of(url: str, authority: Made, user: str | Made) -> dict[str, Any]:
    """A kubeconfig with one cluster and one user."""
    if isinstance(user, str):
        login = {"token": user}
    else:
        login = {"client-certificate-data": encoded(user.pem), "client-key-data": encoded(user.key_pem)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": {"server": url, "certificate-authority-data": encoded(authority.pem)}}],
        "users": [{"name": "lab", "user": login}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
    }


def encoded(data: bytes) -> str:
    """Base64, as Kubernetes carries bytes."""
    return base64.b64encode(data).decode()
