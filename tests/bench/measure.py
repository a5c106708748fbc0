# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measuring: medians of repeated runs, and the memory of a whole tree of processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MIB = 1 << 20


def median_seconds(run: Callable[[], object], *, times: int = 3) -> float:
    """The median wall time of ``times`` runs."""
    seconds = []
    for _round in range(times):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


@dataclass
class Outcome:
    """A finished command: wall time, and the largest sum of its processes' proportional memory (PSS) seen."""

    seconds: float
    peak_mib: float
    output: str


@dataclass
class _Watch:
    root: int
    peak: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(0.05):
            self.peak = max(self.peak, sum(_pss(process) for process in _tree(self.root)))


def run_measured(command: Sequence[str], *, env: dict[str, str], cwd: Path | None = None) -> Outcome:
    """Runs a command to its end. Raises CalledProcessError with its output if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watch = _Watch(process.pid)
    thread = threading.Thread(target=watch.run)
    thread.start()
    output, _nothing = process.communicate()
    seconds = time.perf_counter() - started
    watch.stop.set()
    thread.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Outcome(seconds, watch.peak / MIB, output)


def _tree(root: int) -> list[int]:
    found, open_ = [], [root]
    while open_:
        process = open_.pop()
        found.append(process)
        try:
            for task in os.listdir(f"/proc/{process}/task"):
                open_ += map(int, Path(f"/proc/{process}/task/{task}/children").read_text().split())
        except OSError:
            continue  # it has ended since
    return found


def _pss(process: int) -> int:
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has ended since
    return 0


def table(title: str, rows: Sequence[tuple[str, str, str]]) -> str:
    """A table of (what, measured, target)."""
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join((title, *lines))
