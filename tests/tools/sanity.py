# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run `ansible-test sanity` over this tree: `python -m tests.tools.sanity [argument of ansible-test sanity]...`

ansible-test refuses a collection behind a symbolic link, downloads a script to install pip, and clears the environment
that may say how pip reaches its registry. So it gets a copy of the tree, and a home of its own that holds both.
Without arguments two of it run side by side, each with a copy and a home of its own.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from ansible_test._internal.python_requirements import get_venv_packages

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "sanity"
PROGRAMS = WORK / "bin"
PARTS = (("--test", "pylint"), ("--skip-test", "pylint"))
"""Each takes about as long as the other."""
OTHER_PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")

# Stands in for get-pip.py. The environment is fresh, so the pip that comes with Python can install the pinned one.
# (ensurepip in a process of its own: it tells its process to ignore the configuration of pip.)
GET_PIP = """\
import subprocess, sys
subprocess.check_output([sys.executable, "-m", "ensurepip"])
packages = [argument for argument in sys.argv[1:] if not argument.startswith("--no-")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", *packages]))
"""


@dataclass(frozen=True)
class Place:
    """Where one ansible-test works."""

    name: str

    @property
    def home(self) -> Path:
        """Its home, which keeps the environments that it makes."""
        return WORK / self.name / "home"

    @property
    def copy(self) -> Path:
        """Its copy of the tree."""
        return WORK / self.name / "ansible_collections" / "sre" / "preflight"


def copy_tree(copy: Path) -> None:
    """Copy what git tracks or would track to where ansible-test accepts a collection."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    shutil.rmtree(copy, ignore_errors=True)
    for name in set(listing.stdout.decode().split("\0")):
        source, target = ROOT / name, copy / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    # ansible-test asks git which files there are; the repository around this copy would say that it ignores all.
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)


def pip_settings() -> dict[str, str]:
    """Return the settings of this machine's pip, whether they come from its files or from the environment."""
    shown = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True)
    settings = {}
    for line in shown.stdout.splitlines():
        name, value = line.split("=", 1)
        section, key = name.rsplit(".", 1)
        if section in {"global", "install", ":env:"}:
            settings[key] = ast.literal_eval(value)
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if bundle:
        settings.setdefault("cert", bundle)
    return settings


def prepare_home(home: Path) -> None:
    """Give ansible-test the script that installs pip, and pip its settings."""
    version = get_venv_packages(SimpleNamespace(version="{}.{}".format(*sys.version_info)))["pip"].replace(".", "_")
    script = home / ".ansible" / "test" / "cache" / f"get_pip_{version}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP)
    configuration = home / ".config" / "pip" / "pip.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.touch(mode=0o600)
    lines = (f"{key} = {value}" for key, value in pip_settings().items() if key != "quiet")
    configuration.write_text("\n".join(["[global]", "quiet = 1", *lines, ""]))


def prepare_programs() -> None:
    """Link the Pythons of this machine, so that imports are tried on all of them."""
    shutil.rmtree(PROGRAMS, ignore_errors=True)
    PROGRAMS.mkdir(parents=True)
    for version in OTHER_PYTHONS:
        found = subprocess.run(
            ["tests/tools/find_python.sh", version], cwd=ROOT, check=False, capture_output=True, text=True
        )
        if found.returncode == 0:
            (PROGRAMS / f"python{version}").symlink_to(found.stdout.strip())


def environment(home: Path) -> dict[str, str]:
    """Return the environment: the lint tools and the linked Pythons first, no pyenv shims, which refuse to run."""
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder).name != "shims"]
    own = [str(Path(sys.executable).parent), str(PROGRAMS)]
    return {**os.environ, "HOME": str(home), "PATH": os.pathsep.join([*own, *folders])}


def run(place: Place, arguments: Sequence[str], *, show: bool) -> subprocess.CompletedProcess[str]:
    """Run ansible-test at a place; its output is shown as it comes, or kept."""
    copy_tree(place.copy)
    prepare_home(place.home)
    command = [str(Path(sys.executable).parent / "ansible-test"), "sanity", "--local", "--color", "no", *arguments]
    output = None if show else subprocess.PIPE
    return subprocess.run(
        command,
        cwd=place.copy,
        env=environment(place.home),
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def main() -> int:
    """Run ansible-test and return the worst exit status."""
    prepare_programs()
    if sys.argv[1:]:
        return run(Place("chosen"), sys.argv[1:], show=True).returncode
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(run, Place(f"part-{number}"), part, show=False) for number, part in enumerate(PARTS)]
        completed = [each.result() for each in runs]
    for each in completed:
        print(each.stdout, end="")
    return max(abs(each.returncode) for each in completed)


if __name__ == "__main__":
    sys.exit(main())
