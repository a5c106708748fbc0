# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forecast's three scenarios, against sums done by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.module_utils._vault.curves import Curves, grown
from ansible_collections.sre.preflight.plugins.module_utils._vault.forecast import (
    Forecast,
    ForecastPolicy,
    forecast,
    why_unknown,
)
from ansible_collections.sre.preflight.plugins.module_utils._vault.population import population
from ansible_collections.sre.preflight.plugins.module_utils._vault.storage_limit import StorageLimit
from tests.unit.plugins.module_utils._vault.mounts import (
    DAY,
    NOW,
    OPENBAO,
    TIDY_ON,
    VAULT,
    churning,
    crl,
    day,
    incident,
    mount,
    mounts,
    raft,
    role,
)

POLICY = ForecastPolicy()


def seen(evidence: dict[str, Any], *, limit: StorageLimit | None = None, policy: ForecastPolicy = POLICY) -> Forecast:
    return forecast(evidence, OPENBAO, limit or raft(), policy, NOW)


def test_a_mount_at_rest_stays_as_it_is() -> None:
    result = seen(mount())
    assert (result.peak_entries, result.overflow_at, result.drain_seconds()) == (0, None, 0)


def test_entries_without_a_history_may_all_have_come_since_yesterday() -> None:
    result = seen(mount(crls=[crl(500)], counts={"revoked": 500, "leases": 0}))
    assert result.as_now.points[:2] == ((0, 500), (DAY, pytest.approx(1_000)))


def test_without_tidy_entries_only_grow() -> None:
    result = seen(churning(per_day=100, days=60))
    assert result.as_now.points[0] == (0, 6_000)
    assert result.as_now.peak_entries == pytest.approx(6_000 + 90 * 100)
    assert result.growth.peak_entries == pytest.approx(6_000 + 90 * 200)
    assert result.as_now.peak_at == 90 * DAY


def test_with_tidy_entries_settle_at_rate_times_stay() -> None:
    """research: early revocations x (remaining life + safety buffer + interval)."""
    result = seen(churning(per_day=100, days=60, auto_tidy=TIDY_ON))
    assert result.as_now.points[-1][1] == pytest.approx(100 * (30 + 3 + 0.5))
    assert result.growth.points[-1][1] == pytest.approx(200 * (30 + 3 + 0.5))


def test_what_is_overdue_leaves_with_the_next_pass_and_not_before() -> None:
    evidence = mount(
        crls=[crl(1_000, revocation_days=[[day(-90), 1_000]])],
        counts={"revoked": 1_000, "leases": 0},
        auto_tidy={**TIDY_ON, "interval_duration": 3 * DAY},
    )
    entries = [count for _at, count in seen(evidence).as_now.points]
    assert entries[:4] == [1_000, 1_000, 1_000, 0]


def test_overflow_is_dated_between_the_days() -> None:
    result = seen(churning(per_day=100, days=60), limit=raft(234 + round(38.996 * 6_250) + 134))
    assert result.frame.capacity == 6_250
    assert result.as_now.overflow_at == pytest.approx(2.5 * DAY)
    assert result.growth.overflow_at == pytest.approx(1.25 * DAY)


def test_what_is_full_already_overflows_now() -> None:
    result = seen(churning(), limit=raft(50_000))
    assert result.as_now.overflow_at == 0
    assert result.to_json()["as_now"]["overflow_at"] == "2026-11-23T00:00:00Z"


def test_no_limit_no_overflow() -> None:
    result = seen(incident(), limit=StorageLimit("file"))
    assert result.overflow_at is None
    assert result.peak_entries > 30_000


def test_vaults_own_limit_bites_first() -> None:
    evidence = churning(per_day=100, days=60, crl_config={"max_crl_entries": 6_050})
    result = forecast(evidence, VAULT, raft(), POLICY, NOW)
    assert result.as_now.overflow_at == pytest.approx(0.5 * DAY)


def test_the_incident() -> None:
    """18,800 entries and 20,000 leases: the usual growth stays within 90 days, the backlog does not."""
    result = seen(incident())
    assert result.as_now.overflow_at is None or result.as_now.overflow_at > 60 * DAY
    assert result.worst.points[0] == (0, pytest.approx(38_800, rel=0.01))
    assert result.worst.overflow_at == 0
    assert result.backlog.overflow_at is not None
    drain = result.to_json()["backlog"]["worst"]["drain_seconds"]
    assert drain["inline_low"] < drain["inline"] < drain["inline_high"]
    assert drain["auto_rebuild"] < drain["inline"] / 50


def leased(expires_in: int, **crl_config: Any) -> dict[str, Any]:
    """1,000 leased certificates of 30 days, and nothing else issued."""
    return mount(
        counts={"revoked": 0, "leases": 1_000},
        leaves={"by_day": [[day(expires_in - 30), day(expires_in - 1), 1_000]]},
        crl_config=crl_config,
    )


@pytest.mark.parametrize(
    ("expires_in", "days_away", "token_ttl_days", "revoked"),
    [
        (20, 10, 10, 1_000),  # every token has ended, no certificate has
        (20, 10, 40, 250),  # a quarter of the tokens have
        (20, 10, 5, 1_000),
        (10, 10, 10, 0),  # they expire on the day of the return: "refusing to add to CRL"
        (5, 10, 10, 0),
        (20, 0, 10, 0),
    ],
)
def test_backlog_counts_what_has_lost_its_token_and_is_valid(
    expires_in: int, days_away: int, token_ttl_days: int, revoked: int
) -> None:
    policy = ForecastPolicy(backlog_days=days_away, token_ttl_days=token_ttl_days)
    result = seen(leased(expires_in), policy=policy)
    assert result.backlog.points[days_away][1] == pytest.approx(revoked)
    assert all(entries == 0 for _at, entries in result.backlog.points[:days_away])
    assert result.worst.points[0][1] == 1_000


def test_expired_certificates_count_where_the_server_revokes_them() -> None:
    policy = ForecastPolicy(backlog_days=10, token_ttl_days=10)
    result = seen(leased(5, allow_expired_cert_revocation=True), policy=policy)
    assert result.backlog.points[10][1] == 1_000


def test_leases_go_on_being_given_only_by_roles_that_give_them() -> None:
    evidence = incident(leases=3_000)
    kept = Curves(population(evidence, NOW))
    ended = Curves(population({**evidence, "roles": {"pod": role(30)}}, NOW))
    assert kept.leased(60 * DAY) == pytest.approx(3_000, rel=0.05)
    assert ended.leased(0) == kept.leased(0)
    assert ended.leased(31 * DAY) == 0


@pytest.mark.parametrize(
    ("crls", "known"),
    [
        (None, False),
        ([], False),
        ([crl(3, kind="delta")], False),
        ([{**crl(0), "entries": None}], False),
        ([crl(0)], True),
    ],
)
def test_a_forecast_without_a_crl_is_unknown(crls: Any, known: bool) -> None:
    assert (why_unknown(mount(crls=crls)) is None) == known


def test_evidence_of_a_mount_that_vanished_is_no_error() -> None:
    gone = dict.fromkeys(mount())
    assert "auto-tidy not known: none taken to run" in seen(gone).to_json()["assumptions"]
    assert why_unknown(gone) == "no complete CRL could be read, so its entries are not known"


def test_json() -> None:
    row = seen(churning(), policy=replace(POLICY, days=2)).to_json()
    assert set(row) == {"as_now", "growth", "backlog", "days", "drain_source", "assumptions"}
    assert row["as_now"] == {
        "peak_entries": 6_200,
        "peak_bytes": 242_009,
        "peak_at": "2026-11-25T00:00:00Z",
        "overflow_at": None,
        "drain_seconds": row["as_now"]["drain_seconds"],
        "series": [
            ["2026-11-23T00:00:00Z", 6_000, 234_210],
            ["2026-11-24T00:00:00Z", 6_100, 238_110],
            ["2026-11-25T00:00:00Z", 6_200, 242_009],
        ],
    }
    assert row["growth"]["factor"] == 2
    assert row["backlog"]["days_away"] == 7
    assert set(row["backlog"]["worst"]) == set(row["as_now"])


def test_compressed_time() -> None:
    """30 days as 30 seconds: one revocation a second, 10 to go."""
    history = [[f"2026-11-22T23:59:{second:02d}Z", 1] for second in range(30, 60)]
    evidence = mount(crls=[crl(30, revocation_days=history)], counts={"revoked": 30, "leases": 0})
    size = 234 + round(38.996 * 40) + 132
    result = seen(evidence, limit=raft(size), policy=replace(POLICY, step=timedelta(seconds=1)))
    assert result.as_now.overflow_at == pytest.approx(10, abs=0.5)


@given(mounts())
def test_any_mount_has_a_forecast(evidence: dict[str, Any]) -> None:
    result = seen(evidence)
    row = result.to_json()
    for name in ("as_now", "growth", "backlog"):
        assert len(row[name]["series"]) == 91
        assert row[name]["peak_entries"] == max(entries for _at, entries, _bytes in row[name]["series"])
        overflow = row[name]["overflow_at"]
        assert overflow is None or NOW <= parse_instant(overflow) <= NOW + timedelta(days=90)
        assert (overflow is not None) == (max(n for _at, n in getattr(result, name).points) > result.frame.capacity)
    for now, more, likely, worst in zip(*(scenario.points for scenario in result.scenarios)):
        assert now[1] <= more[1] + 1e-6
        assert now[1] <= likely[1] + 1e-6
        assert now[1] <= worst[1] + 1e-6


@given(mounts())
def test_a_tidy_never_adds_entries(evidence: dict[str, Any]) -> None:
    people = replace(population(evidence, NOW), retention=math.inf, next_pass=math.inf)
    tidied = replace(people, retention=10 * DAY, next_pass=DAY)
    for time in range(0, 90 * DAY, 3 * DAY):
        assert Curves(tidied).entries(time) <= Curves(people).entries(time) + 1e-6


@given(mounts())
def test_growth_changes_only_what_is_to_come(evidence: dict[str, Any]) -> None:
    people = population(evidence, NOW)
    assert Curves(grown(people, 3)).entries(0) == Curves(people).entries(0)
    assert grown(people, 1) == people
