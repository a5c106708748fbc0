#!/usr/bin/python
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vault_pki_audit
short_description: Audit the PKI mounts of Vault or OpenBao and forecast their CRLs
version_added: 0.1.0
author:
  - Preflight contributors (@preflight)
description:
  - Says when a mount's CRL will outgrow what its storage takes, what a backlog of leases would do to it, and which
    settings prevent that; judged by the rules C(vault.*), and the issuers' certificates by C(certificate.*).
  - It only reads and lists, and needs no more rights than the policy C(roles/audit/files/vault_pki_audit.hcl) grants.
    A right that is missing makes exactly its own rules C(unknown), with the path and the capability to add.
  - Works with Vault 1.12 to 2.x and OpenBao 2.x. What a version lacks is not applicable.
requirements:
  - cryptography >= 36.0
  - hvac >= 1.2.1
  - urllib3 >= 2.2.0
options:
  mounts:
    description:
      - The PKI mounts to audit, such as V(pki). Without it, all that the token sees.
    type: list
    elements: str
  namespaces:
    description:
      - The namespaces to look for mounts in. Without it, the one of the connection.
    type: list
    elements: str
  leaves:
    description:
      - Whose dates the forecast starts from. V(all) certificates of the mount, a V(sample), or V(none).
    type: str
    choices: [all, sample, none]
    default: all
  leaves_sample:
    description:
      - How many certificates O(leaves=sample) reads of each mount.
    type: int
    default: 1000
  leaves_cache_path:
    description:
      - A file in which the dates that were read are kept, so that the next run reads only what is new. Certificates
        never change. It holds no secret.
    type: path
  storage_max_entry_size:
    description:
      - The largest entry that the storage takes, in bytes, in place of what the server says.
    type: int
  storage_txn_max_req_len:
    description:
      - Consul's C(txn_max_req_len) in bytes, which is what limits a CRL on Consul.
    type: int
  max_crl_lifespan_used:
    description:
      - Percent of the time between a CRL's thisUpdate and nextUpdate after which it should have been rebuilt.
    type: float
    default: 95.0
  max_inline_revocations:
    description:
      - Revocations a day from which on each of them should not rebuild the whole CRL.
    type: int
    default: 100
  max_crl_fill:
    description:
      - Percent of what the storage takes that the CRL should stay under, now and in the forecast.
    type: float
    default: 50.0
  forecast_growth:
    description:
      - The factor by which the footprint grows in the forecast's second scenario.
    type: float
    default: 2.0
  backlog_away:
    description:
      - How long the service is away in the forecast's third scenario, the backlog.
    type: str
    default: 7d
  backlog_token_ttl:
    description:
      - How long a client's token lives unless it is renewed.
    type: str
    default: 768h
  max_lease_drain:
    description:
      - How long revoking the forecast's backlog of leases may take.
    type: str
    default: 10m
  max_certificates:
    description:
      - Certificates stored in one mount from which on they are too many.
    type: int
    default: 50000
  max_unstored_ttl:
    description:
      - Life of a certificate up to which it may be left unstored.
    type: str
    default: 24h
  high_churn:
    description:
      - Certificates issued a day from which on storing short-lived ones is not worth it.
    type: int
    default: 1000
  min_root_validity:
    description:
      - Time that a root has to be valid for still, so that its successor can reach every client.
    type: str
    default: 365d
  min_intermediate_validity:
    description:
      - Time that an intermediate has to be valid for still.
    type: str
    default: 60d
  max_tidy_interval:
    description:
      - C(interval_duration) of auto-tidy from which on it runs too seldom.
    type: str
    default: 2d
  max_tidy_share:
    description:
      - Percent of the entries that the storage takes in a CRL, that may be revoked while expired ones wait for a tidy.
    type: float
    default: 10.0
  max_tidy_pause:
    description:
      - C(pause_duration) of auto-tidy from which on a pass is needlessly slow.
    type: str
    default: 0.2s
  max_tidy_run:
    description:
      - How long one pass of a tidy may take.
    type: str
    default: 12h
  max_tidy_age:
    description:
      - Time since the last tidy that finished, from which on it is too long ago.
    type: str
    default: 2d
  max_lifespan_used:
    description:
      - Percent of an issuer certificate's lifespan after which it should have been renewed.
    type: float
    default: 75.0
  rotator_windows:
    description:
      - As in M(sre.preflight.certificate_audit).
    type: dict
extends_documentation_fragment:
  - sre.preflight.vault_connection
  - sre.preflight.vault_auth
  - sre.preflight.contract
  - sre.preflight.attributes
attributes:
  action_group:
    description: >-
      Use C(group/sre.preflight.audit) or C(group/sre.preflight.vault) in C(module_defaults) to set defaults for this
      module.
    membership:
      - sre.preflight.audit
      - sre.preflight.vault
    support: full
seealso:
  - module: sre.preflight.certificate_audit
  - module: sre.preflight.audit_report
"""

EXAMPLES = r"""
- name: Will a CRL outgrow its storage?
  sre.preflight.vault_pki_audit:
    url: https://vault.example.com:8200
    auth_method: approle
    role_id: preflight
    secret_id: "{{ vault_secret_id }}"
  register: audit

- name: One mount of a large fleet, which is to double, and whose service may be away for two weeks
  sre.preflight.vault_pki_audit:
    url: https://vault.example.com:8200
    token: "{{ vault_token }}"
    mounts:
      - pki
    leaves_cache_path: /var/tmp/preflight-leaves.sqlite
    forecast_growth: 2
    backlog_away: 14d
"""

RETURN = r"""
findings:
  description:
    - What does not pass, ordered by severity and time to outage; with O(include_passes=true) what passes as well.
  returned: unless O(bundle=true)
  type: list
  elements: dict
certificates:
  description: The issuers' certificates, as rows of the inventory (see M(sre.preflight.certificate_audit)).
  returned: unless O(bundle=true)
  type: list
  elements: dict
coverage:
  description:
    - What was expected against what was evaluated, for targets and, for each rule, its verdicts by status.
  returned: unless O(bundle=true)
  type: dict
summary:
  description: Verdicts by status, failed findings by severity, and the next outage.
  returned: always
  type: dict
mounts:
  description:
    - For each mount its settings, its CRL against what the storage takes, its leases, the forecast in three scenarios
      and the smallest change of settings that keeps the CRL well below the limit.
    - Sizes are in bytes, durations in seconds, instants in UTC.
  returned: unless O(bundle=true)
  type: list
  elements: dict
  contains:
    path:
      description: The mount, such as V(pki/).
      type: str
    namespace:
      description: Its namespace, empty for the root.
      type: str
    address:
      description: The server's host and port, as the audit was told them.
      type: str
    cluster_id:
      description: The id of the server's cluster, C(null) where the server does not say.
      type: str
    settings:
      description: C(auto_tidy), C(crl_config) and C(roles) as the server has them.
      type: dict
    crl:
      description: Bytes, entries, the limit and where it is known from, capacity, and whether the CRL is frozen.
      type: dict
    leases:
      description: How many leases hang on the mount; C(null) where that is not known.
      type: int
    irrevocable_leases:
      description: How many of them can no longer be revoked.
      type: int
    forecast:
      description: C(as_now), C(growth) and C(backlog), each with its peak, date of overflow and the time to drain it.
      type: dict
    recommended:
      description: The settings, the peak that they lead to, from when on they protect, and what helps until then.
      type: dict
bundle:
  description:
    - Evidence, findings and coverage as one packed string; the filter P(sre.preflight.unbundle#filter) opens it.
  returned: with O(bundle=true)
  type: str
"""

from ansible_collections.sre.preflight.plugins.module_utils._audit.module import run_module
from ansible_collections.sre.preflight.plugins.module_utils._vault.audit import DOMAIN
from ansible_collections.sre.preflight.plugins.module_utils._vault.auth import AUTH_OPTIONS
from ansible_collections.sre.preflight.plugins.module_utils._vault.collect import COLLECT_OPTIONS
from ansible_collections.sre.preflight.plugins.module_utils._vault.connection import CONNECTION_OPTIONS


def main() -> None:
    run_module(DOMAIN, {**CONNECTION_OPTIONS, **AUTH_OPTIONS, **COLLECT_OPTIONS})


if __name__ == "__main__":
    main()
