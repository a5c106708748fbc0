# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tools that renew certificates by themselves, and the window in which each of them does it.

A flat threshold would cry wolf over a healthy rotator; past its window the same certificate is a missed renewal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .certificate import Certificate


class Rotator(NamedTuple):
    """``window`` is the part of the lifespan, in percent, in which the tool renews.

    ``missed_after`` is the end of the window with some slack for retries and jitter; ``source`` says where it is from.
    """

    window: tuple[float, float]
    missed_after: float
    source: str


ROTATORS: Mapping[str, Rotator] = {
    "kubelet": Rotator((70, 90), 92, "client-go util/certificate/certificate_manager.go, jitteryDuration"),
    "consul-connect": Rotator((60, 90), 92, "Consul agent/leafcert/util.go"),
    "consul-template": Rotator((90, 90), 95, "consul-template config/vault.go, lease_renewal_threshold"),
    "vault-agent": Rotator((90, 90), 95, "Vault Agent, lease_renewal_threshold (hashicorp/vault issue 25212)"),
    "cert-manager": Rotator((66.7, 66.7), 70, "cert-manager pkg/util/pki/renewaltime.go"),
    "step": Rotator((66.7, 66.7), 70, "step ca renew --daemon, renews at two thirds of the lifespan"),
}

_KUBELET_DIRECTORY = "/var/lib/kubelet/pki/"
_CONNECT_ISSUER = ".consul.ca."
"""In the CN of Consul's built-in Connect CA (Consul agent/connect/uri_signing.go and common_names.go)."""


def rotator_of(certificate: Certificate) -> str | None:
    """The rotator that the target named, or the one that the certificate itself or its place gives away.

    A CA that lies or is served beside a leaf is not renewed by what renews the leaf.
    """
    if certificate.rotator and not certificate.is_ca:
        return certificate.rotator
    if _CONNECT_ISSUER in certificate.issuer and not certificate.is_ca:
        return "consul-connect"
    if any(name.startswith("spiffe://") and ".consul/" in name for name in certificate.names):
        return "consul-connect"
    # Not by O=system:nodes: whoever takes a serving certificate for Vault from the Kubernetes Certificates API has
    # that subject as well, and nothing that renews it. That certificate is the one of the outage.
    if any(_KUBELET_DIRECTORY in location for location in certificate.locations):
        # The directory also holds the self-signed serving certificate that kubelet makes once and never renews.
        return None if certificate.self_issued or "@" in certificate.issuer else "kubelet"
    return None
