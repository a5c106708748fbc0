# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be warmed: requirements, lock files, and what metadata depends on."""

from __future__ import annotations

from pathlib import Path

import pytest
from preflight_mirror.requirements import Needed, dependencies, read_files


def test_requirements_with_what_they_include(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("Base_Name >= 1.0 , < 2  # a comment\n-r requirements.txt\n")
    (tmp_path / "requirements.txt").write_text(
        "--index-url https://index.example.org/simple/\n-r base.txt\n"
        'demo[Extra.One]==1.0 ; python_version > "3" \\\n    --hash=sha256:abc\n'
        "other @ https://files.example.org/other-1.whl\n\nplain\n"
    )
    assert read_files([str(tmp_path / "requirements.txt")]) == [
        Needed("base-name", ">=1.0,<2"),
        Needed("demo", "==1.0", frozenset({"extra-one"})),
        Needed("plain"),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", 'version = 1\n\n[[package]]\nname = "Demo"\nversion = "1.0"\nsource = { registry = "x" }\n'),
        ("poetry.lock", '[[package]]\nname = "Demo"\nversion = "1.0"\n\n[package.dependencies]\nname = "other"\n'),
        (
            "pylock.toml",
            'lock-version = "1.0"\n\n[[packages]]\nname = "Demo"\nversion = "1.0"\n\n[[packages.wheels]]\n',
        ),
        ("Pipfile.lock", '{"default": {"Demo": {"version": "==1.0"}}, "develop": {}}'),
    ],
)
def test_lock_files(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_files([str(tmp_path / name)]) == [Needed("demo", "==1.0")]


def test_what_is_no_requirement_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("what is this\n")
    with pytest.raises(ValueError, match=r"requirements\.txt: 'what is this' is no requirement"):
        read_files([str(tmp_path / "requirements.txt")])


def test_dependencies_count_whatever_their_marker_but_for_extras() -> None:
    metadata = (
        "Metadata-Version: 2.1\nName: demo\nRequires-Dist: one>=1\nRequires-Dist: two (<3); sys_platform == 'win32'\n"
        "Requires-Dist: three; extra == 'Fast_Mode'\nRequires-Dist: four; extra == 'slow'\n\nRequires-Dist: body\n"
    )
    found = list(dependencies(metadata, frozenset({"fast-mode"})))
    assert found == [Needed("one", ">=1"), Needed("two", "<3"), Needed("three")]
