# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collecting and judging as the module does, with the rules that end as unknown at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._vault import audit as vault_audit
from tests.lab.pki import now
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from datetime import datetime

    from tests.lab.pki_mount import PkiMount


class Judged:
    """The evidence of one run, and its findings as JSON, as of ``moment``."""

    def __init__(self, params: dict[str, Any], moment: datetime | None = None) -> None:
        moment = moment or now()
        audit = vault_audit.collect(params, moment)
        policy = Policy.from_options(vault_audit.SETTINGS, {})
        found = vault_audit.judge(audit, policy, moment, Coverage(), include_passes=True)
        self.evidence = audit.evidence
        self.findings = [finding.to_json() for finding in found]

    @property
    def problems(self) -> list[dict[str, Any]]:
        """Those of the server and of all mounts."""
        mounts = self.evidence["mounts"]
        return [*self.evidence["problems"], *(problem for mount in mounts for problem in mount["problems"])]

    def rules(self, status: str) -> set[str]:
        """The rules with such a verdict on anything; without ``vault.``."""
        return {each["rule"].removeprefix("vault.") for each in self.findings if each["status"] == status}


def fully_set_up(mount: PkiMount) -> None:
    """All settings that a rule looks at are there, and a tidy has run: with all rights nothing is unknown."""
    path = mount.path
    mount.client.write(f"{path}/config/auto-tidy", enabled=True, tidy_cert_store=True, tidy_revoked_certs=True)
    mount.client.write(f"{path}/config/cluster", path=f"https://127.0.0.1:{mount.client.port}/v1/{path}")
    mount.client.write(f"{path}/config/acme", enabled=True)
    mount.client.write(f"{path}/tidy", tidy_cert_store=True)
    wait_until(
        lambda: mount.client.read(f"{path}/tidy-status")["state"] == "Finished", within=60, what="the tidy to end"
    )
