# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports over several hosts, by the real way: bundles, merge, document."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from ansible_collections.sre.preflight.plugins.plugin_utils._report.document import build
from ansible_collections.sre.preflight.plugins.plugin_utils._report.merge import merge
from ansible_collections.sre.preflight.plugins.plugin_utils._report.results import Results
from ansible_collections.sre.preflight.plugins.plugin_utils._report.waivers import parse_waivers
from tests.support.inventories import NOW, bundle_of


def report_of(
    inventories: dict[str, Inventory], *, now: datetime = NOW, waivers: Any = (), **more: Any
) -> dict[str, Any]:
    """The report over hosts with these inventories; ``more`` goes to the builder of the document."""
    bundles = {host: {"registered": {"bundle": bundle_of(each, now=now)}} for host, each in inventories.items()}
    results = Results(list(bundles), ["registered"], bundles.__getitem__)
    merged = merge(results, parse_waivers(waivers), now)
    options = {"fail_on": "high", "previous": None, **more}
    return build(merged, results.hosts, now=now, generated_at=now, **options)
