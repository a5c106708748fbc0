# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How every fuzz target is run: on the same inputs each time, or on new ones for a while.

    PYTHONPATH=.:build/collections python tests/fuzz/fuzz_reader.py [SECONDS | FILE]

Without an argument libFuzzer makes a fixed number of inputs from a fixed seed and tests/fuzz/corpus: the same code
gives the same verdict, which is what CI needs. SECONDS explores from a seed of its own for so long. FILE tries that
input alone, such as the one that a crash has left behind.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

if TYPE_CHECKING:
    from collections.abc import Callable

CORPUS = Path(__file__).with_name("corpus")
SEED = 1
MAX_LENGTH = 4096
SECONDS_AN_INPUT = 30  # a hang, and not a busy machine
# What libFuzzer learns from comparisons depends on addresses, and how it weighs seeds on the clock.
REPEATABLE = (f"-seed={SEED}", "-use_cmp=0", "-use_memmem=0", "-entropic=0")


def fuzz(name: str, try_one: Callable[[bytes], None], *, runs: int) -> None:
    """Feeds ``try_one`` from the seeds in corpus/``name``, ``runs`` inputs in all; it fails by any exception."""
    given = sys.argv[1] if len(sys.argv) > 1 else ""
    if given and not given.isdigit():
        limits = [given]
    else:
        # By name and not by directory: the order in which a file system lists them would change the run.
        seeds = ",".join(os.path.relpath(path) for path in sorted((CORPUS / name).iterdir()))
        bound = [f"-max_total_time={given}"] if given else [*REPEATABLE, f"-runs={runs}"]
        limits = [f"-seed_inputs={seeds}", f"-max_len={MAX_LENGTH}", f"-timeout={SECONDS_AN_INPUT}", *bound]
    artifacts = f"-artifact_prefix={tempfile.gettempdir()}/preflight-fuzz-{name}-"
    atheris.Setup([sys.argv[0], artifacts, "-print_final_stats=1", *limits], try_one)
    atheris.Fuzz()


def check_reason(error: Exception) -> None:
    """What a refusal has to be: one line of words."""
    assert str(error)
    assert "\n" not in str(error)
