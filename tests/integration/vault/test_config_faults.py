# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_config while the way to a real server fails: whatever happens, what was done is said, and a second run
converges."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.vault.enforcing import GROWTH_STOPPED, config_token, configured
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, start_pairing
from tests.lab.pki_mount import PkiMount
from tests.support.fault_proxy import Answer, Cut, Fault, FaultProxy, Seen, TcpProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ansible_collections.sre.preflight.plugins.module_utils._vault.enforcing import Outcome
    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

PAIRING_PARAMS = [pytest.param(name, marks=() if name == OPENBAO_RAFT else pytest.mark.full) for name in PAIRINGS]
QUICK = {"total": 2, "backoff_factor": 0.01}
NONE = {"total": 0}
numbers = itertools.count(1)


@pytest.fixture(scope="module", params=PAIRING_PARAMS)
def server(request: pytest.FixtureRequest, lab_authority: Made, server_certificate: Made) -> Iterator[VaultServer]:
    with start_pairing(request.param, certificate=server_certificate, authority=lab_authority) as started:
        yield started


@pytest.fixture
def mount(server: VaultServer) -> PkiMount:
    """A mount of the test's own."""
    mount = PkiMount(server.client, f"pki-{next(numbers)}").enable()
    mount.generate_root()
    mount.create_role("pod", generate_lease=True, allowed_domains=["b.lab", "a.lab"], ttl="72h")
    return mount


def nth_write(number: int, fault: Fault) -> Callable[[Seen], Fault]:
    """The fault for that write and its repetitions, which have the same path."""
    paths: list[str] = []

    def script(seen: Seen) -> Fault:
        if seen.writes and seen.path not in paths:
            paths.append(seen.path)
        return fault if seen.writes and paths.index(seen.path) == number - 1 else None

    return script


def once(script: Callable[[Seen], Fault]) -> Callable[[Seen], Fault]:
    """Only the first fault of a script."""
    spent = threading.Event()

    def limited(seen: Seen) -> Fault:
        fault = None if spent.is_set() else script(seen)
        if fault is not None:
            spent.set()
        return fault

    return limited


def run(mount: PkiMount, server: VaultServer, tmp_path: Path, url: str, **more: Any) -> Outcome:
    token = config_token(server, mount.path)
    given = {"settings": GROWTH_STOPPED, "retries": QUICK, "retry_action": "ignore", **more}
    return configured(server, tmp_path, token, url=url, mount=mount.path, **given)


def check_that_nothing_is_unsaid(mount: PkiMount, outcome: Outcome) -> None:
    """Each path is applied or not, as told; what is doubtful is in undo."""
    applied = [each["path"] for each in outcome.result["applied"]]
    left = {each["path"]: each["reason"] for each in outcome.result["not_applied"]}
    assert sorted([*applied, *left]) == sorted(GROWTH_STOPPED)
    leases = mount.client.read(f"{mount.path}/roles/pod")["generate_lease"]
    rebuilds = mount.client.read(f"{mount.path}/config/crl")["auto_rebuild"]
    assert (leases is False) is ("roles/pod" in applied)
    if "not known" not in left.get("config/crl", ""):
        assert rebuilds is ("config/crl" in applied)
    for path, reason in left.items():
        assert path not in outcome.result["undo"] or "not known" in reason
    assert outcome.result["changed"] is bool(outcome.result["undo"])


def check_that_it_converges(mount: PkiMount, server: VaultServer, tmp_path: Path) -> None:
    second = run(mount, server, tmp_path, server.url)
    assert (second.failure, second.result["not_applied"]) == (None, [])
    assert run(mount, server, tmp_path, server.url).result["changed"] is False


@pytest.mark.parametrize("fault", [Answer(500), Answer(503), Cut(), Cut(carried_out=True)], ids=str)
def test_a_fault_that_passes_is_not_noticed(server: VaultServer, mount: PkiMount, tmp_path: Path, fault: Fault) -> None:
    with FaultProxy(server, once(nth_write(2, fault))) as proxy:
        outcome = run(mount, server, tmp_path, proxy.url)
    assert (outcome.failure, outcome.result["not_applied"]) == (None, [])
    assert len([seen for seen in proxy.seen if seen.writes]) == len(GROWTH_STOPPED) + 1


@pytest.mark.parametrize("fault", [Answer(500), Answer(502), Answer(403), Cut()], ids=str)
@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_write_that_fails_leaves_nothing_unsaid(
    server: VaultServer, mount: PkiMount, tmp_path: Path, number: int, fault: Fault
) -> None:
    with FaultProxy(server, nth_write(number, fault)) as proxy:
        outcome = run(mount, server, tmp_path, proxy.url)
    assert outcome.failure is not None
    assert len(outcome.result["applied"]) == number - 1
    check_that_nothing_is_unsaid(mount, outcome)
    check_that_it_converges(mount, server, tmp_path)


def test_a_write_whose_answer_is_lost_is_found_to_be_done(server: VaultServer, mount: PkiMount, tmp_path: Path) -> None:
    with FaultProxy(server, nth_write(2, Cut(carried_out=True))) as proxy:
        outcome = run(mount, server, tmp_path, proxy.url, retries=NONE)
    assert "the settings are in place all the same" in str(outcome.failure)
    assert [each["path"] for each in outcome.result["applied"]] == ["roles/pod", "config/crl"]
    check_that_nothing_is_unsaid(mount, outcome)
    check_that_it_converges(mount, server, tmp_path)


def test_what_cannot_be_read_again_is_doubtful_and_in_undo(
    server: VaultServer, mount: PkiMount, tmp_path: Path
) -> None:
    gone = threading.Event()

    def script(seen: Seen) -> Fault:
        if seen.writes and seen.path.endswith("config/crl"):
            gone.set()
            return Cut(carried_out=True)
        return Cut() if gone.is_set() else None

    with FaultProxy(server, script) as proxy:
        outcome = run(mount, server, tmp_path, proxy.url)
    (doubtful, *rest) = outcome.result["not_applied"]
    assert doubtful["path"] == "config/crl"
    assert doubtful["reason"].startswith("whether the server took it is not known: ")
    assert {each["reason"] for each in rest} == {"not tried, because a write before it failed"}
    assert set(outcome.result["undo"]) == {"roles/pod", "config/crl"}
    check_that_it_converges(mount, server, tmp_path)


def test_a_connection_that_is_cut_below_tls(server: VaultServer, mount: PkiMount, tmp_path: Path) -> None:
    with TcpProxy(server.port) as proxy:
        assert run(mount, server, tmp_path, proxy.url, settings={}).failure is None
        proxy.refuses = True
        outcome = run(mount, server, tmp_path, proxy.url)
        assert "no connection" in str(outcome.failure)
        assert outcome.result["changed"] is False
        proxy.refuses = False
        proxy.delay = 0.02
        slow = run(mount, server, tmp_path, proxy.url)
    assert (slow.failure, slow.result["not_applied"]) == (None, [])


def test_a_role_is_written_whole_where_patch_is_not_let_through(
    server: VaultServer, mount: PkiMount, tmp_path: Path
) -> None:
    role = f"{mount.path}/roles/pod"
    before = mount.client.read(role)
    settings = {"roles/pod": {"generate_lease": False, "max_ttl": "720h"}}
    no_patch = Answer(405, b'{"errors":["1 error occurred:\\n\\t* unsupported operation\\n\\n"]}')
    with FaultProxy(server, lambda seen: no_patch if seen.method == "PATCH" else None) as proxy:
        # update on the role is more than the shipped policy grants.
        outcome = configured(server, tmp_path, server.client.token, url=proxy.url, mount=mount.path, settings=settings)
    assert (outcome.failure, outcome.warnings) == (None, [])
    assert mount.client.read(role) == {**before, "generate_lease": False, "max_ttl": 2592000}
    assert [seen.method for seen in proxy.seen if seen.writes] == ["PATCH", "POST"]


def test_of_two_runs_at_once_the_second_stops(server: VaultServer, mount: PkiMount, tmp_path: Path) -> None:
    """The other run writes after ours has read everything, and before ours writes config/crl."""
    other = {"config/crl": {"auto_rebuild": True, "expiry": "48h", "auto_rebuild_grace_period": "6h"}}

    def script(seen: Seen) -> Fault:
        if seen.method == "PATCH":
            assert run(mount, server, tmp_path, server.url, settings=other).failure is None
        return None

    with FaultProxy(server, script) as proxy:
        outcome = run(mount, server, tmp_path, proxy.url)
    said = "config/crl: somebody else changed it meanwhile: expiry was 259200 and is 172800; "
    assert said in str(outcome.failure)
    assert [each["path"] for each in outcome.result["applied"]] == ["roles/pod"]
    assert mount.client.read(f"{mount.path}/config/crl")["expiry"] == "48h"


def test_of_two_runs_of_one_plan_the_second_finds_it_done(server: VaultServer, mount: PkiMount, tmp_path: Path) -> None:
    def script(seen: Seen) -> Fault:
        if seen.method == "PATCH":
            assert run(mount, server, tmp_path, server.url).failure is None
        return None

    with FaultProxy(server, script) as proxy:
        outcome = run(mount, server, tmp_path, proxy.url)
    assert (outcome.failure, outcome.result["not_applied"]) == (None, [])
    assert [seen.method for seen in proxy.seen if seen.writes] == ["PATCH"]


def test_the_leader_restarts_in_the_middle(server: VaultServer, mount: PkiMount, tmp_path: Path) -> None:
    restarted = threading.Event()

    def script(seen: Seen) -> Fault:
        if seen.writes and seen.path.endswith("config/crl") and not restarted.is_set():
            restarted.set()
            server.restart()
            return Cut()
        return None

    with FaultProxy(server, script) as proxy:
        outcome = run(mount, server, tmp_path, proxy.url, retries=NONE)
    assert "no connection" in str(outcome.failure)
    assert [each["path"] for each in outcome.result["applied"]] == ["roles/pod"]
    check_that_nothing_is_unsaid(mount, outcome)
    check_that_it_converges(mount, server, tmp_path)
