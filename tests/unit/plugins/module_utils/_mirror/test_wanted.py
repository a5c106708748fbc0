# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requirements as they are written."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.libraries import Library
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._mirror import library
from ansible_collections.sre.preflight.plugins.module_utils._mirror.environment import environment
from ansible_collections.sre.preflight.plugins.module_utils._mirror.wanted import wanted


def test_a_requirement_with_all_that_it_can_have() -> None:
    read = wanted('Demo_Pkg[tls]>=1,<2; python_version < "3.13" --hash=sha256:AB --hash sha512:cd')
    assert read.text == 'Demo_Pkg[tls]>=1,<2; python_version < "3.13"'
    assert read.project == "demo-pkg"
    assert str(read.specifier) == "<2,>=1"
    assert read.hashes == {("sha256", "ab"), ("sha512", "cd")}


@pytest.mark.parametrize(
    ("text", "pinned"),
    [("demo==1.0", True), ("demo===1.0", True), ("demo==1.0,>=0", True), ("demo==1.*", False), ("demo>=1", False)],
)
def test_pinned(text: str, pinned: bool) -> None:
    assert wanted(text).pinned is pinned


def test_allowed_hashes() -> None:
    read = wanted("demo --hash=sha256:ab")
    assert read.allows({"md5": "00", "sha256": "AB"})
    assert not read.allows({"md5": "ab"})
    assert not read.allows({})


def test_markers() -> None:
    read = wanted('demo; sys_platform == "win32" and python_version < "3.10"')
    assert read.applies_to(environment("3.9", "win_amd64"))
    assert not read.applies_to(environment("3.10", "win_amd64"))
    assert not read.applies_to(environment("3.9", "manylinux_2_17_x86_64"))


@pytest.mark.parametrize(
    "text", ["", "demo>=", "-r other.txt", "demo 1.0", "demo=>1", "https://index.invalid/demo.whl"]
)
def test_what_is_no_requirement(text: str) -> None:
    with pytest.raises(OptionError, match=r"requirements: .* is no requirement .* write NAME, or NAME>=1\.2") as error:
        wanted(text)
    assert "\n" not in str(error.value)


def test_without_packaging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "PACKAGING", Library("packaging", "23.2", import_error="Traceback"))
    with pytest.raises(OptionError, match=r"packaging is missing; install packaging >= 23\.2"):
        wanted("demo")


def test_with_an_old_packaging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "PACKAGING", Library("packaging", "23.2", "20.9", "packaging/__init__.py"))
    with pytest.raises(OptionError, match=r"packaging >= 23\.2 is needed, and version 20\.9 was found"):
        wanted("demo")
