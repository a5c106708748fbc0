# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the audit says of an install from a mirror, and what comes of it when a real client installs.

>>> Installs(upstream, {"pip": pip, "pip_legacy": old_pip, "uv": uv}).compare("nginx", mirror, REQUIREMENTS)
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.sre.preflight.plugins.module_utils._audit.contract import run
from ansible_collections.sre.preflight.plugins.module_utils._mirror.audit import DOMAIN
from ansible_collections.sre.preflight.plugins.module_utils._mirror.collect import COLLECT_OPTIONS
from tests.support.index_clients import PIP_OPTIONS, run_client
from tests.support.install_cases import PYTHONS
from tests.support.mirrors import NOW

READY, DIFFERS, FAILS, UNKNOWN = "ready", "another", "fails", "unknown"
"""What the audit says, or what happens: the same as from the upstream, something else, nothing."""
_SAID = {
    "same": READY,
    "dearer": READY,
    "builds_from_source": DIFFERS,
    "wrong_version": DIFFERS,
    "fails": FAILS,
    "unknown": UNKNOWN,
}
_NO_CONTENT = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json")


class Case(NamedTuple):
    """One requirement, installed by one client for one Python from one mirror."""

    mirror: str
    requirement: str
    python: str
    client: str
    said: str
    happened: str

    @property
    def agrees(self) -> bool:
        """Whether what was said came true."""
        return self.said == self.happened


class Installed(NamedTuple):
    """``content`` tells apart what was installed; None where the client failed, for a ``reason``."""

    content: str | None
    reason: str


def clients_of(python: str) -> tuple[str, ...]:
    """Those that are found on that Python: pip of 2019 does not run on one after 3.9."""
    return ("pip", "pip_legacy", "uv") if python == "3.9" else ("pip", "uv")


class Installs:
    """Installs from mirrors of one upstream; ``old_pip`` is the Python of an environment with a pip of 2019."""

    def __init__(self, upstream_url: str, old_pip: Path) -> None:
        self.upstream_url = upstream_url
        self.old_pip = old_pip
        self._upstream: dict[tuple[str, str, str], Installed] = {}

    def compare(
        self, name: str, mirror_url: str, requirements: Sequence[str], pythons: Sequence[str] = PYTHONS
    ) -> tuple[list[Case], dict[str, Any]]:
        """All cases of one mirror, and the audit's result."""
        result = audit(mirror_url, self.upstream_url, requirements, pythons)
        return list(self._cases(name, mirror_url, requirements, pythons, result)), result

    def _cases(
        self, name: str, url: str, requirements: Sequence[str], pythons: Sequence[str], result: Mapping[str, Any]
    ) -> Iterator[Case]:
        for requirement in requirements:
            for python in pythons:
                for client in clients_of(python):
                    if client == "pip_legacy" and requirement == "source":
                        continue
                    said = said_of(result, requirement, python, client)
                    yield Case(name, requirement, python, client, said, self.happens(url, requirement, python, client))

    def happens(self, url: str, requirement: str, python: str, client: str) -> str:
        """What comes of it, held against the same from the upstream."""
        key = requirement, python, client
        if key not in self._upstream:
            self._upstream[key] = self.install(self.upstream_url, *key)
        theirs, ours = self._upstream[key], self.install(url, *key)
        if ours.content == theirs.content:
            return READY
        return FAILS if ours.content is None else DIFFERS

    def install(self, url: str, requirement: str, python: str, client: str) -> Installed:
        """One install into a directory of its own."""
        with tempfile.TemporaryDirectory() as directory:
            target = Path(directory, "target")
            done = run_client(self._command(url, target, python, client), [requirement])
            if done.returncode:
                return Installed(None, done.stdout + done.stderr)
            return Installed(_content(target), "")

    def _command(self, url: str, target: Path, python: str, client: str) -> list[str]:
        if client == "uv":
            where = ["--python", sys.executable, "--python-version", python, "--target", str(target)]
            return ["uv", "pip", "install", "--no-config", "--no-cache", "--default-index", url, *where]
        program = sys.executable if client == "pip" else str(self.old_pip)
        # For another Python than its own pip asks for the version, and takes the rest as it is.
        version = ["--python-version", python, "--implementation", "cp"] if client == "pip" else []
        where = ["--target", str(target), "--no-deps", "--index-url", url]
        return [program, "-m", "pip", *PIP_OPTIONS, "install", *version, *where]


def audit(mirror_url: str, upstream_url: str, requirements: Sequence[str], pythons: Sequence[str]) -> dict[str, Any]:
    """What mirror_audit returns, with every file of these small projects looked at."""
    defaults = {name: option.get("default") for name, option in COLLECT_OPTIONS.items()}
    given = {
        "mirror_url": mirror_url,
        "upstream_url": upstream_url,
        "requirements": list(requirements),
        "pythons": list(pythons),
        "file_sample": 100,
        "timeout": 30.0,
    }
    return run(DOMAIN, {**defaults, **given}, check_mode=False, clock=lambda: NOW)


def said_of(result: Mapping[str, Any], requirement: str, python: str, client: str) -> str:
    """What the audit says of one install: its resolution, and whether another host is needed for it."""
    (row,) = [each for each in result["resolutions"] if (each["requirement"], each["python"]) == (requirement, python)]
    said = _SAID[row["clients"].get(client, row["outcome"])]
    return FAILS if said == READY and needs_another_host(result, requirement) else said


def needs_another_host(result: Mapping[str, Any], requirement: str) -> bool:
    """Whether the project's page or files were seen to lie elsewhere."""
    project = requirement.partition("=")[0]
    complaints = (each["evidence"]["complaints"] for each in failed(result, "upstream-dependency"))
    return any(name.split(" ")[0].split("-")[0] == project for each in complaints for name in each)


def failed(result: Mapping[str, Any], rule: str) -> list[Mapping[str, Any]]:
    """The failed findings of a rule."""
    return [each for each in result["findings"] if (each["rule"], each["status"]) == (f"mirror.{rule}", "fail")]


def _content(target: Path) -> str:
    """A digest of what was installed, but for what each client notes about itself."""
    digest = hashlib.sha256()
    for path in sorted(target.rglob("*")):
        if path.is_file() and path.name not in _NO_CONTENT and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(target)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
