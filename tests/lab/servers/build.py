# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers that no registry has as programs: HashiCorp Vault, Consul and Kubernetes, built from the Go module proxy.

    python -m tests.lab.servers.build [NAME...]    # builds those that lack, prints where each is

What is built is pinned by a go.mod and go.sum here. A program that $PREFLIGHT_NAME names (PREFLIGHT_VAULT,
PREFLIGHT_KUBE_APISERVER), or that is on PATH, is taken instead. Otherwise it is built once, in some minutes, and kept
below $PREFLIGHT_SERVER_CACHE (~/.cache/preflight-servers) for as long as the pins and the way of building stay the
same.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.process import StartError, find_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
CACHE_VARIABLE = "PREFLIGHT_SERVER_CACHE"
# -trimpath: the same program wherever it is built. -s -w: without symbols it is two thirds of the size.
FLAGS = ("-trimpath", "-mod=readonly")
LINKER_FLAGS = "-s -w"
ENVIRONMENT = {"CGO_ENABLED": "0", "GOWORK": "off"}  # no C compiler, no workspace of the user's
GO_HINT = "install Go 1.21 or newer"


@dataclass(frozen=True)
class Recipe:
    """How one server is built. ``minutes`` is what it takes with cold caches on two cores, ``gigabytes`` what Go
    keeps in its own caches then.

    ``package`` lies in the ``module``, which is the package itself where none is named. ``pins`` is the directory of
    go.mod and go.sum, if it is not called by the name. ``stamp`` is the variable that tells the program its version.
    """

    name: str
    title: str
    package: str
    minutes: int
    gigabytes: int
    module: str = ""
    pins: str = ""
    stamp: str = ""

    @property
    def directory(self) -> Path:
        """Where go.mod and go.sum are."""
        return HERE / (self.pins or self.name)

    @property
    def variable(self) -> str:
        """The environment's variable that may name the program."""
        return "PREFLIGHT_" + self.name.upper().replace("-", "_")

    @property
    def flags(self) -> tuple[str, ...]:
        """What ``go build`` is given."""
        stamp = f" -X {self.stamp}=v{self.version}" if self.stamp else ""
        return (*FLAGS, f"-ldflags={LINKER_FLAGS}{stamp}")

    @property
    def version(self) -> str:
        """As go.mod pins it: ``1.21.0``."""
        pins = (self.directory / "go.mod").read_text()
        module = self.module or self.package
        found = re.search(rf"^\s*(?:require )?{re.escape(module)} v(\S+)", pins, re.MULTILINE)
        if not found:
            raise StartError(f"{self.directory / 'go.mod'} does not require {module}")
        return found[1]

    def key(self) -> str:
        """Changes with whatever would change the program."""
        digest = hashlib.sha256()
        for part in (self.package, *self.flags, *sorted(ENVIRONMENT.items()), platform.system(), platform.machine()):
            digest.update(f"{part}\n".encode())
        for name in ("go.mod", "go.sum"):
            digest.update((self.directory / name).read_bytes())
        return digest.hexdigest()[:16]

    def cached(self) -> Path:
        """Where the built program is, or will be."""
        return cache() / f"{self.name}-{self.key()}" / self.name


def _kubernetes(name: str, *, minutes: int, gigabytes: int) -> Recipe:
    """A program of Kubernetes itself. They share their pins, and most of what Go caches."""
    return Recipe(
        name=name,
        title=name,
        package=f"k8s.io/kubernetes/cmd/{name}",
        minutes=minutes,
        gigabytes=gigabytes,
        module="k8s.io/kubernetes",
        pins="kubernetes",
        stamp="k8s.io/component-base/version.gitVersion",
    )


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(name="consul", title="Consul", package="github.com/hashicorp/consul", minutes=4, gigabytes=3),
        _kubernetes("kube-apiserver", minutes=6, gigabytes=4),
        _kubernetes("kube-controller-manager", minutes=2, gigabytes=1),
        Recipe(name="vault", title="HashiCorp Vault", package="github.com/hashicorp/vault", minutes=8, gigabytes=7),
    )
}


def say(line: str) -> None:
    """To the standard error, at once."""
    print(line, file=sys.stderr, flush=True)


def cache() -> Path:
    """The directory that holds all that was built."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "preflight-servers"


def program(name: str, *, announce: Callable[[str], None] = say) -> str:
    """The server's program: named by its variable, or on PATH, or built before, or built now.

    ``announce`` gets one line before a build. Raises StartError where it cannot be built, with the end of what Go said.
    """
    recipe = RECIPES[name]
    if os.environ.get(recipe.variable) or shutil.which(name):
        return find_program(name, variable=recipe.variable, hint="")
    target = recipe.cached()
    if not target.exists():
        with _lock(target.parent):
            if not target.exists():  # nobody else has built it meanwhile
                _build(recipe, target, announce)
    return str(target)


@contextlib.contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Waits until nobody else builds into the directory. The lock goes with its process, however that ends."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(recipe: Recipe, target: Path, announce: Callable[[str], None]) -> None:
    go = find_program("go", variable="PREFLIGHT_GO", hint=GO_HINT)
    announce(
        f"Building {recipe.title} {recipe.version}, once: some {recipe.minutes} minutes and "
        f"{recipe.gigabytes} GB of Go's caches, on two cores and if nothing of it is there ..."
    )
    part = target.with_suffix(".part")
    done = subprocess.run(
        [go, "build", *recipe.flags, "-o", str(part), recipe.package],
        cwd=recipe.directory,
        env={**os.environ, **ENVIRONMENT},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = "\n".join(f"  {line}" for line in done.stderr.splitlines()[-20:])
        raise StartError(
            f"{recipe.title} {recipe.version} could not be built, {go} ended with {done.returncode}:\n{said}"
        )
    part.replace(target)  # a program is there whole or not at all


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - set(RECIPES))
    if unknown:
        say(f"preflight: there is no recipe for {', '.join(unknown)}, only for {', '.join(RECIPES)}")
        return 2
    try:
        for name in names or RECIPES:
            print(f"{name}: {program(name)}")
    except StartError as error:
        say(f"preflight: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
