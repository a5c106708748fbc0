# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What clients install from the mirror, held against what they install from the upstream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._mirror.choosing import CLIENTS, LEGACY_PIP, PIP, UV
from ansible_collections.sre.preflight.plugins.module_utils._mirror.environment import environment
from ansible_collections.sre.preflight.plugins.module_utils._mirror.model import ProjectPage
from ansible_collections.sre.preflight.plugins.module_utils._mirror.outcome import WORSE, Faults
from ansible_collections.sre.preflight.plugins.module_utils._mirror.resolution import Resolution, resolve
from ansible_collections.sre.preflight.plugins.module_utils._mirror.seen import Seen
from ansible_collections.sre.preflight.plugins.module_utils._mirror.wanted import wanted
from tests.support.index_files import Built, Listed, sdist, wheel
from tests.support.index_server import page_of

WHERE = environment("3.9", "manylinux_2_17_x86_64")
OLD = wheel("demo", "1.0")
NEW = wheel("demo", "2.0")
FOR_LATER = wheel("demo", "2.0", requires_python=">=3.10")
SOURCE = sdist("demo", "2.0")
SOURCE_FOR_LATER = sdist("demo", "2.0", requires_python=">=3.10")
SPECIAL = wheel("demo", "2.0", "cp39-cp39-manylinux2014_x86_64")


def difference(upstream: Sequence[Listed], mirror: Sequence[Listed], text: str = "demo", **more: Any) -> Resolution:
    known = {each.filename: each.built.requires_python for each in (*upstream, *mirror)}
    options = {"metadata": known, **more}
    (found,) = resolve(wanted(text), [WHERE], page_of("demo", upstream), page_of("demo", mirror), **options)
    return found


def without(*files: Built) -> list[Listed]:
    """As a mirror lists them that gives no requires-python."""
    return [each.listed(None) for each in files]


def listed(*files: Built) -> list[Listed]:
    return [each.listed() for each in files]


ROWS = [
    ("equal pages", listed(NEW, OLD), listed(NEW, OLD), "same", ""),
    ("neither has it", [], [], "same", "neither installs: no file fits"),
    (
        "nothing on the mirror",
        listed(NEW),
        [],
        "fails",
        "no file fits; the mirror does not list demo-2.0-py3-none-any.whl",
    ),
    (
        "nothing upstream",
        [],
        listed(NEW),
        "wrong_version",
        (
            "demo-2.0-py3-none-any.whl is installed, and nothing of the upstream's would be; "
            "the upstream does not list demo-2.0-py3-none-any.whl"
        ),
    ),
    (
        "an old mirror",
        listed(NEW, OLD),
        listed(OLD),
        "wrong_version",
        "version 1.0 instead of 2.0; the mirror does not list demo-2.0-py3-none-any.whl",
    ),
    (
        "the mark of yanked is lost",
        [NEW.listed(yanked="broken"), OLD.listed()],
        listed(NEW, OLD),
        "wrong_version",
        "version 2.0 instead of 1.0; demo-2.0-py3-none-any.whl is yanked upstream and not on the mirror",
    ),
    (
        "the mark of yanked is stale",
        listed(NEW, OLD),
        [NEW.listed(yanked=""), OLD.listed()],
        "wrong_version",
        "version 1.0 instead of 2.0; demo-2.0-py3-none-any.whl is yanked on the mirror and not upstream",
    ),
    (
        "requires-python is too strict",
        listed(NEW, OLD),
        [NEW.listed(">=3.10"), OLD.listed()],
        "wrong_version",
        (
            "version 1.0 instead of 2.0; "
            "requires-python of demo-2.0-py3-none-any.whl is >=3.10 on the mirror and missing upstream"
        ),
    ),
    (
        "requires-python is missing, and in METADATA too",
        [NEW.listed(">=3.10"), OLD.listed()],
        without(NEW, OLD),
        "wrong_version",
        (
            "version 2.0 instead of 1.0; "
            "requires-python of demo-2.0-py3-none-any.whl is missing on the mirror and >=3.10 upstream"
        ),
    ),
    (
        "requires-python of a source is missing",
        listed(SOURCE_FOR_LATER, OLD),
        without(SOURCE_FOR_LATER, OLD),
        "fails",
        (
            "demo-2.0.tar.gz is built to learn its metadata, and is not made for Python 3.9 (it requires >=3.10); "
            "requires-python of demo-2.0.tar.gz is missing on the mirror and >=3.10 upstream"
        ),
    ),
    ("source instead of a wheel", listed(NEW, SOURCE), listed(SOURCE), "builds_from_source", ""),
    ("source upstream too", listed(SOURCE), listed(SOURCE), "same", ""),
    (
        "a lesser wheel",
        listed(SPECIAL, NEW),
        listed(NEW),
        "dearer",
        (
            "demo-2.0-py3-none-any.whl instead of demo-2.0-cp39-cp39-manylinux2014_x86_64.whl; "
            "the mirror does not list demo-2.0-cp39-cp39-manylinux2014_x86_64.whl"
        ),
    ),
    (
        "no core metadata",
        listed(NEW),
        [NEW.listed(core_metadata=False)],
        "dearer",
        "the metadata of demo-2.0-py3-none-any.whl is not offered apart, so that the file is fetched for it",
    ),
    (
        "a wheel of the mirror's own",
        listed(SOURCE),
        listed(NEW, SOURCE),
        "wrong_version",
        "version 2.0 from a file that is not the upstream's; the upstream does not list demo-2.0-py3-none-any.whl",
    ),
    (
        "another file by the same name",
        listed(NEW),
        [NEW.listed(hashes={"sha256": "0" * 64})],
        "wrong_version",
        "another file by the name of demo-2.0-py3-none-any.whl; the hashes of demo-2.0-py3-none-any.whl differ",
    ),
    ("hashes of another algorithm", listed(NEW), [NEW.listed(hashes={"md5": "0" * 32})], "same", ""),
    ("no hashes", listed(NEW), [NEW.listed(hashes={})], "same", ""),
    ("another order", listed(NEW, OLD), listed(OLD, NEW), "same", ""),
]


@pytest.mark.parametrize(("title", "upstream", "mirror", "outcome", "reason"), ROWS, ids=[row[0] for row in ROWS])
def test_outcomes(title: str, upstream: list[Listed], mirror: list[Listed], outcome: str, reason: str) -> None:
    found = difference(upstream, mirror)
    assert found.outcome == outcome
    if reason:
        assert found.reason == reason


def test_missing_requires_python_of_a_wheel_by_client() -> None:
    """mirror.md: pip and uv recover from METADATA; pip before 20.3 gives up."""
    found = difference(listed(FOR_LATER, OLD), without(FOR_LATER, OLD))
    assert found.clients == {"pip": "dearer", "pip_legacy": "fails", "uv": "dearer"}
    assert (found.outcome, found.client) == ("fails", "pip_legacy")
    assert (found.upstream_file, found.mirror_file) == ("demo-1.0-py3-none-any.whl", None)
    assert found.reason.startswith(
        "pip 19.2 to 20.2 fetches demo-2.0-py3-none-any.whl and gives up: it requires Python >=3.10; "
    )


def test_missing_requires_python_for_current_clients() -> None:
    found = difference(listed(FOR_LATER, OLD), without(FOR_LATER, OLD), clients=(PIP, UV))
    assert found.outcome == "dearer"
    assert found.reason == (
        "demo-2.0-py3-none-any.whl fetched in vain before; "
        "requires-python of demo-2.0-py3-none-any.whl is missing on the mirror and >=3.10 upstream"
    )


def test_missing_requires_python_of_a_source_fails_everywhere() -> None:
    found = difference(listed(SOURCE_FOR_LATER, OLD), without(SOURCE_FOR_LATER, OLD))
    assert set(found.clients.values()) == {"fails"}


def test_several_in_vain_are_counted() -> None:
    later = [wheel("demo", f"2.{n}", requires_python=">=3.10") for n in range(3)]
    found = difference(listed(*later, OLD), without(*later, OLD), clients=(PIP,))
    assert found.reason.startswith("demo-2.2-py3-none-any.whl and 2 more fetched in vain before")


def test_what_is_in_vain_upstream_too_costs_nothing_more() -> None:
    lax = [FOR_LATER.listed(">=3.6"), OLD.listed()]
    assert difference(lax, lax, clients=(PIP, UV)).outcome == "same"


def test_metadata_that_was_not_read_is_what_the_upstream_says() -> None:
    found = difference(listed(FOR_LATER, OLD), without(FOR_LATER, OLD), metadata={}, clients=(PIP,))
    assert found.outcome == "dearer"


def test_metadata_without_requires_python_is_known_to_have_none() -> None:
    metadata = {FOR_LATER.filename: None, OLD.filename: None}
    found = difference(listed(FOR_LATER, OLD), without(FOR_LATER, OLD), metadata=metadata)
    assert set(found.clients.values()) == {"wrong_version"}


def test_a_page_that_could_not_be_read() -> None:
    page = page_of("demo", listed(NEW))
    (no_upstream,) = resolve(wanted("demo"), [WHERE], None, page)
    (no_mirror,) = resolve(wanted("demo"), [WHERE], page, None)
    assert (no_upstream.outcome, no_upstream.reason) == ("unknown", "the upstream's page could not be read")
    assert (no_mirror.outcome, no_mirror.reason) == ("unknown", "the mirror's page could not be read")


@pytest.mark.parametrize(
    ("text", "outcome", "reason"),
    [
        ('demo; python_version >= "3.10"', "not_applicable", "its marker excludes this environment"),
        ('demo; python_version < "3.10"', "fails", "no file fits"),
        ('demo; platform_release ~= "5"', "unknown", "its marker cannot be evaluated here"),
        ("demo @ https://index.invalid/demo-1.0.tar.gz", "not_applicable", "it names a URL"),
    ],
)
def test_requirements_that_need_no_choice(text: str, outcome: str, reason: str) -> None:
    found = difference(listed(NEW), [], text)
    assert found.outcome == outcome
    assert found.reason.startswith(reason)


def test_clients_are_judged_on_the_pythons_that_have_them() -> None:
    page = page_of("demo", listed(NEW))
    pythons = [environment(python, "win_amd64") for python in ("2.7", "3.9", "3.10")]
    found = resolve(wanted("demo"), pythons, page, page)
    assert [tuple(each.clients) for each in found] == [
        ("pip", "pip_legacy"),
        ("pip", "pip_legacy", "uv"),
        ("pip", "uv"),
    ]
    (nobody,) = resolve(wanted("demo"), [environment("3.10", "win_amd64")], page, page, clients=(LEGACY_PIP,))
    assert (nobody.outcome, nobody.reason) == ("not_applicable", "none of the clients runs on this Python")


def test_the_result_is_plain() -> None:
    assert difference(listed(NEW, SOURCE), listed(SOURCE), "Demo >= 1").as_result() == {
        "requirement": "Demo >= 1",
        "python": "3.9",
        "platform": "manylinux_2_17_x86_64",
        "upstream_file": "demo-2.0-py3-none-any.whl",
        "mirror_file": "demo-2.0.tar.gz",
        "outcome": "builds_from_source",
        "client": "pip",
        "clients": {"pip": "builds_from_source", "pip_legacy": "builds_from_source", "uv": "builds_from_source"},
        "reason": "built from demo-2.0.tar.gz instead of installed from demo-2.0-py3-none-any.whl; "
        "the mirror does not list demo-2.0-py3-none-any.whl",
    }


VERSIONS = st.sampled_from(["1.0", "1.1", "2.0", "2.0b1", "1!0.1", "2.0+l", "3.0.dev1"])
PYTHONS = st.sampled_from([None, ">=3.6", ">=3.9", ">=3.10", "<3.9", "py3", "!=3.9.*", ""])
TAGS = st.sampled_from(
    ["py3-none-any", "cp39-cp39-manylinux2014_x86_64", "cp310-cp310-win32", "cp36-abi3-manylinux1_x86_64"]
)


@st.composite
def files(draw: st.DrawFn) -> Listed:
    version, needs = draw(VERSIONS), draw(PYTHONS)
    if draw(st.booleans()):
        built = wheel("demo", version, draw(TAGS), build=draw(st.sampled_from(["", "1"])), requires_python=needs)
    else:
        extension = draw(st.sampled_from([".tar.gz", ".zip", ".tar.bz2"]))
        built = sdist("demo", version, requires_python=needs, extension=extension)
    said = {"yanked": draw(st.sampled_from([None, None, ""])), "core_metadata": draw(st.booleans())}
    return built.listed(draw(st.sampled_from([needs, None])), **said)


REQUIREMENTS = st.sampled_from(["demo", "demo>=1.1", "demo==2.0", "demo<2", "demo~=1.0", "demo===2.0", "demo>=2.0b1"])
ON_A_BUSY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PAGES = st.lists(files(), max_size=8, unique_by=lambda each: each.filename)


@ON_A_BUSY_MACHINE
@given(PAGES, REQUIREMENTS)
def test_an_equal_mirror_is_always_the_same(page: list[Listed], text: str) -> None:
    found = difference(page, page, text)
    assert found.outcome == "same"
    assert set(found.clients.values()) == {"same"}
    assert found.upstream_file == found.mirror_file


@ON_A_BUSY_MACHINE
@given(PAGES, PAGES, REQUIREMENTS)
def test_the_worst_outcome_counts(upstream: list[Listed], mirror: list[Listed], text: str) -> None:
    found = difference(upstream, mirror, text)
    assert set(found.clients) == {each.name for each in CLIENTS}
    assert WORSE.index(found.outcome) == max(map(WORSE.index, found.clients.values()))
    assert bool(found.reason) == (found.outcome != "same" or found.upstream_file is None)


@ON_A_BUSY_MACHINE
@given(PAGES, REQUIREMENTS, st.integers(0, 7))
def test_a_file_that_is_not_wanted_may_go(page: list[Listed], text: str, which: int) -> None:
    """A mirror that lacks one file that no client chose is as good as the upstream, where the upstream was good."""
    whole = page_of("demo", page)
    chosen = {
        each.upstream_file
        for client in CLIENTS
        for each in resolve(wanted(text), [WHERE], whole, whole, clients=(client,))
    }
    assume(None not in chosen)  # a client that gives up on a file goes on without it
    kept = tuple(each for number, each in enumerate(whole.files) if number != which or each.filename in chosen)
    lesser: ProjectPage = replace(whole, files=kept)
    (found,) = resolve(wanted(text), [WHERE], whole, lesser)
    assert found.outcome == "same"


def test_each_client_is_judged_by_what_it_sees():
    """Old pip gets another page than the others, and uv rejects theirs."""
    page, mute = page_of("demo", listed(FOR_LATER, OLD)), page_of("demo", without(FOR_LATER, OLD))
    seen = {"pip": Seen(page), "pip_legacy": Seen(mute), "uv": Seen(ProjectPage(), "uv rejects the page")}
    (found,) = resolve(wanted("demo"), [WHERE], page, None, seen=seen)
    assert found.clients == {"pip": "same", "pip_legacy": "fails", "uv": "fails"}
    (found,) = resolve(wanted("demo"), [WHERE], page, None, seen=seen, clients=(UV,))
    assert found.reason.startswith("uv rejects the page; the mirror does not list demo-1.0")


def test_a_page_that_one_client_did_not_get_is_unknown_and_hides_no_failure():
    page = page_of("demo", listed(OLD))
    (found,) = resolve(wanted("demo"), [WHERE], page, page, seen={"uv": None})
    assert (found.outcome, found.client, found.clients["pip"]) == ("unknown", "uv", "same")
    assert found.reason == "the mirror's page for uv could not be read"
    (found,) = resolve(wanted("demo"), [WHERE], page, ProjectPage(), seen={"uv": None})
    assert (found.outcome, found.clients["uv"]) == ("fails", "unknown")


OLD_NAME = "demo-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("faults", "clients", "reason"),
    [
        (Faults(files={OLD_NAME: "it is gone"}), ("fails", "fails", "fails"), "it is gone"),
        (Faults(metadata={OLD_NAME: "no METADATA"}), ("fails", "same", "fails"), "no METADATA"),
        (
            Faults(digests={OLD_NAME: {"sha256": "00"}}),
            ("fails", "fails", "fails"),
            f"{OLD_NAME} has another hash than the page says",
        ),
        (Faults(digests={OLD_NAME: {"md5": "00"}}), ("same", "same", "same"), ""),
        (Faults(files={"demo-2.0-py3-none-any.whl": "it is gone"}), ("same", "same", "same"), ""),
    ],
)
def test_what_is_known_to_be_broken_is_not_installed(faults, clients, reason):
    found = difference(listed(OLD), listed(OLD), faults=faults)
    assert tuple(found.clients.values()) == clients
    assert found.reason == reason


def test_metadata_that_is_read_in_vain_has_to_be_there_too():
    found = difference(
        listed(FOR_LATER, OLD), without(FOR_LATER, OLD), faults=Faults(metadata={FOR_LATER.filename: "no METADATA"})
    )
    assert (found.clients["pip"], found.reason.partition(";")[0]) == ("fails", "no METADATA")
