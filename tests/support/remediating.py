# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans made by a real audit of real mounts, and the playbook that carries them out."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ansible_collections.sre.preflight.plugins.module_utils._audit.json_stream import encode
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_file import render_plan
from tests.lab.fill import Batch, fill
from tests.lab.least_privilege import CONFIG_POLICY, policy_for, token_with
from tests.lab.pki_mount import PkiMount
from tests.support.runs import environment, playbook_command, run_playbook

if TYPE_CHECKING:
    from tests.lab.vault_server import VaultServer

HOST = "vault1"


def growing_mount(server: VaultServer, path: str, *, revoked: int = 30, leased: int = 20) -> PkiMount:
    """A mount with a role that gives leases, some certificates revoked early, and no tidy."""
    mount = PkiMount(server.client, path).enable()
    mount.generate_root()
    fill(
        mount,
        Batch(count=revoked, ttl=timedelta(hours=12), revoked=revoked),
        Batch(count=leased, ttl=timedelta(days=30), lease=True),
    )
    return mount


@dataclass
class Site:
    """A controller with an inventory of one host that has the rights of both shipped policies on the mounts.

    ``url`` is where the server is reached, which may be something between.
    """

    server: VaultServer
    directory: Path
    mounts: tuple[str, ...]
    token: str = field(init=False)
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = self.server.url
        (self.directory / "ca.pem").write_bytes(self.server.authority.pem)
        self.token = self.new_token()

    def new_token(self, *, only_read: str = "") -> str:
        """A token with the rights of both shipped policies, but for writing that path."""
        config = policy_for(*self.mounts, policy=CONFIG_POLICY)
        if only_read:
            block = f'path "{only_read}" {{\n  capabilities = ["read"'
            assert f'{block}, "update"]' in config
            config = config.replace(f'{block}, "update"]', f"{block}]")
        return token_with(self.server, policy_for(*self.mounts), config)

    @property
    def inventory(self) -> dict[str, Any]:
        return {"all": {"hosts": {HOST: self.host}}}

    @property
    def host(self) -> dict[str, Any]:
        return {
            "ansible_connection": "local",
            "preflight_vault_url": self.url,
            "preflight_vault_ca_cert": str(self.directory / "ca.pem"),
            "preflight_vault_token": self.token,
            "preflight_vault_mounts": list(self.mounts),
            "vault_tidy_state_directory": str(self.states),
        }

    @property
    def states(self) -> Path:
        """Where the role saves the state."""
        return self.directory / "states"

    @property
    def report(self) -> Path:
        return self.directory / "preflight.json"

    @property
    def plan(self) -> Path:
        return self.directory / "preflight_plan.yml"

    def run(self, playbook: Any, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """ansible-playbook with the site's inventory; the token is in nothing that it prints."""
        completed = run_playbook(playbook, self.directory, *arguments, inventory=self.inventory, COLUMNS="400", **env)
        assert self.token not in completed.stdout + completed.stderr
        return completed

    def start(self, playbook: str, *arguments: str) -> subprocess.Popen[str]:
        """The same, only started, in a process group of its own; errors go to its output."""
        return subprocess.Popen(
            playbook_command(playbook, self.directory, *arguments, inventory=self.inventory),
            env=environment(COLUMNS="400"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def audit(self) -> list[dict[str, Any]]:
        """Audits by the playbook, which writes the plan; its entries."""
        completed = self.run("sre.preflight.audit", "-e", f"preflight_report_directory={self.directory}")
        assert completed.returncode == 0, completed.stdout + completed.stderr
        entries: list[dict[str, Any]] = json.loads(self.report.read_text())["plan"]
        return entries

    def plan_entries(self) -> list[dict[str, Any]]:
        """The entries of the plan as it lies there."""
        entries: list[dict[str, Any]] = yaml.safe_load(self.plan.read_text())["preflight_plan"]["entries"]
        return entries

    def keep(self, report: dict[str, Any]) -> None:
        """Writes a report that was made elsewhere and its plan, as the playbook audit writes its own."""
        self.report.write_text("".join(encode(report)))
        self.plan.write_text("".join(render_plan(report)))

    def write_plan(self, entries: list[dict[str, Any]]) -> None:
        """The plan of the audit, with these entries in the place of its own."""
        content = yaml.safe_load(self.plan.read_text())
        content["preflight_plan"]["entries"] = entries
        self.plan.write_text(yaml.safe_dump(content))

    def remediate(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self.run("sre.preflight.remediate", "-e", f"preflight_plan_path={self.plan}", *arguments, **env)

    def saved(self) -> list[dict[str, Any]]:
        """The saved states, the oldest first."""
        return [json.loads(path.read_text()) for path in sorted(self.states.glob("*.json"))]

    def live(self, path: str) -> dict[str, Any]:
        """What the server has at a path."""
        return self.server.client.read(path)
