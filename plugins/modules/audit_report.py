#!/usr/bin/python
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_report
short_description: Merge the audits of all hosts into one report with a verdict
version_added: 0.1.0
author:
  - Preflight contributors (@preflight)
description:
  - Runs once on the controller and sees what the audit modules registered on every host, without copying it through a
    task. It merges the inventories, removes duplicates, judges the rules that need the whole (an issuer on one
    host, its leaves on another; a certificate renewed on disk that an endpoint does not serve yet), applies waivers
    and gives one verdict.
  - Prints a summary for the terminal, and writes the report as JSON and as a self-contained HTML page.
  - Derives the plan from the findings that do not pass and are not waived. It holds what roles can mend, one entry a
    target, the soonest outage first. Where findings want different values for a setting, the plan has the one that the
    forecast of the mount recommends, or leaves the setting out for a person to decide, and says so.
  - A host that was expected and did not report is C(unknown) by name. The verdict is C(fail) if a finding is at
    O(fail_on) or worse, else C(unknown) if anything could not be judged or nothing was audited, else C(pass).
  - The task itself fails only on bad input; act on RV(verdict).
options:
  hosts:
    description:
      - The hosts that are expected to report. Without it, all hosts of the play, unreachable ones included.
    type: list
    elements: str
  registered:
    description:
      - The names under which the audit modules' results are registered. The modules have to run with C(bundle=true).
    type: list
    elements: str
    default:
      - preflight_certificate_audit
      - preflight_vault_pki_audit
      - preflight_kubernetes_audit
      - preflight_mirror_audit
  fail_on:
    description:
      - The mildest severity that makes the verdict C(fail).
    type: str
    choices: [critical, high, medium, low]
    default: high
  waivers:
    description:
      - Findings that somebody answers for until a day. They move to a list of their own and do not count for the
        verdict. A waiver that has expired, or that covers nothing, is a finding itself.
    type: list
    elements: dict
    suboptions:
      rule:
        description: A shell pattern of rule ids, such as V(certificate.expired).
        type: str
        required: true
      resource:
        description: A shell pattern of the resource's name or location, or a finding's id.
        type: str
        required: true
      host:
        description: A shell pattern of the hosts it is limited to.
        type: str
        default: '*'
      owner:
        description: Who answers for it.
        type: str
        required: true
      reason:
        description: Why it is acceptable.
        type: str
        required: true
      expires:
        description: The instant or day (UTC) from which on it hides nothing any more.
        type: str
        required: true
  json_path:
    description:
      - Write the report to this file on the controller, as described by C(docs/report.schema.json).
      - Files are written whole or not at all, and not in check mode. They do not count as a change.
    type: path
  html_path:
    description:
      - Write the HTML page to this file on the controller.
    type: path
  plan_path:
    description:
      - Write the plan to this file on the controller, as a file of variables in YAML that a person can review, edit and
        commit. It holds C(preflight_plan), with its entries as in RV(plan), and in comments the command to run.
      - The file is written even where there is nothing to mend, so that no older plan is left there.
    type: path
  previous_path:
    description:
      - The JSON report of an earlier run to compare with. It may be the same file as O(json_path). A file that does not
        exist yet is no error.
    type: path
  now:
    description:
      - The instant to judge waivers and the rules over the whole at. Without it, the controller's clock.
    type: str
  terminal:
    description:
      - Whether to print the summary.
    type: bool
    default: true
  terminal_limit:
    description:
      - How many findings the summary shows in full.
    type: int
    default: 10
extends_documentation_fragment:
  - sre.preflight.attributes
notes:
  - It is an action plugin and works on the controller; there is nothing to delegate.
"""

EXAMPLES = r"""
- name: Every host audits its own files
  hosts: all
  gather_facts: false
  ignore_unreachable: true
  tasks:
    - name: Audit
      sre.preflight.certificate_audit:
        paths:
          - /etc/ssl
        bundle: true
      register: preflight_certificate_audit
      failed_when: false

- name: The controller merges
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Report
      sre.preflight.audit_report:
        hosts: "{{ groups['all'] }}"
        fail_on: high
        waivers:
          - rule: certificate.renewal-due
            resource: legacy.example.com
            owner: platform team
            reason: Is switched off with the old data centre
            expires: "2027-01-31"
        json_path: /tmp/preflight.json
        html_path: /tmp/preflight.html
        plan_path: /tmp/preflight_plan.yml
        previous_path: /tmp/preflight.json
      register: report

    - name: Stop the pipeline
      ansible.builtin.assert:
        that: report.verdict == 'pass'
        fail_msg: "{{ report.verdict_reason }}"
"""

RETURN = r"""
verdict:
  description: C(pass), C(fail) or C(unknown).
  returned: always
  type: str
  sample: fail
verdict_reason:
  description: Why, in one line.
  returned: always
  type: str
  sample: 2 findings at severity high or worse
summary:
  description: Verdicts by status, failed findings by severity, and the next outage with the id of its finding.
  returned: always
  type: dict
  sample:
    by_status:
      pass: 410
      fail: 2
      unknown: 0
      not_applicable: 1200
      waived: 1
    by_severity:
      critical: 1
      high: 1
      medium: 0
      low: 0
    next_outage: "2026-11-26T08:00:00Z"
    next_outage_finding: 3f2a9c0d1b4e5f60
coverage:
  description: Hosts and targets expected against reported and evaluated, and the hosts that are unknown, with reasons.
  returned: always
  type: dict
  sample:
    hosts_expected: 13
    hosts_reported: 12
    hosts_unknown:
      - host: web3
        reason: "unreachable: timed out"
    targets_expected: 40
    targets_evaluated: 39
    targets_unknown: 1
findings:
  description: The worst findings, as many as O(terminal_limit); the report has all of them.
  returned: always
  type: list
  elements: dict
plan:
  description:
    - What roles can mend, one entry a target, in the order to apply them. The playbook C(sre.preflight.remediate) does.
    - Durations are seconds, sizes bytes, instants in UTC.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: 16 hex digits made of the role and the target, the same in every run.
      type: str
      sample: 5d0e2f8a4b7c9136
    role:
      description: The role that can do it.
      type: str
      sample: vault_tidy
    host:
      description:
        - The first host by name whose audit saw the target. It has the variables to connect with to a PKI mount; a
          mirror is brought up where C(package_mirror_url) is its C(url).
      type: str
      sample: localhost
    target:
      description: What the settings are of, a PKI mount or, with a C(url), a mirror of a package index.
      type: dict
      sample:
        kind: vault_mount
        address: vault.example.com:8200
        cluster_id: 0ff68ab7-7ed1-b4b4-2bb4-7bd7d1c5cb2a
        namespace: ""
        mount: services/
    settings:
      description: What to set, by path below the mount and by key; of a mirror by key alone.
      type: dict
      sample:
        roles/pod:
          generate_lease: false
    found:
      description:
        - The live values that the audit saw under the same paths and keys, C(null) where there was none; of a mirror
          what it lacks (C(lacks)).
      type: dict
      sample:
        roles/pod:
          generate_lease: true
    findings:
      description: The ids of the findings that it mends.
      type: list
      elements: str
    steps:
      description: The same settings in a safe order, each step with what it is for.
      type: list
      elements: dict
    effect:
      description:
        - What it does to the mount's CRL, in words and as numbers that are C(null) where they are not known.
        - Before is the highest peak of all scenarios as things are, after the highest from C(safe_from) on.
        - Of a mirror it is what comes of installs today by C(outcomes), C(null) where nothing was resolved.
      type: dict
      sample:
        text: peak CRL 612.0 KiB -> 140.2 KiB from 2026-12-24 on
        peak_bytes_before: 626688
        peak_bytes_after: 143565
        peak_entries_before: 16064
        peak_entries_after: 3675
        safe_from: "2026-12-24T08:00:00Z"
    risk:
      description: What may go wrong, and what stays a risk until C(safe_from).
      type: list
      elements: str
    interim:
      description: What carries the mount over until then, the least harmful first.
      type: list
      elements: dict
    needs:
      description:
        - The rights that it takes in the namespace of the target, what else it takes in words (C(access)), and the
          downtime.
      type: dict
      sample:
        rights:
          - path: services/roles/pod
            capabilities: [read, patch]
        downtime: none
    conflicts:
      description:
        - Settings for which findings want different values, with C(chosen) and why it was.
        - With C(null) the setting is left out, and a person has to decide.
      type: list
      elements: dict
plan_path:
  description: Where the plan was written, or C(null).
  returned: always
  type: str
  sample: /tmp/preflight_plan.yml
json_path:
  description: Where the JSON report was written, or C(null).
  returned: always
  type: str
  sample: /tmp/preflight.json
html_path:
  description: Where the HTML page was written, or C(null).
  returned: always
  type: str
  sample: /tmp/preflight.html
"""
