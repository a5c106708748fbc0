# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pip and uv make of Requires-Python."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._mirror.requires_python import pip_admits, uv_admits


@pytest.mark.parametrize(
    ("value", "pip", "uv"),
    [
        (None, True, True),
        ("", True, True),
        (">=3.9", True, True),
        (">=3.9.1", False, False),
        (">3.9", False, False),
        (">3.8", True, True),
        ("<3.9", False, True),
        ("<=3.9", True, True),
        ("==3.8.*", False, True),
        ("==3.10.*", False, False),
        ("!=3.9.*", False, True),
        ("~=3.6", True, True),
        ("~=3.10", False, False),
        (">=2.7, !=3.0.*, !=3.1.*", True, True),
        ("py3", True, False),
        (">=3.10.*", True, False),
        (">=3.6.*", True, True),
        (">=3.6,", True, True),
        ("'>=3.10'", True, False),
        (">=3.6 <4", True, True),
        (">=3.10 <4", True, False),
        ("3.10", True, False),
    ],
)
def test_python_3_9_0(value: str | None, pip: bool, uv: bool) -> None:
    assert pip_admits(value, "3.9.0") is pip
    assert uv_admits(value, "3.9.0") is uv
