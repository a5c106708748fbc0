# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster that is filled with objects that hold certificates in every place that is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes import audit, domain
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.collect import (
    COLLECT_OPTIONS,
    Collected,
    collect,
)
from tests.lab.kubernetes import Kubernetes
from tests.lab.pki import lab_ca, lab_certificate, now
from tests.support import cluster_objects as make
from tests.support.certificates import Made

DEFAULTS = {name: option.get("default") for name, option in COLLECT_OPTIONS.items()}
HOST = "shop.example.com"


@dataclass
class Filled:
    """A cluster, and what was put into it."""

    cluster: Kubernetes
    kubeconfig: str
    token: str
    made: dict[str, Made]

    @property
    def here(self) -> str:
        """What locations begin with."""
        return f"kubernetes://{self.cluster.address}"

    def collected(self, **options: Any) -> Collected:
        """What the collector finds, by default with the rights that are shipped."""
        login = {} if "host" in options else {"kubeconfig": self.kubeconfig}
        return collect({**DEFAULTS, **login, **options}, {}, now())

    def locations(self, collected: Collected, name: str) -> list[str]:
        """Where a certificate was found, below the cluster's own location."""
        found = collected.inventory.certificates[self.made[name].fingerprint].locations
        return [each.removeprefix(self.here + "/") for each in found]


def findings(collected: Collected, *, later: timedelta = timedelta(0)) -> list[dict[str, Any]]:
    """What does not pass, now or so much later."""
    policy = Policy.from_options(domain.SETTINGS, {})
    found = audit.judge(audit.Audit(collected), policy, now() + later, Coverage(), False)
    return [each.to_json() for each in found]


def certificates() -> dict[str, Made]:
    """Those that are put into the cluster, by what they are for. Only "overdue" is."""
    authority = lab_ca(common_name="Shop CA")
    leaves = ("tls", "opaque", "pod", "deployment", "statefulset", "daemonset", "job", "cronjob", "orphan")
    made = {name: lab_certificate(authority, [f"{name}.example.com"]) for name in leaves}
    made["overdue"] = lab_certificate(authority, [HOST], age=timedelta(days=300))
    bundles = ("configmap", "validating", "mutating", "apiservice", "conversion", "clustertrustbundle")
    made.update({name: lab_ca(common_name=f"CA of {name}") for name in bundles})
    made["expired"] = lab_ca(common_name="Expired CA", lifespan=timedelta(days=30), age=timedelta(days=40))
    return {**made, "authority": authority}


def fill(cluster: Kubernetes, made: dict[str, Made]) -> None:
    """One object for every place."""
    cluster.namespace("web")
    cluster.apply(
        make.tls_secret("web", "overdue", made["overdue"], chain=made["authority"].pem),
        make.tls_secret("web", "tls", made["tls"]),
        make.tls_secret("web", "orphan", made["orphan"]),
        make.secret("web", "opaque", {"server.pem": made["opaque"].pem, "server.key": made["opaque"].key_pem}),
        make.secret("web", "broken", {"tls.crt": b"garbage", "tls.key": b"garbage"}, "kubernetes.io/tls"),
        make.secret("web", "password", {"password": b"hunter2-of-the-lab"}),
        make.config_map("web", "trust", ca_pem=made["configmap"].pem, motd=b"hello"),
        make.webhook("ValidatingWebhookConfiguration", "validating", made["validating"].pem),
        make.webhook("ValidatingWebhookConfiguration", "expired", made["expired"].pem),
        make.webhook("MutatingWebhookConfiguration", "mutating", made["mutating"].pem),
        make.api_service(made["apiservice"].pem),
        make.converted_resource(made["conversion"].pem),
        make.trust_bundle("lab-trust", made["clustertrustbundle"].pem),
        make.ingress("web", "edge", "overdue", HOST),
        make.workload("Deployment", "web", "shop", "overdue"),
        make.pod("web", "lone", "tls"),
    )
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"):
        name = kind.lower()
        cluster.apply(make.tls_secret("web", name, made[name]), make.workload(kind, "web", name, name))


@contextmanager
def filled_cluster(directory: Path) -> Iterator[Filled]:
    """A cluster that is filled, and a login with the shipped rights, whose kubeconfig is in the directory."""
    with Kubernetes() as cluster:
        made = certificates()
        fill(cluster, made)
        cluster.apply(*make.shipped())
        token = cluster.service_account("preflight-audit", "preflight")
        yield Filled(cluster, make.write_kubeconfig(cluster, token, directory / "kubeconfig"), token, made)
