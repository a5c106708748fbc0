# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that opens a bundle in a playbook."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import unpack
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.module_utils._x509.domain import rows
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory, inventory_of


def unbundle(value: Any) -> dict[str, Any]:
    """The document in a bundle: findings, certificates, coverage, summary and evidence of one audit run."""
    try:
        document = unpack(str(value))
        inventory = Inventory.from_evidence(inventory_of(document["evidence"]))
    except (ValueError, KeyError) as error:
        raise AnsibleFilterError(f"sre.preflight.unbundle: this is not a bundle that can be opened: {error}") from None
    now = parse_instant(document["judged_at"])
    return {**document, "certificates": rows(inventory, now)}


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """{name: function}."""
        return {"unbundle": unbundle}
