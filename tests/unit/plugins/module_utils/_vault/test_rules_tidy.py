# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on auto-tidy's settings, just below, at and above their thresholds."""

from __future__ import annotations

import pytest

from tests.support.inventories import authority
from tests.support.vault_mounts import (
    ALL_TIDIED,
    DAY,
    ISSUER,
    NOW,
    crl,
    intermediate,
    issuer,
    judged,
    mount,
    revoking,
    role,
    server,
    status,
    storage,
    tidied,
    unread,
)

OFF = {**ALL_TIDIED, "enabled": False}


def test_auto_tidy_disabled_is_worse_with_entries_and_milder_on_an_empty_mount():
    counts = {"certificates": 1, "revoked": 0, "leases": 0, "irrevocable_leases": 0}
    for changes, severity in [
        ({"counts": counts}, "low"),
        ({"counts": {**counts, "certificates": 2}}, "medium"),
        ({"crls": [crl(1)]}, "high"),
        ({"roles": {"web": role(generate_lease=True)}}, "high"),
    ]:
        (finding,) = judged(mount(auto_tidy=OFF, **changes), "auto-tidy-disabled")
        assert finding["severity"] == severity, changes


def test_auto_tidy_disabled_asks_for_what_matters_here_and_shows_what_was_found():
    bare = {"enabled": False, "tidy_cert_store": False, "tidy_revoked_certs": False, "tidy_acme": False}
    (finding,) = judged(mount(auto_tidy=bare, roles={"web": role(no_store=True)}), "auto-tidy-disabled")
    assert finding["remediation"]["role"] == "vault_tidy"
    wanted = {"enabled": True, "tidy_revoked_certs": True, "tidy_acme": True}
    assert finding["remediation"]["settings"] == {"config/auto-tidy": wanted}
    assert finding["remediation"]["found"] == {"config/auto-tidy": dict.fromkeys(wanted, False)}


OPERATIONS = {
    "tidy-cert-store-off": "tidy_cert_store",
    "tidy-revoked-certs-off": "tidy_revoked_certs",
    "tidy-expired-issuers-off": "tidy_expired_issuers",
    "tidy-acme-off": "tidy_acme",
    "tidy-associations-off": "tidy_revoked_cert_issuer_associations",
}
EXPIRED_CA = authority("Old CA", not_after=NOW - DAY)


@pytest.mark.parametrize(("rule", "key"), OPERATIONS.items())
def test_each_operation_that_is_off_is_told_apart(rule, key):
    issuers = {"issuers": [issuer(), issuer(issuer_id="2", is_default=False)], "crls": [crl(1)]}
    more = {"certificates": [intermediate(), EXPIRED_CA]}
    assert status(mount(**issuers), rule, **more) == "pass"
    (finding,) = judged(mount(auto_tidy={**ALL_TIDIED, key: False}, **issuers), rule, **more)
    assert key in finding["message"]
    assert finding["remediation"]["settings"] == {"config/auto-tidy": {key: True}}
    assert finding["remediation"]["found"] == {"config/auto-tidy": {key: False}}


@pytest.mark.parametrize("rule", OPERATIONS)
def test_no_operation_is_judged_where_auto_tidy_is_off_or_the_server_lacks_it(rule):
    issuers = {"issuers": [issuer(), issuer(issuer_id="2", is_default=False)], "crls": [crl(1)]}
    more = {"certificates": [intermediate(), EXPIRED_CA]}
    assert status(mount(auto_tidy=dict.fromkeys(ALL_TIDIED, False), **issuers), rule, **more) == "not_applicable"
    assert status(mount(auto_tidy={"enabled": True}, **issuers), rule, **more) == "not_applicable"


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("tidy-cert-store-off", {"roles": {"web": role(no_store=True)}}),
        ("tidy-expired-issuers-off", {}),
        ("tidy-acme-off", {"acme": {"enabled": False}}),
        ("tidy-associations-off", {"crls": [crl(1)]}),
        ("tidy-associations-off", {"issuers": [issuer(), issuer(issuer_id="2", is_default=False)]}),
    ],
    ids=["nothing is stored", "no issuer has expired", "no ACME", "one issuer", "nothing revoked"],
)
def test_operations_that_do_not_matter_are_not_applicable(rule, changes):
    evidence = mount(auto_tidy={**dict.fromkeys(ALL_TIDIED, False), "enabled": True}, **changes)
    assert status(evidence, rule) == "not_applicable"


def test_revoked_certs_off_is_high_once_there_are_entries():
    tidy = {**ALL_TIDIED, "tidy_revoked_certs": False}
    assert judged(mount(auto_tidy=tidy), "tidy-revoked-certs-off")[0]["severity"] == "medium"
    (finding,) = judged(mount(auto_tidy=tidy, crls=[crl(5)]), "tidy-revoked-certs-off")
    assert finding["severity"] == "high"
    assert finding["message"] == (
        "pki/: auto-tidy runs without tidy_revoked_certs: the CRL keeps its 5 entries for ever, and all that come"
    )


@pytest.mark.parametrize(
    ("interval", "expected"),
    [(172799, None), (172800, "medium"), (604799, "medium"), (604800, "high")],
    ids=["just below 2 days", "2 days", "just below 7 days", "7 days"],
)
def test_interval(interval, expected):
    found = judged(tidied(interval_duration=interval), "tidy-interval-long")
    assert [finding["severity"] for finding in found] == ([expected] if expected else [])
    if found:
        assert found[0]["remediation"]["settings"] == {"config/auto-tidy": {"interval_duration": 43200}}


def test_interval_that_the_policy_allows():
    assert status(tidied(interval_duration=604799), "tidy-interval-long", max_tidy_interval="7d") == "pass"


@pytest.mark.parametrize(("per_day", "expected"), [(2680, "pass"), (2690, "fail")])
def test_interval_too_long_for_the_churn(per_day, expected):
    """raft's default takes 26,880 entries; a tenth of that may be revoked in an interval of a day."""
    evidence = revoking(per_day, auto_tidy={**ALL_TIDIED, "interval_duration": 86400, "safety_buffer": 3600})
    evidence["crls"][0]["revocation_days"] = [
        [crl_day[0], per_day] for crl_day in evidence["crls"][0]["revocation_days"]
    ]
    assert status(evidence, "tidy-interval-long") == expected


@pytest.mark.parametrize(("per_day", "expected"), [(890, "pass"), (900, "fail")])
def test_safety_buffer_too_long_for_the_churn(per_day, expected):
    """Three days of a tenth of 26,880 entries: 896 a day."""
    assert status(revoking(per_day), "tidy-safety-buffer-long") == expected


def test_safety_buffer_names_the_key_that_this_server_has_and_a_value_that_is_enough():
    bao = revoking(2000, auto_tidy={**ALL_TIDIED, "revoked_safety_buffer": 259200})
    for evidence, key in [(revoking(2000), "safety_buffer"), (bao, "revoked_safety_buffer")]:
        (finding,) = judged(evidence, "tidy-safety-buffer-long")
        assert finding["remediation"]["settings"] == {"config/auto-tidy": {key: 32 * 3600}}
        assert finding["remediation"]["found"] == {"config/auto-tidy": {key: 259200}}


def test_churn_is_not_judged_where_nothing_limits_the_crl():
    in_memory = server(storage=storage("inmem", limit=None, source="assumed"))
    assert status(revoking(5000), "tidy-safety-buffer-long", on=in_memory) == "pass"


@pytest.mark.parametrize(
    ("pause", "certificates", "expected"),
    [
        (0, 10**9, None),
        (0.01, 4_319_900, None),
        (0.01, 4_320_000, None),
        (0.01, 4_320_001, "high"),
        (0.199, 10, None),
        (0.2, 10, "medium"),
        (0.999, 10, "medium"),
        (1, 10, "high"),
    ],
)
def test_pause(pause, certificates, expected):
    counts = {"certificates": certificates, "revoked": 0, "leases": 0, "irrevocable_leases": 0}
    found = judged(mount(auto_tidy={**ALL_TIDIED, "pause_duration": pause}, counts=counts), "tidy-pause-long")
    assert [finding["severity"] for finding in found] == ([expected] if expected else [])


def test_pause_says_what_it_adds_up_to():
    counts = {"certificates": 10**6, "revoked": 0, "leases": 0, "irrevocable_leases": 0}
    (finding,) = judged(mount(auto_tidy={**ALL_TIDIED, "pause_duration": 0.2}, counts=counts), "tidy-pause-long")
    assert finding["message"] == (
        "pki/: pause_duration = 0.2 s makes a pass take 2d 7h in pauses alone; the interval is 12h"
    )


def test_pause_counts_only_what_a_pass_looks_at():
    counts = {"certificates": 10**9, "revoked": 10, "leases": 0, "irrevocable_leases": 0}
    tidy = {**ALL_TIDIED, "pause_duration": 0.01, "tidy_cert_store": False}
    assert status(mount(auto_tidy=tidy, counts=counts), "tidy-pause-long") == "pass"


def test_pause_with_an_unknown_number_of_entries():
    refused = {"auto_tidy": {**ALL_TIDIED, "pause_duration": 0.01}}
    (finding,) = judged(unread("certificates", path="pki/certs", capability="list", **refused), "tidy-pause-long")
    assert (finding["status"], finding["evidence"]["capability"]) == ("unknown", "list")
    assert status(unread("certificates"), "tidy-pause-long") == "pass"


@pytest.mark.parametrize("rule", ["tidy-interval-long", "tidy-safety-buffer-long", "tidy-pause-long"])
def test_pace_is_not_applicable_where_auto_tidy_is_off_or_missing(rule):
    assert status(mount(auto_tidy=OFF), rule) == "not_applicable"
    assert status(mount(auto_tidy=None), rule) == "not_applicable"


def test_default_issuer_is_the_one_in_the_builder():
    assert judged(mount(auto_tidy=OFF), "auto-tidy-disabled")[0]["resource"]["kind"] == "vault_mount"
    assert ISSUER in mount()["crls"][0]["issuer_ids"]
