# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a storage holds in one entry, and who says so."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault.storage import describe


@pytest.mark.parametrize(
    ("kind", "sanitized", "options", "expected"),
    [
        ("raft", {"type": "raft", "raft": {"max_entry_size": "131072"}}, {}, ("raft", 131072, None, "measured")),
        ("raft", {"type": "raft", "raft": {"max_entry_size": ""}}, {}, ("raft", 1048576, None, "assumed")),
        ("raft", None, {}, ("raft", 1048576, None, "assumed")),
        ("consul", {"type": "consul"}, {}, ("consul", 524288, 524288, "assumed")),
        (
            "consul",
            {"type": "consul"},
            {"max_entry_size": 1000, "txn_max_req_len": 2000},
            ("consul", 1000, 2000, "configured"),
        ),
        (
            "raft",
            {"type": "raft", "raft": {"max_entry_size": "131072"}},
            {"max_entry_size": 4096},
            ("raft", 4096, None, "configured"),
        ),
        ("dynamodb", None, {}, ("dynamodb", 409600, None, "assumed")),
        ("foundationdb", None, {}, ("foundationdb", 100_000, None, "assumed")),
        ("azure", None, {}, ("azure", 4 * 1024 * 1024 - 1, None, "assumed")),
        ("mysql", None, {}, ("mysql", 16 * 1024 * 1024 - 1, None, "assumed")),
        ("inmem", None, {}, ("inmem", None, None, "assumed")),
        ("swift", None, {}, ("swift", None, None, None)),
        ("swift", None, {"max_entry_size": 5}, ("swift", 5, None, "configured")),
        (None, None, {}, (None, None, None, None)),
    ],
)
def test_limits(kind: Any, sanitized: Any, options: dict[str, int], expected: tuple[Any, ...]) -> None:
    keys = ("type", "max_entry_bytes", "txn_max_request_bytes", "limit_source")
    assert describe(kind, sanitized, **options) == dict(zip(keys, expected))
