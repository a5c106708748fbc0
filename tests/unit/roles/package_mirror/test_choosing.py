# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files are warmed; the library packaging is the oracle for versions and specifiers."""

from __future__ import annotations

import itertools

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from preflight_mirror.choosing import Target, choose, fits, targets
from preflight_mirror.pages import File
from preflight_mirror.versions import allows, version_of

VERSIONS = [
    *("0.9", "1", "1.0", "1.0.0", "1.0.1", "1.1", "1.10", "2.0", "2!1.0", "v1.2", "1.0.dev1", "1.0a1", "1.0a1.dev2"),
    *("1.0.alpha2", "1.0b1", "1.0rc1", "1.0c2", "1.0.post1", "1.0-2", "1.0.post1.dev3", "1.0+local.7", "1.0+abc"),
    *("2.0rc1", "2.0.dev0", "2.0.post2", "3.0a0"),
]
SPECIFIERS = [
    *(
        "",
        "==1.0",
        "==1.0.*",
        "!=1.0",
        "!=1.0.*",
        "~=1.0",
        "~=1.0.1",
        ">=1.0",
        ">1.0",
        "<=1.0",
        "<1.0",
        "<2.0",
        ">1.0a1",
    ),
    *(">=1.0,<2", "==1.0+abc", "===1.0", ">1.0.post1", "<2.0rc1", "~=1.0rc1", ">=2.0.dev0", "==2!1.*", ">0.9,!=1.1"),
]


def test_versions_order_as_packaging_has_them() -> None:
    for one, other in itertools.product(VERSIONS, repeat=2):
        ours = version_of(one), version_of(other)
        assert (ours[0] < ours[1], ours[0] == ours[1]) == (
            Version(one) < Version(other),
            Version(one) == Version(other),
        ), (one, other)


@pytest.mark.parametrize("specifier", SPECIFIERS)
def test_specifiers_admit_what_packaging_admits(specifier: str) -> None:
    oracle = SpecifierSet(specifier)
    for version in VERSIONS:
        assert allows(specifier, version) is oracle.contains(version, prereleases=True), version


def test_what_is_no_version_or_specifier() -> None:
    assert version_of("2004-01-1x") is None
    assert allows("nonsense", "1.0")
    assert not allows(">=1", "nonsense")


def file(name: str, requires_python: str = "", *, yanked: bool = False) -> File:
    return File(name, f"http://index.invalid/{name}", requires_python=requires_python, yanked=yanked)


LINUX = Target("3.11", "manylinux_2_28_x86_64")


@pytest.mark.parametrize(
    ("name", "target", "expected"),
    [
        ("demo-1-py3-none-any.whl", LINUX, True),
        ("demo-1-py2.py3-none-any.whl", LINUX, True),
        ("demo-1-py2-none-any.whl", LINUX, False),
        ("demo-1-py312-none-any.whl", LINUX, False),
        ("demo-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", LINUX, True),
        ("demo-1-cp311-cp311-manylinux1_x86_64.whl", LINUX, True),
        ("demo-1-cp311-cp311-manylinux_2_28_x86_64.whl", LINUX, True),
        ("demo-1-cp311-cp311-manylinux_2_34_x86_64.whl", LINUX, False),
        ("demo-1-cp311-cp311-manylinux_2_28_aarch64.whl", LINUX, False),
        ("demo-1-cp311-cp311-musllinux_1_2_x86_64.whl", LINUX, False),
        ("demo-1-cp311-cp311-linux_x86_64.whl", LINUX, True),
        ("demo-1-cp310-cp310-manylinux1_x86_64.whl", LINUX, False),
        ("demo-1-cp38-abi3-manylinux1_x86_64.whl", LINUX, True),
        ("demo-1-cp312-abi3-manylinux1_x86_64.whl", LINUX, False),
        ("demo-1-pp311-pypy311_pp73-manylinux1_x86_64.whl", LINUX, False),
        ("demo-1-1-cp311-cp311-win_amd64.whl", Target("3.11", "win_amd64"), True),
        ("demo-1-cp311-cp311-macosx_11_0_universal2.whl", Target("3.11", "macosx_14_0_arm64"), True),
        ("demo-1-cp311-cp311-macosx_15_0_arm64.whl", Target("3.11", "macosx_14_0_arm64"), False),
        ("demo-1-cp311-cp311-win_amd64.whl", Target(), True),
        ("demo-1.tar.gz", LINUX, True),
    ],
)
def test_what_fits_where(name: str, target: Target, expected: bool) -> None:
    assert fits(file(name), target) is expected


FILES = [
    file("demo-1.0-py3-none-any.whl", ">=3.6"),
    file("demo-1.0.tar.gz", ">=3.6"),
    file("demo-1.1-py3-none-any.whl", ">=3.8", yanked=True),
    file("demo-2.0-py3-none-any.whl", ">=3.11.2"),
    file("demo-3.0rc1-py3-none-any.whl", ">=3.11"),
    file("demo-2.0.exe"),
]


@pytest.mark.parametrize(
    ("specifier", "pythons", "expected"),
    [
        ("", ["3.9", "3.11"], ["demo-1.0-py3-none-any.whl", "demo-2.0-py3-none-any.whl"]),
        ("<2", ["3.11"], ["demo-1.0-py3-none-any.whl"]),
        ("==1.1", ["3.11"], ["demo-1.1-py3-none-any.whl"]),
        ("==1.1", ["3.7"], []),
        (">=3.0rc1", ["3.11"], ["demo-3.0rc1-py3-none-any.whl"]),
        ("<2", [], ["demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"]),
        (">4", ["3.11"], []),
    ],
)
def test_the_newest_that_fits_is_chosen(specifier: str, pythons: list[str], expected: list[str]) -> None:
    chosen = choose(FILES, specifier, targets(pythons, ["manylinux_2_28_x86_64"]))
    assert [each.filename for each in chosen] == expected
