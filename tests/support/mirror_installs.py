# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the audit says of an install from a mirror, and what comes of it when a real client installs.

>>> cases, result = cases_of("Caddy", Installs(upstream.url, old_pip))

``python -m tests.support.mirror_installs [MIRROR ...]`` writes anew what came of them (mirror_installs.json), which
docs/mirror_servers.md is made of; a test installs all of it again and compares.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.sre.preflight.plugins.module_utils._audit.contract import run
from ansible_collections.sre.preflight.plugins.module_utils._audit.files import write_atomically
from ansible_collections.sre.preflight.plugins.module_utils._mirror.audit import DOMAIN
from ansible_collections.sre.preflight.plugins.module_utils._mirror.collect import COLLECT_OPTIONS
from tests.support.index_clients import PIP_OPTIONS, old_pip, run_client
from tests.support.install_cases import FLAWS, REQUIREMENTS, shop
from tests.support.mirror_catalogue import SERVERS
from tests.support.mirrors import NOW
from tests.support.simple_index import IndexServer

RECORD = Path(__file__).with_suffix(".json")
READY, DIFFERS, FAILS, DEPENDS, UNKNOWN = "ready", "another", "fails", "depends", "unknown"
"""The same as from the upstream is installed, something else, or nothing; only while another host is up."""
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
        return self.said == self.happened or (self.said == DEPENDS and self.happened in (READY, FAILS))


def clients_of(python: str) -> tuple[str, ...]:
    """Those that are found on that Python: pip of 2019 does not run on one after 3.9."""
    return ("pip", "pip_legacy", "uv") if python == "3.9" else ("pip", "uv")


class Installs:
    """Installs from mirrors of one upstream; ``old_pip`` is the Python of an environment with a pip of 2019."""

    def __init__(self, upstream_url: str, old_pip: Path) -> None:
        self.upstream_url = upstream_url
        self.old_pip = old_pip
        self._upstream: dict[tuple[str, str], dict[str, str | None]] = {}

    def compare(self, name: str, mirror_url: str, asked: Mapping[str, Sequence[str]]) -> tuple[list[Case], Any]:
        """All cases of one mirror, of the requirements asked for by Python, and the audit's result."""
        requirements = list(dict.fromkeys(each for these in asked.values() for each in these))
        result = audit(mirror_url, self.upstream_url, requirements, list(asked))
        cases = []
        for python, these in asked.items():
            for client in clients_of(python):
                happened = self.happens(mirror_url, _for(client, these), python, client)
                for requirement, what in happened.items():
                    cases.append(
                        Case(name, requirement, python, client, said_of(result, requirement, python, client), what)
                    )
        return cases, result

    def happens(self, url: str, requirements: Sequence[str], python: str, client: str) -> dict[str, str]:
        """What comes of each requirement, held against the same from the upstream."""
        known = self._upstream.setdefault((python, client), {})
        known.update(
            self.install(self.upstream_url, [each for each in requirements if each not in known], python, client)
        )
        ours = self.install(url, requirements, python, client)
        return {each: _outcome(known[each], ours[each]) for each in requirements}

    def install(self, url: str, requirements: Sequence[str], python: str, client: str) -> dict[str, str | None]:
        """What each requirement installs, by a digest; None where the client fails."""
        installed = {}
        pinned = [each for each in requirements if "==" in each]
        for together in ([each for each in requirements if each not in pinned], pinned):
            installed.update(self._install(url, together, python, client) if together else {})
        return installed

    def _install(self, url: str, requirements: Sequence[str], python: str, client: str) -> dict[str, str | None]:
        """Together, which is quick, and each alone where that fails."""
        with tempfile.TemporaryDirectory() as directory:
            target = Path(directory, "target")
            done = run_client(self._command(url, target, python, client), requirements)
            if done.returncode == 0:
                return {each: _content(target, _project(each)) for each in requirements}
        if len(requirements) == 1:
            return {requirements[0]: None}
        alone = (self._install(url, [each], python, client) for each in requirements)
        return {each: content for one in alone for each, content in one.items()}

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
    return DEPENDS if said == READY and needs_another_host(result, requirement) else said


def needs_another_host(result: Mapping[str, Any], requirement: str) -> bool:
    """Whether the project's page or files were seen to lie elsewhere."""
    project = _project(requirement)
    complaints = (each["evidence"]["complaints"] for each in failed(result, "upstream-dependency"))
    return any(name.split(" ")[0].split("-")[0] == project for each in complaints for name in each)


def failed(result: Mapping[str, Any], rule: str) -> list[Mapping[str, Any]]:
    """The failed findings of a rule."""
    return [each for each in result["findings"] if (each["rule"], each["status"]) == (f"mirror.{rule}", "fail")]


def _for(client: str, requirements: Sequence[str]) -> list[str]:
    """Without those that are not for the client: pip of 2019 runs a setup.py, and needs setuptools for it."""
    return [each for each in requirements if (client, each) != ("pip_legacy", "source")]


def _project(requirement: str) -> str:
    return requirement.partition("=")[0]


def _outcome(theirs: str | None, ours: str | None) -> str:
    if ours == theirs:
        return READY
    return FAILS if ours is None else DIFFERS


def _content(target: Path, project: str) -> str:
    """A digest of what was installed of a project, but for what each client notes about itself."""
    digest = hashlib.sha256()
    for path in sorted(target.rglob("*")):
        inside = path.relative_to(target)
        if path.is_file() and re.match(rf"{project}\b", str(inside)) and path.name not in _NO_CONTENT:
            digest.update(f"{inside}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def cases_of(name: str, installs: Installs) -> tuple[list[Case], Any]:
    """All cases of a mirror of SERVERS or of FLAWS, started for them, and the audit's result."""
    if name in FLAWS:
        with FLAWS[name].mirror() as mirror:
            return installs.compare(name, mirror.url, {"3.9": FLAWS[name].requirements})
    with SERVERS[name](shop(), installs.upstream_url) as mirror:
        return installs.compare(name, mirror.url, REQUIREMENTS)


def recorded() -> dict[str, list[Case]]:
    """What was written of each mirror, in the order of SERVERS and FLAWS."""
    rows = json.loads(RECORD.read_text(encoding="utf-8"))
    return {name: [Case(name, *row) for row in rows[name]] for name in (*SERVERS, *FLAWS) if name in rows}


def record(cases: Mapping[str, Sequence[Case]]) -> None:
    """Writes what came of these mirrors beside what is written of the others."""
    rows = {name: [case[1:] for case in these] for name, these in {**recorded(), **cases}.items()}
    lines = [
        f"{json.dumps(name)}: [\n  " + ",\n  ".join(json.dumps(row) for row in rows[name]) + "\n]"
        for name in (*SERVERS, *FLAWS)
        if name in rows
    ]
    write_atomically(str(RECORD), ["{\n", ",\n".join(lines), "\n}\n"], mode=0o644)


def main() -> None:
    with IndexServer(shop()) as upstream:
        installs = Installs(upstream.url, old_pip())
        for name in sys.argv[1:] or (*SERVERS, *FLAWS):
            cases, _result = cases_of(name, installs)
            record({name: cases})
            print(f"{name}: {len(cases)} cases, {sum(not each.agrees for each in cases)} disagree", flush=True)


if __name__ == "__main__":
    main()
