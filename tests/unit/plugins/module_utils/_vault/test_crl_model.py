# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bytes and entries of a CRL, its capacity, and whether it is frozen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._vault import crl_model
from ansible_collections.sre.preflight.plugins.module_utils._vault.crl_model import CrlShape
from ansible_collections.sre.preflight.plugins.module_utils._vault.storage_limit import StorageLimit
from tests.unit.plugins.module_utils._vault.mounts import NOW, crl, mount, raft

# (bytes, entries) as served by OpenBao 2.7.2.
EC = [(248, 1), (446, 6), (5_245, 129), (10_237, 257), (16_243, 411)]
RSA = [(442, 1), (639, 6), (5_438, 129), (10_429, 257), (19_828, 498)]


@pytest.mark.parametrize("measured", [EC, RSA])
def test_a_small_crl_tells_the_size_of_a_large_one(measured: list[tuple[int, int]]) -> None:
    for size, entries in measured:
        shape = CrlShape.of(size, entries)
        for other_size, others in measured:
            assert shape.bytes(others) == pytest.approx(other_size, abs=16)


def test_the_crl_of_the_incident() -> None:
    assert CrlShape.of(207, 0).bytes(3_352) == pytest.approx(130_922, rel=0.001)
    assert CrlShape.of(207, 0).entries(130_922) == pytest.approx(3_352, rel=0.001)


@pytest.mark.parametrize(("size", "entries"), [(None, None), (5_000, None), (None, 3)])
def test_without_a_crl_a_large_overhead_is_taken(size: int | None, entries: int | None) -> None:
    assert CrlShape.of(size, entries) == CrlShape(700, 38.996)


@pytest.mark.parametrize(("size", "entries"), [(60_000, 1_000), (30_000, 1_000)])
def test_entries_of_an_unusual_size_are_measured(size: int, entries: int) -> None:
    shape = CrlShape.of(size, entries)
    assert shape.bytes(entries) == size
    assert shape.entry_bytes == pytest.approx(size / entries, rel=0.03)


@given(st.integers(0, 2_000_000), st.integers(0, 50_000))
def test_a_crl_is_as_large_as_it_was_found(size: int, entries: int) -> None:
    assert entries == 0 or CrlShape.of(size, entries).bytes(entries) == pytest.approx(size, abs=1)


@pytest.mark.parametrize(
    ("limit", "entry_limit", "capacity"),
    [
        (raft(), None, 26_879),
        (raft(), 100_000, 26_879),
        (raft(), 5_000, 5_000),
        (raft(), -1, 26_879),
        (raft(), 0, 26_879),
        (raft(100), None, 0),
        (StorageLimit("file"), None, None),
        (StorageLimit("file"), 100_000, 100_000),
    ],
)
def test_capacity(limit: StorageLimit, entry_limit: int | None, capacity: int | None) -> None:
    evidence = mount(crl_config={"max_crl_entries": entry_limit}, crls=[crl(100)])
    assert crl_model.capacity_entries(evidence, limit) == capacity


def test_the_entry_limit_leaves_a_fifth_of_the_storage() -> None:
    limit = raft()
    safe = crl_model.safe_max_crl_entries(limit)
    assert safe is not None
    assert limit.crl_bytes is not None
    assert 0.75 < CrlShape().bytes(safe) / limit.crl_bytes < 0.85
    assert crl_model.safe_max_crl_entries(StorageLimit("file")) is None


REBUILT = {"auto_rebuild": True, "auto_rebuild_grace_period": "12h"}


@pytest.mark.parametrize(
    ("revoked", "config", "later", "frozen"),
    [
        (100, {}, timedelta(), False),
        (101, {}, timedelta(), True),
        (99, {}, timedelta(), False),  # a tidy came between
        (None, {}, timedelta(), None),
        (101, {"disable": True}, timedelta(), False),
        (101, REBUILT, timedelta(hours=58), False),  # it is rebuilt at 2026-11-25T10:00:00Z
        (101, REBUILT, timedelta(hours=58, minutes=2), True),
        (100, REBUILT, timedelta(days=9), False),
    ],
)
def test_frozen(revoked: int | None, config: dict[str, Any], later: timedelta, frozen: bool | None) -> None:
    evidence = mount(crls=[crl(100)], counts={"revoked": revoked}, crl_config=config)
    assert crl_model.is_frozen(evidence, NOW + later) is frozen


def test_a_crl_that_was_built_this_minute_is_not_frozen() -> None:
    evidence = mount(crls=[crl(100, this_update="2026-11-22T23:59:30Z")], counts={"revoked": 101})
    assert crl_model.is_frozen(evidence, NOW) is False
    assert crl_model.is_frozen(evidence, NOW + timedelta(minutes=1)) is True


def test_delta_crls_and_smaller_ones_are_left_out() -> None:
    evidence = mount(crls=[crl(5), crl(9), crl(100, kind="delta")], counts={"revoked": 20})
    assert crl_model.main_crl(evidence)["entries"] == 9
    assert crl_model.missing_entries(evidence) == 6
    assert crl_model.revoked_entries(evidence) == 15
    assert crl_model.main_crl(mount(crls=[])) == {}
    assert crl_model.missing_entries(mount(crls=None)) is None


def test_row() -> None:
    row = crl_model.crl_row(mount(crls=[crl(100)], counts={"revoked": 100}), raft(), NOW)
    assert row == {
        "bytes": 4_134,
        "entries": 100,
        "missing_entries": 0,
        "limit_bytes": 1_048_442,
        "limit_error_bytes": 16,
        "limit_setting": "max_entry_size",
        "limit_setting_bytes": 1_048_576,
        "limit_source": "measured",
        "capacity_entries": 26_879,
        "frozen": False,
        "this_update": "2026-11-22T22:00:00Z",
        "next_update": "2026-11-25T22:00:00Z",
    }
