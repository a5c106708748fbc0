# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one command for as long as its parent lives: ``supervise.py --grace=SECONDS
[--remove=DIRECTORY]... -- COMMAND...``.

Standard input is the lifeline: it is held open by the parent and never written to. When it ends, the parent is
gone, be it by SIGKILL, and the command's whole process group is stopped and the directories are removed. SIGTERM
stops the group and removes nothing: the parent is there and does it. Both send TERM first, and KILL after the grace;
with a grace of 0, KILL at once. Once the command has ended, nothing that it started goes on; on Linux not even what
left its process group, as Ansible's workers do. The first line of standard output is the command's process id, or
the reason why it could not be started; the command's own output goes to standard error.

A pipe and not PR_SET_PDEATHSIG: that signal comes when the *thread* that forked ends, and reaches no grandchildren.
Run with ``python -I -S``: nothing but the standard library's quick modules is imported.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

LIFELINE = 0
OUTPUT = 2
PR_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans among our descendants become our children


class Supervisor:
    """Starts the command in a session of its own and sees to its end."""

    def __init__(self, *, grace: float, remove: list[str], command: list[str]) -> None:
        self.grace = grace
        self.remove = remove
        self.command = command
        self.group = 0
        self.stopping = False
        self.orphaned = False

    def run(self) -> int:
        """The command's exit code, as a shell gives it."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGALRM, self.kill)
        adopt_orphans()
        threading.Thread(target=self.watch_lifeline, daemon=True).start()
        try:
            child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=OUTPUT, stderr=OUTPUT, start_new_session=True
            )
        except OSError as error:
            self.say(f"{self.command[0]}: {error.strerror}")
            return 127
        self.group = child.pid
        self.say(str(child.pid))
        if self.stopping:
            self.stop()
        code = child.wait()
        self.kill()
        end_orphans()
        if self.orphaned:
            self.remove_directories()
        return code if code >= 0 else 128 - code

    def watch_lifeline(self) -> None:
        """Turns the end of the parent into SIGTERM to ourselves."""
        while os.read(LIFELINE, 1024):
            pass
        self.orphaned = True
        os.kill(os.getpid(), signal.SIGTERM)

    def stop(self, *_signal: object) -> None:
        self.stopping = True
        if not self.group:
            return
        if self.grace:
            signal.setitimer(signal.ITIMER_REAL, self.grace)
            self.signal_group(signal.SIGTERM)
        else:
            self.kill()

    def kill(self, *_signal: object) -> None:
        self.signal_group(signal.SIGKILL)

    def signal_group(self, number: signal.Signals) -> None:
        # macOS answers EPERM where a group has only zombies left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, number)

    def remove_directories(self) -> None:
        for directory in self.remove:
            shutil.rmtree(directory, ignore_errors=True)

    @staticmethod
    def say(line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(1, line.encode() + b"\n")


def adopt_orphans() -> None:
    """Takes effect on Linux only."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans() -> None:
    """Kills our children until there are none; the death of one may give us its own."""
    with contextlib.suppress(ChildProcessError):
        while True:
            for pid in children():
                os.kill(pid, signal.SIGKILL)
            os.wait()


def children() -> list[int]:
    """The process ids of our children, by proc(5); zombies too, as long as we have not waited for them."""
    ours = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The command's name stands in parentheses and may hold anything; state and parent follow.
            parent = file.read_text(errors="replace").rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                ours.append(int(file.parent.name))
    return ours


def main(arguments: list[str]) -> int:
    end = arguments.index("--")
    grace, *remove = [option.partition("=")[2] for option in arguments[:end]]
    return Supervisor(grace=float(grace), remove=remove, command=arguments[end + 1 :]).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
