#!/usr/bin/python
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_pki_tidy
short_description: Run one tidy of a PKI mount of Vault or OpenBao, and wait for it
version_added: 0.1.0
author:
  - Preflight contributors (@preflight)
description:
  - Starts a tidy, or takes up one that is running and does the same; one that does something else is waited for first.
    It then waits for the end, and prints how far it is.
  - Where C(auto_rebuild) is on, a tidy leaves the CRL as it was; the CRL is then rotated, so that it shrinks now.
  - A tidy that ends in an error fails with the server's own words. A server that restarts meanwhile forgets its tidy,
    which is a failure too.
  - Does not start where the CRL is frozen, because the tidy would delete and then fail to write the CRL; see O(force).
  - Needs no more rights than the policy C(roles/vault_tidy/files/vault_pki_config.hcl) grants.
requirements:
  - cryptography >= 36.0
  - hvac >= 1.2.1
  - urllib3 >= 2.2.0
options:
  mount:
    description:
      - The PKI mount, such as V(pki), in the namespace of the connection.
    type: str
    required: true
  expected_cluster_id:
    description:
      - The C(cluster_id) of the cluster that is meant. Another cluster is refused.
    type: str
  operations:
    description:
      - What is tidied. One that this product or version does not know is an error that names the known ones.
    type: list
    elements: str
    choices:
      - tidy_acme
      - tidy_cert_metadata
      - tidy_cert_store
      - tidy_cmpv2_nonce_store
      - tidy_cross_cluster_revoked_certs
      - tidy_expired_issuers
      - tidy_invalid_certs
      - tidy_move_legacy_ca_bundle
      - tidy_revocation_queue
      - tidy_revoked_cert_issuer_associations
      - tidy_revoked_certs
    default: [tidy_cert_store, tidy_revoked_certs]
  safety_buffer:
    description:
      - How long a certificate is kept after it has expired, such as V(24h). Without it the server's default, V(72h),
        and not what C(config/auto-tidy) says.
    type: str
  issuer_safety_buffer:
    description:
      - The same for issuers.
    type: str
  acme_account_safety_buffer:
    description:
      - The same for ACME accounts.
    type: str
  revoked_safety_buffer:
    description:
      - The same for revoked certificates. Only OpenBao has it.
    type: str
  revocation_queue_safety_buffer:
    description:
      - The same for the queue of revocations between clusters. Only Vault has it.
    type: str
  pause_duration:
    description:
      - How long the server pauses before each entry, such as V(10ms).
    type: str
  page_size:
    description:
      - How many entries the server lists at once. Only OpenBao has it.
    type: int
  wait_timeout:
    description:
      - How long to wait for the end.
    type: str
    default: 1h
  on_timeout:
    description:
      - Whether a tidy that is not over by then is to V(cancel), or is left to go on (V(leave)). The task fails in both
        cases.
    type: str
    choices: [leave, cancel]
    default: leave
  rotate_crl:
    description:
      - Whether the CRL is rotated where the tidy has left it behind.
    type: bool
    default: true
  force:
    description:
      - Start even where the CRL is frozen. It helps where so many of the revoked certificates have expired that a CRL
        of the rest fits into the storage.
    type: bool
    default: false
  progress:
    description:
      - Whether the action plugin prints a line on how far it is, every ten seconds or so.
      - It calls the module anew for each, and that logs in anew. Turn it off where a login works only once, or leaves a
        token behind each time.
    type: bool
    default: true
  resume:
    description:
      - What an earlier call has returned as RV(resume), or an empty dictionary for a first call that returns after ten
        seconds even if the tidy goes on. It is what the action plugin uses.
    type: dict
extends_documentation_fragment:
  - sre.preflight.vault_connection
  - sre.preflight.vault_auth
  - sre.preflight.enforcing_attributes
attributes:
  diff_mode:
    support: none
    details: What a tidy will delete is not known before.
  idempotent:
    support: none
    details: Each run tidies again. What runs already is taken up.
notes:
  - A tidy does not survive its leader. The next one knows nothing of it, and the task fails and says so; running it
    again does the rest.
seealso:
  - module: sre.preflight.vault_pki_config
"""

EXAMPLES = r"""
- name: Remove what has expired a day ago, and shrink the CRL
  sre.preflight.vault_pki_tidy:
    url: https://vault.example.com:8200
    token: "{{ vault_token }}"
    mount: pki
    safety_buffer: 24h
    wait_timeout: 30m
    on_timeout: cancel
  register: tidied

- name: Tell what it was good for
  ansible.builtin.debug:
    msg: >-
      {{ tidied.deleted.certificates }} certificates deleted, CRL {{ tidied.before.crl_bytes }} ->
      {{ tidied.after.crl_bytes }} bytes
"""

RETURN = r"""
mount:
  description: The mount.
  returned: unless the login or an option was refused
  type: str
  sample: pki/
state:
  description: The state of the tidy that the server told last.
  returned: unless the login or an option was refused
  type: str
  sample: Finished
took_up_running:
  description: Whether somebody else had started it.
  returned: unless the login or an option was refused
  type: bool
  sample: false
before:
  description:
    - How many certificates and revoked ones the mount held before, and the bytes, entries and C(thisUpdate) of its
      largest CRL. C(null) is what could not be read.
  returned: unless the login or an option was refused
  type: dict
  sample:
    certificates: 10231
    revoked: 3352
    crl_bytes: 130922
    crl_entries: 3352
    this_update: "2026-11-24T04:00:00Z"
after:
  description: The same at the end; C(null) in check mode and where nothing was done.
  returned: unless the login or an option was refused
  type: dict
  sample:
    certificates: 612
    revoked: 40
    crl_bytes: 1794
    crl_entries: 40
    this_update: "2026-11-24T04:00:09Z"
deleted:
  description: How many of both the tidy says that it has deleted.
  returned: unless the login or an option was refused
  type: dict
  sample:
    certificates: 9619
    revoked: 3312
rotated:
  description: Whether the CRL was rotated.
  returned: unless the login or an option was refused
  type: bool
  sample: true
seconds:
  description: How long it took.
  returned: unless the login or an option was refused
  type: float
  sample: 8.4
progress:
  description: How far it is, in one line.
  returned: with O(resume), while the tidy goes on
  type: str
  sample: >-
    pki/: 4200 certificates and 12 revoked ones deleted; certificate store: 4300 of 10231 checked, 420 a second, 14s
    left in this store
resume:
  description: What to give as O(resume) to go on waiting.
  returned: with O(resume), while the tidy goes on
  type: dict
"""

from ansible_collections.sre.preflight.plugins.module_utils._vault.enforcing import run_module
from ansible_collections.sre.preflight.plugins.module_utils._vault.tidy_options import TIDY_OPTIONS
from ansible_collections.sre.preflight.plugins.module_utils._vault.tidy_run import tidy
from ansible_collections.sre.preflight.plugins.module_utils._x509.library import CRYPTOGRAPHY


def main() -> None:
    run_module(TIDY_OPTIONS, tidy, libraries=(CRYPTOGRAPHY,))


if __name__ == "__main__":
    main()
