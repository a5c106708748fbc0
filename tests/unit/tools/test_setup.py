# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tools that set up and run the tests say in one line what is wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.system_servers import PACKAGES

ROOT = Path(__file__).parents[3]
# Answers like a Python of another version to the questions that find_python.sh asks with -c.
OTHER_VERSION = """\
#!/bin/sh
exec '{python}' -c 'import sys; sys.version_info, sys.executable = {version}, "{path}"; exec(sys.argv[1])' "$2"
"""


def python_of_version(path: Path, version: tuple[int, ...]) -> Path:
    path.write_text(OTHER_VERSION.format(python=sys.executable, version=version, path=path), encoding="utf-8")
    path.chmod(0o755)
    return path


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_an_old_python_is_refused_in_one_line(tmp_path: Path) -> None:
    old = python_of_version(tmp_path / "python3", (3, 10, 13))
    result = run("tests/tools/find_python.sh", "3.11+", PYTHON=str(old))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"preflight: needs Python 3.11 or newer; found {old}, which is 3.10. "
        "Install one, or name it: make ... PYTHON=/path/to/python3.12\n"
    )


def test_a_new_python_is_taken(tmp_path: Path) -> None:
    new = python_of_version(tmp_path / "python3", (3, 11, 0))
    assert run("tests/tools/find_python.sh", "3.11+", PYTHON=str(new)).stdout == f"{new}\n"


def test_a_version_is_found_in_pyenv_though_not_on_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "versions" / "3.77.1" / "bin"
    folder.mkdir(parents=True)
    python = python_of_version(folder / "python", (3, 77, 1))
    assert run("tests/tools/find_python.sh", "3.77", PYENV_ROOT=str(tmp_path)).stdout == f"{python}\n"


def test_a_missing_version_is_an_error(tmp_path: Path) -> None:
    result = run("tests/tools/find_python.sh", "3.77", PYENV_ROOT=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "needs Python 3.77" in result.stderr
    assert "pyenv install 3.77" in result.stderr


def test_an_environment_is_made_once_and_again_when_its_pins_change(tmp_path: Path) -> None:
    pins = tmp_path / "tests" / "requirements" / "constraints.txt"
    pins.parent.mkdir(parents=True)
    pins.touch()
    command = [str(ROOT / "tests" / "tools" / "venv.sh"), "made", "3.11+", str(pins)]

    def messages() -> str:
        result = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=True,
        )
        return result.stderr

    assert "Setting up made" in messages()
    assert messages() == ""
    pins.write_text("# another\n", encoding="utf-8")
    assert "Setting up made" in messages()
    assert messages() == ""


def test_missing_programs_are_named_in_one_line(tmp_path: Path) -> None:
    result = run("/bin/sh", "tests/tools/system_programs.sh", PATH=str(tmp_path), CI="")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert " chromium" in result.stderr
    assert "Get them: apt-get install" in result.stderr


def test_servers_that_tests_start_are_installed() -> None:
    script = (ROOT / "tests" / "tools" / "system_programs.sh").read_text(encoding="utf-8")
    for program, packages in PACKAGES.items():
        assert re.search(rf'^programs=".*\b{program}\b', script, re.MULTILINE)
        assert program == packages or f"{program}) echo {packages} ;;" in script


SKIPS = """\
import pytest

def test_call():
    pytest.skip("no luck")

@pytest.mark.skipif(True, reason="no luck")
def test_mark():
    pass

def test_import():
    pytest.importorskip("not_there")

@pytest.fixture
def resource():
    pytest.skip("no luck")

def test_fixture(resource):
    pass

@pytest.mark.xfail(strict=True)
def test_expected_failure():
    assert False
"""


def run_skips(folder: Path, ci: str) -> str:
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_cases.py").write_text(SKIPS, encoding="utf-8")
    (folder / "test_file.py").write_text("import pytest\npytest.importorskip('not_there')\n", encoding="utf-8")
    options = ["-p", "no:cacheprovider", "--continue-on-collection-errors", "--rootdir", str(folder), str(folder)]
    return run(sys.executable, "-m", "pytest", *options, CI=ci).stdout


def test_a_skip_fails_in_ci(tmp_path: Path) -> None:
    output = run_skips(tmp_path, ci="true")
    assert "CI runs every test, and this one was skipped: Skipped: no luck" in output
    assert "2 failed, 1 xfailed, 3 errors" in output


def test_a_skip_is_one_elsewhere(tmp_path: Path) -> None:
    assert "5 skipped, 1 xfailed" in run_skips(tmp_path, ci="")
