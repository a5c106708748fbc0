# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on CRLs: their dates, their settings and their size."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.vault_mounts import (
    ALL_TIDIED,
    DAY,
    HOUR,
    NOW,
    SECOND,
    at,
    crl,
    intermediate,
    issuer,
    judged,
    leaves,
    mount,
    revoking,
    role,
    server,
    status,
    storage,
    unread,
    vault,
)

MINUTE = timedelta(minutes=1)
REBUILT = {"auto_rebuild": True, "auto_rebuild_grace_period": 43200, "expiry": 259200, "disable": False}
INLINE = {**REBUILT, "auto_rebuild": False}
RAFT_CAPACITY = 26_880


def dated(begin: timedelta, end: timedelta, **more):
    return crl(this_update=at(NOW + begin), next_update=at(NOW + end), **more)


@pytest.mark.parametrize(("left", "expected"), [(SECOND, "pass"), (0 * SECOND, "pass"), (-SECOND, "fail")])
def test_expired(left, expected):
    assert status(mount(crls=[dated(-72 * HOUR + left, left)]), "crl-expired") == expected


def test_expired_has_its_date():
    (finding,) = judged(mount(crls=[dated(-73 * HOUR, -HOUR)]), "crl-expired")
    assert (finding["severity"], finding["outage_at"]) == ("critical", "2026-05-31T23:00:00Z")
    assert finding["message"] == "pki/ CRL of CN=Some CA expired at 2026-05-31T23:00:00Z (1h ago)"
    assert finding["resource"]["kind"] == "vault_crl"


@pytest.mark.parametrize(
    ("used", "expected"),
    [(95 * HOUR, "pass"), (95 * HOUR + SECOND, "fail"), (100 * HOUR, "fail"), (101 * HOUR, "not_applicable")],
)
def test_near_expiry(used, expected):
    evidence = mount(crls=[dated(-used, 100 * HOUR - used)])
    assert status(evidence, "crl-near-expiry") == expected
    assert status(mount(crls=[crl(next_update=None)]), "crl-near-expiry") == "not_applicable"


@pytest.mark.parametrize(("used", "expected"), [(95 * HOUR, "pass"), (96 * HOUR, "fail"), (101 * HOUR, "fail")])
def test_delta_stale(used, expected):
    evidence = mount(crls=[dated(-used, 100 * HOUR - used, kind="delta")], crl_config={**REBUILT, "enable_delta": True})
    assert status(evidence, "crl-delta-stale") == expected
    assert status({**evidence, "crl_config": {**REBUILT, "enable_delta": False}}, "crl-delta-stale") == "not_applicable"
    assert status(evidence, "crl-expired") == "not_applicable"


def test_delta_stale_is_about_delta_crls_that_have_a_date():
    enabled = {**REBUILT, "enable_delta": True}
    assert status(mount(crls=[dated(-96 * HOUR, 4 * HOUR)], crl_config=enabled), "crl-delta-stale") == "not_applicable"
    undated = mount(crls=[crl(kind="delta", next_update=None)], crl_config=enabled)
    assert status(undated, "crl-delta-stale") == "not_applicable"


def frozen(missing: int, age: timedelta, **more):
    crls = [crl(10, this_update=at(NOW - age), next_update=at(NOW - age + 72 * HOUR))]
    counts = {"certificates": 50, "revoked": 10 + missing, "leases": 0, "irrevocable_leases": 0}
    return mount(crls=crls, counts=counts, crl_config=INLINE, **more)


def test_frozen_goes_out_with_its_next_update():
    (finding,) = judged(frozen(3, 24 * HOUR), "crl-frozen")
    assert (finding["severity"], finding["outage_at"]) == ("critical", "2026-06-03T00:00:00Z")
    assert finding["evidence"]["missing_entries"] == 3
    assert finding["message"].startswith(
        "pki/: 3 revoked certificates are missing from the CRL of 2026-05-31T00:00:00Z"
    )


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (frozen(0, 24 * HOUR), "pass"),
        (frozen(1, MINUTE), "pass"),
        (frozen(1, MINUTE + SECOND), "fail"),
        (frozen(1, 24 * HOUR, leaves=leaves(revoked_unexpired_missing_from_crl=0)), "fail"),
        ({**frozen(1, 24 * HOUR), "crl_config": REBUILT}, "pass"),
        ({**frozen(1, 24 * HOUR), "crls": []}, "not_applicable"),
        ({**frozen(1, 24 * HOUR), "crls": [crl(10, next_update=None)], "crl_config": REBUILT}, "unknown"),
    ],
    ids=["complete", "just built", "a second more", "only expired ones miss", "auto_rebuild", "no CRL", "no date"],
)
def test_frozen(evidence, expected):
    assert status(evidence, "crl-frozen") == expected


@pytest.mark.parametrize(("per_day", "expected"), [(99, "pass"), (100, "fail")])
def test_auto_rebuild_off_with_churn(per_day, expected):
    assert status(revoking(per_day, crl_config=INLINE), "crl-auto-rebuild-off") == expected
    assert status(revoking(per_day, crl_config=REBUILT), "crl-auto-rebuild-off") == "pass"
    assert status(revoking(per_day, crl_config=INLINE), "crl-auto-rebuild-off", max_inline_revocations=101) == "pass"


def test_auto_rebuild_off_with_leases_is_high():
    for changes in ({"roles": {"web": role(generate_lease=True)}}, {"counts": {**mount()["counts"], "leases": 1}}):
        (finding,) = judged(mount(crl_config=INLINE, **changes), "crl-auto-rebuild-off")
        assert finding["severity"] == "high"
        assert finding["remediation"]["settings"] == {"config/crl": {"auto_rebuild": True}}
        assert finding["remediation"]["found"] == {"config/crl": {"auto_rebuild": False}}


@pytest.mark.parametrize(
    ("grace", "severity"),
    [(12959, "medium"), (12960, None), (259199, None), (259200, "high")],
    ids=["less than a twentieth", "a twentieth", "just shorter", "as long as the expiry"],
)
def test_grace_period(grace, severity):
    evidence = mount(crl_config={**REBUILT, "auto_rebuild_grace_period": grace})
    found = judged(evidence, "crl-grace-period-unworkable")
    assert [finding["severity"] for finding in found] == ([severity] if severity else [])
    assert status(mount(crl_config=INLINE), "crl-grace-period-unworkable") == "not_applicable"


@pytest.mark.parametrize(
    ("changes", "severity", "settings"),
    [
        ({"auto_rebuild": False}, "medium", {"config/crl": {"auto_rebuild": True}}),
        ({"delta_rebuild_interval": 259200}, "medium", {"config/crl": {"delta_rebuild_interval": "900s"}}),
        ({"delta_rebuild_interval": 259199}, "low", {}),
    ],
    ids=["without auto_rebuild", "as long as the expiry", "works, but no certificate names it"],
)
def test_delta_unworkable(changes, severity, settings):
    evidence = mount(crl_config={**REBUILT, "enable_delta": True, "delta_rebuild_interval": 900, **changes})
    (finding,) = judged(evidence, "crl-delta-unworkable")
    assert (finding["severity"], finding["remediation"]["settings"]) == (severity, settings)


def test_delta_that_works_and_delta_that_is_off():
    urls = {**mount()["urls"], "delta_crl_distribution_points": ["https://pki.example.com/delta"]}
    assert status(mount(crl_config={**REBUILT, "enable_delta": True}, urls=urls), "crl-delta-unworkable") == "pass"
    assert status(mount(), "crl-delta-unworkable") == "not_applicable"


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, "low"),
        ({"counts": {**mount()["counts"], "revoked": 1}}, "high"),
        ({"roles": {"w": role(generate_lease=True)}}, "high"),
    ],
)
def test_disabled(changes, severity):
    """health-check reads a key that the API does not have."""
    (finding,) = judged(mount(crl_config={**REBUILT, "disable": True}, **changes), "crl-disabled")
    assert finding["severity"] == severity
    assert finding["remediation"]["settings"] == {"config/crl": {"disable": False}}
    assert status(mount(), "crl-disabled") == "pass"


@pytest.mark.parametrize("part", ["roles", "revoked"])
def test_disabled_is_seen_without_what_makes_it_worse(part):
    (finding,) = judged(unread(part, crl_config={**REBUILT, "disable": True}), "crl-disabled")
    assert (finding["status"], finding["severity"]) == ("fail", "high")
    assert status(unread(part), "crl-disabled") == "pass"


@pytest.mark.parametrize("part", ["roles", "crls"])
def test_inline_rebuilds_are_unknown_without_what_makes_them_many(part):
    assert status(unread(part, crl_config=INLINE), "crl-auto-rebuild-off") == "unknown"
    assert status(unread(part, crl_config=REBUILT), "crl-auto-rebuild-off") == "pass"


def sized(entries: int, **more):
    counts = {"certificates": entries, "revoked": entries, "leases": 0, "irrevocable_leases": 0}
    return mount(crls=[crl(entries)], counts=counts, **more)


@pytest.mark.parametrize(
    ("entries", "severity"),
    [
        (500, None),
        (501, "medium"),
        (799, "medium"),
        (800, "high"),
        (949, "high"),
        (950, "critical"),
        (1200, "critical"),
    ],
)
def test_near_limit(entries, severity):
    """1,000 entries fit."""
    evidence = {**sized(entries), "crl_config": {**REBUILT, "max_crl_entries": 1000}}
    found = judged(evidence, "crl-near-limit", on=vault())
    assert [finding["severity"] for finding in found] == ([severity] if severity else [])


def test_near_limit_says_which_limit_and_where_it_is_from():
    (finding,) = judged(sized(RAFT_CAPACITY), "crl-near-limit")
    assert finding["evidence"]["limit_setting"] == "max_entry_size"
    assert finding["evidence"]["fill_percent"] == pytest.approx(100, abs=0.1)
    assert finding["message"].endswith("(allowed: 50 %; limit measured)")


def test_near_limit_knows_vaults_own_limit_and_what_is_not_written_yet():
    few = {**sized(600), "crl_config": {**REBUILT, "max_crl_entries": 1000}}
    assert status(few, "crl-near-limit", on=vault()) == "fail"
    assert status(few, "crl-near-limit", on=vault(), max_crl_fill=61) == "pass"
    missing = sized(600)
    missing["counts"]["revoked"] = 20_000
    assert status(missing, "crl-near-limit") == "fail"


def test_near_limit_without_a_limit_without_a_storage_and_without_a_crl():
    rule = "crl-near-limit"
    assert status(sized(10**6), rule, on=server(storage=storage("inmem", limit=None))) == "not_applicable"
    for kind in (None, "swift"):
        nothing = server(storage=storage(kind, limit=None, source=None))
        assert status(sized(10**6), rule, on=nothing) == "unknown"
    assert status(mount(crls=[]), rule) == "not_applicable"


def untidied(per_day: int, **more):
    return revoking(per_day, auto_tidy={**ALL_TIDIED, "enabled": False}, **more)


def test_overflow_has_its_date_and_the_solvers_settings():
    """300 a day are 9,000 so far; 26,880 fit, so 17,880 more: 59.6 days."""
    (finding,) = judged(untidied(300), "crl-overflow")
    assert finding["outage_at"][:10] in ("2026-07-30", "2026-07-31")
    assert finding["severity"] == "medium"
    assert finding["remediation"]["role"] == "vault_tidy"
    assert finding["remediation"]["settings"]["config/auto-tidy"]["enabled"] is True
    assert finding["remediation"]["found"]["config/auto-tidy"]["enabled"] is False


def test_overflow_and_growth_are_told_apart():
    for per_day, as_now, growth in [(100, "pass", "pass"), (160, "pass", "fail"), (300, "fail", "not_applicable")]:
        assert status(untidied(per_day), "crl-overflow") == as_now, per_day
        assert status(untidied(per_day), "crl-overflow-with-growth") == growth, per_day
    assert status(untidied(160), "crl-overflow-with-growth", forecast_growth=1) == "pass"


def test_overflow_of_a_frozen_crl_is_past():
    gone = frozen(3, 24 * HOUR)
    assert status(gone, "crl-overflow") == "not_applicable"
    assert status(gone, "crl-overflow-with-growth") == "not_applicable"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(21_493, "pass"), (21_494, "pass"), (21_495, "fail"), (100_000, "fail"), (-1, "fail"), (None, "not_applicable")],
)
def test_max_crl_entries(value, expected):
    """Four fifths of what raft's default takes: 0.8 x (1,048,442 - 600) / 39 = 21,494."""
    evidence = mount(crl_config={**REBUILT, "max_crl_entries": value})
    assert status(evidence, "max-crl-entries-unsafe", on=vault()) == expected


def test_max_crl_entries_is_vaults_from_1_19_on():
    evidence = mount(crl_config={**REBUILT, "max_crl_entries": 100_000})
    rule = "max-crl-entries-unsafe"
    assert status(evidence, rule, on=vault(version="1.19.0")) == "fail"
    assert status(evidence, rule, on=vault(version="1.18.5")) == "not_applicable"
    assert status(evidence, rule, on=server()) == "not_applicable"
    assert status(evidence, rule, on=vault(storage=storage("inmem", limit=None))) == "not_applicable"


def test_max_crl_entries_is_not_set_below_what_the_crl_already_holds():
    evidence = {**sized(25_000), "crl_config": {**REBUILT, "max_crl_entries": 100_000}}
    (finding,) = judged(evidence, "max-crl-entries-unsafe", on=vault())
    assert finding["remediation"]["settings"] == {}
    small = {**sized(10), "crl_config": {**REBUILT, "max_crl_entries": 100_000}}
    (finding,) = judged(small, "max-crl-entries-unsafe", on=vault())
    assert finding["remediation"]["found"] == {"config/crl": {"max_crl_entries": 100_000}}
    assert 21_000 < finding["remediation"]["settings"]["config/crl"]["max_crl_entries"] < 21_600


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "pass"),
        ({"usage": ["issuing-certificates", "read-only"]}, "fail"),
        ({"usage": ["read-only"], "key_id": ""}, "not_applicable"),
        ({"usage": []}, "not_applicable"),
    ],
    ids=["may", "may not", "no key here", "an old server"],
)
def test_issuer_without_crl_signing(row, expected):
    assert status(mount(issuers=[issuer(**row)]), "issuer-without-crl-signing") == expected


def test_expired_issuer_needs_no_crl():
    old = [intermediate(not_after=NOW - DAY)]
    lost = mount(issuers=[issuer(usage=["read-only"])])
    assert status(lost, "issuer-without-crl-signing", certificates=old) == "not_applicable"
