# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The attributes that the modules that change a mount share."""

    DOCUMENTATION = r"""
notes:
  - While a cluster has no leader, a request is repeated for a minute, or for O(timeout) where that is longer. Any node
    will do as O(url); a standby that answers by itself is made to show what was written before. With O(retries=0)
    nothing is repeated.
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)).
    support: full
  platform:
    description: Target OS or families that can be operated against.
    platforms: posix
    support: full
  idempotent:
    description: >-
      When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
  action_group:
    description: Use C(group/sre.preflight.vault) in C(module_defaults) to set defaults for this module.
    membership:
      - sre.preflight.vault
    support: full
"""
