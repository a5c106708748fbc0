# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is listed of a cluster: each resource, where the API has it, and what is kept of its objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

from . import objects

HOLDERS, BUNDLES, REQUESTS, USES = "holders", "bundles", "requests", "uses"

# Types that hold no certificate by their definition. A Helm release alone may have a MB, and a cluster thousands.
_OTHER_SECRETS = (
    "helm.sh/release.v1",
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/basic-auth",
    "kubernetes.io/ssh-auth",
    "bootstrap.kubernetes.io/token",
)


class Resource(NamedTuple):
    """``name`` is the plural in the API, ``group`` is empty for the core; of the ``versions`` the first that is served
    counts. ``keeps`` says what the rows are that ``keep`` makes of an object."""

    name: str
    group: str
    versions: tuple[str, ...]
    namespaced: bool
    keeps: str
    keep: Callable[[objects.Object], Any]
    query: Mapping[str, str] = {}

    def path(self, version: str, namespace: str | None) -> str:
        """Where all of them are listed, or those of one namespace."""
        root = f"/apis/{self.group}/{version}" if self.group else f"/api/{version}"
        return f"{root}/namespaces/{namespace}/{self.name}" if namespace else f"{root}/{self.name}"

    @property
    def title(self) -> str:
        """As an RBAC rule has it: ``secrets``, ``ingresses.networking.k8s.io``."""
        return f"{self.name}.{self.group}" if self.group else self.name


def _workload(name: str, group: str, kind: str) -> Resource:
    return Resource(name, group, ("v1",), True, USES, objects.workload_of(kind))


_ADMISSION, _CERTIFICATES = "admissionregistration.k8s.io", "certificates.k8s.io"
_V1 = ("v1",)
_V1_OR_BETA = ("v1", "v1beta1")

RESOURCES: Mapping[str, Resource] = {
    each.name: each
    for each in (
        Resource(
            "secrets",
            "",
            _V1,
            True,
            HOLDERS,
            objects.secret_of,
            {"fieldSelector": ",".join(f"type!={kind}" for kind in _OTHER_SECRETS)},
        ),
        Resource("configmaps", "", _V1, True, HOLDERS, objects.config_map_of),
        Resource("mutatingwebhookconfigurations", _ADMISSION, _V1, False, BUNDLES, objects.webhooks_of),
        Resource("validatingwebhookconfigurations", _ADMISSION, _V1, False, BUNDLES, objects.webhooks_of),
        Resource("apiservices", "apiregistration.k8s.io", _V1, False, BUNDLES, objects.api_service_of),
        Resource("customresourcedefinitions", "apiextensions.k8s.io", _V1, False, BUNDLES, objects.conversion_of),
        Resource("clustertrustbundles", _CERTIFICATES, _V1_OR_BETA, False, BUNDLES, objects.trust_bundle_of),
        Resource("certificatesigningrequests", _CERTIFICATES, _V1, False, REQUESTS, objects.request_of),
        Resource("podcertificaterequests", _CERTIFICATES, _V1_OR_BETA, True, REQUESTS, objects.request_of),
        Resource("ingresses", "networking.k8s.io", _V1, True, USES, objects.ingress_of),
        Resource("pods", "", _V1, True, USES, objects.pod_of),
        _workload("deployments", "apps", "Deployment"),
        _workload("statefulsets", "apps", "StatefulSet"),
        _workload("daemonsets", "apps", "DaemonSet"),
        _workload("jobs", "batch", "Job"),
        _workload("cronjobs", "batch", "CronJob"),
    )
}
"""All that is listed, in this order."""
