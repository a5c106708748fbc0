# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example in the documentation runs as it stands, and does what its name says."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
from pathlib import Path

import yaml

from tests.support.runs import ROOT, SCRIPTS, environment, run_playbook

MODULES = "ansible_collections.sre.preflight.plugins.modules."


def _examples(module):
    return yaml.safe_load(importlib.import_module(MODULES + module).EXAMPLES)


def _play(tasks):
    return [{"name": "Examples", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]


def _shown(register):
    return {"name": f"Show {register}", "ansible.builtin.debug": {"var": register}}


def test_certificate_audit(tmp_path):
    tasks = _examples("certificate_audit")
    Path("/var/tmp/certificates.bundle").unlink(missing_ok=True)
    for number, task in enumerate(tasks):
        task["register"] = f"result{number}"
    arguments = ("-e", "keystore_password=secret", "-e", "ansible_connection=local")
    play = _play([*tasks, *(_shown(f"result{number}.summary") for number in range(len(tasks)))])
    completed = run_playbook(play, tmp_path, *arguments)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert completed.stdout.count('"by_status"') == len(tasks)
    assert Path("/var/tmp/certificates.bundle").exists()


def test_audit_report(tmp_path):
    hosts = {"all": {"hosts": {name: {"ansible_connection": "local"} for name in ("web1", "web2")}}}
    for written in ("/tmp/preflight.json", "/tmp/preflight.html", "/tmp/preflight_plan.yml"):
        Path(written).unlink(missing_ok=True)
    completed = run_playbook(_examples("audit_report"), tmp_path, inventory=hosts)
    report = json.loads(Path("/tmp/preflight.json").read_text())
    assert report["coverage"]["hosts_reported"] == 2
    assert yaml.safe_load(Path("/tmp/preflight_plan.yml").read_text())["preflight_plan"]["entries"] == report["plan"]
    assert "report.waiver-unused" in [finding["rule"] for finding in report["findings"]]
    assert completed.returncode == (0 if report["verdict"] == "pass" else 2), completed.stdout


def test_unbundle(tmp_path):
    documentation = yaml.safe_load((ROOT / "plugins" / "filter" / "unbundle.yml").read_text())
    completed = run_playbook(
        _play(yaml.safe_load(documentation["EXAMPLES"])), tmp_path, "-e", "ansible_connection=local"
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert '"msg": ' in completed.stdout
    assert "FAILED" not in completed.stdout


def test_unbundle_gives_what_the_module_returns_without_bundle(tmp_path):
    task = {"name": "Audit", "sre.preflight.certificate_audit": {"paths": ["/etc/ssl"], "now": "2026-12-01"}}
    bundled = {**task, "sre.preflight.certificate_audit": {**task["sre.preflight.certificate_audit"], "bundle": True}}
    same = "(packed.bundle | sre.preflight.unbundle)[item] == plain[item]"
    check = {"name": "Compare", "ansible.builtin.assert": {"that": same}}
    check["loop"] = ["findings", "certificates", "coverage", "summary"]
    play = _play([{**task, "register": "plain"}, {**bundled, "register": "packed"}, check])
    completed = run_playbook(play, tmp_path, "-e", "ansible_connection=local")
    assert completed.returncode == 0, completed.stdout[-2000:] + completed.stderr


def test_unbundle_refuses_what_is_no_bundle(tmp_path):
    play = _play([{"name": "Open", "ansible.builtin.debug": {"msg": "{{ 'nonsense' | sre.preflight.unbundle }}"}}])
    completed = run_playbook(play, tmp_path)
    assert completed.returncode == 2
    assert "this is not a bundle that can be opened" in " ".join((completed.stdout + completed.stderr).split())


def test_the_example_of_the_role(tmp_path):
    text = (ROOT / "roles" / "audit" / "README.md").read_text()
    play = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])
    play[1]["tasks"][0]["vars"]["preflight_report_directory"] = str(tmp_path / "report")
    completed = run_playbook(play, tmp_path, inventory={"all": {"hosts": {"web1": {"ansible_connection": "local"}}}})
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert (tmp_path / "report" / "preflight.html").exists()


def _blocks(path, language):
    parts = path.read_text(encoding="utf-8").split("```")[1::2]
    return [part.removeprefix(language).strip("\n") for part in parts if part.split("\n", 1)[0] == language]


def test_the_inventory_and_variables_of_the_guide(tmp_path):
    inventory, endpoints, waivers = (yaml.safe_load(text) for text in _blocks(ROOT / "docs" / "your_fleet.md", "yaml"))
    for group in inventory["all"]["children"].values():
        group["vars"]["ansible_connection"] = "local"
    inventory["all"]["hosts"]["controller"].update(preflight_timeout=2)
    inventory["all"]["hosts"]["other"] = {"ansible_connection": "local", "preflight_timeout": 2, **endpoints}
    directory = tmp_path / "preflight"
    variables = json.dumps({**waivers, "preflight_report_directory": str(directory)}, default=str)
    completed = run_playbook("sre.preflight.audit", tmp_path, "-e", variables, inventory=inventory)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    report = json.loads((directory / "preflight.json").read_text())
    assert report["coverage"]["hosts_expected"] == report["coverage"]["hosts_reported"] == 5
    targets = {each["target"] for each in report["coverage"]["unknown_targets"]}
    assert {"tls://vault.example.com:8200", "smtp://mail.example.com:25", "/etc/kubernetes/*.conf"} <= targets


def test_the_commands_of_the_guide(tmp_path):
    *_plays, replays = _blocks(ROOT / "docs" / "your_fleet.md", "")
    assert len(replays.splitlines()) == 2
    for command in replays.splitlines():
        completed = subprocess.run(
            ["bash", "-c", command.replace("/tmp/evidence", str(tmp_path / "evidence"))],
            env=environment(PATH=f"{SCRIPTS}:{os.environ['PATH']}"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert "SUCCESS" in completed.stdout, completed.stdout + completed.stderr
