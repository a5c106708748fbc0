# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What requests a server was really asked, read from its own audit log."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from tests.lab.openbao import OpenBao
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.vault_server import VaultServer


class AuditedOpenBao(OpenBao):
    """It takes audit devices by its API."""

    def configuration(self, chain: Path, key: Path) -> dict[str, Any]:
        return {**super().configuration(chain, key), "unsafe_allow_api_audit_creation": True}


@contextlib.contextmanager
def audited(server: VaultServer, *, secret: str) -> Iterator[list[dict[str, Any]]]:
    """The list that yields holds, after the block, all requests of the block that have a token, as the log has them.

    The secret is not in the log.
    """
    log = server.directory / "audit.log"
    if not log.exists():
        server.client.write("sys/audit/file", type="file", options={"file_path": str(log)})
    before = len(log.read_text().splitlines())
    requests: list[dict[str, Any]] = []
    yield requests
    server.client.read("sys/audit")  # ends the block in the log
    wait_until(lambda: '"sys/audit"' in log.read_text().splitlines()[-1], within=60, what="the log to be written")
    assert secret not in log.read_text()
    entries = [json.loads(line) for line in log.read_text().splitlines()[before:]]
    found = [entry["request"] for entry in entries if entry["type"] == "request"]
    requests += [request for request in found if request["path"] != "sys/audit"]
