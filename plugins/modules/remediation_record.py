#!/usr/bin/python
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: remediation_record
short_description: Keep what a mount was like until its remediation is known to be well
version_added: 0.1.0
author:
  - Preflight contributors (@preflight)
description:
  - Writes what leads back to a file on the controller before a role changes a mount, compares the audits of before and
    afterwards, and reads the file again for a rollback. The role C(sre.preflight.vault_tidy) uses it.
  - A record whose run was killed stays open. The next run on the same target takes it up, and still knows what was
    there before the first of them.
  - The audit afterwards is worse if, at the worst severity at which the two differ, more of the rules C(vault.*) fail;
    or if the highest peak of the forecast, for what is there now, is higher under the settings of now than under those
    of before. Rules that only time can change do not count, such as C(vault.tidy-not-run) after auto-tidy was enabled,
    nor do those of the forecast, which the peaks stand for.
options:
  state:
    description:
      - V(found) looks for an open record, and says what is about to be changed.
      - V(open) writes one, or adds to the one in O(path).
      - V(closed) compares O(audit) with the one of before, and closes the record unless it is worse.
      - V(rolled_back) closes it because the settings are those of before again.
      - V(read) returns it.
    type: str
    required: true
    choices: [found, open, closed, rolled_back, read]
  directory:
    description:
      - Where the records lie on the controller. It is made where it is missing. Needed to find and to open one.
    type: path
  path:
    description:
      - The record. Needed to close, to roll back and to read.
    type: path
  target:
    description:
      - What is changed, as C(target) of a plan entry. Needed to find and to open.
    type: dict
  settings:
    description:
      - What it is to be like, by path and key. Needed to open.
    type: dict
  foreseen:
    description:
      - The result of M(sre.preflight.vault_pki_config) in check mode. Needed to find and to open.
    type: dict
  audit:
    description:
      - The result of M(sre.preflight.vault_pki_audit) for this mount alone, with C(bundle=true). It is that of before
        with V(open), and that of afterwards with V(closed). Without it nothing is compared.
    type: dict
  risks:
    description:
      - What else to say beside the changes.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - sre.preflight.attributes
notes:
  - It is an action plugin and works on the controller. In check mode no file is written. Records hold no secret, and do
    not count as a change.
seealso:
  - module: sre.preflight.vault_pki_config
  - module: sre.preflight.vault_pki_audit
"""

EXAMPLES = r"""
- name: Read what a run has left
  sre.preflight.remediation_record:
    state: read
    path: /var/lib/preflight/services-0123456789ab-20261124T163000Z.json
  register: saved

- name: Show what leads back
  ansible.builtin.debug:
    var: saved.record.undo
"""

RETURN = r"""
path:
  description: The record, or C(null) where none was found.
  returned: success
  type: str
needed:
  description: Whether there is anything to change, or a record to take up.
  returned: with O(state=found)
  type: bool
record:
  description:
    - The record with its C(status) (C(applying), C(applied), C(rolled_back)), C(target), C(settings), C(undo), and the
      numbers of the audits C(before) and C(after).
  returned: unless O(state=found)
  type: dict
written:
  description: Whether the record is in the file, which it is not in check mode.
  returned: with O(state=open)
  type: bool
replaced:
  description: The live values that going back would replace, by path and key.
  returned: with O(state=read)
  type: dict
verdict:
  description: C(ok), C(worse), or C(unseen) where the audit afterwards could not see what the one before saw.
  returned: with O(state=closed)
  type: str
  sample: ok
reasons:
  description: Why it is not ok.
  returned: with O(state=closed)
  type: list
  elements: str
line:
  description: Before and after, in one line.
  returned: with O(state=closed)
  type: str
  sample: 1 critical 4 high 2 medium -> 1 medium, peak CRL 71.0 KiB -> 9.2 KiB, CRL now 11.4 KiB -> 11.4 KiB
"""
