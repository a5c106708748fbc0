# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request that the collector makes, read from the server's own audit log."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault import leaves as leaves_module
from tests.integration.vault.auditing import AuditedOpenBao, audited
from tests.integration.vault.collecting import collected, policy_for, token_with
from tests.lab.pki_mount import PkiMount
from tests.lab.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made


def audited_requests(server: VaultServer, tmp_path: Path, token: str, **more: Any) -> list[tuple[str, str]]:
    """(operation, path) of every request while the collector runs."""
    with audited(server, secret=token) as requests:
        collected(server, tmp_path, token=token, **more)
    seen = [
        (request["operation"], request["path"], json.dumps(request.get("data"), sort_keys=True)) for request in requests
    ]
    repeated = {request: count for request, count in Counter(seen).items() if count > 1}
    assert repeated == {}
    return [(operation, path) for operation, path, _data in seen]


def fill(server: VaultServer, *, plain: int = 20) -> None:
    mount = PkiMount(server.client, "pki").enable()
    mount.generate_root()
    mount.create_role("leased", generate_lease=True)
    mount.create_role("plain")
    mount.issue_many("leased", [f"a{number}.lab" for number in range(20)])
    for each in mount.issue_many("plain", [f"b{number}.lab" for number in range(plain)])[:3]:
        mount.revoke(each.serial_number)


def check(requests: list[tuple[str, str]]) -> None:
    assert {operation for operation, _path in requests} == {"read", "list"}
    below = [path for _operation, path in requests if path.startswith("pki/")]
    assert not [path for path in below if "/issue/" in path or "/sign" in path or "/key" in path or "/root" in path]
    assert len([path for path in below if path.startswith("pki/roles/") and path != "pki/roles/"]) == 2


def test_openbao_is_only_read_and_asked_nothing_twice(
    lab_authority: Made, server_certificate: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves_module, "PAGES_FROM", 10)
    monkeypatch.setattr(leaves_module, "PAGE", 100)
    with AuditedOpenBao(certificate=server_certificate, authority=lab_authority) as server:
        fill(server, plain=579)
        requests = audited_requests(server, tmp_path, token_with(server, policy_for("pki")))
    check(requests)
    # 600 certificates with the root's make six pages. One is read singly beside them, to see that the root issues
    # leaves, and none of those that a page left out: where a page began at a serial number in the wrong form, it would
    # leave out two each time.
    pages, examples = 6, 1
    assert len([path for _operation, path in requests if path.startswith("pki/cert/")]) == examples
    assert len([path for _operation, path in requests if path.startswith("pki/certs/detailed")]) == pages
    # Not in the log: health, seal status and leader, which need no token.
    server_wide, configuration, leases = 4, 11, 3
    assert (
        len(requests)
        == server_wide + configuration + len(["issuer", "CRL"]) + len(["leased", "plain"]) + leases + pages + examples
    )


@pytest.mark.full
def test_vault_is_only_read_and_asked_nothing_twice(
    lab_authority: Made, server_certificate: Made, tmp_path: Path
) -> None:
    with Vault(certificate=server_certificate, authority=lab_authority) as server:
        fill(server)
        requests = audited_requests(server, tmp_path, token_with(server, policy_for("pki")))
    check(requests)
    assert len([path for _operation, path in requests if path.startswith("pki/cert/")]) == 40
