# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of a connection to a Kubernetes cluster (module_utils/_kubernetes/connection.py)."""

    DOCUMENTATION = r"""
notes:
  - The options of the connection have the names that C(kubernetes.core) gave them, and its environment variables are
    read on the host where the module runs. Without O(host), O(kubeconfig) and O(context) it is the cluster of the pod
    that this runs in; there is no other default.
options:
  kubeconfig:
    description:
      - The path of a kubeconfig. Its contents are not taken as an option, because Ansible would log them.
      - Without the option, E(K8S_AUTH_KUBECONFIG). With O(context) alone, the one that E(KUBECONFIG) names, or
        C(~/.kube/config).
    type: path
  context:
    description:
      - The context to take from the kubeconfig, if not its current one.
      - Without the option, E(K8S_AUTH_CONTEXT).
    type: str
  host:
    description:
      - The address of the API server, such as V(https://kubernetes.example.com:6443), in place of a kubeconfig.
      - Without the option, E(K8S_AUTH_HOST).
    type: str
  api_key:
    description:
      - The bearer token to log in with, in place of what the kubeconfig says.
      - Without the option, E(K8S_AUTH_API_KEY).
    type: str
  ca_cert:
    description:
      - A file of the CA certificates that vouch for the API server.
      - Without the option, E(K8S_AUTH_SSL_CA_CERT), then what the kubeconfig says, then those of the system.
    type: path
    aliases:
      - ssl_ca_cert
  client_cert:
    description:
      - A PEM file with the client certificate to log in with.
      - Without the option, E(K8S_AUTH_CERT_FILE).
    type: path
    aliases:
      - cert_file
  client_key:
    description:
      - A PEM file with the unencrypted key of the client certificate, if it is not in the same file.
      - Without the option, E(K8S_AUTH_KEY_FILE).
    type: path
    aliases:
      - key_file
  validate_certs:
    description:
      - Whether the API server's certificate is verified before anything is asked.
      - Without the option, E(K8S_AUTH_VERIFY_SSL), then what the kubeconfig says, then V(true).
    type: bool
    aliases:
      - verify_ssl
  impersonate_user:
    description:
      - The user to act as; the login needs the verb C(impersonate) on it.
      - Without the option, E(K8S_AUTH_IMPERSONATE_USER).
    type: str
  impersonate_groups:
    description:
      - The groups to act as a member of, beside O(impersonate_user).
      - Without the option, E(K8S_AUTH_IMPERSONATE_GROUPS), separated by commas.
    type: list
    elements: str
  proxy:
    description:
      - The URL of a proxy, such as V(http://proxy.example.com:3128). The certificate that the API server serves is not
        read by way of a proxy.
      - Without the option, E(K8S_AUTH_PROXY), and the usual E(HTTPS_PROXY) without that.
    type: str
  no_proxy:
    description:
      - Hosts that are not reached by the proxy, separated by commas.
      - Without the option, E(K8S_AUTH_NO_PROXY), and the usual E(NO_PROXY) without that.
    type: str
  timeout:
    description:
      - Seconds to wait for the server at any point of an answer. What is interrupted is asked for again up to five
        times, with pauses of up to 8 seconds.
    type: float
    default: 30
"""
