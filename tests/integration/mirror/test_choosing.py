# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pip and uv themselves choose what the table says of them, which the unit tests hold the chooser to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._mirror.choosing import BUILD, HASH, NOTHING
from ansible_collections.sre.preflight.plugins.module_utils._mirror.environment import Environment, environment
from ansible_collections.sre.preflight.plugins.module_utils._mirror.releases import read_name
from tests.support.index_cases import CASES, FAILURES, Case
from tests.support.index_clients import Installed, pip_install, uv_compile
from tests.support.index_server import IndexServer

FOR_UV = [case for case in CASES if case.hash_of is None]
SAYS = {NOTHING: "No matching distribution", BUILD: "is not made for this Python", HASH: "DO NOT MATCH THE HASHES"}
UV_SAYS = {NOTHING: "requirements are unsatisfiable", BUILD: "is not made for this Python"}
Client = Callable[[str, list[str], Environment], Installed]

pytestmark = pytest.mark.full  # real clients, one after the other: that takes minutes


@pytest.fixture(scope="module")
def index() -> Iterator[IndexServer]:
    with IndexServer(listed for case in CASES for listed in case.listed) as server:
        yield server


def ask(client: Client, cases: list[Case], expected: Callable[[Case], str], url: str) -> dict[str, Installed]:
    """By case what the client says. Those that it is to install go in one run for each environment."""
    runs: dict[tuple[str, ...], list[Case]] = defaultdict(list)
    for case in cases:
        alone = case.project if expected(case) in FAILURES else f"hashes: {case.hash_of is not None}"
        runs[case.python, case.platform, alone].append(case)
    said = {}
    for (python, platform, _alone), together in runs.items():
        answer = client(url, [case.requirement for case in together], environment(python, platform))
        said.update({case.project: answer for case in together})
    return said


@pytest.fixture(scope="module")
def pip_says(index: IndexServer) -> dict[str, Installed]:
    return ask(pip_install, list(CASES), lambda case: case.pip, index.url)


@pytest.fixture(scope="module")
def uv_says(index: IndexServer) -> dict[str, Installed]:
    return ask(uv_compile, FOR_UV, lambda case: case.uv or case.pip, index.url)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_pip(pip_says: dict[str, Installed], case: Case) -> None:
    said = pip_says[case.project]
    if case.pip in FAILURES:
        assert SAYS[case.pip] in said.failed
    else:
        assert said.failed == ""
        assert said.chosen[case.project] == case.filename(case.pip)


@pytest.mark.parametrize("case", FOR_UV, ids=lambda case: case.title)
def test_uv(uv_says: dict[str, Installed], case: Case) -> None:
    """It names versions, not files."""
    said, expected = uv_says[case.project], case.uv or case.pip
    if expected in FAILURES:
        assert UV_SAYS[expected] in " ".join(said.failed.split())
    else:
        assert said.failed == ""
        name = read_name(case.project, case.filename(expected) or "")
        assert name is not None
        assert said.chosen[case.project] == str(name.version)
