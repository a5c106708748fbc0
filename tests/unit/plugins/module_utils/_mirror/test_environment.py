# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python on a platform: its tags are those that packaging finds on such a host."""

from __future__ import annotations

import platform
from collections.abc import Iterable

import pytest
from packaging import tags

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._mirror.environment import environment


def names(python: str, where: str) -> list[str]:
    return indexed(environment(python, where).tags)


def indexed(found: Iterable[tags.Tag]) -> list[str]:
    """Without the wheels that a host builds for itself: packaging before 24.1 puts them last."""
    return [str(tag) for tag in found if not tag.platform.startswith("linux_")]


def test_tags_of_this_host_are_those_that_packaging_finds() -> None:
    _name, glibc = platform.libc_ver()
    where = f"manylinux_{glibc.replace('.', '_')}_{platform.machine()}"
    ours, theirs = environment(platform.python_version(), where).tags, list(tags.sys_tags())
    assert set(ours) == set(theirs)
    assert list(ours.values()) == list(range(len(theirs)))
    assert indexed(ours) == indexed(theirs)


@pytest.mark.parametrize(
    ("python", "where", "best", "others"),
    [
        ("2.7", "manylinux_2_17_x86_64", "cp27-cp27mu-manylinux_2_17_x86_64", ["py2-none-any", "cp27-none-any"]),
        ("2.7", "win_amd64", "cp27-cp27m-win_amd64", ["py2-none-any"]),
        ("3.7", "manylinux_2_17_x86_64", "cp37-cp37m-manylinux_2_17_x86_64", ["cp37-cp37m-manylinux1_x86_64"]),
        ("3.8", "musllinux_1_2_aarch64", "cp38-cp38-musllinux_1_2_aarch64", ["cp32-abi3-musllinux_1_0_aarch64"]),
        ("3.14t", "manylinux_2_28_aarch64", "cp314-cp314t-manylinux_2_28_aarch64", ["py3-none-any"]),
        ("3.12", "macosx_11_0_x86_64", "cp312-cp312-macosx_11_0_x86_64", ["cp312-cp312-macosx_10_9_universal2"]),
        ("3.12", "win32", "cp312-cp312-win32", ["py3-none-win32"]),
    ],
)
def test_tags_of_other_hosts(python: str, where: str, best: str, others: list[str]) -> None:
    found = names(python, where)
    assert found[0] == best
    assert set(others) <= set(found)
    assert not [name for name in found if name.startswith(("cp314-abi3-", "cp314-cp314-"))]


@pytest.mark.parametrize(("alias", "meant"), [("manylinux2014", 17), ("manylinux2010", 12), ("manylinux1", 5)])
def test_older_names_of_platforms(alias: str, meant: int) -> None:
    assert names("3.9", f"{alias}_x86_64") == names("3.9", f"manylinux_2_{meant}_x86_64")


def test_a_machine_has_no_older_library_than_itself() -> None:
    platforms = {tag.platform for tag in environment("3.9", "manylinux_2_18_aarch64").tags}
    oldest = {"manylinux_2_18_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"}
    assert platforms == {*oldest, "linux_aarch64", "any"}


def test_a_python_without_patch_is_its_first() -> None:
    assert environment("3.9", "win_amd64").full_version == "3.9.0"
    assert environment("3.9.18", "win_amd64").full_version == "3.9.18"


@pytest.mark.parametrize(
    ("python", "where", "expected"),
    [
        ("3.9", "manylinux_2_17_x86_64", ("posix", "linux", "Linux", "x86_64", "3.9")),
        ("2.7", "manylinux_2_17_x86_64", ("posix", "linux2", "Linux", "x86_64", "2.7")),
        ("3.12.4", "macosx_14_0_arm64", ("posix", "darwin", "Darwin", "arm64", "3.12")),
        ("3.12", "win_amd64", ("nt", "win32", "Windows", "AMD64", "3.12")),
    ],
)
def test_markers(python: str, where: str, expected: tuple[str, ...]) -> None:
    markers = environment(python, where).markers
    asked = ("os_name", "sys_platform", "platform_system", "platform_machine", "python_version")
    assert tuple(markers[name] for name in asked) == expected


def test_markers_are_all_that_packaging_knows() -> None:
    from packaging.markers import default_environment

    assert set(default_environment()) <= set(environment("3.9", "win_amd64").markers)


@pytest.mark.parametrize("python", ["3.1", "3", "3.4", "4.0", "2.6", "py39", "39", "3.9.x", "", "2.10", "3.9\n"])
def test_a_python_that_is_none(python: str) -> None:
    with pytest.raises(OptionError, match=r"pythons: .* write '2\.7' or '3\.5' and later"):
        environment(python, "win_amd64")


def test_a_python_that_yaml_has_shortened() -> None:
    with pytest.raises(OptionError, match=r"YAML reads 3\.10 as 3\.1"):
        environment("3.1", "win_amd64")


def test_a_free_threaded_python_before_there_was_one() -> None:
    with pytest.raises(OptionError, match="has no free-threaded build"):
        environment("3.12t", "win_amd64")


@pytest.mark.parametrize(
    "where",
    ["linux_x86_64", "linux", "manylinux_3_1_x86_64", "manylinux_2_4_x86_64", "macosx_14_0_ppc", "win_arm", "", "any"],
)
def test_a_platform_that_is_none(where: str) -> None:
    with pytest.raises(OptionError, match=r"platforms: .* name the C library or the system"):
        environment("3.9", where)


def test_an_environment_is_made_once() -> None:
    assert environment("3.9", "win32") is environment("3.9", "win32")
