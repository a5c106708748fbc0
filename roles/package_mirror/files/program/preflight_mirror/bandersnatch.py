# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs bandersnatch, stops it before the disk is full, and finds out what its exit code does not say.

It ends with 0 though projects failed, leaves half a file behind for each download that did, and goes on from its list
of what is left to do (``todo``) until that is empty: one project that always fails keeps all others from being seen.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

_POLLED_EVERY = 0.5
_ENDS_WITHIN = 20.0
_KEPT_ERRORS = 5
_ERROR = re.compile(r"^\S+ \S+ (?:ERROR|CRITICAL): (?P<text>.*?)(?: \([\w.]+:\d+\))?$")


@dataclass
class Run:
    """``code`` is None where it was stopped for the disk; ``errors`` are the last few that it logged."""

    code: int | None
    errors: list[str] = field(default_factory=list)

    @property
    def last_error(self) -> str:
        """The last that it logged; empty where it logged none."""
        return self.errors[-1] if self.errors else ""


@dataclass(frozen=True)
class Tree:
    """What bandersnatch keeps in its directory."""

    path: Path

    @property
    def web(self) -> Path:
        """What is served."""
        return self.path / "web"

    @property
    def simple(self) -> Path:
        """The pages, a directory for each project."""
        return self.web / "simple"

    def serial(self) -> int:
        """That of the last run in which everything went well; 0 before the first."""
        try:
            return int((self.path / "status").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return 0

    def synced_at(self) -> datetime | None:
        """When the last run began in which everything went well."""
        try:
            text = (self.web / "last-modified").read_text(encoding="ascii").strip()
            return datetime.strptime(text, "%Y%m%dT%H:%M:%S").replace(tzinfo=timezone.utc)
        except (FileNotFoundError, ValueError):
            return None

    def left_to_do(self) -> list[str]:
        """The projects that a run did not get through."""
        try:
            lines = (self.path / "todo").read_text(encoding="utf-8").splitlines()[1:]
        except FileNotFoundError:
            return []
        return sorted(line.split()[0] for line in lines if line.strip())

    def forget_what_is_left(self) -> None:
        """Makes the next run ask the upstream for all that has changed, instead of going on from its list."""
        (self.path / "todo").unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Removes halves of files. Nothing may be running."""
        for directory, _directories, names in os.walk(self.web):
            for name in names:
                if name.startswith("."):
                    os.unlink(os.path.join(directory, name))

    def projects(self) -> Iterator[tuple[str, int | None]]:
        """(name, serial) of every project that has a page; the serial is known where versions of pages are kept."""
        if self.simple.is_dir():
            for entry in sorted(os.scandir(self.simple), key=lambda entry: entry.name):
                page = os.path.join(entry.path, "index.v1_json")
                if entry.is_dir() and os.path.exists(page):
                    yield entry.name, _serial_of(page)

    def remove_project(self, name: str) -> None:
        """Removes its pages, so that it is not served as it once was; its files go with the next cleaning."""
        shutil.rmtree(self.simple / name)
        (self.web / "json" / name).unlink(missing_ok=True)


def _serial_of(page: str) -> int | None:
    found = re.match(r"index_(\d+)_", os.path.basename(os.path.realpath(page)))
    return int(found[1]) if found and int(found[1]) else None


def run(command: Sequence[str], has_room: Callable[[], bool]) -> Run:
    """Runs it to its end, or until there is no room any more. What it logs goes on to standard error."""
    result = Run(None)
    # The command is that of our own settings.
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as it:  # noqa: S603
        reader = threading.Thread(target=_read, args=(it, result))
        reader.start()
        try:
            while it.poll() is None and has_room():
                time.sleep(_POLLED_EVERY)
            result.code = it.poll()
        finally:
            _end(it)
            reader.join()
    return result


def _read(it: subprocess.Popen[str], result: Run) -> None:
    for line in it.stderr or ():
        sys.stderr.write(line)
        found = _ERROR.match(line.strip())
        if found:
            result.errors = [*result.errors, found["text"]][-_KEPT_ERRORS:]


def _end(it: subprocess.Popen[str]) -> None:
    if it.poll() is None:
        it.terminate()
        try:
            it.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            it.kill()
