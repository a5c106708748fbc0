# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of pip's and uv's finders, one page for each."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._mirror.choosing import (
    LEGACY_PIP,
    PIP,
    UV,
    Choice,
    Client,
    Offer,
    choose,
    fitting,
)
from ansible_collections.sre.preflight.plugins.module_utils._mirror.environment import environment
from ansible_collections.sre.preflight.plugins.module_utils._mirror.releases import read_names, releases_of
from ansible_collections.sre.preflight.plugins.module_utils._mirror.wanted import wanted
from tests.support.index_cases import CASES, FAILURES, Case
from tests.support.index_server import page_of


def chosen(client: Client, case: Case) -> Choice:
    where, want = environment(case.python, case.platform), wanted(case.requirement)
    files = page_of(case.project, case.listed).files
    names = read_names(want.project, [each.filename for each in files])
    releases = [each for each in releases_of(files, names) if want.specifier.contains(each.version, prereleases=True)]
    metadata = {each.filename: each.built.requires_python for each in case.listed}
    offer = Offer(releases, fitting(releases, where))
    return choose(client, offer, want, where, lambda release: metadata[release.filename])


def outcome(client: Client, case: Case) -> str | None:
    choice = chosen(client, case)
    return choice.release.filename if choice.release else choice.failure


def expected(case: Case, said: str) -> str | None:
    return said if said in FAILURES else case.filename(said)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_pip(case: Case) -> None:
    assert outcome(PIP, case) == expected(case, case.pip)


@pytest.mark.parametrize("case", [case for case in CASES if case.hash_of is None], ids=lambda case: case.title)
def test_uv(case: Case) -> None:
    assert outcome(UV, case) == expected(case, case.uv or case.pip)


def case(title: str) -> Case:
    return next(each for each in CASES if each.title == title)


@pytest.mark.parametrize(
    ("title", "expectation"),
    [
        ("missing, so that METADATA decides", "python"),
        ("missing, of a source", "build"),
        ("missing, of a source whose METADATA is offered", "build"),
        ("missing, and in METADATA too", "case_{}-2.0-py3-none-any.whl"),
        ("for a newer Python", "case_{}-1.0-py3-none-any.whl"),
        ("a yanked version is passed over", "case_{}-1.0-py3-none-any.whl"),
        ("all is yanked", "case_{}-2.0-py3-none-any.whl"),
        ("the last of equals", "case-{}-2.0.tar.gz"),
        ("the tags before the build tag", "case_{}-1.0-3-py3-none-any.whl"),
    ],
)
def test_old_pip(title: str, expectation: str) -> None:
    it = case(title)
    assert outcome(LEGACY_PIP, it) == expectation.format(it.project.rpartition("-")[2])


def test_what_was_tried_in_vain_is_told() -> None:
    choice = chosen(PIP, case("missing, of several versions"))
    assert [str(each.version) for each in choice.tried] == ["2.2", "2.1", "2.0"]


def test_the_refused_file_is_told() -> None:
    choice = chosen(LEGACY_PIP, case("missing, so that METADATA decides"))
    assert choice.refused is not None
    assert str(choice.refused.version) == "2.0"
