# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was fetched, kept for the next run: an index that says "not modified" need not send its pages again.

A SQLite file, which its owner alone can read. It holds pages as served, by URL and by the format that was asked for.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Mapping
from typing import NamedTuple

VERSION = 1
_BUSY_SECONDS = 10.0
_SCHEMA = """
CREATE TABLE pages (
    url TEXT NOT NULL, accept TEXT NOT NULL, final TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (url, accept)
) WITHOUT ROWID
"""


class Kept(NamedTuple):
    """An answer of status 200 as it was: the URL that it came from after redirects, its headers and its body."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class PageCache:
    """The answers in the file at ``path``; without a path it remembers nothing. Thread-safe.

    A file of another version, or one that is no database, is begun anew. ``problem`` says why it could not be used.
    """

    def __init__(self, path: str | None) -> None:
        self.problem: str | None = None
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        if path is not None:
            self._open(path)

    def close(self) -> None:
        """Writes what was added."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def get(self, url: str, accept: str) -> Kept | None:
        """What was kept of that URL in that format."""
        with self._lock:
            rows = self._do("SELECT final, headers, body FROM pages WHERE url = ? AND accept = ?", url, accept)
        for final, headers, body in rows:
            try:
                return Kept(final, json.loads(headers), zlib.decompress(body))
            except (ValueError, zlib.error):
                return None
        return None

    def put(self, url: str, accept: str, kept: Kept) -> None:
        """Keeps an answer in the place of the one before."""
        if self._database is None:
            return
        row = (kept.url, json.dumps(dict(kept.headers)), zlib.compress(kept.body, 1))
        with self._lock:
            self._do("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?)", url, accept, *row)

    def _do(self, statement: str, *values: object) -> list[tuple[str, str, bytes]]:
        if self._database is None:
            return []
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self.problem = str(error)
            self.close()
            return []

    def _open(self, path: str) -> None:
        try:
            self._database = _prepared(path)
        except sqlite3.OperationalError as error:
            self.problem = str(error)
        except sqlite3.DatabaseError:
            self._begin_anew(path)
        except OSError as error:
            self.problem = error.strerror or str(error)

    def _begin_anew(self, path: str) -> None:
        try:
            os.unlink(path)
            self._database = _prepared(path)
        except (OSError, sqlite3.Error) as error:
            self.problem = str(error)


def _prepared(path: str) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    # Without transactions: a row is an answer, and the file is only ever behind.
    database = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute("PRAGMA synchronous = OFF")
        if version != VERSION:
            database.execute("DROP TABLE IF EXISTS pages")
            database.execute(_SCHEMA)
            database.execute(f"PRAGMA user_version = {VERSION}")
    except sqlite3.Error:
        database.close()
        raise
    return database
