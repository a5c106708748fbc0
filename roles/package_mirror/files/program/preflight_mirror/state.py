# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is remembered of a mirror that bandersnatch makes, and what is told of it to who watches.

``status/sync.json`` is served, and the file ``status/ok`` is there while all is well: nginx answers 503 without it.
Removing a file works on a full disk as well.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from . import status
from .bandersnatch import Tree

_SIZES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class State:
    """Read from what was published last. ``reasons`` say why all is not well."""

    def __init__(self, settings: Mapping[str, Any], tree: Tree) -> None:
        self.settings = settings
        self.tree = tree
        self.directory = Path(settings["directory"]) / "status"
        self.path = self.directory / "sync.json"
        self.reasons: list[str] = []
        self.load()

    def load(self) -> None:
        """Reads it anew, after another run has ended."""
        known = status.read(str(self.path))
        self.selection: str = known.get("selection", "")
        self.names: list[str] = known.get("names", [])
        self.runs: dict[str, Any] = known.get("runs", {})
        self.warmed: dict[str, Any] = known.get("warmed", {})

    def record(self, what: str, started: datetime, reason: str, *, warmed: Any = None, changed: bool = False) -> None:
        """Remembers how a run ended; ``reason`` is empty where it went well."""
        told = {"started_at": _text(started), "finished_at": _text(_now()), "reason": reason, "changed": changed}
        self.runs[what] = told
        if warmed:
            self.warmed = warmed

    def publish(self) -> bool:
        """Writes what is so now; returns whether all is well. Raises OSError, and says before that nothing is well."""
        now = _now()
        at = self.tree.synced_at()
        age = None if at is None else int((now - at).total_seconds())
        self.reasons = self._reasons(age)
        marker = self.directory / "ok"
        if self.reasons:
            marker.unlink(missing_ok=True)
        try:
            status.write(str(self.path), self._told(now, at, age))
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                marker.unlink()
            raise
        if not self.reasons:
            marker.touch()
        return not self.reasons

    def _told(self, now: datetime, at: datetime | None, age: int | None) -> dict[str, Any]:
        return {
            "ok": not self.reasons,
            "reasons": self.reasons,
            "checked_at": _text(now),
            "synced_at": None if at is None else _text(at),
            "age_seconds": age,
            "serial": self.tree.serial(),
            "free_bytes": self.free_bytes(),
            "free_bytes_least": self.least(),
            "disk_full": bool(self.no_room()),
            "runs": self.runs,
            "warmed": self.warmed,
            "names": self.names,
            "selection": self.selection,
        }

    def _reasons(self, age: int | None) -> list[str]:
        allowed = self.settings["max_age"]
        told = [self.no_room()]
        if age is None:
            told.append("it was never synchronized")
        elif age > status.duration(allowed).total_seconds():
            told.append(f"it was last synchronized {age} s ago (allowed: {allowed})")
        for what, how in self.runs.items():
            if how["reason"] and how["reason"] not in told:
                told.append(f"the last {what} failed: {how['reason']}")
        problems = self.warmed.get("problems", {})
        told += [f"{name}: {problem}" for name, found in problems.items() for problem in found]
        return [each for each in told if each]

    def free_bytes(self) -> int:
        """What a user who is not root may still write."""
        disk = os.statvfs(self.settings["directory"])
        return disk.f_bavail * disk.f_frsize

    def least(self) -> int:
        """With less room nothing is fetched."""
        text = str(self.settings["free_space_min"]).lower()
        if text.endswith("%"):
            disk = os.statvfs(self.settings["directory"])
            return disk.f_blocks * disk.f_frsize * int(text[:-1]) // 100
        return int(text[:-1]) * _SIZES[text[-1]]

    def no_room(self) -> str:
        """Why nothing is fetched; empty while there is room."""
        free, least = self.free_bytes(), self.least()
        if free >= least:
            return ""
        where = self.settings["directory"]
        return f"the disk of {where} is nearly full: {free} bytes are free, and below {least} nothing is fetched"


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


def _now() -> datetime:
    return datetime.now(timezone.utc)
