# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the chooser takes for 1,000 requirements on 5 Pythons, and for one page of 10,000 files.

    PYTHONPATH=.:build/collections python tests/bench/bench_resolution.py [--projects 1000]

The pages are like those of a large index: half of the projects are pure Python with some 30 releases, the others have
binary wheels for five Pythons and four platforms, and every twentieth of those has 300 releases. The mirror lacks
requires-python, so that every client has to backtrack where the upstream tells it before.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "build" / "collections")]

from ansible_collections.sre.preflight.plugins.module_utils._mirror.environment import environment  # noqa: E402
from ansible_collections.sre.preflight.plugins.module_utils._mirror.model import File, ProjectPage  # noqa: E402
from ansible_collections.sre.preflight.plugins.module_utils._mirror.resolution import resolve  # noqa: E402
from ansible_collections.sre.preflight.plugins.module_utils._mirror.wanted import wanted  # noqa: E402

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
PLATFORM = "manylinux_2_28_x86_64"
PLATFORMS = ("manylinux_2_17_x86_64.manylinux2014_x86_64", "musllinux_1_2_x86_64", "macosx_11_0_arm64", "win_amd64")
SPECIFIERS = ("", ">=1", ">=1,<20", "~=1.4", "==1.7")
MANY = 10_000


def file(name: str, number: int, requires_python: str) -> File:
    return File(
        name,
        f"https://files.invalid/{name}",
        {"sha256": f"{number:064x}"},
        requires_python,
        core_metadata={"sha256": f"{number:064x}"},
    )


def releases(project: str, count: int, *, binary: bool) -> Iterator[File]:
    """Each later release needs a later Python."""
    for number in range(count):
        version, needs = f"{1 + number // 10}.{number % 10}", f">=3.{7 + 8 * number // count}"
        yield file(f"{project}-{version}.tar.gz", number, needs)
        if not binary:
            yield file(f"{project}-{version}-py3-none-any.whl", number, needs)
            continue
        for python in ("39", "310", "311", "312", "313"):
            for platform in PLATFORMS:
                yield file(f"{project}-{version}-cp{python}-cp{python}-{platform}.whl", number, needs)


def page(number: int) -> ProjectPage:
    project = f"project{number}"
    count = 300 if number % 40 == 1 else 30
    return ProjectPage(project, files=tuple(releases(project, count, binary=bool(number % 2))))


def mirrored(upstream: ProjectPage) -> ProjectPage:
    return replace(upstream, files=tuple(replace(each, requires_python=None) for each in upstream.files))


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description="the chooser's pace")
    parser.add_argument("--projects", type=int, default=1000)
    options = parser.parse_args()
    environments = [environment(python, PLATFORM) for python in PYTHONS]
    outcomes: Counter[str] = Counter()
    files = 0
    taken = used = 0.0
    for number in range(options.projects):
        upstream = page(number)
        mirror = mirrored(upstream)
        files += len(upstream.files)
        want = wanted(f"project{number}{SPECIFIERS[number % len(SPECIFIERS)]}")
        started, cpu = time.perf_counter(), time.process_time()
        found = resolve(want, environments, upstream, mirror)
        taken += time.perf_counter() - started
        used += time.process_time() - cpu
        outcomes.update(each.outcome for each in found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.projects} requirements x {len(PYTHONS)} Pythons, {files} files on each side: {taken:.1f} s")
    print(f"  {used:.1f} s of CPU time")
    print(f"  {dict(outcomes)}; peak {peak:.0f} MiB; load {os.getloadavg()[0]:.1f}")
    large = ProjectPage("large", files=tuple(releases("large", MANY // 21, binary=True)))
    other = mirrored(large)
    one = seconds(lambda: resolve(wanted("large"), environments[:1], large, other))
    five = seconds(lambda: resolve(wanted("large"), environments, large, other))
    print(f"a page of {len(large.files)} files: {one * 1000:.0f} ms for one Python, {five * 1000:.0f} ms for five")


if __name__ == "__main__":
    main()
