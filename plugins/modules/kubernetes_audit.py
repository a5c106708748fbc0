#!/usr/bin/python
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_audit
short_description: Audit the certificates in a Kubernetes cluster, and who waits for one
version_added: 0.1.0
author:
  - Preflight contributors (@preflight)
description:
  - Finds the certificates that a cluster holds, in Secrets, ConfigMaps and CA bundles of webhooks, aggregated APIs,
    conversions and ClusterTrustBundles, and the one that the API server serves; judged by the rules C(certificate.*).
  - What fails is said with the workloads that use the Secret, and with the host names that an Ingress serves by it.
  - Requests for certificates that wait, were denied, failed or were never issued, bundles without a valid CA and
    Secrets that nothing refers to are judged by the rules C(kubernetes.*).
  - It only lists, and needs no more rights than C(roles/audit/files/kubernetes_audit.yml) grants. A right that is
    missing makes its own resource C(unknown), with the verb and the resource to add. What the server does not have is
    not applicable.
  - To list Secrets is to receive private keys. They are let go where an answer is read, and are in no result.
  - Certificates are told by the content of a value, whatever its key is called. Of Secrets, types that hold none by
    definition are left out, such as releases of Helm and tokens of service accounts.
  - What C(cert-manager) renews, by the annotation C(cert-manager.io/certificate-name), is judged by its window.
requirements:
  - cryptography >= 36.0
  - kubernetes >= 36.0.1
  - urllib3 >= 2.2.0, which comes with kubernetes
options:
  resources:
    description:
      - What to list. Leave out what the cluster's owner does not let you list, and does not want to be asked about.
    type: list
    elements: str
    choices:
      - secrets
      - configmaps
      - mutatingwebhookconfigurations
      - validatingwebhookconfigurations
      - apiservices
      - customresourcedefinitions
      - clustertrustbundles
      - certificatesigningrequests
      - podcertificaterequests
      - ingresses
      - pods
      - deployments
      - statefulsets
      - daemonsets
      - jobs
      - cronjobs
    default:
      - secrets
      - configmaps
      - mutatingwebhookconfigurations
      - validatingwebhookconfigurations
      - apiservices
      - customresourcedefinitions
      - clustertrustbundles
      - certificatesigningrequests
      - podcertificaterequests
      - ingresses
      - pods
      - deployments
      - statefulsets
      - daemonsets
      - jobs
      - cronjobs
  namespaces:
    description:
      - The namespaces to look in, each asked apart, so that a Role in each of them is enough. Without it, all of them.
        What lies in no namespace is listed in any case.
    type: list
    elements: str
    default: []
  max_request_age:
    description:
      - Time that a request for a certificate may wait for its approval, or for its certificate.
    type: str
    default: 15m
  max_clock_difference:
    description:
      - How far the clocks of the API server and of the host that audits may be apart.
    type: str
    default: 1m
  max_lifespan_used:
    description:
      - Percent of a certificate's lifespan after which it should have been renewed.
    type: float
    default: 75.0
  rotator_windows:
    description:
      - As in M(sre.preflight.certificate_audit).
    type: dict
  max_crl_lifespan_used:
    description:
      - As in M(sre.preflight.certificate_audit).
    type: float
    default: 95.0
extends_documentation_fragment:
  - sre.preflight.kubernetes_connection
  - sre.preflight.contract
  - sre.preflight.attributes
  - sre.preflight.attributes.audit
seealso:
  - module: sre.preflight.certificate_audit
  - module: sre.preflight.audit_report
"""

EXAMPLES = r"""
- name: Which certificate of the cluster breaks next?
  sre.preflight.kubernetes_audit:
    kubeconfig: /etc/preflight/kubeconfig
    context: production
  register: audit

- name: Two namespaces of a team, with a token and no right outside of them
  sre.preflight.kubernetes_audit:
    host: https://kubernetes.example.com:6443
    api_key: "{{ kubernetes_token }}"
    ca_cert: /etc/preflight/kubernetes-ca.pem
    namespaces:
      - shop
      - search
    resources:
      - secrets
      - configmaps
      - ingresses
      - pods
      - deployments
      - statefulsets
      - daemonsets
      - jobs
      - cronjobs
"""

RETURN = r"""
findings:
  description:
    - What does not pass, ordered by severity and time to outage; with O(include_passes=true) what passes as well.
    - What fails about a certificate that lies in a Secret has C(used_by) and C(hosts) in its evidence.
  returned: unless O(bundle=true)
  type: list
  elements: dict
certificates:
  description: The certificates, as rows of the inventory (see M(sre.preflight.certificate_audit)).
  returned: unless O(bundle=true)
  type: list
  elements: dict
coverage:
  description:
    - What was expected against what was evaluated, for targets (each resource that was to be listed, the cluster and
      its serving certificate) and, for each rule, its verdicts by status.
  returned: unless O(bundle=true)
  type: dict
summary:
  description: Verdicts by status, failed findings by severity, and the next outage.
  returned: always
  type: dict
cluster:
  description: The cluster that was asked.
  returned: unless O(bundle=true)
  type: dict
  contains:
    url:
      description: The address of the API server.
      type: str
    address:
      description: Its host and port, with which all locations begin.
      type: str
    version:
      description: Its version, C(null) where it did not say.
      type: str
    clock_difference:
      description: By how many seconds its clock is ahead; C(null) where it did not say.
      type: int
    problem:
      description: C(kind) and C(reason) of why it could not be asked anything; C(null) where it could.
      type: dict
    repeated:
      description: How many requests had to be repeated.
      type: int
sources:
  description: What was to be listed.
  returned: unless O(bundle=true)
  type: list
  elements: dict
  contains:
    resource:
      description: One of O(resources).
      type: str
    group:
      description: Its API group, empty for the core.
      type: str
    namespace:
      description: The namespace, C(null) for all.
      type: str
    status:
      description: V(evaluated), V(unknown), or V(absent) where the server does not have it.
      type: str
    kind:
      description: The kind of problem, such as V(forbidden).
      type: str
    reason:
      description: The reason in words.
      type: str
    objects:
      description: How many objects were looked at.
      type: int
    restarts:
      description: How often the list had to be begun anew, because its continue token had expired.
      type: int
requests:
  description: The requests for certificates that have none, with C(signer), C(state), C(since) and C(requester).
  returned: unless O(bundle=true)
  type: list
  elements: dict
secrets:
  description: The Secrets of type C(kubernetes.io/tls), with C(owner), C(used_by) and C(hosts).
  returned: unless O(bundle=true)
  type: list
  elements: dict
bundle:
  description:
    - Evidence, findings and coverage as one packed string; the filter P(sre.preflight.unbundle#filter) opens it.
  returned: with O(bundle=true)
  type: str
"""

from ansible_collections.sre.preflight.plugins.module_utils._audit.module import run_module
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.audit import DOMAIN
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.collect import COLLECT_OPTIONS


def main() -> None:
    run_module(DOMAIN, COLLECT_OPTIONS)


if __name__ == "__main__":
    main()
