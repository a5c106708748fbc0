# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The largest CRL of each storage, against what was measured on real servers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._vault.storage_limit import put_bytes, storage_limit


@pytest.mark.parametrize(
    ("max_entry_size", "largest", "too_large"),
    [
        (16_384, 16_243, 16_284),  # OpenBao 2.7.2: 411 entries went in, the command of the next had 16,414 bytes
        (20_000, 19_828, 19_867),  # its command had 20,001 bytes
        (131_072, 130_922, 130_961),
    ],
)
def test_raft_takes_what_the_real_one_took(max_entry_size: int, largest: int, too_large: int) -> None:
    limit = storage_limit({"type": "raft", "max_entry_bytes": max_entry_size, "limit_source": "measured"})
    assert limit.crl_bytes is not None
    assert largest <= limit.crl_bytes + limit.error_bytes
    assert too_large > limit.crl_bytes - limit.error_bytes
    assert (limit.setting, limit.limit_bytes, limit.source) == ("max_entry_size", max_entry_size, "measured")


def test_consul_takes_what_the_real_one_took() -> None:
    """Vault 1.21.0 on Consul 1.19.2: frozen at 48,799 bytes with both limits at 65,536."""
    limit = storage_limit({"type": "consul", "max_entry_bytes": 65_536, "txn_max_request_bytes": 65_536})
    assert limit.crl_bytes is not None
    assert limit.crl_bytes - limit.error_bytes <= 48_799 + 39
    assert limit.crl_bytes + limit.error_bytes >= 48_799
    assert limit.setting == "txn_max_req_len"


@pytest.mark.parametrize(
    ("storage", "setting", "limit_bytes", "crl_bytes"),
    [
        ({"type": "raft"}, "max_entry_size", 1_048_576, 1_048_442),
        ({"type": "consul"}, "txn_max_req_len", 524_288, 392_892),
        ({"type": "consul", "txn_max_request_bytes": 4_000_000}, "kv_max_value_size", 524_288, 524_255),
        ({"type": "dynamodb"}, "item size", 409_600, 409_300),
        ({"type": "surprise", "max_entry_bytes": 10_000}, "storage_max_entry_size", 10_000, 9_700),
        ({"type": "file"}, None, None, None),
        ({"type": "surprise"}, None, None, None),
        ({}, None, None, None),
        ({"type": "raft", "max_entry_bytes": 100}, "max_entry_size", 100, 0),
    ],
)
def test_limit_that_bites(
    storage: dict[str, Any], setting: str | None, limit_bytes: int | None, crl_bytes: int | None
) -> None:
    limit = storage_limit(storage)
    assert (limit.setting, limit.limit_bytes, limit.crl_bytes) == (setting, limit_bytes, crl_bytes)
    assert limit.source == "assumed"


def test_a_namespace_makes_the_key_longer() -> None:
    assert storage_limit({"type": "raft"}, namespaced=True).crl_bytes == 1_048_442 - 48


@given(st.sampled_from(["raft", "consul", "dynamodb"]), st.integers(5_000, 1 << 30))
def test_what_is_put_fits_where_the_model_says_so(kind: str, size: int) -> None:
    limit = storage_limit({"type": kind, "max_entry_bytes": size, "txn_max_request_bytes": size}, namespaced=True)
    assert limit.crl_bytes is not None
    assert put_bytes(limit, limit.crl_bytes) <= size + 1
    assert put_bytes(limit, limit.crl_bytes + 4) > size - 1
