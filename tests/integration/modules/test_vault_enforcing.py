# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_config and vault_pki_tidy as a user runs them, on a real OpenBao, with the shipped policy."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta

import pytest
import yaml

from ansible_collections.sre.preflight.plugins.modules import vault_pki_config, vault_pki_tidy
from tests.lab.fill import Batch, fill
from tests.lab.least_privilege import CONFIG_POLICY, policy_for, token_with
from tests.lab.process import wait_until
from tests.support.runs import SCRIPTS, environment, run_adhoc, run_module, run_playbook

CONFIG, TIDY = "sre.preflight.vault_pki_config", "sre.preflight.vault_pki_tidy"
SLOW = {"safety_buffer": "720h", "pause_duration": "500ms"}


@pytest.fixture
def given(openbao, pki_mount, tmp_path):
    """The options of the connection and of the mount, which has 30 certificates and a role that gives leases."""
    fill(pki_mount, Batch(count=30, ttl=timedelta(days=1)))
    pki_mount.create_role("pod", generate_lease=True)
    ca = tmp_path / "ca.pem"
    ca.write_bytes(openbao.authority.pem)
    token = token_with(openbao, policy_for(pki_mount.path, policy=CONFIG_POLICY))
    return {"url": openbao.url, "ca_cert": str(ca), "token": token, "mount": pki_mount.path}


def _play(*tasks):
    return [{"name": "Try", "hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]


def _run(play, tmp_path, token, *arguments):
    completed = run_playbook(play, tmp_path, "-e", "ansible_connection=local", *arguments)
    assert token not in completed.stdout + completed.stderr
    return completed


def test_settings_with_diff_and_in_check_mode(given, pki_mount, tmp_path):
    settings = {"config/crl": {"auto_rebuild": True, "expiry": "96h"}, "roles/pod": {"generate_lease": False}}
    play = _play({"name": "Set", CONFIG: {**given, "settings": settings}})
    checked = _run(play, tmp_path, given["token"], "--check", "--diff", "-vvv")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert re.search(r'-\s+"expiry": 259200', checked.stdout)
    assert re.search(r'\+\s+"expiry": 345600', checked.stdout)
    assert pki_mount.client.read(f"{pki_mount.path}/config/crl")["expiry"] == "72h"
    real = _run(play, tmp_path, given["token"], "--diff", "-vvv")
    assert "changed=1 " in real.stdout
    assert re.search(r'\+\s+"expiry": 345600', real.stdout)
    again = _run(play, tmp_path, given["token"])
    assert "changed=0 " in again.stdout


def test_a_failure_half_way_is_there_for_a_rescue(given, tmp_path):
    settings = {"roles/pod": {"generate_lease": False}, "config/auto-tidy": {"enabled": True, "page_size": 1}}
    result = run_module(CONFIG, {**given, "settings": settings})
    assert result["failed"]
    assert "page_size must be at least 5" in result["msg"] or "no tidy operations were requested" in result["msg"]
    assert [each["path"] for each in result["applied"]] == ["roles/pod"]
    assert result["undo"] == {"roles/pod": {"generate_lease": True}}
    assert given["token"] not in json.dumps(result)
    back = run_module(CONFIG, {**given, "settings": result["undo"]})
    assert (back["failed"], back["changed"]) == (False, True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"url": "https://127.0.0.1:1", "retries": 0}, "sys/health: no connection: Connection refused"),
        ({"token": "s.wrong"}, "permission denied: the token needs read on "),
        ({"settings": {"config/acme": {}}}, "settings: 'config/acme' is no path for settings; use config/auto-tidy"),
        ({"mount": "/"}, "mount: '/' is no path of a mount; write it as pki"),
        ({"settings": {"config/crl": {"expiry": None}}}, "settings.config/crl.expiry: None is no value"),
        ({"settings": {"config/crl": {"expiry": "soon"}}}, "settings.config/crl.expiry: 'soon' is no duration; write"),
    ],
)
def test_bad_input_is_one_clear_line(given, change, message):
    result = run_module(CONFIG, {**given, "settings": {"config/crl": {"expiry": "96h"}}, **change})
    assert result["failed"]
    assert message in result["msg"]
    assert "\n" not in result["msg"]
    assert given["token"] not in json.dumps(result)


LINE = r"localhost: {mount}/: 0 certificates and 0 revoked ones deleted; certificate store: \d+ of 31 checked"


@pytest.mark.full
def test_a_person_sees_how_far_a_tidy_is(given, tmp_path):
    shown = {
        "name": "Show",
        "ansible.builtin.debug": {"msg": "{{ r.state }} {{ r.before.certificates }} {{ r.changed }}"},
    }
    play = _play({"name": "Tidy", TIDY: {**given, **SLOW}, "register": "r"}, shown)
    completed = _run(play, tmp_path, given["token"], "-vvv")
    assert completed.returncode == 0, completed.stdout + completed.stderr
    line = LINE.format(mount=given["mount"])
    assert re.search(line + r", \d+ a (second|minute), \d+s left in this store", completed.stdout)
    assert "Finished 31 True" in completed.stdout


def test_a_tidy_without_lines_and_by_the_module_alone(given, tmp_path):
    quick = {**given, "safety_buffer": "720h"}
    play = _play({"name": "Tidy", TIDY: {**quick, "progress": False}})
    completed = _run(play, tmp_path, given["token"])
    assert (completed.returncode, "certificate store" in completed.stdout) == (0, False)
    assert "changed=1 " in completed.stdout
    alone = run_module(TIDY, quick)
    assert (alone["failed"], alone["state"], alone["after"]["certificates"]) == (False, "Finished", 31)
    adhoc = run_adhoc(TIDY, quick)
    assert (adhoc["state"], adhoc["changed"]) == ("Finished", True)
    assert not {"resume", "progress"} & {*alone, *adhoc}


def test_a_tidy_in_check_mode_starts_nothing(given, pki_mount, tmp_path):
    play = _play({"name": "Tidy", TIDY: given})
    completed = _run(play, tmp_path, given["token"], "--check")
    assert "changed=1 " in completed.stdout
    assert pki_mount.client.read(f"{pki_mount.path}/tidy-status")["state"] == "Inactive"


def test_async_is_one_call(given, tmp_path):
    task = {"name": "Tidy", TIDY: {**given, "safety_buffer": "720h"}, "async": 60, "poll": 1, "register": "r"}
    shown = {"name": "Show", "ansible.builtin.debug": {"msg": "{{ r.state }}"}}
    completed = _run(_play(task, shown), tmp_path, given["token"])
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "Finished" in completed.stdout


@pytest.mark.parametrize(
    ("change", "message"), [({"progress": "maybe"}, "progress"), ({"mount": "gone"}, "gone/tidy-status")]
)
def test_bad_input_through_the_action_plugin(given, tmp_path, change, message):
    completed = _run(_play({"name": "Tidy", TIDY: {**given, **change}}), tmp_path, given["token"])
    assert completed.returncode == 2
    assert message in completed.stdout


@pytest.mark.full
def test_a_playbook_that_is_killed_is_taken_up_by_the_next(given, pki_mount, tmp_path):
    playbook = tmp_path / "tidy.yml"
    playbook.write_text(yaml.safe_dump(_play({"name": "Tidy", TIDY: {**given, **SLOW}})))

    def running():
        return pki_mount.client.read(f"{pki_mount.path}/tidy-status")["state"] == "Running"

    with subprocess.Popen(
        [str(SCRIPTS / "ansible-playbook"), str(playbook), "-e", "ansible_connection=local"],
        env=environment(),
        stdout=subprocess.DEVNULL,
    ) as process:
        wait_until(running, within=60, what="the tidy to run")
        process.kill()
    result = run_module(TIDY, {**given, **SLOW})
    assert (result["failed"], result["state"], result["took_up_running"]) == (False, "Finished", True)


def _examples(module, name, given):
    """As they stand, but for the address, its CA and the mount."""
    tasks = yaml.safe_load(module.EXAMPLES)
    for task in tasks:
        if name in task:
            task[name].update(url=given["url"], ca_cert=given["ca_cert"], mount=given["mount"])
    return tasks


def test_the_examples(given, tmp_path):
    tasks = [*_examples(vault_pki_config, CONFIG, given), *_examples(vault_pki_tidy, TIDY, given)]
    completed = _run(_play(*tasks), tmp_path, given["token"], "-e", json.dumps({"vault_token": given["token"]}))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "ok=5 " in completed.stdout
    assert "changed=4 " in completed.stdout
    assert re.search(r"0 certificates deleted, CRL \d+ -> \d+ bytes", completed.stdout)
