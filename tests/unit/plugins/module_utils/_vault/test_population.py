# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mount's evidence as a population: rates, dates, leases, and what is assumed where evidence is missing."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from ansible_collections.sre.preflight.plugins.module_utils._vault import population as model
from ansible_collections.sre.preflight.plugins.module_utils._vault.population import population
from tests.unit.plugins.module_utils._vault.mounts import (
    DAY,
    NOW,
    TIDY_OFF,
    TIDY_ON,
    churning,
    crl,
    day,
    incident,
    mount,
    mounts,
    role,
)


def total(dated: model.Dated) -> float:
    return sum(count for _at, count in dated)


def test_a_mount_at_rest() -> None:
    people = population(mount(), NOW)
    assert (people.entries, people.leased, people.revocations_per_second) == ((), (), 0)
    assert people.lifespans == people.remaining_lives == ((30 * DAY, 1),)


@pytest.mark.parametrize("tidy", [TIDY_OFF, TIDY_ON])
def test_the_rate_is_that_of_the_history(tidy: dict[str, Any]) -> None:
    people = population(churning(per_day=100, days=60, auto_tidy=tidy), NOW)
    assert people.revocations_per_second * DAY == pytest.approx(100)
    assert people.largest_day == 100
    assert total(people.entries) == 6_000


def test_under_a_tidy_only_what_it_cannot_have_removed_tells_the_rate() -> None:
    """Entries older than the safety buffer may be gone: a mean over them would be too low."""
    history = [[day(-number), 10 if number > 3 else 100] for number in range(30, 0, -1)]
    evidence = mount(crls=[crl(570, revocation_days=history)])
    assert population(evidence, NOW).revocations_per_second * DAY == pytest.approx(19)
    assert population({**evidence, "auto_tidy": TIDY_ON}, NOW).revocations_per_second * DAY == pytest.approx(100)


def test_under_a_tidy_an_entry_tells_the_rate_of_the_time_in_which_it_can_be_seen() -> None:
    """Revoked with 6 days to live it stays 9 days, with 26 it stays 29: a burst is no rate of its own."""
    joined = [[day(0), day(6), 90], [day(-20), day(6), 290], [day(-20), day(-14), 1_000]]
    leaves = {"by_day": [[day(-60), day(20), 1]]}
    evidence = mount(crls=[crl(1380, revoked_by_day=joined)], leaves=leaves)
    people = population({**evidence, "auto_tidy": TIDY_ON}, NOW)
    assert people.revocations_per_second * DAY == pytest.approx(90 / 9 + 290 / 29)
    assert people.remaining_lives == ((7 * DAY, pytest.approx(0.5)), (27 * DAY, pytest.approx(0.5)))
    assert people.largest_day == 290
    undated = mount(crls=[crl(90, revoked_by_day=[[day(0), None, 90]])], leaves=leaves, auto_tidy=TIDY_ON)
    assert population(undated, NOW).revocations_per_second * DAY == pytest.approx(90 / 3)


def test_a_young_mount_is_not_taken_for_a_quiet_one() -> None:
    evidence = mount(crls=[crl(200, revocation_days=[[day(-2), 100], [day(-1), 100]])])
    assert population(evidence, NOW).revocations_per_second * DAY == pytest.approx(100)


def test_what_is_missing_from_a_frozen_crl_counts() -> None:
    evidence = mount(crls=[crl(100, revocation_days=[[day(-10), 100]])], counts={"revoked": 700})
    people = population(evidence, NOW)
    assert total(people.entries) == 700
    assert people.revocations_per_second * DAY == pytest.approx(70)


def test_without_dates_a_revoked_certificate_lives_its_whole_lifespan_on() -> None:
    people = population(mount(crls=[crl(50, revocation_days=[[day(-10), 50]])]), NOW)
    assert people.entries == ((21 * DAY, 50),)
    assert "dates of 50 revoked certificates not known: each taken to live its whole lifespan on" in people.assumptions


def test_with_dates_a_revoked_certificate_lives_until_its_own() -> None:
    joined = [[day(-10), day(-5), 30], [day(-10), day(3), 20]]
    leaves = {"by_day": [[day(-20), day(3), 20]]}
    people = population(mount(crls=[crl(50, revoked_by_day=joined)], leaves=leaves), NOW)
    assert people.entries == ((-4 * DAY, 30), (4 * DAY, 20))
    assert people.remaining_lives == ((6 * DAY, pytest.approx(0.6)), (14 * DAY, pytest.approx(0.4)))
    assert people.assumptions == ()


def test_of_some_revoked_certificates_the_dates_may_be_known() -> None:
    joined = [[day(-10), day(-5), 30], [day(-10), None, 20]]
    leaves = {"by_day": [[day(-20), day(3), 20]]}
    people = population(mount(crls=[crl(50, revoked_by_day=joined)], leaves=leaves), NOW)
    assert people.entries == ((-4 * DAY, 30), (14 * DAY, 20))
    assert people.assumptions == (
        "dates of 20 revoked certificates not known: each taken to live its whole lifespan on",
    )


@pytest.mark.parametrize(
    ("tidy", "examined", "expected"),
    [
        (None, 0, (math.inf, math.inf)),
        (TIDY_OFF, 0, (math.inf, math.inf)),
        ({**TIDY_ON, "tidy_revoked_certs": False, "tidy_cert_store": True}, 0, (math.inf, math.inf)),
        ({**TIDY_ON, "enabled": False}, 0, (math.inf, math.inf)),
        (TIDY_ON, 0, (84 * 3600, 12 * 3600)),
        ({"enabled": True, "tidy_revoked_certs": True}, 0, (84 * 3600, 12 * 3600)),
        ({**TIDY_ON, "revoked_safety_buffer": 3600}, 0, (13 * 3600, 12 * 3600)),
        ({**TIDY_ON, "safety_buffer": "1h", "interval_duration": "30m"}, 0, (5400, 1800)),
        ({**TIDY_ON, "pause_duration": "200ms"}, 36_000, (86 * 3600, 14 * 3600)),
    ],
)
def test_tidy_times(tidy: dict[str, Any] | None, examined: int, expected: tuple[float, float]) -> None:
    assert model.tidy_times(tidy, examined) == expected


@pytest.mark.parametrize(
    ("settings", "leased"),
    [
        ({"generate_lease": True}, True),
        ({"generate_lease": None}, True),  # a legacy role
        ({"generate_lease": False}, False),
        ({}, False),
        ({"generate_lease": True, "no_store": True}, False),
    ],
)
def test_roles_with_leases(settings: dict[str, Any], leased: bool) -> None:
    assert model.leased_roles(mount(roles={"pod": settings})) == (["pod"] if leased else [])


def test_leases_spread_over_the_valid_certificates() -> None:
    by_day = [[day(-10), day(20), 100], [day(-20), day(10), 300], [day(-40), day(-10), 999]]
    people = population(mount(counts={"leases": 40}, leaves={"by_day": by_day}, roles={"a": role(lease=True)}), NOW)
    assert people.leased == ((11 * DAY, 30), (21 * DAY, 10))
    assert people.last_not_after == 21 * DAY


def test_more_leases_than_certificates_are_no_more_than_certificates() -> None:
    by_day = [[day(-10), day(20), 100]]
    assert total(population(mount(counts={"leases": 400}, leaves={"by_day": by_day}), NOW).leased) == 100


@pytest.mark.parametrize(
    ("lease", "problems", "leased"),
    [(True, [], 100), (False, [], 0), (False, [{"part": "leases"}], 100), (False, [{"part": "roles"}], 0)],
)
def test_leases_that_were_not_counted(lease: bool, problems: list[dict[str, str]], leased: int) -> None:
    evidence = mount(
        counts={"revoked": 0, "leases": None},
        leaves={"by_day": [[day(-10), day(20), 100]]},
        roles={"a": role(lease=lease)},
        problems=problems,
    )
    people = population(evidence, NOW)
    assert total(people.leased) == leased
    assert bool(people.assumptions) == bool(leased)


def test_a_server_that_does_not_list_what_it_has_revoked_is_taken_at_its_crls_word() -> None:
    """Vault before 1.13."""
    evidence = mount(counts={"revoked": None}, crls=[{"kind": "complete", "entries": 3, "bytes": 500}])
    people = population(evidence, NOW)
    assert total(people.entries) == 3
    assert people.assumptions[-1] == "revoked certificates not counted: the CRL taken to hold all of them"


def test_leases_without_certificates_that_were_read() -> None:
    people = population(mount(counts={"leases": 70}, roles={"a": role(7, lease=True)}), NOW)
    assert people.leased == ((7 * DAY, 70),)
    assert people.leased_per_second * DAY == pytest.approx(10)


def test_issuance_keeps_the_number_of_leases() -> None:
    people = population(incident(leases=3_000, lifespan=30), NOW)
    assert people.leased_per_second * 30 * DAY == pytest.approx(3_000, rel=0.05)


def test_a_sample_is_scaled_up() -> None:
    leaves = {"mode": "sample", "read": 10, "expected": 1_000, "by_day": [[day(-1), day(29), 10]]}
    people = population(mount(counts={"leases": None}, leaves=leaves, roles={"a": role(lease=True)}), NOW)
    assert total(people.leased) == 1_000


def test_time_may_be_compressed() -> None:
    """Dates may be instants, and a day any length."""
    crls = [crl(20, revocation_days=[["2026-11-22T23:59:50Z", 10], ["2026-11-22T23:59:55Z", 10]])]
    people = population(mount(crls=crls), NOW, step=timedelta(seconds=5))
    assert people.revocations_per_second == pytest.approx(2)


@given(mounts())
def test_any_evidence_makes_a_population(evidence: dict[str, Any]) -> None:
    people = population(evidence, NOW)
    assert people.retention >= people.next_pass > 0
    for dated in (people.lifespans, people.remaining_lives):
        assert sum(weight for _at, weight in dated) == pytest.approx(1)
    assert min(total(people.entries), total(people.leased), people.revocations_per_second) >= 0
    assert total(people.entries) >= model.revoked_entries(evidence)
