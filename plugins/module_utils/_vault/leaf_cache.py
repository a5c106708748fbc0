# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read of issued certificates, kept for the next run: certificates never change.

A SQLite file, which its owner alone can read. It holds serial numbers, dates and issuers' names, no secret.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Callable, NamedTuple, TypeVar

_Value = TypeVar("_Value")
_Action = Callable[[sqlite3.Connection], _Value]

VERSION = 2
_BUSY_SECONDS = 10.0
_SCHEMA = """
CREATE TABLE leaves (
    mount TEXT NOT NULL, serial TEXT NOT NULL, not_before TEXT NOT NULL, not_after TEXT NOT NULL, issuer TEXT NOT NULL,
    is_ca INTEGER,
    PRIMARY KEY (mount, serial)
) WITHOUT ROWID
"""


class Leaf(NamedTuple):
    """One issued certificate: its dates as instants in text, its issuer's name, and whether it is an authority's.

    A detailed listing does not tell the last: None.
    """

    not_before: str
    not_after: str
    issuer: str
    is_ca: bool | None = None


class LeafCache:
    """The leaves of all mounts in the file at ``path``; without a path it remembers nothing.

    A file of another version, or one that is no database, is begun anew. ``problem`` says why it could not be used.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.problem: str | None = None

    def load(self, mount: str) -> dict[str, Leaf]:
        """The leaves of a mount by serial number."""
        return self._do(lambda database: _select(database, mount)) or {}

    def save(self, mount: str, leaves: Mapping[str, Leaf], *, listed: Sequence[str]) -> None:
        """Adds leaves, and forgets those that the mount no longer lists."""
        self._do(lambda database: _store(database, mount, leaves, listed))

    def _do(self, action: _Action[_Value]) -> _Value | None:
        if self.path is None or self.problem is not None:
            return None
        try:
            return _open_and(self.path, action)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                self.problem = str(error)
                return None
        except OSError as error:
            self.problem = error.strerror or str(error)
            return None
        return self._begin_anew(self.path, action)

    def _begin_anew(self, path: str, action: _Action[_Value]) -> _Value | None:
        try:
            os.unlink(path)
            return _open_and(path, action)
        except (OSError, sqlite3.Error) as error:
            self.problem = str(error)
            return None


def _open_and(path: str, action: _Action[_Value]) -> _Value:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, timeout=_BUSY_SECONDS)
    try:
        with database:
            _prepare(database)
            return action(database)
    finally:
        database.close()


def _prepare(database: sqlite3.Connection) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        database.execute("DROP TABLE IF EXISTS leaves")
        database.execute(_SCHEMA)
        database.execute(f"PRAGMA user_version = {VERSION}")


def _select(database: sqlite3.Connection, mount: str) -> dict[str, Leaf]:
    rows = database.execute("SELECT serial, not_before, not_after, issuer, is_ca FROM leaves WHERE mount = ?", (mount,))
    return {
        serial: Leaf(not_before, not_after, issuer, None if is_ca is None else bool(is_ca))
        for serial, not_before, not_after, issuer, is_ca in rows
    }


def _store(database: sqlite3.Connection, mount: str, leaves: Mapping[str, Leaf], listed: Sequence[str]) -> None:
    present = set(listed)
    stored = [serial for (serial,) in database.execute("SELECT serial FROM leaves WHERE mount = ?", (mount,))]
    gone = [(mount, serial) for serial in stored if serial not in present]
    database.executemany("DELETE FROM leaves WHERE mount = ? AND serial = ?", gone)
    rows = ((mount, serial, *leaf) for serial, leaf in leaves.items())
    database.executemany("INSERT OR REPLACE INTO leaves VALUES (?, ?, ?, ?, ?, ?)", rows)
