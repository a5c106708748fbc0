#!/usr/bin/python
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: remediation_plan
short_description: Read a plan that roles are to carry out, if they can
version_added: 0.1.0
author:
  - Preflight contributors (@preflight)
description:
  - Reads the plan that M(sre.preflight.audit_report) wrote, as a file of variables that a person may have edited, or as
    part of a JSON report.
  - Fails if any entry of it cannot be carried out, with a line for each reason. What it names may be a role that does
    not exist, a host that is not in the inventory, or a setting without the live value that it is to replace.
  - An entry for a mirror is for the hosts whose variable C(package_mirror_url) is the mirror's address. One that no
    host answers to is told of, and left out.
  - Whether the plan is stale is for the roles to say, since they see the live values.
options:
  path:
    description:
      - The plan, or the report, on the controller.
    type: path
    required: true
extends_documentation_fragment:
  - sre.preflight.attributes
notes:
  - It is an action plugin, runs once for all hosts of the play and works on the controller; there is nothing to
    delegate.
seealso:
  - module: sre.preflight.audit_report
"""

EXAMPLES = r"""
- name: Read the plan
  sre.preflight.remediation_plan:
    path: /var/lib/preflight/preflight_plan.yml
  register: plan

- name: Carry out what this host is to do
  ansible.builtin.include_role:
    name: "sre.preflight.{{ entry.role }}"
  loop: "{{ plan.entries | selectattr('host', 'eq', inventory_hostname) }}"
  loop_control:
    loop_var: entry
  vars:
    vault_tidy_entry: "{{ entry }}"
    package_mirror_plan:
      entries:
        - "{{ entry }}"
    package_mirror_url: "{{ entry.target.url }}"
"""

RETURN = r"""
entries:
  description:
    - The entries in the order to carry them out, as in C(docs/report.schema.json). The C(host) of an entry for a mirror
      is the one that serves it; there is one for each.
  returned: success
  type: list
  elements: dict
hosts:
  description: The inventory hosts that they are for, each once, in the order of the entries.
  returned: success
  type: list
  elements: str
  sample: [controller]
unanswered:
  description: The targets of entries that no host answers to.
  returned: success
  type: list
  elements: dict
  sample: [{"kind": "mirror", "url": "https://mirror.example.com/simple/"}]
"""
