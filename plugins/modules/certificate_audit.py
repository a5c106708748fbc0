#!/usr/bin/python
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_audit
short_description: Audit the expiry of certificates in files, keystores, kubeconfigs and TLS endpoints
version_added: 0.1.0
author:
  - Preflight contributors (@preflight)
description:
  - Finds every certificate and CRL at the given places and says which of them will break something, when, and what
    to do, judged by the rules C(certificate.*).
  - An audit reads, it does not refuse. Servers with expired, untrusted or self-signed certificates, with old TLS
    versions or that demand a client certificate are read all the same.
  - What cannot be read or parsed is C(unknown) with the reason, never C(pass) and never left out.
  - Private keys that lie beside certificates are skipped, never parsed nor returned.
requirements:
  - cryptography >= 36.0
  - PyYAML, for kubeconfigs that are not JSON
options:
  paths:
    description:
      - Files, directories (searched recursively) and glob patterns on the managed host.
      - PEM with any number of blocks, DER, PKCS#7, PKCS#12, JKS, JCEKS, CRLs and kubeconfigs are told by their content.
      - A path that matches nothing, or holds no certificate, is C(unknown).
    type: list
    elements: path
  include:
    description:
      - Shell patterns. Only files that match one of them are read in a directory. A pattern with a slash is compared
        with the whole path, one without with the file name.
    type: list
    elements: str
  exclude:
    description:
      - Shell patterns of files and directories to leave out when a directory is searched.
    type: list
    elements: str
  max_depth:
    description:
      - How many levels of directories are searched. V(1) reads only what lies directly in a directory of O(paths).
        Without it, all levels.
    type: int
  max_bytes:
    description:
      - Larger files are not read and are C(unknown), in bytes.
    type: int
    default: 10485760
  passwords:
    description:
      - Passwords of keystores and of encrypted client keys. All whose O(passwords[].path) matches are tried in order.
    type: list
    elements: dict
    suboptions:
      path:
        description: A shell pattern of the keystores that the password opens.
        type: str
        default: '*'
      password:
        description: The password.
        type: str
        required: true
  kubeconfigs:
    description:
      - Kubeconfig files or patterns of them. The certificates of every user and every cluster are read, embedded or
        in the files that are named there.
    type: list
    elements: path
  endpoints:
    description:
      - TLS endpoints to read from the managed host. Each is a string such as V(vault.example.com:8200),
        V([2001:db8::1]:443) or V(smtp://mail.example.com:25), or a dictionary. A string may end in keys of the
        dictionary, such as V(192.0.2.10:443?server_name=www.example.com&addresses=all).
      - The scheme V(tls) is direct TLS. V(smtp), V(lmtp), V(imap), V(pop3), V(ftp), V(ldap), V(postgres), V(mysql),
        V(xmpp), V(nntp) and V(sieve) use STARTTLS; each has its usual port.
      - Keys of the dictionary are C(host) (required), C(port), C(starttls) (one of the schemes), C(server_name) (sent
        as SNI and compared with the certificate instead of the host), C(addresses) (V(first) that answers, or V(all)
        that the name resolves to), C(client_certificate) and C(client_key) (paths), and C(rotator).
    type: list
    elements: raw
  endpoints_path:
    description:
      - A file on the managed host with one endpoint a line, in the string form of O(endpoints); C(#) begins a comment.
    type: path
  timeout:
    description:
      - Seconds for each endpoint in all, from resolving its name to the end of the handshake; up to V(86400).
    type: float
    default: 10
  max_connections:
    description:
      - How many endpoints are read at once, up to V(4096); at most 5 of them on one server.
    type: int
    default: 256
  ca_path:
    description:
      - A file or a hashed directory of CA certificates. With it, the chain and the host name of every endpoint are
        verified too (C(certificate.untrusted), C(certificate.hostname-mismatch)). Without it, neither is judged.
    type: path
  rotator:
    description:
      - The tool that renews what is found in this task, for targets that name none themselves. Its window then takes
        the place of O(max_lifespan_used).
      - Known are V(kubelet), V(consul-connect), V(consul-template), V(vault-agent), V(cert-manager) and V(step).
        Others need an entry in O(rotator_windows). C(kubelet) and C(consul-connect) are recognised without being named.
    type: str
  rotators:
    description:
      - The tool that renews what lies in certain files, where it is not O(rotator) for all of them. The first whose
        O(rotators[].path) matches counts. A CA certificate beside a leaf is never taken for one that it renews.
    type: list
    elements: dict
    suboptions:
      path:
        description: A shell pattern of the files.
        type: str
        required: true
      rotator:
        description: One of those that O(rotator) may name.
        type: str
        required: true
  max_lifespan_used:
    description:
      - Percent of a certificate's lifespan after which it should have been renewed.
    type: float
    default: 75.0
  rotator_windows:
    description:
      - Percent of the lifespan after which a renewal by a rotator counts as missed, by rotator. It is merged with the
        defaults, which are C(kubelet) 92, C(consul-connect) 92, C(consul-template) 95, C(vault-agent) 95,
        C(cert-manager) 70, C(step) 70.
    type: dict
  max_crl_lifespan_used:
    description:
      - Percent of the time between a CRL's thisUpdate and nextUpdate after which it should have been refreshed.
    type: float
    default: 95.0
extends_documentation_fragment:
  - sre.preflight.contract
  - sre.preflight.attributes
  - sre.preflight.attributes.audit
seealso:
  - plugin: sre.preflight.unbundle
    plugin_type: filter
  - module: sre.preflight.audit_report
"""

EXAMPLES = r"""
- name: Look at the certificates of a host
  sre.preflight.certificate_audit:
    paths:
      - /etc/ssl
  register: audit

- name: Audit an endpoint and refuse what does not chain to the internal CA
  sre.preflight.certificate_audit:
    endpoints:
      - vault.example.com:8200
      - smtp://mail.example.com
      - host: 192.0.2.10
        port: 443
        server_name: www.example.com
    ca_path: /etc/ssl/certs/ca-certificates.crt
    timeout: 5

- name: Read keystores with their passwords, and a kubeconfig, and keep the evidence
  sre.preflight.certificate_audit:
    paths:
      - /opt/app/*.p12
      - /opt/app/*.jks
    passwords:
      - path: /opt/app/*
        password: "{{ keystore_password }}"
    kubeconfigs:
      - /etc/kubernetes/admin.conf
    evidence_path: /var/tmp/certificates.bundle

- name: Judge by its own window what a tool renews by itself
  sre.preflight.certificate_audit:
    paths:
      - /etc/tls
    rotators:
      - path: /etc/tls/consul/*
        rotator: consul-template
      - path: /etc/tls/web/*
        rotator: certbot
    rotator_windows:
      certbot: 70

- name: Ask what the same evidence will look like at the end of the year, with a stricter policy
  sre.preflight.certificate_audit:
    replay_path: /var/tmp/certificates.bundle
    now: "2026-12-31T00:00:00Z"
    max_lifespan_used: 66
"""

RETURN = r"""
findings:
  description:
    - What does not pass, ordered by severity and time to outage; with O(include_passes=true) what passes as well.
  returned: unless O(bundle=true)
  type: list
  elements: dict
  sample:
    - id: 3f2a9c0d1b4e5f60
      rule: certificate.renewal-due
      status: fail
      severity: medium
      title: Certificate has used more of its lifespan than allowed
      message: >-
        vault.example.com has used 82.2 % of its lifespan (allowed: 75 %) and expires at
        2027-01-27T00:00:00Z (in 64d 20h)
      resource:
        kind: certificate
        name: vault.example.com
        location: /etc/ssl/vault.pem
      evidence:
        not_after: "2027-01-27T00:00:00Z"
        lifespan_used_percent: 82.2
        max_lifespan_used_percent: 75.0
      outage_at: "2027-01-27T00:00:00Z"
      remediation:
        role:
        settings: {}
        found: {}
        text: Renew the certificate now, while the old one still works, and reload what serves it.
        target:
      references:
        - Outage report of 2021-04-05, first remediation
certificates:
  description:
    - The inventory. One row for each distinct certificate, with every place where it was seen.
    - A location is a path (with C(#2) for the second item of a file), C(path#users/NAME) in a kubeconfig, or an
      endpoint (C(tls://host:port), with C(#2) for the second certificate of the served chain).
    - C(lifespan_used) is in percent; instants are in UTC.
  returned: unless O(bundle=true)
  type: list
  elements: dict
  sample:
    - fingerprint_sha256: 0f6b1c0e8e7ddf6c5a1f62d3d1e3b7a4c5f6e7d8091a2b3c4d5e6f708192a3b4
      subject: CN=vault.example.com
      issuer: CN=Internal CA
      serial_number: 4a0b9c
      not_before: "2026-01-27T00:00:00Z"
      not_after: "2027-01-27T00:00:00Z"
      lifespan_used: 82.2
      is_ca: false
      names:
        - vault.example.com
      locations:
        - /etc/ssl/vault.pem
coverage:
  description:
    - What was expected against what was evaluated, for targets and, for each rule, its verdicts by status.
  returned: unless O(bundle=true)
  type: dict
  sample:
    targets_expected: 1
    targets_evaluated: 1
    targets_unknown: 0
    rules:
      certificate.expired:
        pass: 1
        fail: 0
        unknown: 0
        not_applicable: 0
summary:
  description:
    - Verdicts by status, failed findings by severity, and the next outage (C(null) if none is in sight) with the id of
      its finding.
  returned: always
  type: dict
  sample:
    by_status:
      pass: 4
      fail: 1
      unknown: 0
      not_applicable: 6
    by_severity:
      critical: 0
      high: 0
      medium: 1
      low: 0
    next_outage: "2027-01-27T00:00:00Z"
    next_outage_finding: 3f2a9c0d1b4e5f60
bundle:
  description:
    - Evidence, findings and coverage as one packed string; the filter P(sre.preflight.unbundle#filter) opens it.
  returned: with O(bundle=true)
  type: str
  sample: eAFLSs1LzUlVSMvPVyjOz01VKC1OLVLIyy9RKE4tAgCVSgpG
"""

from ansible_collections.sre.preflight.plugins.module_utils._audit.module import run_module
from ansible_collections.sre.preflight.plugins.module_utils._files.audit import DOMAIN
from ansible_collections.sre.preflight.plugins.module_utils._files.names import check_passwords

OPTIONS = {
    "paths": {"type": "list", "elements": "path"},
    "include": {"type": "list", "elements": "str"},
    "exclude": {"type": "list", "elements": "str"},
    "max_depth": {"type": "int"},
    "max_bytes": {"type": "int", "default": 10485760},
    "passwords": {
        "type": "list",
        "elements": "dict",
        # The passwords themselves are no_log; the paths beside them may be shown.
        "no_log": False,
        "options": {
            "path": {"type": "str", "default": "*"},
            "password": {"type": "str", "required": True, "no_log": True},
        },
    },
    "kubeconfigs": {"type": "list", "elements": "path"},
    "endpoints": {"type": "list", "elements": "raw"},
    "endpoints_path": {"type": "path"},
    "timeout": {"type": "float", "default": 10},
    "max_connections": {"type": "int", "default": 256},
    "ca_path": {"type": "path"},
    "rotator": {"type": "str"},
    "rotators": {
        "type": "list",
        "elements": "dict",
        "options": {"path": {"type": "str", "required": True}, "rotator": {"type": "str", "required": True}},
    },
}
TARGETS = ("paths", "kubeconfigs", "endpoints", "endpoints_path")


def main() -> None:
    run_module(
        DOMAIN,
        OPTIONS,
        secret_shapes={"passwords": check_passwords},
        required_one_of=[(*TARGETS, "replay_path")],
        mutually_exclusive=[(target, "replay_path") for target in TARGETS],
    )


if __name__ == "__main__":
    main()
