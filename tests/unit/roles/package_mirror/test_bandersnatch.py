# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bandersnatch under watch: stopped for the disk, its errors seen, its leavings removed, its state told."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from preflight_mirror import root_pages
from preflight_mirror.bandersnatch import Tree, run
from preflight_mirror.state import State

LOGGED = "2026-11-24 21:00:00,123 ERROR: Error syncing package: demo@7 (mirror.py:469)"


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_it_is_stopped_as_soon_as_there_is_no_room() -> None:
    left = iter([True, True, False])
    result = run(python("import time; time.sleep(600)"), lambda: next(left))
    assert result.code is None


def test_its_code_and_its_errors_are_seen() -> None:
    program = f"import sys; sys.stderr.write('''some INFO: words\\n{LOGGED}\\nTraceback ERROR: none\\n'''); sys.exit(3)"
    result = run(python(program), lambda: True)
    assert (result.code, result.errors) == (3, ["Error syncing package: demo@7"])
    assert run(python(""), lambda: True).last_error == ""


def test_what_it_keeps_is_read(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert (tree.serial(), tree.synced_at(), tree.left_to_do(), list(tree.projects())) == (0, None, [], [])
    for path, text in {
        "status": "17",
        "todo": "18\nb 18\na 18\n",
        "web/last-modified": "20261124T21:00:01\n",
        "web/packages/a/.half.whl.x1": "half",
        "web/packages/a/whole.whl": "whole",
        "web/simple/b/index.v1_json": "{}",
        "web/simple/a/versions/index_16_2026.v1_json": "{}",
        "web/simple/empty/nothing": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "web/simple/a/index.v1_json").symlink_to(tmp_path / "web/simple/a/versions/index_16_2026.v1_json")
    assert (tree.serial(), tree.left_to_do()) == (17, ["a", "b"])
    assert tree.synced_at() == datetime(2026, 11, 24, 21, 0, 1, tzinfo=UTC)
    assert list(tree.projects()) == [("a", 16), ("b", None)]
    tree.remove_leftovers()
    assert [path.name for path in (tmp_path / "web/packages/a").iterdir()] == ["whole.whl"]
    tree.remove_project("a")
    assert list(tree.projects()) == [("b", None)]


def test_root_pages_are_exchanged_as_a_whole(tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    root_pages.write(tmp_path, [("old", None)], 4, now)
    assert root_pages.write(tmp_path, [("a", 5), ("b", None)], 5, now) == 2
    links = {path.name: path.readlink().name for path in tmp_path.iterdir() if path.is_symlink()}
    stem = "index_5_20261124T000000.000000Z"
    assert links == {
        "index.html": f"{stem}.html",
        "index.v1_html": f"{stem}.html",
        "index.v1_json": f"{stem}.v1_json",
    }
    assert {path.name for path in tmp_path.iterdir()} == {*links, *links.values()}
    assert (tmp_path / "index.v1_json").read_text() == (
        '{"meta": {"_last-serial": 5, "api-version": "1.1"}, '
        '"projects": [{"name": "a", "_last-serial": 5}, {"name": "b"}]}'
    )


def state(directory: Path, **settings: Any) -> State:
    (directory / "status").mkdir(exist_ok=True)
    given = {"directory": str(directory), "max_age": "1d", "free_space_min": "1k", **settings}
    return State(given, Tree(directory / "bandersnatch"))


def synchronized(directory: Path) -> None:
    web = directory / "bandersnatch" / "web"
    web.mkdir(parents=True)
    (web / "last-modified").write_text(datetime.now(UTC).strftime("%Y%m%dT%H:%M:%S\n"))


@pytest.mark.parametrize(("size", "least"), [("2k", 2048), ("3M", 3 << 20), ("1g", 1 << 30), ("2T", 2 << 40)])
def test_sizes(tmp_path: Path, size: str, least: int) -> None:
    assert state(tmp_path, free_space_min=size).least() == least


def test_all_is_well_only_after_a_synchronization(tmp_path: Path) -> None:
    told = state(tmp_path)
    assert not told.publish()
    assert told.reasons == ["it was never synchronized"]
    synchronized(tmp_path)
    assert told.publish()
    assert (tmp_path / "status/ok").exists()
    told.record("verify", datetime.now(UTC), "a file is damaged")
    assert not told.publish()
    assert state(tmp_path).runs["verify"]["reason"] == "a file is damaged"
    assert not (tmp_path / "status/ok").exists()


def test_a_status_that_cannot_be_written_is_not_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synchronized(tmp_path)
    told = state(tmp_path)
    assert told.publish()

    def full(_path: str, _status: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("preflight_mirror.status.write", full)
    with pytest.raises(OSError, match="No space left"):
        told.publish()
    assert not (tmp_path / "status/ok").exists()
