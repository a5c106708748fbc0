# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of every server in the lab: a real process on loopback, as a context manager.

>>> with OpenBao(certificate=leaf, authority=ca) as bao:   # free ports, started, ready
...     bao.ports, bao.pid, bao.directory, bao.log()
                                                           # stopped, its directory removed; also if we are killed
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .process import LOOPBACK, PREFIX, Process, StartError, free_ports, remove_directory, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

PORT_TAKEN = "address already in use"
ATTEMPTS = 5
LOG_TAIL_LINES = 25


# Those that were started and that somebody still holds, stopped or not: a failing test shows their logs.
known: weakref.WeakSet[Server] = weakref.WeakSet()


def silent(_line: str) -> None:
    """Announces nothing."""


class Server:
    """One process; a subclass says what to run, and when it is ready.

    ``announce`` gets a line on what starts.
    """

    title = "server"
    port_count = 1
    ready_within = 30.0
    stops_within = 10.0

    def __init__(self, *, announce: Callable[[str], None] = silent) -> None:
        self.announce = announce
        self.ports: tuple[int, ...] = ()
        self._process: Process | None = None
        self._directory: Path | None = None
        self._last_log = ""
        self._last_probe = ""

    def configure(self) -> list[str]:
        """Writes what the process reads into ``directory``, for the ``ports`` at hand; returns the command."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """One quick probe. An OSError means 'not yet'."""
        raise NotImplementedError

    def set_up(self) -> None:
        """What is done once after the first readiness (initialise, unseal). Raises to fail the start."""

    def resume(self) -> None:
        """What is done after the readiness of a restart (unseal). Raises to fail it."""

    def describe(self) -> str:
        """Title and version, for ``announce``."""
        return self.title

    def environment(self) -> dict[str, str]:
        """All that the process gets: the caller's own BAO_*, VAULT_*, proxies and tokens are none of its business."""
        return {"PATH": os.defpath, "HOME": str(self.directory), "TMPDIR": str(self.directory), "LANG": "C.UTF-8"}

    @property
    def directory(self) -> Path:
        """New and temporary; it goes with the server."""
        if self._directory is None:
            raise RuntimeError(f"{self.title} is not running")
        return self._directory

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.title} is not running")
        return self._process.pid

    def log(self) -> str:
        """What the process has written so far; after the stop, all that it wrote."""
        if self._directory is not None:
            with contextlib.suppress(FileNotFoundError):
                self._last_log = (self._directory / "log").read_text(errors="replace")
        return self._last_log

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Returns when the server is ready. Raises StartError, and leaves nothing behind then."""
        known.add(self)
        title = self.describe()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._start_once(title)
            except StartError:
                # Somebody else may have taken a free port before the server bound it.
                if attempt == ATTEMPTS or PORT_TAKEN not in self._last_log:
                    raise
            else:
                break
        return self

    def restart(self) -> None:
        """Stops the process and starts it on the same ports and in the same directory, so that what it stored stays.

        It is configured anew, by attributes that may have changed meanwhile. Raises StartError, and stops it then.
        """
        if self._process is None:
            raise RuntimeError(f"{self.title} is not running")
        self._process.stop()
        self._process = None
        self._run(self.resume)

    def stop(self) -> None:
        """TERM, KILL after ``stops_within`` seconds, and its directory goes. Does nothing the second time."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
        self.log()
        directory, self._directory = self._directory, None
        if directory is not None:
            remove_directory(directory)

    def _start_once(self, title: str) -> None:
        self._last_log = self._last_probe = ""
        self.ports = free_ports(self.port_count)
        self._directory = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.announce(f"Starting {title} on {LOOPBACK}:{self.ports[0]} ...")
        self._run(self.set_up)

    def _run(self, afterwards: Callable[[], None]) -> None:
        """From the configuration to the readiness, and what comes after it. Stops it where that fails."""
        try:
            self._launch(self.configure())
            wait_until(self._is_ready_or_over, within=self.ready_within, what=f"{self.title} to be ready")
            afterwards()
        except TimeoutError as error:
            failure = self._failure(f"{error}{self._last_probe}")
            self.stop()
            raise StartError(failure) from None
        except BaseException:
            self.stop()
            raise

    def _launch(self, command: list[str]) -> None:
        with (self.directory / "log").open("ab") as log:
            try:
                self._process = Process(
                    command,
                    output=log,
                    environment=self.environment(),
                    directory=self.directory,
                    grace=self.stops_within,
                    remove=[self.directory],
                )
            except StartError as error:
                raise StartError(f"{self.title} {error}") from None

    def _is_ready_or_over(self) -> bool:
        assert self._process is not None
        code = self._process.exit_code()
        if code is not None:
            raise StartError(self._failure(f"{self.title} ended with code {code} before it was ready"))
        try:
            return self.is_ready()
        except OSError as error:
            self._last_probe = f", the last probe said {error}"
            return False

    def _failure(self, what: str) -> str:
        return f"{what}; the end of its log:\n{tail(self.log())}"


def tail(text: str, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines, indented, for an exception's message."""
    last = text.splitlines()[-lines:] or ["(empty)"]
    return "\n".join(f"  {line}" for line in last)
