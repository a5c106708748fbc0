# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listings: where a walk does not go by itself."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._files.listing import enters_kernel


@pytest.mark.parametrize(
    ("directory", "top", "expected"),
    [
        ("/proc", "/", True),
        ("/sys", "", True),
        ("/proc", "/proc", False),
        ("/dev", "/dev/shm", False),
        ("/process", "/", False),
        ("/proc/1", "/proc", False),
    ],
)
def test_walks_do_not_wander_into_the_kernel(directory: str, top: str, expected: bool) -> None:
    assert enters_kernel(directory, top) is expected
