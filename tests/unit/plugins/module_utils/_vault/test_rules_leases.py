# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on leases: who gives them, and what a backlog of them does to the CRL."""

from __future__ import annotations

import pytest

from tests.support.vault_mounts import (
    ALL_TIDIED,
    DAY,
    NOW,
    at,
    crl,
    day,
    judged,
    leaves,
    mount,
    role,
    server,
    status,
    storage,
    unread,
)

INLINE = {"auto_rebuild": False, "expiry": 259200}
QUEUED = {"auto_rebuild": True, "expiry": 259200}


def leased(count: int, *, entries: int = 0, config=None, lifespan: int = 30, **more):
    """So many valid certificates, each with a lease, issued evenly over their lifespan; the entries are old."""
    cohorts = [
        [day(NOW - number * DAY), day(NOW + (lifespan - number) * DAY), count / lifespan] for number in range(lifespan)
    ]
    return mount(
        **{
            "roles": {"pod": role(generate_lease=True, max_ttl=lifespan * 86400)},
            "auto_tidy": {**ALL_TIDIED, "enabled": False},
            "crls": [crl(entries, revocation_days=[[day(NOW - 100 * DAY), entries]])],
            "crl_config": config or QUEUED,
            "counts": {"certificates": count, "revoked": entries, "leases": count, "irrevocable_leases": 0},
            "leases_by_role": {"pod": count},
            "leaves": leaves(*cohorts),
            **more,
        }
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"generate_lease": True}, "fail"),
        ({"generate_lease": None}, "fail"),
        ({"generate_lease": False}, "pass"),
        ({"generate_lease": True, "no_store": True}, "pass"),
    ],
    ids=["says so", "legacy nil means true", "does not", "is not stored, so gets none"],
)
def test_role_generates_leases(changes, expected):
    assert status(mount(roles={"pod": role(**changes)}), "role-generates-leases") == expected


def test_role_generates_leases_says_how_many_and_is_high_where_they_would_overflow_the_crl():
    for count, severity in [(1000, "medium"), (40_000, "high")]:
        (finding,) = judged(leased(count), "role-generates-leases")
        assert (finding["severity"], finding["evidence"]["leases"]) == (severity, count)
        assert finding["remediation"]["settings"] == {"roles/pod": {"generate_lease": False}}
        assert finding["remediation"]["found"] == {"roles/pod": {"generate_lease": True}}
        assert finding["resource"]["kind"] == "vault_role"


def test_legacy_role_is_named_as_such():
    (finding,) = judged(mount(roles={"pod": role(generate_lease=None)}), "role-generates-leases")
    assert "a legacy role, whose missing value means true" in finding["message"]
    assert finding["remediation"]["found"] == {"roles/pod": {"generate_lease": None}}


def test_backlog_has_a_date_where_it_is_likely():
    (finding,) = judged(leased(20_000, entries=25_000), "lease-backlog-overflow")
    assert at(NOW + 6 * DAY) < finding["outage_at"] <= at(NOW + 7 * DAY)
    assert finding["severity"] == "critical"
    assert finding["evidence"]["likely"]["peak_entries"] > finding["evidence"]["capacity_entries"]
    assert finding["remediation"]["settings"]["roles/pod"] == {"generate_lease": False}
    assert finding["remediation"]["role"] == "vault_tidy"


def test_leases_that_no_role_gives_any_more_are_still_a_backlog():
    stopped = {"pod": role(generate_lease=False)}
    assert status(leased(28_000, roles=stopped), "lease-backlog-overflow") == "fail"


def test_backlog_that_only_the_worst_case_would_make_is_medium_and_has_no_date():
    (finding,) = judged(leased(28_000), "lease-backlog-overflow")
    assert (finding["severity"], finding["outage_at"]) == ("medium", None)
    assert finding["evidence"]["likely"]["overflow_at"] is None
    assert finding["evidence"]["worst"]["overflow_at"] is not None


@pytest.mark.parametrize(("count", "expected"), [(20_000, "pass"), (28_000, "fail")])
def test_backlog_overflow(count, expected):
    assert status(leased(count), "lease-backlog-overflow") == expected


def test_backlog_depends_on_how_long_the_service_is_away():
    evidence = leased(20_000, entries=20_000)
    (finding,) = judged(evidence, "lease-backlog-overflow", backlog_away="1d", backlog_token_ttl="90d")
    assert finding["outage_at"] is None
    (finding,) = judged(evidence, "lease-backlog-overflow", backlog_away="14d", backlog_token_ttl="14d")
    assert finding["outage_at"] is not None


def test_backlog_is_not_applicable_without_leases_or_without_a_limit_and_unknown_without_a_count():
    rule = "lease-backlog-overflow"
    assert status(mount(), rule) == "not_applicable"
    assert status(leased(10**5), rule, on=server(storage=storage("inmem", limit=None))) == "not_applicable"
    refused = unread("leases", path="sys/leases/lookup/pki/", capability="list, sudo", roles=leased(1)["roles"])
    (finding,) = judged(refused, rule)
    assert finding["status"] == "unknown"
    assert "list, sudo on sys/leases/lookup/pki/" in finding["remediation"]["text"]


def drained(config, count: int = 100_000, **options):
    return judged(leased(count, config=config), "lease-drain-long", **options)


def test_drain_is_quadratic_without_auto_rebuild():
    (finding,) = drained(INLINE)
    assert finding["remediation"]["settings"] == {"config/crl": {"auto_rebuild": True}}
    taken = finding["evidence"]["drain_seconds"]
    assert taken["auto_rebuild"] < 600 < taken["inline"]
    assert drained(QUEUED) == []


def test_drain_just_below_at_and_above_its_threshold():
    (finding,) = drained(INLINE, max_lease_drain="1s")
    exact = finding["evidence"]["drain_seconds"]["inline"]
    assert finding["severity"] == "high"
    for longest, severity in [(exact + 1, []), (exact, []), (exact - 1, ["medium"]), (exact / 6 - 1, ["high"])]:
        assert [each["severity"] for each in drained(INLINE, max_lease_drain=f"{longest}s")] == severity
    assert status(mount(crl_config=INLINE), "lease-drain-long") == "not_applicable"


@pytest.mark.parametrize(("count", "expected"), [(0, "pass"), (1, "fail"), (None, "not_applicable")])
def test_irrevocable(count, expected):
    counts = {"certificates": 2, "revoked": 0, "leases": 0, "irrevocable_leases": count}
    assert status(mount(counts=counts), "irrevocable-leases") == expected
