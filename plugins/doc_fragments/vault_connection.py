# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of a connection to Vault or OpenBao (module_utils/_vault/connection.py)."""

    DOCUMENTATION = r"""
requirements:
  - hvac >= 1.2.1
  - urllib3 >= 2.2.0, which comes with hvac
notes:
  - The options of the connection and of the login have the names that C(community.hashi_vault) gave them, and its
    environment variables are read on the host where the module runs.
options:
  url:
    description:
      - The address of the server, such as V(https://vault.example.com:8200). There is no default.
      - Without the option, the first of the environment variables E(ANSIBLE_HASHI_VAULT_ADDR), E(VAULT_ADDR) and
        E(BAO_ADDR) that is set.
    type: str
  namespace:
    description:
      - The namespace to log in to, and below which all else is looked for.
      - Without the option, E(ANSIBLE_HASHI_VAULT_NAMESPACE), E(VAULT_NAMESPACE) or E(BAO_NAMESPACE).
    type: str
  ca_cert:
    description:
      - A file or a hashed directory of the CA certificates that vouch for the server. Otherwise those of the system.
      - Without the option, E(ANSIBLE_HASHI_VAULT_CA_CERT), E(VAULT_CACERT), E(VAULT_CAPATH), E(BAO_CACERT) or
        E(BAO_CAPATH).
    type: path
    aliases:
      - cacert
      - ca_path
  validate_certs:
    description:
      - Whether the server's certificate is verified.
      - Without the option, the opposite of E(VAULT_SKIP_VERIFY) or E(BAO_SKIP_VERIFY), and V(true) without those.
    type: bool
  proxies:
    description:
      - The URL of a proxy, or a dictionary of such URLs by the scheme of the server's address (V(http), V(https)),
        which may be text as well, in JSON or as C(https=...).
      - Without the option, E(ANSIBLE_HASHI_VAULT_PROXIES), and without that the usual E(HTTPS_PROXY), E(HTTP_PROXY) and
        E(NO_PROXY).
    type: raw
  timeout:
    description:
      - Seconds for each request, with all its retries.
      - Without the option, E(ANSIBLE_HASHI_VAULT_TIMEOUT), and 30 without that.
    type: int
  retries:
    description:
      - How often a request is repeated that met no answer, or an HTTP status 412, 429, 500, 502, 503 or 504. The pauses
        double, and a C(Retry-After) of the server is honoured within O(timeout).
      - A number, or a dictionary with C(total), C(backoff_factor) (seconds) and C(status_forcelist).
      - Without the option, E(ANSIBLE_HASHI_VAULT_RETRIES), and 3 without that. Reads are repeated, and writes that are
        the same twice as once; others are sent once.
    type: raw
  retry_action:
    description:
      - Whether there is a warning when requests had to be repeated.
      - Without the option, E(ANSIBLE_HASHI_VAULT_RETRY_ACTION), and V(warn) without that.
    type: str
    choices:
      - ignore
      - warn
  max_connections:
    description:
      - How many requests are under way at once, at most.
    type: int
    default: 8
"""
