# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on roles: lives, storing, issuers and names."""

from __future__ import annotations

import pytest

from tests.support.vault_mounts import (
    DAY,
    NOW,
    SECOND,
    at,
    day,
    intermediate,
    issuer,
    judged,
    leaves,
    mount,
    role,
    status,
    unread,
)

HOURS_24 = 86400
NO_ACME = {"enabled": False}


def issuing(per_day: int, *, days: int = 30, **more):
    """A mount that has issued so many each day, without ACME."""
    rows = [[day(NOW - number * DAY), day(NOW + number * DAY), per_day] for number in range(1, days + 1)]
    return mount(acme=NO_ACME, leaves=leaves(*rows), **more)


@pytest.mark.parametrize(("per_day", "expected"), [(1666, "pass"), (1667, "fail")])
def test_ttl_against_churn(per_day, expected):
    """50,000 in 30 days."""
    assert status(issuing(per_day), "role-ttl-long") == expected
    assert status(issuing(per_day), "role-ttl-long", max_certificates=60_000) == "pass"


def test_ttl_that_leads_to_exactly_as_many_as_are_too_many():
    fifty_days = {"web": role(max_ttl=50 * 86400)}
    assert status(issuing(1000, roles=fifty_days), "role-ttl-long") == "fail"
    assert status(issuing(1000, roles=fifty_days), "role-ttl-long", max_certificates=50_001) == "pass"


@pytest.mark.parametrize(
    ("per_day", "ttl", "settings"),
    [
        (2500, 0, {"max_ttl": 479 * 3600}),
        (2500, 40 * 86400, {"max_ttl": 479 * 3600, "ttl": 479 * 3600}),
        (50_000 * 24, 0, {"max_ttl": 1800}),
    ],
)
def test_ttl_that_is_recommended_leads_below_what_is_too_many(per_day, ttl, settings):
    """50,000 of 2,500 a day are 20 days, or 480 hours."""
    roles = {"web": role(max_ttl=60 * 86400, ttl=ttl)}
    (finding,) = judged(issuing(per_day, roles=roles), "role-ttl-long")
    assert finding["remediation"]["settings"] == {"roles/web": settings}
    mended = {"web": {**roles["web"], **settings}}
    assert status(issuing(per_day, roles=mended), "role-ttl-long") == "pass"


def test_ttl_is_the_mounts_where_the_role_has_none():
    (finding,) = judged(issuing(1000, roles={"web": role(max_ttl=0)}), "role-ttl-long")
    assert finding["evidence"]["max_ttl_seconds"] == 365 * 86400


def test_rate_is_scaled_up_from_a_sample_and_over_what_is_known():
    sample = issuing(100)
    sample["leaves"] = {**sample["leaves"], "mode": "sample", "expected": 20 * sample["leaves"]["read"]}
    (finding,) = judged(sample, "role-ttl-long")
    assert finding["evidence"]["issued_a_day"] == 2000
    assert status(issuing(5000, days=3), "role-ttl-long") == "fail"


def test_ttl_against_churn_is_not_applicable_without_dates_and_to_what_is_not_stored():
    nothing = leaves(mode="none", expected=10)
    assert status(mount(leaves=nothing), "role-ttl-long") == "not_applicable"
    assert status(issuing(5000, roles={"web": role(no_store=True)}), "role-ttl-long") == "not_applicable"
    assert status(mount(leaves=leaves()), "role-ttl-long") == "pass"


@pytest.mark.parametrize(
    ("per_day", "ttl", "expected"),
    [(999, HOURS_24, "pass"), (1000, HOURS_24, "fail"), (1000, HOURS_24 + 1, "pass")],
)
def test_stores_short_lived(per_day, ttl, expected):
    assert status(issuing(per_day, roles={"web": role(max_ttl=ttl)}), "role-stores-short-lived") == expected


@pytest.mark.parametrize("part", ["leaves", "acme", "certificates"])
def test_only_short_lived_stored_roles_need_to_know_how_many_are_issued(part):
    for changed, expected in (
        ({"max_ttl": 3600}, "unknown"),
        ({"max_ttl": 3600, "no_store": True}, "pass"),
        ({}, "pass"),
    ):
        assert status(unread(part, roles={"web": role(**changed)}), "role-stores-short-lived") == expected
    assert status(mount(leaves=leaves(mode="none"), roles={"web": role(max_ttl=60)}), "role-stores-short-lived") == (
        "not_applicable"
    )


def test_what_acme_uses_has_to_be_stored():
    short = {"web": role(max_ttl=3600), "other": role(max_ttl=3600)}
    busy = issuing(5000, roles=short)
    names = {finding["resource"]["name"] for finding in judged(busy, "role-stores-short-lived")}
    assert names == {"pki/roles/web", "pki/roles/other"}
    busy["acme"] = {"enabled": True, "allowed_roles": ["web"]}
    (finding,) = judged(busy, "role-stores-short-lived")
    assert finding["resource"]["name"] == "pki/roles/other"
    assert finding["remediation"]["settings"] == {"roles/other": {"no_store": True}}
    busy["acme"] = {"enabled": True, "allowed_roles": ["*"]}
    assert judged(busy, "role-stores-short-lived") == []


@pytest.mark.parametrize(
    ("ttl", "no_store", "expected"),
    [(HOURS_24, True, "pass"), (HOURS_24 + 1, True, "fail"), (HOURS_24 + 1, False, "not_applicable")],
)
def test_cannot_revoke(ttl, no_store, expected):
    evidence = mount(roles={"web": role(max_ttl=ttl, no_store=no_store)})
    assert status(evidence, "role-cannot-revoke") == expected
    for finding in judged(evidence, "role-cannot-revoke"):
        assert finding["remediation"]["settings"] == {"roles/web": {"no_store": False}}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"no_store": True, "generate_lease": True}, "fail"),
        ({"no_store": True, "generate_lease": None}, "fail"),
        ({"no_store": True, "generate_lease": False}, "pass"),
        ({"no_store": False, "generate_lease": True}, "not_applicable"),
    ],
)
def test_no_store_with_lease(values, expected):
    assert status(mount(roles={"web": role(**values)}), "role-no-store-with-lease") == expected


def outliving(left, *, behavior: str = "err", **values):
    evidence = mount(
        roles={"web": role(**{"ttl": 86400, "max_ttl": 30 * 86400, **values})},
        issuers=[issuer(leaf_not_after_behavior=behavior)],
    )
    return evidence, [intermediate(not_after=NOW + left)]


@pytest.mark.parametrize(
    ("left", "expected"), [(30 * DAY + SECOND, "pass"), (30 * DAY, "pass"), (30 * DAY - SECOND, "fail")]
)
def test_outlives_issuer(left, expected):
    evidence, certificates = outliving(left)
    assert status(evidence, "role-outlives-issuer", certificates=certificates) == expected


def test_outage_is_when_the_issuer_begins_to_refuse_the_usual_life():
    evidence, certificates = outliving(29 * DAY)
    (finding,) = judged(evidence, "role-outlives-issuer", certificates=certificates)
    assert (finding["outage_at"], finding["severity"]) == (at(NOW + 28 * DAY), "high")
    evidence, certificates = outliving(20 * DAY, ttl=25 * 86400)
    (finding,) = judged(evidence, "role-outlives-issuer", certificates=certificates)
    assert (finding["outage_at"], finding["severity"]) == (at(NOW - 5 * DAY), "critical")


@pytest.mark.parametrize(
    ("behavior", "severity", "outage"), [("truncate", "low", None), ("permit", "high", at(NOW + 20 * DAY))]
)
def test_outliving_where_the_issuer_does_not_refuse(behavior, severity, outage):
    evidence, certificates = outliving(20 * DAY, behavior=behavior)
    (finding,) = judged(evidence, "role-outlives-issuer", certificates=certificates)
    assert (finding["severity"], finding["outage_at"]) == (severity, outage)


def test_a_fixed_end_beyond_the_issuers_is_refused_at_once():
    evidence, certificates = outliving(400 * DAY, not_after="9999-12-31T23:59:59Z")
    (finding,) = judged(evidence, "role-outlives-issuer", certificates=certificates)
    assert finding["outage_at"] == at(NOW)


def test_the_role_is_judged_by_its_own_issuer():
    issuers = [issuer(), issuer(issuer_id="2", issuer_name="short", is_default=False)]
    certificates = [intermediate(), intermediate("Short CA", not_after=NOW + DAY)]
    roles = {
        "web": role(),
        "byname": role(issuer_ref="short"),
        "byid": role(issuer_ref="2"),
        "gone": role(issuer_ref="x"),
    }
    found = judged(mount(roles=roles, issuers=issuers), "role-outlives-issuer", certificates=certificates)
    assert [finding["resource"]["name"] for finding in found] == ["pki/roles/byname", "pki/roles/byid"]


@pytest.mark.parametrize(
    ("values", "rule", "expected"),
    [
        ({"allow_any_name": True}, "role-allows-any-name", "fail"),
        ({"allow_any_name": False}, "role-allows-any-name", "pass"),
        ({"allow_localhost": True}, "role-allows-localhost", "fail"),
        ({"allow_localhost": True, "allowed_domains": []}, "role-allows-localhost", "pass"),
        ({"allow_localhost": False}, "role-allows-localhost", "pass"),
        ({"allow_glob_domains": False}, "role-allows-glob-wildcards", "pass"),
        ({"allow_wildcard_certificates": False}, "role-allows-glob-wildcards", "pass"),
        ({"allowed_domains": ["example.com"]}, "role-allows-glob-wildcards", "pass"),
        ({}, "role-allows-glob-wildcards", "fail"),
    ],
)
def test_names(values, rule, expected):
    globs = {"allow_glob_domains": True, "allow_wildcard_certificates": True, "allowed_domains": ["a*.example.com"]}
    wide = {**(globs if "glob" in rule else {}), **values}
    assert status(mount(roles={"web": role(**wide)}), rule) == expected


def test_old_server_has_no_wildcard_setting():
    old = role()
    del old["allow_wildcard_certificates"]
    assert status(mount(roles={"web": old}), "role-allows-glob-wildcards") == "not_applicable"


def test_any_name_without_host_names_says_so():
    (finding,) = judged(
        mount(roles={"web": role(allow_any_name=True, enforce_hostnames=False)}), "role-allows-any-name"
    )
    assert finding["message"] == "pki/roles/web issues for any name and does not even ask for host names"
