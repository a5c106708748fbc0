# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that need more than one certificate."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from tests.support.inventories import (
    DAY,
    NOW,
    SECOND,
    add_endpoint,
    add_file,
    authority,
    certificate,
    counted,
    judged,
    stored,
)

ENDPOINT = "tls://vault.example.com:8200"


@pytest.mark.parametrize(
    ("excess", "expected"),
    [
        (-SECOND, {"pass": 1, "not_applicable": 1}),
        (0 * SECOND, {"pass": 1, "not_applicable": 1}),
        (SECOND, {"fail": 1, "not_applicable": 1}),
    ],
    ids=["a second before its issuer", "with it", "a second after it"],
)
def test_outlives_issuer(excess, expected):
    ca = authority(not_after=NOW + 10 * DAY)
    leaf = certificate(issuer=ca, not_after=NOW + 10 * DAY + excess)
    assert counted(stored(ca, leaf), "certificate.outlives-issuer") == expected


def test_a_superseded_certificate_does_not_outlive_its_issuer():
    ca = authority(not_after=NOW + 10 * DAY)
    old, new = certificate(issuer=ca), certificate(issuer=authority("New CA"), not_after=NOW + 90 * DAY)
    inventory = stored(old, new, path="/etc/leaf.pem")
    add_file(inventory, "/etc/ca.pem", ca)
    assert counted(inventory, "certificate.outlives-issuer") == {"not_applicable": 3}


def test_outlives_issuer_is_an_outage_on_the_day_the_issuer_expires():
    ca = authority("Old CA", not_after=NOW + 10 * DAY)
    inventory = stored(certificate(issuer=ca), path="/etc/vault.pem")
    add_file(inventory, "/etc/ca.pem", ca)
    (finding,) = judged(inventory, "certificate.outlives-issuer")
    assert finding["outage_at"] == "2026-06-11T00:00:00Z"
    assert finding["severity"] == "high"
    assert finding["message"] == (
        "leaf.example.com is valid until 2026-07-21T00:00:00Z, but its issuer Old CA expires at "
        "2026-06-11T00:00:00Z (in 10d)"
    )


def test_outlives_issuer_takes_the_longest_lived_of_cross_signed_issuers():
    short = authority(not_after=NOW + 10 * DAY)
    renewed = authority(not_after=NOW + 1000 * DAY, subject_key_identifier=short.subject_key_identifier)
    leaf = certificate(issuer=short)
    assert counted(stored(short, renewed, leaf), "certificate.outlives-issuer") == {"pass": 1, "not_applicable": 2}


def test_an_issuer_of_the_same_name_with_another_key_is_not_the_issuer():
    ca = authority(not_after=NOW + 10 * DAY)
    other = authority(not_after=NOW + 1000 * DAY, subject_key_identifier="ff" * 20)
    assert counted(stored(ca, other, certificate(issuer=ca)), "certificate.outlives-issuer").get("fail") == 1


def test_issuer_expiring_names_what_falls_with_it():
    ca = authority("Old CA", not_before=NOW - 90 * DAY, not_after=NOW + 10 * DAY)
    leaves = [certificate(f"pod{number}.example.com", issuer=ca) for number in range(5)]
    (finding,) = judged(stored(ca, *leaves), "certificate.issuer-expiring")
    assert finding["evidence"]["dependents"] == 5
    assert finding["evidence"]["dependent_names"] == [f"pod{number}.example.com" for number in range(5)]
    assert finding["message"] == (
        "CA Old CA expires at 2026-06-11T00:00:00Z (in 10d); 5 certificates stop validating "
        "then: pod0.example.com, pod1.example.com, pod2.example.com and 2 more"
    )


def test_issuer_expiring_counts_what_lies_below_its_intermediates():
    root = authority("Old root", not_before=NOW - 90 * DAY, not_after=NOW + 10 * DAY)
    intermediate = authority("Intermediate", issuer=root, self_issued=False)
    leaves = [certificate(f"pod{number}.example.com", issuer=intermediate) for number in range(3)]
    (finding,) = judged(stored(root, intermediate, *leaves), "certificate.issuer-expiring")
    assert finding["resource"]["name"] == "Old root"
    assert finding["evidence"]["dependent_names"] == [
        "Intermediate", "pod0.example.com", "pod1.example.com", "pod2.example.com",
    ]  # fmt: skip


def test_issuer_expiring_leaves_out_what_a_cross_signed_intermediate_still_carries():
    old = authority("Old root", not_before=NOW - 90 * DAY, not_after=NOW + 10 * DAY)
    new = authority("New root")
    intermediate = authority("Intermediate", issuer=old, self_issued=False)
    crossed = authority(
        "Intermediate",
        issuer=new,
        self_issued=False,
        subject_key_identifier=intermediate.subject_key_identifier,
    )
    leaf = certificate(issuer=intermediate)
    (finding,) = judged(stored(old, new, intermediate, crossed, leaf), "certificate.issuer-expiring")
    assert finding["evidence"]["dependent_names"] == ["Intermediate"]


def test_cas_that_signed_each_other_end_the_search():
    one = authority("One", self_issued=False, issuer="CN=Two", not_before=NOW - 90 * DAY, not_after=NOW + 10 * DAY)
    two = authority("Two", self_issued=False, issuer=one, not_after=NOW + 10 * DAY)
    findings = judged(stored(one, two, certificate(issuer=two)), "certificate.issuer-expiring")
    assert {each["resource"]["name"]: each["evidence"]["dependents"] for each in findings} == {"One": 2, "Two": 2}


def test_issuer_expiring_leaves_out_a_ca_without_standing_dependents():
    ca = authority(not_before=NOW - 90 * DAY, not_after=NOW + 10 * DAY)
    gone = certificate(issuer=ca, not_after=NOW - SECOND)
    assert counted(stored(ca, gone), "certificate.issuer-expiring") == {"not_applicable": 2}
    assert counted(stored(authority(), certificate()), "certificate.issuer-expiring") == {
        "pass": 1,
        "not_applicable": 1,
    }


def test_renewed_but_not_reloaded():
    old = certificate(not_before=NOW - 90 * DAY, not_after=NOW + 10 * DAY)
    new = certificate(not_before=NOW - DAY, not_after=NOW + 99 * DAY)
    inventory = stored(new, path="/etc/vault/tls.crt")
    add_endpoint(inventory, ENDPOINT, old)
    (finding,) = judged(inventory, "certificate.renewed-not-reloaded")
    assert finding["outage_at"] == "2026-06-11T00:00:00Z"
    assert finding["message"] == (
        "tls://vault.example.com:8200 serves leaf.example.com valid until 2026-06-11T00:00:00Z (in 10d), while "
        "/etc/vault/tls.crt holds its renewal, valid until 2026-09-08T00:00:00Z"
    )


@pytest.mark.parametrize(
    ("on_disk", "expected"),
    [
        ([{}], {"pass": 1}),
        ([{"not_before": NOW - 400 * DAY, "not_after": NOW - DAY}], {"pass": 1}),
        ([{"not_before": NOW - 400 * DAY, "not_after": NOW + 99 * DAY}], {"pass": 1}),
        ([{"names": ("other.example.com",), "not_after": NOW + 99 * DAY}], {"not_applicable": 1}),
        ([], {"not_applicable": 1}),
    ],
    ids=[
        "the same lies on disk",
        "only an older one",
        "an older one that lasts longer",
        "another name",
        "nothing stored",
    ],
)
def test_served_is_the_newest(on_disk, expected):
    served = certificate(not_before=NOW - 10 * DAY, not_after=NOW + 10 * DAY)
    inventory = Inventory()
    for number, values in enumerate(on_disk):
        each = certificate(**{"not_before": NOW - 10 * DAY, "not_after": NOW + 10 * DAY, **values})
        add_file(inventory, f"/etc/{number}.pem", each)
    add_endpoint(inventory, ENDPOINT, served)
    assert counted(inventory, "certificate.renewed-not-reloaded") == expected


def _chain():
    root = authority("Root")
    intermediate = authority("Intermediate", issuer=root, self_issued=False)
    return root, intermediate, certificate(issuer=intermediate)


def test_chain_that_lacks_its_intermediate():
    root, intermediate, leaf = _chain()
    inventory = stored(root, intermediate)
    add_endpoint(inventory, ENDPOINT, leaf)
    (finding,) = judged(inventory, "certificate.chain-incomplete")
    assert finding["message"] == (
        "tls://vault.example.com:8200 serves 1 certificate and lacks the intermediate Intermediate that issued "
        "leaf.example.com"
    )


def test_chains_that_are_complete():
    root, intermediate, leaf = _chain()
    for served in ((leaf, intermediate), (leaf, intermediate, root), (intermediate and leaf, root, intermediate)):
        inventory = stored(root)
        add_endpoint(inventory, ENDPOINT, *served)
        assert counted(inventory, "certificate.chain-incomplete") == {"pass": 1}, served


def test_chain_of_which_only_the_leaf_could_be_read_is_not_judged():
    root, intermediate, leaf = _chain()
    inventory = stored(root, intermediate)
    add_endpoint(inventory, ENDPOINT, leaf)
    inventory.sources[-1]["chain_known"] = False
    assert counted(inventory, "certificate.chain-incomplete") == {"not_applicable": 1}


def test_chain_without_its_issuer_in_the_inventory_is_judged_by_trust_alone():
    leaf = certificate()
    for trust, expected in ((None, "not_applicable"), ({"trusted": True, "reason": None}, "pass")):
        inventory = Inventory()
        add_endpoint(inventory, ENDPOINT, leaf, trust=trust)
        assert counted(inventory, "certificate.chain-incomplete") == {expected: 1}


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        (None, {"not_applicable": 1}),
        ({"trusted": True, "reason": None}, {"pass": 1}),
        ({"trusted": False, "reason": "self-signed certificate"}, {"fail": 1}),
    ],
)
def test_untrusted(trust, expected):
    inventory = Inventory()
    add_endpoint(inventory, ENDPOINT, certificate(), trust=trust)
    assert counted(inventory, "certificate.untrusted") == expected


@pytest.mark.parametrize(
    ("names", "trust", "expected"),
    [
        (("vault.example.com",), True, {"pass": 1}),
        (("*.example.com",), True, {"pass": 1}),
        (("consul.example.com",), True, {"fail": 1}),
        ((), True, {"fail": 1}),
        (("consul.example.com",), None, {"not_applicable": 1}),
    ],
)
def test_hostname_mismatch(names, trust, expected):
    inventory = Inventory()
    verified = trust and {"trusted": True, "reason": None}
    add_endpoint(inventory, ENDPOINT, certificate(names=names), trust=verified)
    assert counted(inventory, "certificate.hostname-mismatch") == expected


def test_an_endpoint_that_served_nothing_is_no_subject_of_these_rules():
    inventory = Inventory()
    add_endpoint(inventory, ENDPOINT)
    for rule in ("renewed-not-reloaded", "chain-incomplete", "hostname-mismatch"):
        assert counted(inventory, f"certificate.{rule}") == {"not_applicable": 1}
