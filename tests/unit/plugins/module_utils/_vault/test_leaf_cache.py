# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cache of what was read of issued certificates."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ansible_collections.sre.preflight.plugins.module_utils._vault.leaf_cache import VERSION, Leaf, LeafCache

FIRST = Leaf("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "CN=Root", is_ca=False)
SECOND = Leaf("2026-01-02T00:00:00Z", "2026-02-02T00:00:00Z", "CN=Root")


def test_what_was_saved_is_there_in_the_next_run(tmp_path: Path) -> None:
    path = str(tmp_path / "leaves.db")
    LeafCache(path).save("uuid", {"0a": FIRST, "0b": SECOND}, listed=["0a", "0b"])
    assert LeafCache(path).load("uuid") == {"0a": FIRST, "0b": SECOND}
    assert LeafCache(path).load("another") == {}


def test_what_is_no_longer_listed_is_forgotten(tmp_path: Path) -> None:
    path = str(tmp_path / "leaves.db")
    LeafCache(path).save("uuid", {"0a": FIRST}, listed=["0a"])
    LeafCache(path).save("other", {"0a": FIRST}, listed=["0a"])
    LeafCache(path).save("uuid", {"0b": SECOND}, listed=["0b", "0c"])
    assert LeafCache(path).load("uuid") == {"0b": SECOND}
    assert LeafCache(path).load("other") == {"0a": FIRST}


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "leaves.db"
    LeafCache(str(path)).save("uuid", {"0a": FIRST}, listed=["0a"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_database_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "leaves.db"
    path.write_bytes(b"no database at all" * 100)
    cache = LeafCache(str(path))
    assert cache.load("uuid") == {}
    cache.save("uuid", {"0a": FIRST}, listed=["0a"])
    assert cache.load("uuid") == {"0a": FIRST}
    assert cache.problem is None


def test_a_file_of_another_version_is_begun_anew(tmp_path: Path) -> None:
    path = str(tmp_path / "leaves.db")
    LeafCache(path).save("uuid", {"0a": FIRST}, listed=["0a"])
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    assert LeafCache(path).load("uuid") == {}


def test_a_place_that_cannot_be_written_is_told_of_and_does_no_harm(tmp_path: Path) -> None:
    cache = LeafCache(str(tmp_path / "missing" / "leaves.db"))
    assert cache.load("uuid") == {}
    cache.save("uuid", {"0a": FIRST}, listed=["0a"])
    assert cache.problem == "No such file or directory"


def test_without_a_path_nothing_is_kept() -> None:
    cache = LeafCache(None)
    cache.save("uuid", {"0a": FIRST}, listed=["0a"])
    assert (cache.load("uuid"), cache.problem) == ({}, None)
