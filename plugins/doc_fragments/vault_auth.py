# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of a login to Vault or OpenBao (module_utils/_vault/auth.py)."""

    DOCUMENTATION = r"""
options:
  auth_method:
    description:
      - How to log in. V(none) sends no token, for an agent or proxy in between that adds its own.
      - Without the option, E(ANSIBLE_HASHI_VAULT_AUTH_METHOD), and V(token) without that.
    type: str
    choices:
      - token
      - userpass
      - ldap
      - approle
      - kubernetes
      - jwt
      - cert
      - none
  mount_point:
    description:
      - Where the auth method is mounted, if not at the path of its own name. It has no meaning for tokens.
      - Without the option, E(ANSIBLE_HASHI_VAULT_MOUNT_POINT).
    type: str
  token:
    description:
      - The token, for O(auth_method=token).
      - Without the option, E(ANSIBLE_HASHI_VAULT_TOKEN), E(VAULT_TOKEN) or E(BAO_TOKEN), and without those what is in
        the file O(token_file) in O(token_path).
    type: str
  token_path:
    description:
      - The directory of the token file.
      - Without the option, E(ANSIBLE_HASHI_VAULT_TOKEN_PATH), and the home directory without that.
    type: str
  token_file:
    description:
      - The name of the token file.
      - Without the option, E(ANSIBLE_HASHI_VAULT_TOKEN_FILE), and V(.vault-token) without that.
    type: str
  token_validate:
    description:
      - Fail at once if the token cannot look itself up. Otherwise an audit goes on with what needs no token.
      - Without the option, E(ANSIBLE_HASHI_VAULT_TOKEN_VALIDATE), and V(false) without that.
    type: bool
  username:
    description:
      - The user, for O(auth_method=userpass) and O(auth_method=ldap).
      - Without the option, E(ANSIBLE_HASHI_VAULT_USERNAME).
    type: str
  password:
    description:
      - The user's password.
      - Without the option, E(ANSIBLE_HASHI_VAULT_PASSWORD).
    type: str
  role_id:
    description:
      - The role ID for O(auth_method=approle), and the name of the role for O(auth_method=kubernetes),
        O(auth_method=jwt) and O(auth_method=cert). The last two need none where the mount has a default.
      - Without the option, E(ANSIBLE_HASHI_VAULT_ROLE_ID).
    type: str
  secret_id:
    description:
      - The secret ID for O(auth_method=approle), where the role wants one.
      - Without the option, E(ANSIBLE_HASHI_VAULT_SECRET_ID).
    type: str
  jwt:
    description:
      - The token for O(auth_method=jwt) and O(auth_method=kubernetes). The latter takes that of the pod's service
        account otherwise.
      - Without the option, E(ANSIBLE_HASHI_VAULT_JWT).
    type: str
  cert_auth_public_key:
    description:
      - A PEM file with the client certificate that is presented to the server, whatever the O(auth_method).
        O(auth_method=cert) logs in with it.
      - Without the option, E(ANSIBLE_HASHI_VAULT_CERT_AUTH_PUBLIC_KEY).
    type: path
  cert_auth_private_key:
    description:
      - A PEM file with the unencrypted key of the client certificate, if it is not in the same file.
      - Without the option, E(ANSIBLE_HASHI_VAULT_CERT_AUTH_PRIVATE_KEY).
    type: path
"""
