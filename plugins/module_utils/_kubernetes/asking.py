# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry of the rules ``kubernetes.*``, and what they cite."""

from __future__ import annotations

from .._audit.rule import Registry

RULES = Registry("kubernetes")

INCIDENT = "Outage report of 2021-04-05, first remediation"
_DOCS = "https://kubernetes.io/docs"
REQUESTS = (
    f"Kubernetes, certificate signing requests, {_DOCS}/reference/access-authn-authz/certificate-signing-requests/"
)
RBAC = f"Kubernetes, RBAC, {_DOCS}/reference/access-authn-authz/rbac/"
SECRETS = f"Kubernetes, TLS Secrets, {_DOCS}/concepts/configuration/secret/#tls-secrets"
WEBHOOKS = f"Kubernetes, admission webhooks, {_DOCS}/reference/access-authn-authz/extensible-admission-controllers/"
