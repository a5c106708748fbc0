# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a report to settings on real servers: foreseen, done once, undone on request, refused where it is nonsense."""

from __future__ import annotations

import copy
import json
import os
import re
import signal
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.integration.vault.auditing import AuditedOpenBao, audited
from tests.lab.cluster import start_cluster
from tests.lab.openbao import OpenBao
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, start_pairing
from tests.lab.vault import Vault
from tests.support.fault_proxy import Cut, Fault, FaultProxy, Seen
from tests.support.remediating import Site, growing_mount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.vault_server import VaultServer

LIMIT = 16_384
READS = {"read", "list"}
GROWING = ("first", "second")
PATHS = ("config/auto-tidy", "config/crl", "roles/fill-30s-leased")


@pytest.fixture(scope="module")
def server(lab_authority, server_certificate) -> Iterator[VaultServer]:
    openbao = AuditedOpenBao(certificate=server_certificate, authority=lab_authority, raft=True, max_entry_size=LIMIT)
    with openbao:
        yield openbao


def site_of(server: VaultServer, directory: Path, *mounts: str) -> Site:
    for mount in mounts:
        growing_mount(server, mount)
    return Site(server, directory, mounts)


def discard(site: Site) -> None:
    for mount in site.mounts:
        site.server.client.request("DELETE", f"sys/mounts/{mount}")


@pytest.fixture(scope="module")
def plan(server, tmp_path_factory) -> str:
    """What an audit of two mounts that grow plans for both: the same each time."""
    audited_site = site_of(server, tmp_path_factory.mktemp("audited"), *GROWING)
    audited_site.audit()
    discard(audited_site)
    return audited_site.plan.read_text()


@pytest.fixture
def site(server, plan, tmp_path) -> Iterator[Site]:
    """Two mounts that grow, with a plan for both."""
    made = site_of(server, tmp_path, *GROWING)
    made.plan.write_text(plan)
    yield made
    discard(made)


def live(site: Site, mount: str) -> dict[str, dict[str, Any]]:
    return {path: site.live(f"{mount}/{path}") for path in PATHS}


class Told(NamedTuple):
    """A run that has ended, and the requests that it made."""

    code: int
    output: str
    requests: list[dict[str, Any]]

    @property
    def operations(self) -> set[str]:
        return {request["operation"] for request in self.requests}


class Story(NamedTuple):
    """One mount from the audit to the rollback."""

    gate: Told
    checked: Told
    saved_by_check: int
    before: dict[str, Any]
    applied: Told
    after: dict[str, Any]
    saved: list[dict[str, Any]]
    again: Told
    back: Told
    restored: dict[str, Any]
    back_again: Told


@pytest.fixture(scope="module")
def story(server, tmp_path_factory) -> Iterator[Story]:
    """Audit, gate, check, apply, apply again, roll back, roll back again."""
    site = site_of(server, tmp_path_factory.mktemp("story"), "services")
    site.audit()

    def told(*arguments: str, playbook: str = "sre.preflight.remediate") -> Told:
        plan = ("-e", f"preflight_plan_path={site.plan}")
        with audited(server, secret=site.token) as requests:
            completed = site.run(playbook, *plan, *arguments)
        return Told(completed.returncode, completed.stdout + completed.stderr, requests)

    gate = told("-e", f"gate_report_path={site.directory / 'preflight.json'}", playbook="sre.preflight.gate")
    checked, saved_by_check, before = told("--check", "--diff"), len(site.saved()), live(site, "services")
    applied, after, saved = told(), live(site, "services"), site.saved()
    again = told()
    (state,) = site.states.iterdir()
    rollback = ("-e", f"vault_tidy_rollback={state}")
    back, restored = told(*rollback), live(site, "services")
    yield Story(gate, checked, saved_by_check, before, applied, after, saved, again, back, restored, told(*rollback))
    discard(site)


def test_the_gate_refuses_while_the_backlog_is_not_safe_and_says_so(story):
    assert story.gate.code == 2
    assert "Preflight refuses, fail: " in story.gate.output
    assert "A backlog of leases would overflow the CRL" in story.gate.output
    assert "(role vault_tidy)" in story.gate.output


def test_check_mode_shows_each_change_and_writes_nothing(story):
    assert story.checked.code == 0, story.checked.output
    assert story.checked.operations == READS
    assert story.saved_by_check == 0
    for line in (
        "services/: would set config/crl auto_rebuild from false to true\n",
        "services/: would set roles/fill-30s-leased generate_lease from true to false\n",
        '+        "enabled": true,\n',
    ):
        assert line in story.checked.output
    assert "changed=1 " in story.checked.output


def test_it_is_applied_and_audited_again(story):
    assert story.applied.code == 0, story.applied.output
    assert story.before["config/crl"]["auto_rebuild"] is False
    assert story.after["config/crl"]["auto_rebuild"] is True
    assert story.after["config/auto-tidy"]["enabled"] is True
    assert story.after["roles/fill-30s-leased"]["generate_lease"] is False
    (saved,) = story.saved
    assert saved["status"] == "applied"
    assert saved["after"]["peak_bytes"] < saved["before"]["peak_bytes"]
    (line,) = [each for each in story.applied.output.splitlines() if each.startswith("services/: ") and " -> " in each]
    assert ", peak CRL " in line


def test_the_second_run_changes_nothing_and_says_so(story):
    assert story.again.code == 0, story.again.output
    assert "services/: already as planned\n" in story.again.output
    assert "changed=0 " in story.again.output
    assert story.again.operations == {"read"}
    assert len(story.again.requests) < 10


def test_what_was_there_before_is_restored_on_request(story):
    assert story.back.code == 0, story.back.output
    assert story.restored == story.before
    assert "services/: as it was before again\n" in story.back.output
    assert (story.back_again.code, story.back_again.operations) == (0, {"read"})
    assert "changed=0 " in story.back_again.output


def role_play(**variables: Any) -> list[dict[str, Any]]:
    role = {"name": "Tidy", "ansible.builtin.import_role": {"name": "sre.preflight.vault_tidy"}, "vars": variables}
    return [{"name": "Tidy", "hosts": "all", "gather_facts": False, "tasks": [role]}]


@pytest.mark.full
def test_what_makes_it_worse_is_rolled_back(site):
    """From variables alone: no tidy any more."""
    site.server.client.write("first/config/auto-tidy", enabled=True, tidy_cert_store=True, tidy_revoked_certs=True)
    well = live(site, "first")
    bad = {"config/auto-tidy": {"enabled": False}}
    completed = site.run(role_play(vault_tidy_mount="first", vault_tidy_settings=bad))
    assert completed.returncode == 2
    said = "first/ was rolled back, because the audit afterwards is worse: "
    assert re.search(said + r"(\w+ findings \d+ -> \d+|peak CRL .* -> )", completed.stdout), completed.stdout
    assert live(site, "first") == well
    assert [each["status"] for each in site.saved()] == ["rolled_back"]


def test_a_right_that_is_missing_stops_at_the_first_failure_and_the_next_run_goes_on(site):
    first, second = site.plan_entries()
    own = site.token
    one, other = first["target"]["mount"].strip("/"), second["target"]["mount"].strip("/")
    site.token = site.new_token(only_read=f"{one}/config/auto-tidy")
    untouched = live(site, other)
    completed = site.remediate()
    assert completed.returncode == 2
    assert "; applied: " in completed.stdout, completed.stdout
    assert "; not applied: config/auto-tidy" in completed.stdout, completed.stdout
    assert f"the token needs update on {one}/config/auto-tidy" in completed.stdout
    (state,) = site.states.iterdir()
    assert f"go back with vault_tidy_rollback={state}" in completed.stdout
    assert live(site, other) == untouched
    assert site.saved()[0]["status"] == "applying"
    site.token = own
    completed = site.remediate()
    assert completed.returncode == 0, completed.stdout
    assert f"{one}/: an earlier run came to no end; what it saved in {state} is taken up" in completed.stdout
    assert {each["status"] for each in site.saved()} == {"applied"}
    assert json.loads(state.read_text())["undo"]["roles/fill-30s-leased"]["generate_lease"] is True


@pytest.mark.parametrize(
    ("part", "key", "value", "message"),
    [
        ("found", "config/crl", {"expiry": 86400}, "config/crl expiry: 86400 was expected and it is 259200"),
        ("target", "cluster_id", "0000", "expected_cluster_id: '0000' is not this cluster"),
        ("target", "mount", "gone/", "gone/config/crl"),
        ("settings", "config/crl", {"expiry": "perhaps"}, "settings.config/crl.expiry: 'perhaps'"),
    ],
    ids=["stale", "cluster", "mount", "value"],
)
@pytest.mark.full
def test_what_does_not_fit_the_server_is_one_line_and_nothing_is_written(site, part, key, value, message):
    entries = copy.deepcopy(site.plan_entries()[:1])
    entries[0]["settings"] = {"config/crl": {"expiry": 345600}}
    entries[0]["found"] = {"config/crl": {"expiry": 259200}}
    entries[0][part][key] = value
    site.write_plan(entries)
    with audited(site.server, secret=site.token) as requests:
        completed = site.remediate()
    assert completed.returncode == 2
    assert message in completed.stdout
    assert {request["operation"] for request in requests} <= READS
    assert site.saved() == []


def test_a_plan_that_was_edited_into_nonsense_is_refused_with_every_reason(site):
    entries = site.plan_entries()
    entries[0]["role"], entries[1]["host"] = "reboot", "db"
    site.write_plan(entries)
    completed = site.remediate()
    assert completed.returncode == 2
    first, second = (entry["target"]["mount"] for entry in entries)
    roles = "vault_tidy, package_mirror"
    assert f"{site.plan}: entry 1 ({first}): role: 'reboot' is not known; there is {roles}\n" in completed.stdout
    assert f"{site.plan}: entry 2 ({second}): host: 'db' is not in the inventory; " in completed.stdout
    assert "and 1 more, as told above; nothing was changed" in completed.stdout


def killed_at(site: Site, task: str, *arguments: str, time: int = 1) -> None:
    """The playbook with all that it started, killed as soon as it says that it is at that task for that time."""
    with site.start("sre.preflight.remediate", "-e", f"preflight_plan_path={site.plan}", *arguments) as process:
        assert process.stdout is not None
        for line in process.stdout:
            time -= task in line
            if not time:
                break
        else:
            pytest.fail(f"there was no task {task!r}")
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def full(*values: Any) -> Any:
    return pytest.param(*values, marks=pytest.mark.full)


@pytest.mark.parametrize(
    ("task", "time"),
    [
        full("Read the plan", 1),
        full("Compare the settings with the live ones", 1),
        full("Say what is to be done", 1),
        full("Audit the mount", 1),
        full("Save the state", 1),
        ("Set what differs", 1),
        full("Tidy and rotate the CRL now", 1),
        full("Audit the mount", 2),
        full("Compare the audits", 1),
    ],
)
def test_a_run_that_was_killed_is_brought_to_its_end_by_the_next(site, task, time):
    site.write_plan(site.plan_entries()[:1])
    mount = site.plan_entries()[0]["target"]["mount"].strip("/")
    before = live(site, mount)
    now = ("-e", "vault_tidy_now=true") if task == "Tidy and rotate the CRL now" else ()
    killed_at(site, task, *now, time=time)
    completed = site.remediate(*now)
    assert completed.returncode == 0, completed.stdout
    assert live(site, mount)["config/crl"]["auto_rebuild"] is True
    assert [each["status"] for each in site.saved()] == ["applied"]
    assert site.remediate().stdout.count("already as planned") == 1
    (state,) = site.states.iterdir()
    assert site.remediate("-e", f"vault_tidy_rollback={state}").returncode == 0
    assert live(site, mount) == before


@pytest.mark.full
@pytest.mark.parametrize("number", range(1, len(PATHS) + 1))
def test_a_run_that_was_killed_after_any_of_its_writes_is_brought_to_its_end(site, number):
    site.write_plan(site.plan_entries()[:1])
    mount = site.plan_entries()[0]["target"]["mount"].strip("/")
    before = live(site, mount)
    written, killed = threading.Event(), threading.Event()
    paths: set[str] = set()

    def script(seen: Seen) -> Fault:
        if seen.writes:
            paths.add(seen.path)
        if len(paths) == number and not seen.writes:  # it reads again what it has written
            written.set()
            killed.wait(60)
            return Cut()
        return None

    with FaultProxy(site.server, script) as proxy:
        site.url = proxy.url
        with site.start("sre.preflight.remediate", "-e", f"preflight_plan_path={site.plan}") as process:
            assert written.wait(120)
            os.killpg(process.pid, signal.SIGKILL)
        killed.set()
    assert len(paths) == number
    site.url = site.server.url
    completed = site.remediate()
    assert completed.returncode == 0, completed.stdout
    assert "an earlier run came to no end; what it saved in " in completed.stdout
    assert [each["status"] for each in site.saved()] == ["applied"]
    (state,) = site.states.iterdir()
    assert site.remediate("-e", f"vault_tidy_rollback={state}").returncode == 0
    assert live(site, mount) == before


@pytest.mark.full
@pytest.mark.parametrize("task", ["Read the saved state", "Set what differs", "Close the saved state"])
def test_a_way_back_that_was_killed_is_gone_to_its_end_by_the_next(site, task):
    site.write_plan(site.plan_entries()[:1])
    mount = site.plan_entries()[0]["target"]["mount"].strip("/")
    before = live(site, mount)
    assert site.remediate().returncode == 0
    (state,) = site.states.iterdir()
    rollback = ("-e", f"vault_tidy_rollback={state}")
    killed_at(site, task, *rollback)
    completed = site.remediate(*rollback)
    assert completed.returncode == 0, completed.stdout
    assert live(site, mount) == before
    assert [each["status"] for each in site.saved()] == ["rolled_back"]


@pytest.mark.full
def test_two_runs_at_once_end_as_planned(site):
    site.write_plan(site.plan_entries()[:1])
    plan = ("-e", f"preflight_plan_path={site.plan}")
    with site.start("sre.preflight.remediate", *plan) as one, site.start("sre.preflight.remediate", *plan) as other:
        outputs = [process.communicate()[0] for process in (one, other)]
    assert 0 in (one.returncode, other.returncode), outputs
    completed = site.remediate()
    assert completed.returncode == 0, completed.stdout
    assert "already as planned" in site.remediate().stdout


@pytest.mark.full
@pytest.mark.parametrize("product", [OpenBao, Vault])
def test_the_leader_dies_in_the_middle(lab_authority, server_certificate, tmp_path, product):
    """By way of a standby: before the second write there is another leader, and the run goes on under it."""
    with start_cluster(product, certificate=server_certificate, authority=lab_authority) as cluster:
        growing_mount(cluster.leader(), "services")
        site = Site(cluster.leader(), tmp_path, ("services",))
        entries = site.audit()
        site.server = cluster.standby()
        paths: list[str] = []

        def script(seen: Seen) -> Fault:
            if seen.writes and seen.path not in paths:
                paths.append(seen.path)
                if len(paths) == 2:
                    cluster.kill()
            return None

        with FaultProxy(site.server, script) as proxy:
            site.url = proxy.url
            completed = site.remediate("-e", "vault_tidy_now=true")
        assert completed.returncode == 0, completed.stdout
        assert re.search(r"requests to the server had to be repeated: \d+ x ", completed.stdout + completed.stderr)
        assert len(paths) == len(entries[0]["settings"]) + 1  # and the tidy
        assert [each["status"] for each in site.saved()] == ["applied"]
        site.url = cluster.leader().url
        assert "already as planned" in site.remediate().stdout


@pytest.mark.full
@pytest.mark.parametrize("pairing", [name for name in PAIRINGS if name != OPENBAO_RAFT])
def test_vault_is_remediated_once_tidied_and_brought_back(lab_authority, server_certificate, tmp_path, pairing):
    with start_pairing(pairing, certificate=server_certificate, authority=lab_authority, limit=LIMIT) as vault:
        site = site_of(vault, tmp_path, "services")
        site.audit()
        before = live(site, "services")
        completed = site.remediate("-e", "vault_tidy_now=true")
        assert completed.returncode == 0, completed.stdout + completed.stderr
        assert live(site, "services")["roles/fill-30s-leased"]["generate_lease"] is False
        again = site.remediate()
        assert "services/: already as planned" in again.stdout
        assert "changed=0 " in again.stdout
        (state,) = site.states.iterdir()
        assert site.remediate("-e", f"vault_tidy_rollback={state}").returncode == 0
        assert live(site, "services") == before
