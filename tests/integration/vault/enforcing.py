# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the modules that change a mount share: running as the modules do, with the policy's rights only."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from ansible_collections.sre.preflight.plugins.module_utils._vault.config import configure
from ansible_collections.sre.preflight.plugins.module_utils._vault.session import logged_in
from ansible_collections.sre.preflight.plugins.module_utils._vault.tidy_options import TIDY_OPTIONS
from ansible_collections.sre.preflight.plugins.module_utils._vault.tidy_run import tidy
from tests.integration.vault.collecting import options
from tests.lab.least_privilege import CONFIG_POLICY, policy_for, token_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ansible_collections.sre.preflight.plugins.module_utils._vault.enforcing import Outcome
    from tests.lab.vault_server import VaultServer

GROWTH_STOPPED = {
    "config/auto-tidy": {
        "enabled": True,
        "tidy_cert_store": True,
        "tidy_revoked_certs": True,
        "interval_duration": 3600,
        "safety_buffer": "24h",
    },
    "config/crl": {"auto_rebuild": True, "expiry": "96h", "auto_rebuild_grace_period": "24h"},
    "config/urls": {"ocsp_servers": ["http://ocsp.lab"], "issuing_certificates": "http://ca.lab/a,http://ca.lab/b"},
    "config/cluster": {"path": "https://vault.lab/v1/pki", "aia_path": "https://cdn.lab/pki"},
    "roles/pod": {"generate_lease": False, "max_ttl": "720h"},
}
"""Something at every kind of path, written as people write it."""


def config_token(server: VaultServer, *mounts: str) -> str:
    """A token with the shipped policy for these mounts."""
    return token_with(server, policy_for(*mounts, policy=CONFIG_POLICY))


def configured(
    server: VaultServer,
    tmp_path: Path,
    token: str,
    *,
    check_mode: bool = False,
    patience: float = 0.0,
    **params: Any,
) -> Outcome:
    """What vault_pki_config does with these options; the token is nowhere in it. ``patience``: see Transport."""
    given = options(server, tmp_path, token=token, **params)
    with logged_in(given, {}, patience=patience) as transport:
        outcome = configure(transport, given, check_mode)
    assert token not in json.dumps(outcome.result) + str(outcome.failure)
    return outcome


def tidied(
    server: VaultServer,
    tmp_path: Path,
    token: str,
    *,
    check_mode: bool = False,
    clock: Callable[[], float] = time.time,
    patience: float = 0.0,
    sleep: Callable[[float], None] = time.sleep,
    **params: Any,
) -> Outcome:
    """What vault_pki_tidy does with these options; the token is nowhere in it. ``patience``: see Transport."""
    defaults = {name: option.get("default") for name, option in TIDY_OPTIONS.items()}
    given = options(server, tmp_path, **{**defaults, "token": token, **params})
    with logged_in(given, {}, patience=patience) as transport:
        outcome = tidy(transport, given, check_mode, clock=clock, sleep=sleep)
    assert token not in json.dumps(outcome.result) + str(outcome.failure)
    return outcome
