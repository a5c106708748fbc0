# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens with one of the shipped least-privilege policies, and no other right."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .vault_server import VaultServer

ROLES = Path(__file__).parents[2] / "roles"
POLICY = ROLES / "audit" / "files" / "vault_pki_audit.hcl"
CONFIG_POLICY = ROLES / "vault_tidy" / "files" / "vault_pki_config.hcl"
_numbers = itertools.count(1)


def policy_for(*mounts: str, policy: Path = POLICY) -> str:
    """A shipped policy, for these mounts instead of pki."""
    server, each = policy.read_text(encoding="utf-8").split("# --- Each mount ---")
    return server + "".join(re.sub(r'([/"])pki/', rf"\g<1>{mount}/", each) for mount in mounts)


def token_with(server: VaultServer, *policies: str, ttl: str = "1h") -> str:
    """A token that has these policies and no other."""
    names = [f"audit-{next(_numbers)}" for _policy in policies]
    for name, policy in zip(names, policies, strict=True):
        server.client.write(f"sys/policies/acl/{name}", policy=policy)
    fields = {"policies": names, "no_default_policy": True, "ttl": ttl}
    token: str = server.client.request("POST", "auth/token/create", fields)["auth"]["client_token"]
    return token
