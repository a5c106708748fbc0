# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that never outlives whoever started it, and what starting servers needs beside."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

LOOPBACK = "127.0.0.1"
SUPERVISE = Path(__file__).with_name("supervise.py")
PREFIX = "preflight-lab-"
REMOVED_WITHIN = 10.0
IDLE = ("tail", "-f", os.devnull)  # a command that does nothing, for ever


class StartError(RuntimeError):
    """A process could not be started, or did not become ready; a server's message ends with the tail of its log."""


class Process:
    """A command in a session of its own. It and its children are stopped when we stop it, or are gone ourselves.

    ``output`` (a file or descriptor) takes what it prints, to both of its streams. ``grace`` is how many seconds it
    has between TERM and KILL; with 0 it is killed at once. ``remove`` are directories that go when we are gone;
    whoever lives removes its own.
    Raises StartError where there is nothing to run.
    """

    def __init__(
        self,
        command: Iterable[str],
        *,
        output: Any,
        environment: Mapping[str, str],
        directory: Path,
        grace: float = 10.0,
        remove: Iterable[Path] = (),
    ) -> None:
        options = [f"--grace={grace}", *(f"--remove={path}" for path in remove)]
        self._supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SUPERVISE), *options, "--", *command],
            stdin=subprocess.PIPE,  # the lifeline: held open, never written to
            stdout=subprocess.PIPE,
            stderr=output,
            env=environment,
            cwd=directory,
            start_new_session=True,
        )
        self.pid = 0
        try:
            self._await_start()
        except BaseException:
            self.stop()
            raise

    def _await_start(self) -> None:
        assert self._supervisor.stdout is not None
        answer = self._supervisor.stdout.readline().decode().strip()
        if not answer.isdigit():
            raise StartError(f"could not be started: {answer or 'its supervisor ended'}")
        self.pid = int(answer)

    def exit_code(self) -> int | None:
        """None while it runs; 128 and the signal's number where a signal ended it, as in a shell."""
        return self._supervisor.poll()

    def wait(self) -> int:
        """The exit code, as soon as there is one."""
        return self._supervisor.wait()

    def stop(self) -> None:
        """TERM to the whole group, KILL after the grace; returns when it is over. Harmless when it already is."""
        with self._supervisor:  # closes the pipes at last
            self._supervisor.terminate()
            if self._supervisor.wait() == -signal.SIGKILL and self.pid:  # nobody was left to see to the group
                signal_group(self.pid, signal.SIGKILL)


@contextlib.contextmanager
def temporary_directory() -> Iterator[Path]:
    """A new directory that goes at the end, and also if we are killed meanwhile."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        guard = Process(IDLE, output=subprocess.DEVNULL, environment={}, directory=directory, remove=[directory])
        try:
            yield directory
        finally:
            guard.stop()
    finally:
        remove_directory(directory)


def remove_directory(directory: Path) -> None:
    """Removes it with all that is in it, while a supervisor may be doing the same. Raises TimeoutError."""

    def is_gone() -> bool:
        shutil.rmtree(directory, ignore_errors=True)
        return not directory.exists()

    wait_until(is_gone, within=REMOVED_WITHIN, what=f"{directory} to be removed")


def signal_group(group: int, number: signal.Signals) -> None:
    """Sends a signal to a process group that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def is_running(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        os.kill(pid, 0)
        # proc(5): the state follows the command's name, which may hold anything, in parentheses.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # gone in between, or a system without /proc


def free_ports(count: int) -> tuple[int, ...]:
    """Distinct loopback ports that nobody listened on a moment ago."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _each in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return tuple(each.getsockname()[1] for each in sockets)


def wait_until(condition: Callable[[], bool], *, within: float, what: str, interval: float = 0.02) -> None:
    """Returns once the condition holds. Raises TimeoutError after ``within`` seconds, naming what was awaited."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"waited {within:g} s for {what}")
        time.sleep(interval)


def find_program(name: str, *, variable: str, hint: str) -> str:
    """The program that ``variable`` names in the environment, or the running Python's own, or one on PATH.

    Raises StartError with ``hint`` (how to get it) where there is none.
    """
    named = os.environ.get(variable)
    if named:
        found = shutil.which(named)
        if not found:
            raise StartError(f"{variable} names {named!r}, which is no program")
        return found
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if not found:
        raise StartError(f"there is no program {name}: {hint}, or name one in {variable}")
    return found


@functools.cache
def program_version(program: str, argument: str = "version") -> str:
    """What the program says of itself: ``2.7.2``."""
    answer = subprocess.run([program, argument], capture_output=True, text=True, check=False, timeout=60)
    found = re.search(r"v(\d[\w.+-]*)", answer.stdout)
    if not found:
        said = (answer.stderr or answer.stdout).strip()
        raise StartError(f"{program} {argument}: code {answer.returncode}, {said!r}")
    return found[1]
