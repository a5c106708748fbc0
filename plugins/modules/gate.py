#!/usr/bin/python
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gate
short_description: Stop a play unless a report allows what comes next
version_added: 0.1.0
author:
  - Preflight contributors (@preflight)
description:
  - Reads a report that M(sre.preflight.audit_report) wrote on the controller, and fails unless nothing in it speaks
    against a deploy. What is not known counts as no.
  - A report counts only if it is whole, has the same major version of its schema, is no older than O(max_age) and not
    from the future, and is about O(hosts) and O(targets). It is as old as the oldest evidence in it.
  - Its findings are judged anew by O(fail_on). It prints one line that says why, and then the findings, the worst
    first.
  - O(break_glass_who) and O(break_glass_why) together let the play go on all the same. That is written to the report,
    and where it cannot be, nobody passes.
  - The role C(sre.preflight.gate) audits first where there is no report.
options:
  report_path:
    description:
      - The JSON report on the controller.
    type: path
    required: true
  hosts:
    description:
      - The inventory hosts that the report has to be about.
    type: list
    elements: str
    default: []
  targets:
    description:
      - Shell patterns, such as V(tls://vault.example.com:8200), V(vault://*/services/) or V(/etc/ssl*). Each has to
        match a target that the report covers. A mirror goes by its URL, such as V(https://mirror.example.com/simple/).
    type: list
    elements: str
    default: []
  max_age:
    description:
      - How old the report may be, such as V(30m) or V(1h).
    type: str
    default: 1h
  fail_on:
    description:
      - The mildest severity that refuses.
    type: str
    choices: [critical, high, medium, low]
    default: high
  break_glass_who:
    description:
      - Who passes in spite of the verdict, and answers for it.
    type: str
  break_glass_why:
    description:
      - Why it cannot wait.
    type: str
  now:
    description:
      - The instant to take for now. Without it, the controller's clock.
    type: str
  terminal_limit:
    description:
      - How many findings are shown in full.
    type: int
    default: 10
extends_documentation_fragment:
  - sre.preflight.attributes
notes:
  - It is an action plugin, runs once for all hosts of the play and works on the controller; there is nothing to
    delegate.
  - In check mode the verdict is the same, and breaking the glass is not written down.
seealso:
  - module: sre.preflight.audit_report
"""

EXAMPLES = r"""
- name: Deploy
  hosts: web
  pre_tasks:
    - name: Is it safe to deploy?
      sre.preflight.gate:
        report_path: /var/lib/preflight/preflight.json
        max_age: 30m
        hosts: "{{ ansible_play_hosts_all }}"
        targets:
          - vault://*/services/
"""

RETURN = r"""
msg:
  description: Whether it is allowed, and why, in one line.
  returned: always
  type: str
  sample: "Preflight refuses, fail: 1 finding at severity high or worse; the first: A backlog of leases would overflow
    the CRL: services/"
verdict:
  description: C(pass), C(fail) or C(unknown); C(unknown) as well where the report does not count.
  returned: always
  type: str
  sample: fail
reason:
  description: Why the verdict is what it is, in one line.
  returned: always
  type: str
  sample: "1 finding at severity high or worse; the first: A backlog of leases would overflow the CRL: services/"
findings:
  description: The worst findings of a report that counts, as many as O(terminal_limit).
  returned: always
  type: list
  elements: dict
break_glass:
  description: What was added to the report, or C(null).
  returned: always
  type: dict
  sample:
    who: ada
    why: The certificate in front of Vault expires in an hour
    at: "2026-11-26T07:00:00Z"
    verdict: fail
    reason: "1 finding at severity high or worse; the first: A backlog of leases would overflow the CRL: services/"
"""
