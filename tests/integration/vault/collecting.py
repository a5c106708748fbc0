# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the collector share: collecting as the module does, with a token that has only the policy."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.sre.preflight.plugins.module_utils._vault.collect import Collected, collect
from ansible_collections.sre.preflight.plugins.module_utils._vault.days import DAY
from tests.lab.least_privilege import POLICY, policy_for, token_with
from tests.lab.pki import now

if TYPE_CHECKING:
    from tests.lab.vault_server import VaultServer

__all__ = ["POLICY", "collected", "options", "policy_for", "token_with"]


def options(server: VaultServer, tmp_path: Path, **more: Any) -> dict[str, Any]:
    """The module's options, with its defaults."""
    authority = tmp_path / "ca.pem"
    authority.write_bytes(server.authority.pem)
    return {"url": server.url, "ca_cert": str(authority), "leaves": "all", "leaves_sample": 1000, **more}


def collected(server: VaultServer, tmp_path: Path, *, token: str, day: timedelta = DAY, **more: Any) -> Collected:
    """What the collector finds, its dates by ``day``; the token is nowhere in it."""
    result = collect(options(server, tmp_path, token=token, **more), environment={}, now=now(), day=day)
    text = json.dumps(result.evidence)
    assert token not in text
    assert "PRIVATE KEY" not in text
    return result
