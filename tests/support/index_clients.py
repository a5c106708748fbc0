# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real pip and uv, asked what they would install from an index on loopback; nothing else is contacted.

>>> pip_install(index.url, ["demo>=1"], environment("3.9", "win_amd64"))
Installed({"demo": "demo-1.0-py3-none-any.whl"}, "")
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.index_server import normalized

if TYPE_CHECKING:
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.environment import Environment

ROOT = Path(__file__).parents[2]
# Far beyond what they need, so that a client that hangs fails the test.
PATIENCE = 300.0
_UV_MACHINES = {"arm64": "aarch64"}


class Installed(NamedTuple):
    """What would be installed: by project the file (pip) or the version (uv); empty where the client ``failed``."""

    chosen: dict[str, str]
    failed: str


def pip_install(
    url: str, requirements: Sequence[str], environment: Environment, *, more: Sequence[str] = ("--no-deps",)
) -> Installed:
    """``pip install --dry-run --report``. Without dependencies pip takes source distributions for other Pythons too."""
    asked = ["--dry-run", "--ignore-installed", "--report", "-", "--index-url", url, *_pip_target(environment), *more]
    run = run_client([sys.executable, "-m", "pip", *PIP_OPTIONS, "install", *asked], requirements)
    if run.returncode:
        return Installed({}, run.stdout + run.stderr)
    report = json.loads(run.stdout)
    return Installed(
        {normalized(each["metadata"]["name"]): _filename(each["download_info"]["url"]) for each in report["install"]},
        "",
    )


def old_pip() -> Path:
    """The Python of an environment with pip 19.2.3, which is made where it is not there."""
    requirements = ROOT / "tests/requirements/old-pip.txt"
    environment = ROOT / "build/venvs/old-pip"
    subprocess.run([ROOT / "tests/tools/venv.sh", environment, "3.9", requirements], check=True, cwd=ROOT)
    return environment / "bin/python"


def old_pip_download(python: Path, url: str, requirement: str) -> Installed:
    """``pip download`` of a pip before 20.0, for the Python that it runs on. It knows no dry run."""
    with tempfile.TemporaryDirectory() as directory:
        asked = ["--no-deps", "--dest", directory, "--index-url", url]
        run = run_client([str(python), "-m", "pip", *PIP_OPTIONS, "download", *asked], [requirement])
        if run.returncode:
            return Installed({}, run.stdout + run.stderr)
        (file,) = Path(directory).iterdir()
        return Installed({re.split("[<>=!~]", requirement)[0]: file.name}, "")


def uv_compile(url: str, requirements: Sequence[str], environment: Environment) -> Installed:
    """``uv pip compile``."""
    asked = ["--no-config", "--no-cache", "--no-header", "--no-annotate", "--default-index", url]
    target = ["--python-version", environment.python, "--python-platform", _uv_platform(environment.platform)]
    run = run_client(["uv", "pip", "compile", *asked, *target, "--python", sys.executable], requirements, to="{file}")
    if run.returncode:
        return Installed({}, run.stdout + run.stderr)
    return Installed(dict(line.split("==", 1) for line in run.stdout.splitlines() if "==" in line), "")


PIP_OPTIONS = ("--isolated", "--disable-pip-version-check", "--no-input", "--no-cache-dir", "--quiet")


def _pip_target(environment: Environment) -> list[str]:
    platforms = dict.fromkeys(tag.platform for tag in environment.tags if tag.platform != "any")
    abi = next(iter(environment.tags)).abi
    version = ["--python-version", environment.python, "--implementation", "cp", "--abi", abi]
    return [*version, *(f"--platform={each}" for each in platforms)]


def _uv_platform(platform: str) -> str:
    """``x86_64-manylinux_2_28`` for ``manylinux_2_28_x86_64``."""
    if platform == "win_amd64":
        return "x86_64-pc-windows-msvc"
    kind, major, minor, machine = platform.split("_", 3)
    if kind == "macosx":
        return f"{_UV_MACHINES.get(machine, machine)}-apple-darwin"
    return f"{machine}-unknown-linux-musl" if kind == "musllinux" else f"{machine}-{kind}_{major}_{minor}"


def run_client(
    command: list[str], requirements: Sequence[str], to: str = "-r{file}"
) -> subprocess.CompletedProcess[str]:
    """Runs the command on a file of requirements, free of the options that the user's environment sets."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "requirements.txt")
        file.write_text("\n".join(requirements), encoding="utf-8")
        return subprocess.run(
            [*command, to.format(file=file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env={**clean, "NO_PROXY": "127.0.0.1", "NO_COLOR": "1"},
        )


def _filename(url: str) -> str:
    return urllib.parse.unquote(url.rsplit("/", 1)[1])
