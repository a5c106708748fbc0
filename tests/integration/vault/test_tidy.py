# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_tidy on real servers, with the shipped policy and no other right."""

from __future__ import annotations

import itertools
import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from tests.integration.vault.auditing import AuditedOpenBao, audited
from tests.integration.vault.enforcing import config_token, tidied
from tests.lab.fill import Batch, fill, revoke_many
from tests.lab.least_privilege import CONFIG_POLICY, policy_for, token_with
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, start_pairing
from tests.lab.pki import now
from tests.lab.pki_mount import PkiMount
from tests.lab.process import wait_until
from tests.lab.vault import Vault
from tests.lab.vault_client import ApiError
from tests.support.fault_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

PAIRING_PARAMS = [pytest.param(name, marks=() if name == OPENBAO_RAFT else pytest.mark.full) for name in PAIRINGS]
LIFE = timedelta(seconds=12)
SLOW = {"safety_buffer": "720h", "pause_duration": "100ms"}
"""Deletes nothing, and takes its time."""
numbers = itertools.count(1)


@pytest.fixture(scope="module", params=PAIRING_PARAMS)
def server(request: pytest.FixtureRequest, lab_authority: Made, server_certificate: Made) -> Iterator[VaultServer]:
    with start_pairing(request.param, certificate=server_certificate, authority=lab_authority) as started:
        yield started


def new_mount(server: VaultServer) -> PkiMount:
    mount = PkiMount(server.client, f"pki-{next(numbers)}").enable()
    mount.generate_root()
    return mount


@pytest.fixture(scope="module")
def stored(server: VaultServer) -> PkiMount:
    """A mount of 40 certificates that live on: a tidy of it takes as long as its pauses."""
    mount = new_mount(server)
    fill(mount, Batch(count=40, ttl=timedelta(days=1)))
    return mount


@pytest.fixture
def idle(stored: PkiMount) -> PkiMount:
    """The same once no tidy runs."""
    wait_until(lambda: state(stored) not in ("Running", "Cancelling"), within=60, what="the tidy to end")
    return stored


def state(mount: PkiMount) -> str:
    return str(mount.client.read(f"{mount.path}/tidy-status")["state"])


def start_slow(mount: PkiMount, **more: Any) -> None:
    """Somebody else's tidy, which runs for some four seconds."""
    wanted = {"tidy_cert_store": True, "tidy_revoked_certs": True, **SLOW, **more}
    mount.client.request("POST", f"{mount.path}/tidy", wanted)
    wait_until(lambda: state(mount) == "Running", within=10, what="the tidy to run", interval=0.02)


def run(mount: PkiMount, server: VaultServer, tmp_path: Path, **more: Any) -> Any:
    return tidied(server, tmp_path, config_token(server, mount.path), mount=mount.path, **more)


@pytest.mark.parametrize("auto_rebuild", [True, False])
def test_it_deletes_and_shrinks_the_crl(server: VaultServer, tmp_path: Path, auto_rebuild: bool) -> None:
    mount = new_mount(server)
    # None with auto_rebuild: the CRL is to be filled before.
    fill(mount, Batch(count=20, ttl=LIFE, revoked=10), Batch(count=5, ttl=timedelta(days=1), revoked=2))
    over = now() + LIFE + timedelta(seconds=2)
    mount.client.write(f"{mount.path}/config/crl", auto_rebuild=auto_rebuild)
    wait_until(lambda: now() > over, within=60, what="the certificates to expire")
    outcome = run(mount, server, tmp_path, safety_buffer="1s")
    result = outcome.result
    assert (outcome.failure, outcome.warnings, result["state"]) == (None, [], "Finished")
    assert (result["changed"], result["took_up_running"], result["rotated"]) == (True, False, auto_rebuild)
    assert (result["before"]["certificates"], result["before"]["revoked"], result["before"]["crl_entries"]) == (
        26,
        12,
        12,
    )
    assert (result["after"]["certificates"], result["after"]["revoked"], result["after"]["crl_entries"]) == (6, 2, 2)
    assert result["after"]["crl_bytes"] < result["before"]["crl_bytes"]
    assert result["deleted"]["certificates"] == 20
    assert result["deleted"]["revoked"] == 10
    again = run(mount, server, tmp_path, safety_buffer="1s").result
    assert (again["deleted"], again["rotated"]) == ({"certificates": 0, "revoked": 0}, False)


def test_the_crl_is_left_alone_on_request(server: VaultServer, tmp_path: Path) -> None:
    mount = new_mount(server)
    mount.client.write(f"{mount.path}/config/crl", auto_rebuild=True)
    mount.create_role("web")
    mount.revoke(mount.issue("web", "a.lab").serial_number)
    left = run(mount, server, tmp_path, rotate_crl=False).result
    assert (left["rotated"], left["after"]["crl_entries"]) == (False, 0)
    # A run after one that was ended between the tidy and the rotation does what is missing.
    rest = run(mount, server, tmp_path).result
    assert (rest["rotated"], rest["after"]["crl_entries"]) == (True, 1)


def test_a_running_tidy_is_taken_up(server: VaultServer, idle: PkiMount, tmp_path: Path) -> None:
    start_slow(idle)
    checked = run(idle, server, tmp_path, check_mode=True)
    assert re.match(rf"would wait for the tidy of {idle.path}/ that runs since 2", checked.result["msg"])
    assert checked.result["changed"] is False
    outcome = run(idle, server, tmp_path)
    assert (outcome.failure, outcome.result["state"], outcome.result["took_up_running"]) == (None, "Finished", True)
    assert outcome.result["changed"] is False


def test_a_running_tidy_of_another_kind_is_waited_for_first(
    server: VaultServer, idle: PkiMount, tmp_path: Path
) -> None:
    start_slow(idle, tidy_revoked_certs=False)
    began = idle.client.read(f"{idle.path}/tidy-status")["time_started"]
    checked = run(idle, server, tmp_path, check_mode=True)
    assert checked.result["msg"].startswith("would wait for the tidy that runs, and then start a tidy of ")
    outcome = run(idle, server, tmp_path, safety_buffer="800h")
    assert (outcome.failure, outcome.result["took_up_running"], outcome.result["changed"]) == (None, False, True)
    status = idle.client.read(f"{idle.path}/tidy-status")
    assert (status["tidy_revoked_certs"], status["safety_buffer"]) == (True, 800 * 3600)
    assert status["time_started"] != began


@pytest.mark.parametrize(("on_timeout", "ends_in"), [("cancel", "Cancelled"), ("leave", "Finished")])
def test_a_tidy_that_takes_too_long(
    server: VaultServer, idle: PkiMount, tmp_path: Path, on_timeout: str, ends_in: str
) -> None:
    outcome = run(idle, server, tmp_path, **SLOW, wait_timeout="2s", on_timeout=on_timeout)
    assert str(outcome.failure).startswith(f"the tidy of {idle.path}/ did not end within 2s; ")
    said = (
        "it was told to cancel, and its state is Cancelled"
        if on_timeout == "cancel"
        else "running this again takes it up"
    )
    assert said in str(outcome.failure)
    assert outcome.result["changed"] is True
    wait_until(lambda: state(idle) == ends_in, within=60, what=f"the tidy to be {ends_in}")


def test_a_tidy_that_somebody_cancels_is_a_failure(server: VaultServer, idle: PkiMount, tmp_path: Path) -> None:
    def sleep(seconds: float) -> None:
        if state(idle) == "Running":
            idle.client.request("POST", f"{idle.path}/tidy-cancel")
        time.sleep(seconds)

    outcome = run(idle, server, tmp_path, **SLOW, sleep=sleep)
    assert "did not finish; its state is Cancelled: somebody cancelled it" in str(outcome.failure)


def a_while_later() -> float:
    """When a CRL of now is old enough to be judged: two minutes on."""
    return time.time() + 120


@pytest.mark.full
def test_a_frozen_crl_is_named_with_what_to_do_first(
    request: pytest.FixtureRequest, server: VaultServer, lab_authority: Made, server_certificate: Made, tmp_path: Path
) -> None:
    pairing = request.node.callspec.params["server"]
    with start_pairing(pairing, certificate=server_certificate, authority=lab_authority, limit=8192) as small:
        mount = PkiMount(small.client, "pki").enable()
        mount.generate_root()
        # The short-lived ones come first into the CRL, which the rest then overflows.
        life = timedelta(seconds=8)
        fill(mount, Batch(count=5, ttl=life, revoked=5))
        over = now() + life + timedelta(seconds=2)
        (rest,) = fill(mount, Batch(count=240, ttl=timedelta(hours=1)))
        with pytest.raises(ApiError, match="too large"):
            revoke_many(mount, [each.serial_number for each in rest])
        assert mount.client.read("pki/config/crl")["auto_rebuild"] is False
        wait_until(lambda: now() > over, within=60, what="the certificates to expire")
        checked = run(mount, small, tmp_path, check_mode=True, clock=a_while_later)
        outcome = run(mount, small, tmp_path, clock=a_while_later)
        assert outcome.failure == checked.failure
        assert str(outcome.failure).startswith("the CRL of pki/ is frozen: it lacks ")
        assert " of 245 revoked certificates and was last built at 2" in str(outcome.failure)
        setting = "txn_max_req_len" if pairing.endswith("consul") else "max_entry_size"
        assert f"Read pki/crl/rotate first; if that fails, raise {setting}" in str(outcome.failure)
        assert (outcome.result["changed"], state(mount)) == (False, "Inactive")
        forced = run(mount, small, tmp_path, clock=a_while_later, force=True, safety_buffer="1s")
        assert str(forced.failure).startswith("the tidy of pki/ ended in an error: ")
        assert "too large" in str(forced.failure)
        assert (forced.result["state"], forced.result["changed"]) == ("Error", True)


def test_a_server_that_restarts_has_lost_its_tidy(server: VaultServer, idle: PkiMount, tmp_path: Path) -> None:
    pauses = itertools.count(1)

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if next(pauses) == 2:
            server.restart()

    outcome = run(idle, server, tmp_path, **SLOW, sleep=sleep)
    said = (
        f"the server has lost the tidy of {idle.path}/: its state is Inactive. It restarted, or another node leads now."
    )
    assert str(outcome.failure).startswith(said)
    assert outcome.result["after"]["certificates"] == outcome.result["before"]["certificates"]
    again = run(idle, server, tmp_path)
    assert (again.failure, again.result["state"]) == (None, "Finished")


def test_a_connection_that_is_gone_for_a_while_is_waited_for(
    server: VaultServer, idle: PkiMount, tmp_path: Path
) -> None:
    pauses = itertools.count(1)
    with TcpProxy(server.port) as proxy:

        def sleep(seconds: float) -> None:
            number = next(pauses)
            proxy.refuses = 2 <= number < 6
            if proxy.refuses:
                proxy.cut()
            time.sleep(seconds / 4)

        given = {**SLOW, "url": proxy.url, "retries": {"total": 0}, "wait_timeout": "60s"}
        outcome = run(idle, server, tmp_path, **given, sleep=sleep)
    assert (outcome.failure, outcome.result["state"]) == (None, "Finished")
    assert next(pauses) > 6


def test_it_polls_once_a_second_at_most(server: VaultServer, idle: PkiMount, tmp_path: Path) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(0.3)

    run(idle, server, tmp_path, **SLOW, sleep=sleep)
    assert len(pauses) > 5
    assert pauses == sorted(pauses)
    assert (pauses[0], max(pauses) <= 10.0) == (1.0, True)


def test_in_slices(server: VaultServer, idle: PkiMount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "ansible_collections.sre.preflight.plugins.module_utils._vault.tidy_run.SLICE"
    monkeypatch.setattr(module, 1.5)
    resume: dict[str, Any] = {}
    lines = []
    while True:
        result = run(idle, server, tmp_path, **SLOW, resume=resume).result
        if "resume" not in result:
            break
        resume = result["resume"]
        lines.append(result["progress"])
    assert result["state"] == "Finished"
    assert len(lines) >= 2
    expected = rf"{idle.path}/: 0 certificates and 0 revoked ones deleted; certificate store: \d+ of 41 checked"
    assert re.match(expected, lines[0])
    assert (result["before"]["certificates"], result["changed"], result["took_up_running"]) == (41, True, False)


def test_check_mode_starts_nothing(server: VaultServer, idle: PkiMount, tmp_path: Path) -> None:
    began = idle.client.read(f"{idle.path}/tidy-status")["time_started"]
    outcome = run(idle, server, tmp_path, check_mode=True, safety_buffer="24h")
    assert outcome.result["msg"] == (
        f"would start a tidy of {idle.path}/: tidy_cert_store, tidy_revoked_certs with safety_buffer=24h"
    )
    assert (outcome.result["changed"], outcome.result["after"]) == (True, None)
    assert outcome.result["before"]["certificates"] == 41
    assert idle.client.read(f"{idle.path}/tidy-status")["time_started"] == began


def test_what_is_not_known_or_refused(server: VaultServer, idle: PkiMount, tmp_path: Path) -> None:
    lacking = "tidy_invalid_certs" if isinstance(server, Vault) else "tidy_cert_metadata"
    with pytest.raises(OptionError, match=rf"^operations: '{lacking}' is not known to .*; it knows tidy_acme, "):
        run(idle, server, tmp_path, operations=[lacking])
    with pytest.raises(OptionError, match=r"^operations: \[\] is empty; name at least one"):
        run(idle, server, tmp_path, operations=[])
    with pytest.raises(OptionError, match=r"^safety_buffer: 'soon' is no duration; write it as 72h, or in seconds"):
        run(idle, server, tmp_path, safety_buffer="soon")
    with pytest.raises(OptionError, match=r"^wait_timeout: 'soon' is refused: "):
        run(idle, server, tmp_path, wait_timeout="soon")
    refused = run(idle, server, tmp_path, safety_buffer="0s")
    assert str(refused.failure).endswith("(400): safety_buffer must be greater than zero")
    assert refused.result["changed"] is False


def test_a_missing_right_is_named(server: VaultServer, idle: PkiMount, tmp_path: Path) -> None:
    policy = policy_for(idle.path, policy=CONFIG_POLICY)
    section = f'path "{idle.path}/tidy" {{\n  capabilities = ["update"]'
    assert section in policy
    weak = token_with(server, policy.replace(section, section.replace("update", "read")))
    outcome = tidied(server, tmp_path, weak, mount=idle.path)
    path = f"{idle.path}/tidy"
    assert outcome.failure == f"{path}: permission denied: the token needs update on {path}"


def check_requests(server: VaultServer, tmp_path: Path) -> None:
    mount = new_mount(server)
    token = config_token(server, mount.path)
    with audited(server, secret=token) as checked:
        tidied(server, tmp_path, token, mount=mount.path, check_mode=True)
    with audited(server, secret=token) as run_once:
        tidied(server, tmp_path, token, mount=mount.path)
    assert {request["operation"] for request in checked} <= {"read", "list"}
    assert not [request for request in checked if request["path"].endswith("rotate")]
    written = [request["path"] for request in run_once if request["operation"] not in ("read", "list")]
    assert written == [f"{mount.path}/tidy"]


def test_requests_to_openbao(lab_authority: Made, server_certificate: Made, tmp_path: Path) -> None:
    with AuditedOpenBao(certificate=server_certificate, authority=lab_authority) as server:
        check_requests(server, tmp_path)


@pytest.mark.full
def test_requests_to_vault(lab_authority: Made, server_certificate: Made, tmp_path: Path) -> None:
    with Vault(certificate=server_certificate, authority=lab_authority) as server:
        check_requests(server, tmp_path)
