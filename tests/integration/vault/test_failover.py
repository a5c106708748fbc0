# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_config and vault_pki_tidy while a cluster of three changes its leader in the middle."""

from __future__ import annotations

import itertools
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.vault.enforcing import GROWTH_STOPPED, config_token, configured, tidied
from tests.lab.cluster import Cluster, start_cluster
from tests.lab.fill import Batch, fill
from tests.lab.openbao import OpenBao
from tests.lab.pki_mount import PkiMount
from tests.lab.process import wait_until
from tests.lab.vault import Vault
from tests.support.fault_proxy import Cut, Fault, FaultProxy, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ansible_collections.sre.preflight.plugins.module_utils._vault.enforcing import Outcome
    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

PATIENCE = 60.0
ORDER = ["roles/pod", "config/crl", "config/auto-tidy", "config/cluster", "config/urls"]
SLOW = {"safety_buffer": "720h", "pause_duration": "100ms"}
numbers = itertools.count(1)


@pytest.fixture(scope="module", params=[OpenBao, pytest.param(Vault, marks=pytest.mark.full)])
def cluster_of_three(
    request: pytest.FixtureRequest, lab_authority: Made, server_certificate: Made
) -> Iterator[Cluster]:
    with start_cluster(request.param, certificate=server_certificate, authority=lab_authority) as started:
        yield started


@pytest.fixture
def cluster(cluster_of_three: Cluster) -> Cluster:
    """The same with all its nodes."""
    cluster_of_three.heal()
    return cluster_of_three


@pytest.fixture
def mount(cluster: Cluster) -> PkiMount:
    """A mount of the test's own."""
    mount = PkiMount(cluster.leader().client, f"pki-{next(numbers)}").enable()
    mount.generate_root()
    mount.create_role("pod", generate_lease=True, allowed_domains=["b.lab", "a.lab"], ttl="72h")
    return mount


def known_token(cluster: Cluster, node: VaultServer, mount: PkiMount) -> str:
    """A token with the rights on the mount, once the node knows it: a standby lags behind."""
    token = config_token(cluster.leader(), mount.path)
    client = node.client.with_token(token)
    wait_until(lambda: client.raw("GET", "auth/token/lookup-self")[0] == 200, within=30, what="the token to be known")
    client.close()
    return token


def run(cluster: Cluster, node: VaultServer, mount: PkiMount, tmp_path: Path, **more: Any) -> Outcome:
    """vault_pki_config with all that stops the growth, by way of ``node`` unless a url is given."""
    given = {"settings": GROWTH_STOPPED, "retry_action": "ignore", "patience": PATIENCE, "mount": mount.path, **more}
    return configured(node, tmp_path, known_token(cluster, node, mount), **given)


def at_write(number: int, act: Callable[[], Fault]) -> Callable[[Seen], Fault]:
    """Acts once, as soon as the write of that number comes."""
    paths: list[str] = []
    done = threading.Event()

    def script(seen: Seen) -> Fault:
        if seen.writes and seen.path not in paths:
            paths.append(seen.path)
        if seen.writes and len(paths) == number and not done.is_set():
            done.set()
            return act()
        return None

    return script


def check_that_all_is_set(cluster: Cluster, mount: PkiMount, tmp_path: Path) -> None:
    client = cluster.leader().client
    assert client.read(f"{mount.path}/roles/pod")["generate_lease"] is False
    assert client.read(f"{mount.path}/config/crl")["auto_rebuild"] is True
    assert client.read(f"{mount.path}/config/auto-tidy")["enabled"] is True
    again = run(cluster, cluster.leader(), mount, tmp_path)
    assert (again.failure, again.result["changed"]) == (None, False)


@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("kill", 2),
        pytest.param("kill", 1, marks=pytest.mark.full),
        pytest.param("kill", 5, marks=pytest.mark.full),
        pytest.param("step_down", 3, marks=pytest.mark.full),
    ],
)
def test_a_run_by_way_of_a_standby_goes_on_under_the_next_leader(
    cluster: Cluster, mount: PkiMount, tmp_path: Path, how: str, number: int
) -> None:
    leader, standby = cluster.leader(), cluster.standby()

    def act() -> Fault:
        getattr(cluster, how)()
        return None

    with FaultProxy(standby, at_write(number, act)) as proxy:
        outcome = run(cluster, standby, mount, tmp_path, url=proxy.url)
    assert (outcome.failure, outcome.result["not_applied"]) == (None, [])
    assert [each["path"] for each in outcome.result["applied"]] == ORDER
    assert cluster.leader() is not leader or how == "step_down"
    check_that_all_is_set(cluster, mount, tmp_path)


def test_a_run_goes_on_where_a_load_balancer_finds_the_next_leader(
    cluster: Cluster, mount: PkiMount, tmp_path: Path
) -> None:
    """A write that forces a rebuild is not sent twice unless it is known to have done nothing."""
    proxy: FaultProxy
    moved = threading.Thread(target=lambda: setattr(proxy, "upstream", cluster.leader()))

    def act() -> Fault:
        cluster.kill()
        moved.start()
        return None

    settings = {"config/crl": {"disable": True, "expiry": "96h"}, "roles/pod": {"generate_lease": False}}
    with FaultProxy(cluster.leader(), at_write(2, act)) as proxy:
        outcome = run(cluster, cluster.leader(), mount, tmp_path, url=proxy.url, settings=settings)
        moved.join()
    assert (outcome.failure, outcome.result["not_applied"]) == (None, [])
    assert [each["path"] for each in outcome.result["applied"]] == ["roles/pod", "config/crl"]
    assert cluster.leader().client.read(f"{mount.path}/config/crl")["disable"] is True


def test_a_leader_that_dies_with_the_answer_has_done_its_write(
    cluster: Cluster, mount: PkiMount, tmp_path: Path
) -> None:
    standby = cluster.standby()

    def act() -> Fault:
        threading.Timer(0.5, cluster.kill).start()
        return Cut(carried_out=True)

    settings = {"config/crl": {"disable": True}}
    with FaultProxy(standby, at_write(1, act)) as proxy:
        outcome = run(cluster, standby, mount, tmp_path, url=proxy.url, settings=settings)
    wait_until(lambda: not all(is_up(node) for node in cluster.nodes), within=30, what="the leader to be dead")
    assert "the settings are in place all the same" in str(outcome.failure)
    assert outcome.result["applied"] == [{"path": "config/crl", "settings": {"disable": True}}]
    assert len([seen for seen in proxy.seen if seen.writes]) == 1


def is_up(node: VaultServer) -> bool:
    try:
        return node.health() > 0
    except OSError:
        return False


def test_where_no_leader_comes_back_it_says_what_was_done_and_how_to_go_back(
    cluster: Cluster, mount: PkiMount, tmp_path: Path
) -> None:
    leader = cluster.leader()

    def act() -> Fault:
        cluster.kill()
        return None

    began = time.monotonic()
    with FaultProxy(leader, at_write(2, act)) as proxy:
        outcome = run(cluster, leader, mount, tmp_path, url=proxy.url, patience=6.0, timeout=10)
    assert time.monotonic() - began > 5
    assert "no connection" in str(outcome.failure)
    assert "; applied: roles/pod; not applied: config/crl, config/auto-tidy, " in str(outcome.failure)
    assert str(outcome.failure).endswith("; to go back, give 'undo' of this result as settings")
    assert [each["path"] for each in outcome.result["applied"]] == ["roles/pod"]
    (doubtful, *_rest) = outcome.result["not_applied"]
    assert doubtful["reason"].startswith("whether the server took it is not known: ")
    other = cluster.leader()
    back = run(cluster, other, mount, tmp_path, settings=outcome.result["undo"])
    assert (back.failure, back.result["not_applied"]) == (None, [])
    assert other.client.read(f"{mount.path}/roles/pod")["generate_lease"] is True
    on = run(cluster, other, mount, tmp_path)
    assert (on.failure, on.result["not_applied"]) == (None, [])
    check_that_all_is_set(cluster, mount, tmp_path)


def test_a_standby_that_reads_by_itself_shows_what_was_just_written(
    cluster: Cluster, mount: PkiMount, tmp_path: Path
) -> None:
    standby = cluster.standby()
    for hours in range(100, 104):
        settings = {"config/crl": {"expiry": f"{hours}h"}, "roles/pod": {"ttl": f"{hours}h"}}
        outcome = run(cluster, standby, mount, tmp_path, settings=settings)
        assert (outcome.failure, len(outcome.result["applied"])) == (None, 2)


def test_a_tidy_that_is_lost_with_its_leader_is_said_and_run_again(
    cluster: Cluster, mount: PkiMount, tmp_path: Path
) -> None:
    fill(mount, Batch(count=60, ttl=timedelta(days=1)))
    standby = cluster.standby()
    pauses = itertools.count(1)

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if next(pauses) == 2:
            cluster.kill()

    token = known_token(cluster, standby, mount)
    lost = tidied(standby, tmp_path, token, mount=mount.path, patience=PATIENCE, sleep=sleep, **SLOW)
    assert str(lost.failure).startswith(f"the server has lost the tidy of {mount.path}/: its state is Inactive. ")
    assert "another node leads now. What was deleted stays deleted; run this again" in str(lost.failure)
    assert lost.result["after"]["certificates"] == 61
    again = tidied(standby, tmp_path, token, mount=mount.path, patience=PATIENCE, safety_buffer="720h")
    assert (again.failure, again.result["state"]) == (None, "Finished")


def test_a_tidy_is_started_by_the_next_leader(cluster: Cluster, mount: PkiMount, tmp_path: Path) -> None:
    standby = cluster.standby()

    def act() -> Fault:
        cluster.kill()
        return None

    token = known_token(cluster, standby, mount)
    with FaultProxy(standby, at_write(1, act)) as proxy:
        outcome = tidied(standby, tmp_path, token, mount=mount.path, url=proxy.url, patience=PATIENCE)
    assert (outcome.failure, outcome.result["state"], outcome.result["changed"]) == (None, "Finished", True)
