# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_config on real servers, with the shipped policy and no other right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.vault.enforcing import GROWTH_STOPPED, config_token, configured
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, start_pairing
from tests.lab.pki_mount import PkiMount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

PAIRING_PARAMS = [pytest.param(name, marks=() if name == OPENBAO_RAFT else pytest.mark.full) for name in PAIRINGS]


@pytest.fixture(scope="module", params=PAIRING_PARAMS)
def server(request: pytest.FixtureRequest, lab_authority: Made, server_certificate: Made) -> Iterator[VaultServer]:
    with start_pairing(request.param, certificate=server_certificate, authority=lab_authority) as started:
        yield started


@pytest.fixture
def mount(server: VaultServer) -> Iterator[PkiMount]:
    """A mount with a role that gives leases."""
    mount = PkiMount(server.client, "pki").enable()
    mount.generate_root()
    mount.create_role("pod", generate_lease=True, allowed_domains=["b.lab", "a.lab"], ttl="72h")
    yield mount
    server.client.request("DELETE", "sys/mounts/pki")


@pytest.fixture(scope="module")
def token(server: VaultServer) -> str:
    return config_token(server, "pki")


def live(mount: PkiMount, path: str) -> dict[str, Any]:
    return mount.client.read(f"{mount.path}/{path}")


def test_settings_are_written_once_and_nothing_else_is_changed(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path
) -> None:
    before = {path: live(mount, path) for path in GROWTH_STOPPED}
    first = configured(server, tmp_path, token, mount="pki", settings=GROWTH_STOPPED)
    assert first.failure is None
    assert first.result["changed"] is True
    after = {path: live(mount, path) for path in GROWTH_STOPPED}
    for path, settings in GROWTH_STOPPED.items():
        others = set(before[path]) - set(settings) - {"revoked_safety_buffer"}
        assert {key: after[path][key] for key in others} == {key: before[path][key] for key in others}
    second = configured(server, tmp_path, token, mount="pki", settings=GROWTH_STOPPED)
    assert (second.result["changed"], second.result["applied"], second.result["undo"]) == (False, [], {})
    assert second.result["before"] == second.result["after"]
