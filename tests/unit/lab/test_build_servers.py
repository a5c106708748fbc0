# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers are built once, whole or not at all, and not where one is at hand. A script stands in for Go."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.lab.process import StartError
from tests.lab.servers import build

if TYPE_CHECKING:
    from pathlib import Path

GO_MOD = "module lab\n\ngo 1.25.0\n\nrequire (\n\tgithub.com/hashicorp/consul v1.19.2 // indirect\n)\n"
# Writes down that it ran, and gives what "-o" names the contents "consul"; fails where a file says so.
GO = """#!/bin/sh
echo "$PWD $*" >>{directory}/runs
[ -e {directory}/broken ] && {{ echo "missing go.sum entry" >&2; exit 3; }}
while [ "$1" != -o ]; do shift; done
echo '#!/bin/sh' >"$2"
chmod +x "$2"
"""


class World:
    """A recipe with files of its own, a cache, a Go, and a PATH without any Consul."""

    def __init__(self, directory: Path, patch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.said: list[str] = []
        self.cache = directory / "cache"
        (directory / "consul").mkdir()
        (directory / "consul" / "go.mod").write_text(GO_MOD)
        (directory / "consul" / "go.sum").write_text("")
        self.script("go", GO.format(directory=directory))
        patch.setattr(build, "HERE", directory)
        patch.setenv("PREFLIGHT_SERVER_CACHE", str(self.cache))
        patch.setenv("PREFLIGHT_GO", str(directory / "go"))
        patch.delenv("PREFLIGHT_CONSUL", raising=False)
        (directory / "bin").mkdir()
        chmod = shutil.which("chmod")
        assert chmod
        (directory / "bin" / "chmod").symlink_to(chmod)
        patch.setenv("PATH", str(directory / "bin"))

    def script(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def program(self) -> str:
        return build.program("consul", announce=self.said.append)

    def runs(self) -> list[str]:
        file = self.directory / "runs"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_builds_once_and_says_how_long_it_may_take(world: World) -> None:
    first = world.program()
    assert world.program() == first
    assert first == f"{world.cache}/consul-{build.RECIPES['consul'].key()}/consul"
    part = f"{first}.part"
    assert world.runs() == [
        f"{world.directory}/consul build -trimpath -mod=readonly -ldflags=-s -w -o {part} github.com/hashicorp/consul"
    ]
    (line,) = world.said
    assert re.fullmatch(r"Building Consul 1\.19\.2, once: some \d+ minutes and \d+ GB of Go's caches, .*\.\.\.", line)


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_builds_anew_when_a_pin_changes(world: World, name: str) -> None:
    before = world.program()
    with (world.directory / "consul" / name).open("a") as file:
        file.write("\n")
    assert world.program() != before
    assert len(world.runs()) == 2


def test_two_at_once_build_once(world: World) -> None:
    with ThreadPoolExecutor(4) as pool:
        programs = set(pool.map(lambda _number: world.program(), range(4)))
    assert len(programs) == len(world.runs()) == len(world.said) == 1


def test_a_failed_build_shows_what_go_said_and_leaves_nothing(world: World) -> None:
    (world.directory / "broken").touch()
    with pytest.raises(StartError, match=r"Consul 1\.19\.2 could not be built, .*:\n  missing go\.sum entry"):
        world.program()
    (world.directory / "broken").unlink()
    assert world.program()
    assert len(world.runs()) == 2


def test_takes_the_program_that_the_variable_names(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    own = world.script("my-consul", "#!/bin/sh\n")
    monkeypatch.setenv("PREFLIGHT_CONSUL", str(own))
    assert world.program() == str(own)
    assert world.runs() == []


def test_a_variable_that_names_no_program_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFLIGHT_CONSUL", "/no/such/consul")
    with pytest.raises(StartError, match="PREFLIGHT_CONSUL names '/no/such/consul'"):
        world.program()


def test_takes_the_program_on_path(world: World) -> None:
    own = world.script("bin/consul", "#!/bin/sh\n")
    assert world.program() == str(own)
    assert world.runs() == []


def test_without_go_it_says_what_to_get(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFLIGHT_GO")
    monkeypatch.setenv("PATH", str(world.directory / "nothing"))
    with pytest.raises(StartError, match=r"there is no program go: install Go 1\.21 or newer"):
        world.program()


def test_every_recipe_is_pinned() -> None:
    assert {name: recipe.version for name, recipe in build.RECIPES.items()} == {
        "consul": "1.19.2",
        "kube-apiserver": "1.37.2",
        "kube-controller-manager": "1.37.2",
        "vault": "1.21.0",
    }
    for recipe in build.RECIPES.values():
        module = recipe.module or recipe.package
        assert f"{module} v{recipe.version} h1:" in (recipe.directory / "go.sum").read_text()


def test_kubernetes_is_told_its_version() -> None:
    """Without it the server says v0.0.0-master, and clients take it for an ancient one."""
    recipe = build.RECIPES["kube-apiserver"]
    assert recipe.variable == "PREFLIGHT_KUBE_APISERVER"
    assert recipe.flags[-1] == "-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2"
    assert build.RECIPES["vault"].flags[-1] == "-ldflags=-s -w"


def test_kubernetes_takes_its_own_modules_in_its_own_version() -> None:
    pins = (build.RECIPES["kube-apiserver"].directory / "go.mod").read_text()
    replaced = re.findall(r"^\tk8s\.io/(\S+) => k8s\.io/(\S+) v(\S+)$", pins, re.MULTILINE)
    assert len(replaced) > 30
    assert {(old == new, version) for old, new, version in replaced} == {(True, "0.37.2")}


def test_command_refuses_a_name_it_has_no_recipe_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["etcd"]) == 2
    known = "consul, kube-apiserver, kube-controller-manager, vault"
    assert capsys.readouterr().err == f"preflight: there is no recipe for etcd, only for {known}\n"


def test_command_prints_where_each_is(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["consul"]) == 0
    assert capsys.readouterr().out == f"consul: {world.program()}\n"
