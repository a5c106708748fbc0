# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a file name says."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._mirror.releases import read_name, read_names


@pytest.mark.parametrize(
    ("filename", "version"),
    [
        ("demo_pkg-1.0-py3-none-any.whl", "1.0"),
        ("Demo.Pkg-1.0-py3-none-any.whl", "1.0"),
        ("demo_pkg-1.0-2x-py2.py3-none-any.whl", "1.0"),
        ("demo_pkg-1!1.0+local.1-py3-none-any.whl", "1!1.0+local.1"),
        ("demo_pkg-1.0.tar.gz", "1.0"),
        ("demo-pkg-1.0.zip", "1.0"),
        ("demo.pkg-1.0.tar.bz2", "1.0"),
        ("demo-pkg-1.0-1.tar.gz", "1.0.post1"),
        ("DEMO-PKG-1.0.TAR.GZ", "1.0"),
    ],
)
def test_files_of_the_project(filename: str, version: str) -> None:
    name = read_name("demo-pkg", filename)
    assert name is not None
    assert str(name.version) == version


@pytest.mark.parametrize(
    "filename",
    [
        "other-1.0-py3-none-any.whl",
        "demo_pkg_more-1.0-py3-none-any.whl",
        "demo_pkg-1.0-x-py3-none-any.whl",
        "demo_pkg-notaversion-py3-none-any.whl",
        "demo_pkg-1.0-py3-none.whl",
        "demo_pkg.whl",
        "demo-pkg-more-1.0.tar.gz",
        "other-1.0.tar.gz",
        "demo-pkg-.tar.gz",
        "demo-pkg.tar.gz",
        "demo-pkg-1.0-py2.7.tar.gz",
        "demo-pkg-1.0-macosx10.zip",
        "demo-pkg-1.0-py3.9.egg",
        "demo-pkg-1.0.win32.exe",
        "demo-pkg-1.0.rpm",
        "demo-pkg-1.0",
        "",
    ],
)
def test_files_that_pip_passes_over(filename: str) -> None:
    assert read_name("demo-pkg", filename) is None


def test_names_of_a_page() -> None:
    assert list(read_names("demo", ["demo-1.0.tar.gz", "README"])) == ["demo-1.0.tar.gz"]
