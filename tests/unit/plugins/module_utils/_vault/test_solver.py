# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The solver: the smallest change, in the order of preference, never worse than what is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.module_utils._vault import settings as settings_model
from ansible_collections.sre.preflight.plugins.module_utils._vault.crl_model import (
    CrlShape,
    revoked_entries,
    safe_max_crl_entries,
)
from ansible_collections.sre.preflight.plugins.module_utils._vault.forecast import Forecast, ForecastPolicy, forecast
from ansible_collections.sre.preflight.plugins.module_utils._vault.interim import raised_limit_bytes
from ansible_collections.sre.preflight.plugins.module_utils._vault.solver import recommend
from ansible_collections.sre.preflight.plugins.module_utils._vault.storage_limit import StorageLimit, storage_limit
from tests.unit.plugins.module_utils._vault.mounts import (
    DAY,
    NOW,
    OPENBAO,
    TIDY_OFF,
    TIDY_ON,
    VAULT,
    churning,
    day,
    incident,
    mount,
    mounts,
    raft,
    role,
)

POLICY = ForecastPolicy()


def solved(
    evidence: dict[str, Any], server: dict[str, str] = OPENBAO, limit: StorageLimit | None = None
) -> dict[str, Any]:
    return recommend(evidence, server, limit or raft(), POLICY, NOW)


def test_nothing_to_do() -> None:
    result = solved(mount())
    assert (result["settings"], result["steps"], result["interim"]) == ({}, [], [])
    assert result["enough"] is True
    assert result["safe_from"] == "2026-11-23T00:00:00Z"


def test_without_a_limit_nothing_is_recommended() -> None:
    result = solved(incident(), limit=StorageLimit("file"))
    assert (result["settings"], result["enough"], result["interim"]) == ({}, None, [])


def test_the_incident() -> None:
    result = solved(incident())
    assert result["settings"] == {
        "roles/pod": {"generate_lease": False},
        "config/auto-tidy": {"enabled": True, "tidy_revoked_certs": True},
        "config/crl": {"auto_rebuild": True},
    }
    assert result["found"] == {
        "roles/pod": {"generate_lease": True},
        "config/auto-tidy": {"enabled": False, "tidy_revoked_certs": False},
        "config/crl": {"auto_rebuild": False},
    }
    assert result["enough"] is True
    assert result["peak_bytes"] < 524_288
    # The last certificate with a lease was issued today and lives 30 days.
    assert result["safe_from"] == "2026-12-24T00:00:00Z"
    assert result["until_then"]["overflow_at"] == "2026-11-23T00:00:00Z"
    measures = [each["measure"] for each in result["interim"]]
    assert measures == ["raise_storage_limit", "keep_parent_tokens", "new_issuer", "hold_crl"]


def test_each_step_tells_the_peak_that_it_leads_to() -> None:
    steps = solved(incident())["steps"]
    peaks = [step["peak_entries"] for step in steps]
    assert peaks == sorted(peaks, reverse=True)
    assert [list(step["settings"]) for step in steps] == [["roles/pod"], ["config/crl"], ["config/auto-tidy"]]


def test_the_first_change_that_is_enough_is_the_last_one() -> None:
    """Leases alone are the danger here: no tidy is asked for."""
    evidence = mount(
        roles={"a": role(30, lease=True), "b": role(30)},
        counts={"revoked": 0, "leases": 20_000},
        leaves={"by_day": [[day(-10), day(20), 20_000]]},
        crl_config={"auto_rebuild": True},
    )
    result = solved(evidence)
    assert result["settings"] == {"roles/a": {"generate_lease": False}}
    assert result["peak_entries"] == 0


@pytest.mark.parametrize(
    ("tidy", "per_day", "wanted"),
    [
        (TIDY_OFF, 150, {"enabled": True, "tidy_revoked_certs": True}),
        ({**TIDY_ON, "safety_buffer": 60 * DAY}, 150, {"safety_buffer": 3 * DAY}),
        ({**TIDY_ON, "revoked_safety_buffer": 60 * DAY}, 150, {"revoked_safety_buffer": 3 * DAY}),
        (
            {**TIDY_ON, "interval_duration": 70 * DAY},
            150,
            {"interval_duration": 12 * 3600},
        ),
        (
            {**TIDY_OFF, "pause_duration": "10s"},
            150,
            {"enabled": True, "tidy_revoked_certs": True, "pause_duration": 0},
        ),
        (TIDY_ON, 150, None),
    ],
)
def test_tidy(tidy: dict[str, Any], per_day: int, wanted: dict[str, Any] | None) -> None:
    evidence = churning(per_day=per_day, days=30, auto_tidy=tidy, crl_config={"auto_rebuild": True})
    assert solved(evidence)["settings"].get("config/auto-tidy") == wanted


def test_lives_are_shortened_last_and_no_more_than_needed() -> None:
    evidence = churning(per_day=400, days=30, auto_tidy=TIDY_ON, crl_config={"auto_rebuild": True})
    result = solved(evidence)
    # 800 a day at twice the footprint stay 15 + 3.5 days: 14,800; 7.5 days: 8,800 of 13,439.
    assert result["settings"]["roles/pod"] == {"max_ttl": int(7.5 * DAY)}
    assert result["enough"] is True
    assert result["safe_from"] > "2026-12-22"


def test_a_ttl_above_the_new_maximum_goes_down_with_it() -> None:
    roles = {"long": role(30, ttl=20 * DAY), "short": role(2)}
    evidence = churning(per_day=400, days=30, auto_tidy=TIDY_ON, crl_config={"auto_rebuild": True})
    result = solved({**evidence, "roles": roles})
    assert result["settings"]["roles/long"] == {"max_ttl": int(7.5 * DAY), "ttl": int(7.5 * DAY)}
    assert "roles/short" not in result["settings"]


def test_what_cannot_be_mended_by_settings_is_said_to_be_so() -> None:
    evidence = churning(per_day=20_000, days=30, crl_config={"auto_rebuild": True})
    result = solved(evidence)
    assert result["enough"] is False
    assert result["settings"]


@pytest.mark.parametrize(
    ("server", "allowed", "wanted"),
    [
        (VAULT, 100_000, 21_494),
        (VAULT, -1, 21_494),
        ({"product": "vault", "version": "1.19.0+ent"}, 100_000, 21_494),
        ({"product": "vault", "version": "1.18.5"}, None, None),
        ({"product": "vault", "version": "2.0.0-rc1"}, 100_000, 21_494),
        (VAULT, 10_000, None),
        (OPENBAO, None, None),
        ({"product": None, "version": None}, None, None),
    ],
)
def test_vaults_own_limit_is_set_where_the_storage_would_refuse_first(
    server: dict[str, Any], allowed: int | None, wanted: int | None
) -> None:
    result = solved(incident(crl_config={"auto_rebuild": True, "max_crl_entries": allowed}), server)
    assert result["settings"].get("config/crl", {}).get("max_crl_entries") == wanted


def test_auto_rebuild_is_for_backlogs_that_drain_too_slowly() -> None:
    evidence = mount(
        roles={"a": role(30, lease=True)}, counts={"leases": 500}, leaves={"by_day": [[day(-1), day(29), 500]]}
    )
    assert "config/crl" not in solved(evidence)["settings"]
    slow = mount(
        roles={"a": role(30, lease=True)}, counts={"leases": 9_000}, leaves={"by_day": [[day(-1), day(29), 9_000]]}
    )
    assert solved(slow)["settings"]["config/crl"] == {"auto_rebuild": True}


@pytest.mark.parametrize(
    ("storage", "settings_of"),
    [
        ({"type": "raft"}, {"storage/raft": {"max_entry_size": 3_145_728}}),
        ({"type": "consul"}, {"limits": {"txn_max_req_len": 3_145_728, "kv_max_value_size": 3_145_728}}),
        ({"type": "dynamodb"}, None),
    ],
)
def test_a_raised_limit_holds_the_peak(storage: dict[str, Any], settings_of: dict[str, Any] | None) -> None:
    limit = storage_limit(storage)
    interim = solved(incident(), limit=limit)["interim"]
    raised = next((each for each in interim if each["measure"] == "raise_storage_limit"), None)
    assert (raised and raised["settings"]) == settings_of


@pytest.mark.parametrize(
    ("server", "raised"), [(VAULT, True), ({**VAULT, "version": "1.18.5"}, False), (OPENBAO, False)]
)
def test_vaults_own_limit_is_raised_with_the_storages(server: dict[str, str], raised: bool) -> None:
    """The solver's value would freeze the backlog's CRL before safe_from, however large the storage's limit."""
    result = solved(incident(crl_config={"max_crl_entries": 100_000}), server)
    settings = result["interim"][0]["settings"]
    assert ("config/crl" in settings) == raised
    if raised:
        assert result["settings"]["config/crl"]["max_crl_entries"] < result["until_then"]["peak_entries"]
        assert settings["config/crl"]["max_crl_entries"] >= result["until_then"]["peak_entries"]


@given(st.sampled_from(["raft", "consul"]), st.integers(200, 1 << 28))
def test_vaults_own_raised_limit_holds_the_peak(kind: str, peak: int) -> None:
    raised = raised_limit_bytes(storage_limit({"type": kind}), peak)
    larger = storage_limit({"type": kind, "max_entry_bytes": raised, "txn_max_request_bytes": raised})
    assert (safe_max_crl_entries(larger) or 0) >= CrlShape(100).entries(peak)


@given(st.sampled_from(["raft", "consul"]), st.integers(1, 1 << 28))
def test_raised_limit(kind: str, peak: int) -> None:
    raised = raised_limit_bytes(storage_limit({"type": kind}), peak)
    larger = storage_limit({"type": kind, "max_entry_bytes": raised, "txn_max_request_bytes": raised})
    assert larger.crl_bytes is not None
    assert larger.crl_bytes >= peak


@settings(max_examples=200)
@given(mounts(), st.sampled_from([OPENBAO, VAULT]), st.sampled_from([4_096, 131_072, 1_048_576]))
def test_the_settings_never_raise_the_peak(evidence: dict[str, Any], server: dict[str, str], size: int) -> None:
    limit = raft(size)
    before = forecast(evidence, server, limit, POLICY, NOW)
    result = recommend(evidence, server, limit, POLICY, NOW)
    assert result["until_then"]["peak_entries"] <= round(before.peak_entries)
    if parse_instant(result["safe_from"]) <= NOW + timedelta(days=POLICY.days):
        assert result["peak_entries"] <= result["until_then"]["peak_entries"]
    peaks = [step["peak_entries"] for step in result["steps"]]
    assert peaks == sorted(peaks, reverse=True)
    assert (
        result["enough"] == (result["peak_entries"] <= before.frame.capacity * POLICY.fill)
        or abs(result["peak_entries"] - before.frame.capacity * POLICY.fill) <= 1
    )


@given(mounts(), st.sampled_from([OPENBAO, VAULT]), st.sampled_from([4_096, 131_072, 1_048_576]))
def test_the_settings_raise_no_scenario_on_any_day(evidence: dict[str, Any], server: dict[str, str], size: int) -> None:
    before = forecast(evidence, server, raft(size), POLICY, NOW)
    total = recommend(evidence, server, raft(size), POLICY, NOW)["settings"]
    after = settings_model.applied(evidence, total)
    people = settings_model.under(before.people, evidence, after, revoked_entries(evidence))
    for was, becomes in zip(before.scenarios, Forecast.of(people, before.frame).scenarios):
        assert all(less <= more + 1e-6 for (_at, more), (_then, less) in zip(was.points, becomes.points))


@given(mounts(), st.sampled_from([OPENBAO, VAULT]))
def test_the_settings_differ_from_what_was_found(evidence: dict[str, Any], server: dict[str, str]) -> None:
    result = recommend(evidence, server, raft(131_072), POLICY, NOW)
    assert result["found"].keys() == result["settings"].keys()
    for path, values in result["settings"].items():
        assert values
        for key, value in values.items():
            assert result["found"][path][key] != value
            assert settings_model.live(settings_model.applied(evidence, result["settings"]), path)[key] == value


@given(mounts(), st.sampled_from([OPENBAO, VAULT]))
def test_solved_twice_nothing_is_left_that_the_first_time_could_do(
    evidence: dict[str, Any], server: dict[str, str]
) -> None:
    first = recommend(evidence, server, raft(131_072), POLICY, NOW)
    assert settings_model.merged(first["settings"], {}) == first["settings"]
    again = recommend(evidence, server, raft(131_072), POLICY, NOW)
    assert again == first
