# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules and playbooks run by the real ansible-core, as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.support.forked_modules import run_forked

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent


def environment(**more: str) -> dict[str, str]:
    """The caller's environment with this collection on the path, and nothing of the user's own configuration."""
    own = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build" / "collections"),
        "ANSIBLE_CONFIG": str(Path(__file__).with_name("runs.cfg")),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "COLUMNS": "100",
    }
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    return {**inherited, **own, **more}


def run_module(module: str, arguments: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
    """The result of one module, as the managed host runs it; ``failed`` says whether it failed."""
    given = {**arguments, "_ansible_check_mode": check}
    own = environment(PYTHONPATH=str(ROOT / "build" / "collections"))
    stdout, stderr = run_forked(module.rpartition(".")[2], given, own)
    assert stdout, stderr
    result = json.loads(stdout)
    result.pop("invocation", None)
    return {"failed": False, **result}


def run_adhoc(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The result of one module on localhost by the command ``ansible``, as the README has it."""
    completed = subprocess.run(
        [str(SCRIPTS / "ansible"), "localhost", "-m", module, "-a", json.dumps(arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    _status, separator, rest = completed.stdout.partition("=> ")
    assert separator, completed.stdout + completed.stderr
    return dict(json.loads(rest))


def playbook_command(
    playbook: str | Path | list[dict[str, Any]], tmp_path: Path, *arguments: str, inventory: Any = None
) -> list[str]:
    """The words that run ansible-playbook on a file or on plays as data, with an inventory as data."""
    if isinstance(playbook, list):
        path = tmp_path / "playbook.yml"
        path.write_text(yaml.safe_dump(playbook, sort_keys=False))
        playbook = path
    command = [str(SCRIPTS / "ansible-playbook"), str(playbook)]
    if inventory is not None:
        (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
        command += ["-i", str(tmp_path / "inventory.yml")]
    return [*command, *arguments]


def run_playbook(
    playbook: str | Path | list[dict[str, Any]], tmp_path: Path, *arguments: str, inventory: Any = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """The process of playbook_command, completed."""
    command = playbook_command(playbook, tmp_path, *arguments, inventory=inventory)
    return subprocess.run(command, env=environment(**env), capture_output=True, text=True, check=False, timeout=900)
