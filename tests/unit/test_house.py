# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said in two places of the house agrees."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import LONGEST_FIRST

ROOT = Path(__file__).parents[2]
# Never looked into: not ours, or made by tools.
FOREIGN = {".git", ".venv", "build", "output", "__pycache__", ".ansible", ".hypothesis"}
LICENCE = "SPDX-License-Identifier" + ": GPL-3.0-or-later"
# What ansible-core itself depends on is there wherever plugins run on the controller.
FROM_ANSIBLE = {"ansible", "ansible_collections", "jinja2", "markupsafe", "yaml"}


def our_files() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in FOREIGN]
        yield from (Path(folder, name) for name in names)


def load(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def plugin_names(kind: str) -> set[str]:
    return {path.stem for path in (ROOT / "plugins" / kind).glob("*.py") if path.stem != "__init__"}


def imported_packages(folder: Path) -> set[str]:
    packages = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                packages |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                packages.add(node.module.split(".")[0])
    return packages


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)$", path.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("suffix", [".py", ".yml", ".yaml", ".sh", ".toml", ".cfg", ".j2"])
def test_every_file_names_its_licence(suffix: str) -> None:
    nameless = [
        str(path.relative_to(ROOT))
        for path in our_files()
        if path.suffix == suffix
        and path.name != "changelog.yaml"  # antsibull-changelog writes it; REUSE.toml speaks for it
        and LICENCE not in path.read_text(encoding="utf-8")[:600]
    ]
    assert nameless == []


def test_changelog_tells_of_the_version_in_galaxy_yml() -> None:
    version = load("galaxy.yml")["version"]
    releases = load("changelogs/changelog.yaml")["releases"]
    assert version in releases
    assert f"## v{version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\", "")


def test_changelog_tells_of_every_fragment() -> None:
    told = {name for release in load("changelogs/changelog.yaml")["releases"].values() for name in release["fragments"]}
    assert {path.name for path in (ROOT / "changelogs/fragments").glob("*.y*ml")} - told == set()


def test_action_groups_hold_what_takes_the_same_options() -> None:
    """What runs on the controller alone shares no option with them: a group's default would make it fail."""
    names = sorted(plugin_names("modules"))
    assert load("meta/runtime.yml")["action_groups"] == {
        "audit": [name for name in names if name.endswith("_audit")],
        "vault": [name for name in names if name.startswith("vault_")],
    }


def test_requirements_are_what_the_plugins_import() -> None:
    imported = imported_packages(ROOT / "plugins") - set(sys.stdlib_module_names) - FROM_ANSIBLE
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    required = {re.split(r"[<>=!~ ]", line)[0] for line in lines if line and not line.startswith("#")}
    assert required == imported
    assert load("meta/execution-environment.yml")["dependencies"]["python"] == "requirements.txt"


def test_a_package_is_pinned_to_one_version() -> None:
    """The environments of the oldest managed host and of sslyze need other versions; the rest agree."""
    versions: dict[str, set[str]] = {}
    for name in ("constraints", "core-2.19", "test", "full", "lint", "fuzz", "bandersnatch"):
        for package, version in pins(ROOT / "tests" / "requirements" / f"{name}.txt").items():
            versions.setdefault(package.lower().replace("_", "-"), set()).add(version)
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


def test_oldest_version_that_we_promise_is_in_the_matrix() -> None:
    tested = {pins(path)["ansible-core"] for path in (ROOT / "tests/requirements").glob("core-*.txt")}
    oldest = min(tuple(map(int, version.split("."))) for version in tested)
    assert load("meta/runtime.yml")["requires_ansible"] == f">={oldest[0]}.{oldest[1]}.0"
    managed = load("tests/config.yml")["modules"]["python_requires"].removeprefix(">=")
    assert f'venv.sh "$environment" {managed} ' in (ROOT / "tests/tools/matrix.sh").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_make_targets_that_are_told_of_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    told = set(re.findall(r"\bmake ([a-z][a-z-]*)", (ROOT / name).read_text(encoding="utf-8")))
    assert told
    assert told - targets == set()


def test_ci_runs_what_a_change_must_pass() -> None:
    steps = re.findall(r"^step make (\S+)", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"test", "test-full", "lint", "matrix"} <= set(steps)


def test_ci_tries_every_version_of_the_matrix_once() -> None:
    chosen = re.search(r'^step make matrix ONLY="(.+)"$', (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    by_make_test = re.findall(r"core-([\d.]+)\.txt .*/test\.txt", (ROOT / "Makefile").read_text(encoding="utf-8"))
    matrix = (ROOT / "tests/tools/matrix.sh").read_text(encoding="utf-8")
    versions = re.findall(r"^on_(?:core|older_client) (\S+)", matrix, re.MULTILINE)
    assert chosen
    assert sorted([*chosen[1].split(), by_make_test[0]]) == sorted([*versions, "managed"])


def test_what_begins_first_is_there() -> None:
    assert [each for each in LONGEST_FIRST if not (ROOT / "tests" / each).exists()] == []


def test_artifact_holds_only_what_users_need(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "ansible",
        "galaxy",
        "collection",
        "build",
        str(ROOT),
        "--output-path",
        str(tmp_path),
    ]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "ANSIBLE_HOME": str(tmp_path)})
    (artifact,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(artifact) as archive:
        names = archive.getnames()
    top = {name.split("/")[0] for name in names}
    assert [name for name in names if "__pycache__" in name] == []
    documents = {"README.md", "CHANGELOG.md", "LICENSES", "REUSE.toml", "changelogs", "docs", "requirements.txt"}
    assert top - documents <= {"FILES.json", "MANIFEST.json", "meta", "playbooks", "plugins", "roles"}
    assert {"meta", "plugins", "README.md", "requirements.txt"} <= top
