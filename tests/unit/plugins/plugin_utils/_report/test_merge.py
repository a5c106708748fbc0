# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Merging hosts: duplicates, correlation over the whole, what is missing, waivers, the verdict."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import pack, unpack
from ansible_collections.sre.preflight.plugins.module_utils._audit.json_stream import encode
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from ansible_collections.sre.preflight.plugins.plugin_utils._report.results import Results
from tests.support.inventories import (
    DAY,
    NOW,
    add_endpoint,
    add_file,
    authority,
    bundle_of,
    certificate,
    stored,
)
from tests.support.merged import report_of

OLD = certificate("wild.example.com", not_after=NOW - DAY)


def _rules(report, group="findings"):
    return [finding["rule"] for finding in report[group]]


def test_the_same_certificate_on_many_hosts_is_one_finding_that_names_them():
    report = report_of({f"web{n}": stored(OLD, path=f"/etc/ssl/{n}.pem") for n in range(3)})
    (finding,) = report["findings"]
    assert finding["hosts"] == ["web0", "web1", "web2"]
    assert finding["locations"] == ["web0:/etc/ssl/0.pem", "web1:/etc/ssl/1.pem", "web2:/etc/ssl/2.pem"]
    (row,) = report["certificates"]
    assert row["locations"] == finding["locations"]
    assert row["hosts"] == finding["hosts"]
    assert report["summary"]["by_severity"]["critical"] == 1


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"evidence": {}}, "ValueError: the evidence is not an inventory: KeyError('columns')"),
        ({"evidence": None}, "AttributeError: 'NoneType' object has no attribute 'get'"),
        ({"coverage": {"targets_expected": 1}}, "KeyError: 'targets_evaluated'"),
        ({"policy": {"max_lifespan_used": "all"}}, "OptionError: max_lifespan_used: 'all' is not a number"),
        ({"findings": [{"rule": "certificate.expired"}]}, "KeyError: 'severity'"),
        ({"findings": {"a": 1}}, "TypeError: string indices must be integers"),
    ],
)
def test_a_bundle_of_another_shape_costs_its_host_and_no_other(damage, reason):
    document = {**unpack(GOOD), "collection_version": "9.0.0", **damage}
    variables = {"old": {"r": {"bundle": GOOD}}, "new": {"r": {"bundle": pack(document)}}}
    results = Results(list(variables), ["r"], variables.__getitem__)
    assert [host for host, _document in results.documents()] == ["old"]
    (new,) = [host for host in results.hosts if host.name == "new"]
    assert new.reason.startswith("its bundle cannot be used: it is not as this version of the collection writes it (")
    assert reason in new.reason
    assert new.reason.endswith("; its own is 9.0.0")


def test_the_worst_severity_of_all_hosts_counts():
    roots = [authority(f"Root {number}") for number in range(12)]
    old = authority("Old root", not_after=NOW - DAY)
    in_store, in_use = stored(*roots, old, path="/etc/ssl/ca.crt"), stored(old, path="/etc/vault/ca.pem")
    for inventories in ({"a": in_store, "b": in_use}, {"a": in_use, "b": in_store}):
        (finding,) = report_of(inventories)["findings"]
        assert finding["severity"] == "critical"
        assert finding["hosts"] == ["a", "b"]


def test_issuer_on_one_host_leaf_on_another():
    ca = authority("Old CA", not_before=NOW - 90 * DAY, not_after=NOW + 10 * DAY)
    leaf = certificate(issuer=ca)
    apart = report_of({"ca": stored(ca, path="/etc/ca.pem"), "web": stored(leaf, path="/etc/leaf.pem")})
    assert sorted(_rules(apart)) == [
        "certificate.issuer-expiring",
        "certificate.outlives-issuer",
        "certificate.renewal-due",
    ]
    outlives = next(finding for finding in apart["findings"] if finding["rule"] == "certificate.outlives-issuer")
    assert outlives["hosts"] == ["web"]
    assert outlives["locations"] == ["web:/etc/leaf.pem"]
    assert apart["coverage"]["rules"]["certificate.outlives-issuer"] == {
        "pass": 0, "fail": 1, "unknown": 0, "not_applicable": 1,
    }  # fmt: skip


def test_what_one_host_could_not_know_is_judged_anew_over_the_whole():
    short = authority("CA", not_after=NOW + 10 * DAY)
    renewed = authority("CA", not_after=NOW + 1000 * DAY)
    leaf = certificate(issuer=short)
    alone = report_of({"web": stored(short, leaf)})
    assert "certificate.outlives-issuer" in _rules(alone)
    together = report_of({"web": stored(short, leaf), "ca": stored(renewed, path="/etc/ca.pem")})
    assert "certificate.outlives-issuer" not in _rules(together)
    assert together["coverage"]["rules"]["certificate.outlives-issuer"]["fail"] == 0


def test_renewed_on_one_host_and_served_from_another_address():
    old = certificate(not_before=NOW - 50 * DAY, not_after=NOW + 50 * DAY)
    new = certificate(not_before=NOW - DAY, not_after=NOW + 99 * DAY)
    seen = Inventory()
    add_endpoint(seen, "tls://vault.example.com:8200", old)
    report = report_of({"vault": stored(new, path="/etc/vault/tls.crt"), "localhost": seen})
    (finding,) = report["findings"]
    assert finding["rule"] == "certificate.renewed-not-reloaded"
    assert finding["evidence"]["stored_location"] == "vault:/etc/vault/tls.crt"
    assert finding["locations"] == ["tls://vault.example.com:8200"]


def test_one_endpoint_read_from_two_hosts_is_one_endpoint():
    inventories = {}
    for host in ("a", "b"):
        inventories[host] = Inventory()
        add_endpoint(inventories[host], "tls://x.example.com:443", OLD)
    report = report_of(inventories)
    assert report["findings"][0]["locations"] == ["tls://x.example.com:443"]
    assert report["certificates"][0]["locations"] == ["tls://x.example.com:443"]


def test_a_report_is_plain_json_of_its_own_schema_version():
    report = report_of({"web": stored(OLD)})
    plain = json.loads("".join(encode(report)))
    assert plain["schema"] == "sre.preflight/report"
    assert plain["certificates"][0]["fingerprint_sha256"] == OLD.fingerprint_sha256
    assert plain["provenance"] == [
        {
            "host": "web",
            "module": "certificate_audit",
            "collection_version": plain["provenance"][0]["collection_version"],
            "collected_at": "2026-06-01T00:00:00Z",
            "judged_at": "2026-06-01T00:00:00Z",
        }
    ]


GOOD = bundle_of(stored(certificate()))


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "no audit result was registered"),
        ({"r": {"unreachable": True, "msg": "timed out\n  after 10 s"}}, "unreachable: timed out after 10 s"),
        ({"r": {"failed": True, "msg": "boom"}}, "the audit failed: boom"),
        (
            {"r": {"failed": True, "rc": 127, "msg": "No start of json char found", "module_stderr": "not shown"}},
            "the audit failed: No start of json char found; the Python that was chosen there does not run, so set",
        ),
        ({"r": {"failed": False, "failed_when_result": False, "msg": "now: 'x' is refused"}}, "the audit failed: now"),
        ({"r": {"skipped": True}}, "nothing to audit is configured"),
        ({"r": {"findings": []}}, "without bundle=true"),
        ({"r": {"bundle": GOOD[:40]}}, "its bundle cannot be used: it is cut short"),
        ({"r": "text"}, "not the result of an audit module"),
    ],
)
def test_a_host_without_a_usable_result_is_unknown_with_the_reason(variables, reason):
    results = Results(["web"], ["r"], lambda name: variables)
    assert list(results.documents()) == []
    (host,) = results.hosts
    assert host.reason is not None
    assert reason in host.reason


def test_a_missing_host_makes_the_verdict_unknown_and_is_named():
    results_seen = report_of({"web": stored(certificate())})
    assert (results_seen["verdict"], results_seen["coverage"]["hosts_unknown"]) == ("pass", [])
    from ansible_collections.sre.preflight.plugins.plugin_utils._report.document import build
    from ansible_collections.sre.preflight.plugins.plugin_utils._report.merge import merge

    results = Results(["db", "web"], ["r"], {"web": {"r": {"bundle": GOOD}}, "db": {}}.__getitem__)
    merged = merge(results, [], NOW)
    report = build(merged, results.hosts, now=NOW, generated_at=NOW, fail_on="high", previous=None)
    assert report["verdict"] == "unknown"
    assert report["coverage"]["hosts_expected"] == 2
    assert report["coverage"]["hosts_reported"] == 1
    assert [each["host"] for each in report["coverage"]["hosts_unknown"]] == ["db"]
    (finding,) = report["findings"]
    assert (finding["rule"], finding["status"], finding["hosts"]) == ("report.host-unknown", "unknown", ["db"])


def _unreadable():
    inventory = stored(certificate())
    target = inventory.add_target("path", "/etc/nope")
    inventory.unknown(target, "matches nothing")
    return inventory


@pytest.mark.parametrize(
    ("inventory", "fail_on", "verdict", "reason"),
    [
        (stored(certificate()), "low", "pass", "no finding at severity low or worse"),
        (stored(OLD), "critical", "fail", "1 finding at severity critical or worse"),
        (
            stored(certificate(not_before=NOW - 500 * DAY)),
            "high",
            "pass",
            "no finding at severity high or worse; 1 finding below that",
        ),
        (stored(certificate(not_before=NOW - 500 * DAY)), "medium", "fail", "1 finding at severity medium or worse"),
        (_unreadable(), "critical", "unknown", "1 check could not be judged; what was not seen does not pass"),
        (Inventory(), "low", "unknown", "nothing was audited: no target was evaluated"),
    ],
)
def test_verdict(inventory, fail_on, verdict, reason):
    report = report_of({"web": inventory}, fail_on=fail_on)
    assert (report["verdict"], report["verdict_reason"]) == (verdict, reason)


WAIVER = {
    "rule": "certificate.expired",
    "resource": "wild.*",
    "owner": "team",
    "reason": "gone soon",
    "expires": "2026-07-01",
}


def test_a_waiver_moves_what_it_covers_to_a_list_of_its_own():
    report = report_of({"web": stored(OLD)}, waivers=[WAIVER])
    assert report["findings"] == []
    (waived,) = report["waived"]
    assert waived["status"] == "waived"
    assert waived["waiver"] == {**WAIVER, "host": "*", "expires": "2026-07-01T00:00:00Z"}
    assert report["summary"]["by_status"]["waived"] == 1
    assert report["verdict"] == "pass"


@pytest.mark.parametrize("resource", ["wild.example.com", "/etc/ssl/*", "w*"])
def test_a_waiver_matches_name_or_location(resource):
    report = report_of({"web": stored(OLD)}, waivers=[{**WAIVER, "resource": resource}])
    assert _rules(report, "waived") == ["certificate.expired"]


def test_a_waiver_for_one_host_hides_nothing_on_another():
    report = report_of({"a": stored(OLD), "b": stored(OLD)}, waivers=[{**WAIVER, "host": "a"}])
    assert [finding["hosts"] for finding in report["findings"]] == [["b"]]
    assert [finding["hosts"] for finding in report["waived"]] == [["a"]]
    assert report["findings"][0]["locations"] == ["b:/etc/ssl/one.pem"]


@pytest.mark.parametrize(("expires", "waived"), [("2026-06-01T00:00:01Z", True), ("2026-06-01T00:00:00Z", False)])
def test_an_expired_waiver_hides_nothing_and_is_a_finding(expires, waived):
    report = report_of({"web": stored(OLD)}, waivers=[{**WAIVER, "expires": expires}])
    expected = [] if waived else ["certificate.expired", "report.waiver-expired"]
    assert _rules(report) == expected


def test_an_unused_waiver_is_a_finding():
    report = report_of({"web": stored(certificate())}, waivers=[WAIVER])
    (finding,) = report["findings"]
    assert (finding["rule"], finding["severity"]) == ("report.waiver-unused", "low")
    assert finding["message"] == "The waiver of certificate.expired for wild.* by team matches no finding"
    assert report["verdict"] == "pass"


def test_comparison_with_the_previous_run():
    first = report_of({"web": stored(OLD)})
    gone = certificate("gone.example.com", not_after=NOW - DAY)
    second = stored(OLD, path="/etc/a.pem")
    add_file(second, "/etc/b.pem", gone)
    report = report_of({"web": second}, previous=first)
    assert report["comparison"]["unchanged"] == 1
    assert report["comparison"]["gone"] == []
    (new,) = report["comparison"]["new"]
    third = report_of({"web": stored(OLD)}, previous=report)
    assert [each["id"] for each in third["comparison"]["gone"]] == [new]
    assert third["comparison"]["gone"][0]["resource"]["name"] == "gone.example.com"
    waived = report_of({"web": stored(OLD)}, previous=first, waivers=[WAIVER])
    assert waived["comparison"]["gone"] == [], "what is waived is not gone"


def test_hundreds_of_locations_are_cut_in_the_finding_and_kept_in_the_inventory():
    report = report_of({f"web{n:03}": stored(OLD) for n in range(120)})
    assert len(report["findings"][0]["locations"]) == 50
    assert len(report["findings"][0]["hosts"]) == 120
    assert len(report["certificates"][0]["locations"]) == 120
