# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that every audit module has (module_utils/_audit/contract.py)."""

    DOCUMENTATION = r"""
options:
  include_passes:
    description:
      - Return the findings that pass as well. They are counted in RV(ignore:coverage) in any case.
    type: bool
    default: false
  bundle:
    description:
      - Return everything as one packed string instead of lists. It is what the role C(sre.preflight.audit) uses,
        because large structures are slow on their way to the controller.
    type: bool
    default: false
  evidence_path:
    description:
      - Write the same bundle to this file on the managed host, whole or not at all, readable by its owner only.
      - It is not written in check mode, and does not count as a change.
    type: path
  replay_path:
    description:
      - Judge the evidence of a saved bundle instead of collecting anything.
    type: path
  now:
    description:
      - The instant to judge at, such as V(2026-12-31T00:00:00Z). Without it, the managed host's clock in UTC.
    type: str
  severity_horizons:
    description:
      - Time to an outage, by the severity that a finding then has. It is merged with the defaults, which are
        C(critical) V(7d), C(high) V(30d) and C(medium) V(90d); what is farther away is C(low).
    type: dict
"""
