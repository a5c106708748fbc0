#!/usr/bin/python
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_pki_config
short_description: Set auto-tidy, CRL, URLs and roles of a PKI mount of Vault or OpenBao
version_added: 0.1.0
author:
  - Preflight contributors (@preflight)
description:
  - Reads the live settings of one mount, compares them in the server's own units (V(72h) equals V(259200)), and writes
    only what differs, with one request a path. Roles are changed by C(PATCH), so that nothing else of them is reset.
  - Reads again afterwards, and fails where the server did not take a value. Vault ignores some in silence.
  - Writes in a safe order, whatever the order in O(settings). What stops the growth of the CRL comes first, and what
    lets it go on comes last. After the first write that fails, no other is tried.
  - Needs no more rights than the policy C(roles/vault_tidy/files/vault_pki_config.hcl) grants.
  - Works with Vault 1.12 to 2.x and OpenBao 2.x. A key that this product or version does not know is an error that
    names the known ones.
requirements:
  - hvac >= 1.2.1
  - urllib3 >= 2.2.0
options:
  mount:
    description:
      - The PKI mount, such as V(pki), in the namespace of the connection.
    type: str
    required: true
  settings:
    description:
      - The settings by path below the mount, as the server's API names both. The paths are C(config/auto-tidy),
        C(config/crl), C(config/cluster), C(config/urls) and C(roles/<name>). A role has to exist.
      - Durations are such as V(72h), or seconds. Lists are lists, or texts with commas.
    type: dict
    required: true
  expected_current:
    description:
      - The values that the plan saw, in the same form. Nothing at all is written where a live value is neither that
        nor already the one in O(settings), and both are shown. A value V(null) stands for none.
    type: dict
  expected_cluster_id:
    description:
      - The C(cluster_id) of the cluster that the plan is for. Another cluster is refused.
    type: str
extends_documentation_fragment:
  - sre.preflight.vault_connection
  - sre.preflight.vault_auth
  - sre.preflight.enforcing_attributes
notes:
  - The server has no way to write a value only if it is still the one that was read. The live values are read again
    just before each write, and the write is left out where somebody else was quicker.
  - Paths of C(config/cluster), once set, cannot be emptied again; the server refuses that.
seealso:
  - module: sre.preflight.vault_pki_audit
  - module: sre.preflight.vault_pki_tidy
"""

EXAMPLES = r"""
- name: Tidy each hour, build the CRL ahead of time, and give no more leases
  sre.preflight.vault_pki_config:
    url: https://vault.example.com:8200
    token: "{{ vault_token }}"
    mount: pki
    settings:
      config/auto-tidy:
        enabled: true
        tidy_cert_store: true
        tidy_revoked_certs: true
        interval_duration: 1h
        safety_buffer: 24h
      config/crl:
        auto_rebuild: true
      roles/pod:
        generate_lease: false
  register: tidied

- name: Go back to what was there before
  sre.preflight.vault_pki_config:
    url: https://vault.example.com:8200
    token: "{{ vault_token }}"
    mount: pki
    settings: "{{ tidied.undo }}"

- name: Change a value only if it is still the one that the plan saw
  sre.preflight.vault_pki_config:
    url: https://vault.example.com:8200
    token: "{{ vault_token }}"
    mount: pki
    settings:
      config/crl:
        expiry: 96h
    expected_current:
      config/crl:
        expiry: 72h
"""

RETURN = r"""
mount:
  description: The mount.
  returned: unless the login or an option was refused
  type: str
  sample: pki/
before:
  description:
    - The live values of what O(settings) names, before. Durations are in seconds.
  returned: unless the login or an option was refused
  type: dict
  sample:
    config/crl:
      auto_rebuild: false
after:
  description:
    - The same afterwards, as read again; in check mode, as they would be.
    - A value that the server changed along with another is in RV(before) and here as well.
  returned: unless the login or an option was refused
  type: dict
  sample:
    config/crl:
      auto_rebuild: true
applied:
  description: What was written and taken, in the order of the writes. It is empty in check mode.
  returned: unless the login or an option was refused
  type: list
  elements: dict
  sample:
    - path: config/crl
      settings:
        auto_rebuild: true
not_applied:
  description: What differs and was not written or not taken, each with the reason.
  returned: unless the login or an option was refused
  type: list
  elements: dict
  sample:
    - path: roles/pod
      settings:
        generate_lease: false
      reason: 'pki/roles/pod: permission denied: the token needs patch on pki/roles/pod'
undo:
  description:
    - What to give as O(settings) to go back. Where a connection broke and it is not known whether a value was taken, it
      is in here as well.
  returned: unless the login or an option was refused
  type: dict
  sample:
    config/crl:
      auto_rebuild: false
crl_rebuilds:
  description: Which settings made (in check mode, would make) the server rebuild the CRL at once, and why.
  returned: unless the login or an option was refused
  type: list
  elements: str
  sample:
    - 'config/crl: auto_rebuild is turned off, which rebuilds the CRL at once'
"""

from ansible_collections.sre.preflight.plugins.module_utils._vault.config import CONFIG_OPTIONS, configure
from ansible_collections.sre.preflight.plugins.module_utils._vault.enforcing import run_module


def main() -> None:
    run_module(CONFIG_OPTIONS, configure)


if __name__ == "__main__":
    main()
