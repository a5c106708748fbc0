# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trees of files for the tests of the walk: in a directory that every user can enter."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534


@pytest.fixture
def tree() -> Iterator[Path]:
    """An empty directory that all may enter, other than pytest's tmp_path; its real path."""
    path = Path(os.path.realpath(tempfile.mkdtemp(prefix="preflight-files-")))
    path.chmod(0o755)
    yield path
    for directory, _names, _files in os.walk(path):
        os.chmod(directory, 0o755)
    shutil.rmtree(path)


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Runs as nobody where the tests run as root, for whom no file is unreadable."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture(name="unprivileged")
def unprivileged_fixture() -> Callable[[], contextlib.AbstractContextManager[None]]:
    return unprivileged
