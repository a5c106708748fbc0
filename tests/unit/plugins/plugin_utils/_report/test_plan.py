# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: merged a target, ordered, with conflicts named, and the same whoever was asked first."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan import build, entry_id
from tests.support import plans, reports, vault_mounts
from tests.support.plans import NOW, TARGET, instant, mount_row, wish

TIDY, CRL = "config/auto-tidy", "config/crl"
INTERVAL = "interval_duration"
DAY = timedelta(days=1)


def entry_of(*findings, mounts=()):
    (entry,) = build(findings, mounts, NOW)
    return entry


def interval(seconds, **more):
    return wish({TIDY: {INTERVAL: seconds}}, found={TIDY: {INTERVAL: 172800}}, rule=f"vault.wants-{seconds}", **more)


def test_findings_of_a_target_are_one_entry():
    leases = wish({"roles/pod": {"generate_lease": False}}, found={"roles/pod": {"generate_lease": True}}, rule="a.b")
    tidy = wish({TIDY: {"enabled": True}}, found={TIDY: {"enabled": None}}, rule="a.c")
    rebuild = wish({CRL: {"auto_rebuild": True}, TIDY: {"enabled": True}}, rule="a.d")
    entry = entry_of(tidy, leases, rebuild)
    assert entry["settings"] == {
        TIDY: {"enabled": True},
        CRL: {"auto_rebuild": True},
        "roles/pod": {"generate_lease": False},
    }
    assert entry["found"] == {
        TIDY: {"enabled": None},
        CRL: {"auto_rebuild": None},
        "roles/pod": {"generate_lease": True},
    }
    assert sorted(entry["findings"]) == sorted(each["id"] for each in (tidy, leases, rebuild))
    assert entry["conflicts"] == []


def test_paths_and_keys_are_in_order():
    entry = entry_of(wish({"roles/b": {"z": 1, "a": 2}, CRL: {"y": 1, "b": 2}, "roles/a": {"k": 1}}))
    assert [(path, list(values)) for path, values in entry["settings"].items()] == [
        (CRL, ["b", "y"]),
        ("roles/a", ["k"]),
        ("roles/b", ["a", "z"]),
    ]
    assert json.dumps(entry["found"]) == json.dumps(plans.unset(entry["settings"]))


def test_each_target_has_its_own_entry():
    others = [
        {**TARGET, "mount": "pki/"},
        {**TARGET, "namespace": "team"},
        {**TARGET, "cluster_id": "c2"},
        {**TARGET, "cluster_id": None, "address": "other:8200"},
    ]
    entries = build([wish({CRL: {"k": 1}}, target=each) for each in (TARGET, *others)], (), NOW)
    assert len({entry["id"] for entry in entries}) == len(entries) == 5
    assert {json.dumps(entry["target"]) for entry in entries} == {json.dumps(each) for each in (TARGET, *others)}


def test_an_id_is_that_of_role_and_target_alone():
    one = entry_of(interval(3600), mounts=[mount_row()])
    other = entry_of(wish({CRL: {"k": 1}}, target={**TARGET, "address": "lb.example:443"}, rule="x.y"))
    assert one["id"] == other["id"] == entry_id("vault_tidy", TARGET) == "c9fb05139e7f99d0"
    assert entry_id("other", TARGET) != one["id"]


def test_two_hosts_that_audited_a_target_are_one_entry_of_the_first_by_name():
    rows = [mount_row(host="v2", address="10.0.0.2:8200"), mount_row(host="v1", address="10.0.0.1:8200")]
    seen = interval(3600, hosts=["v2", "v1"], target={**TARGET, "address": "10.0.0.2:8200"})
    for mounts in (rows, rows[::-1]):
        entry = entry_of(seen, mounts=mounts)
        assert (entry["host"], entry["target"]["address"]) == ("v1", "10.0.0.1:8200")


def test_a_host_that_reported_no_finding_is_not_the_entrys():
    """Its audit may have had fewer rights than the one that saw what is wrong."""
    entry = entry_of(interval(3600, hosts=["v2"]), mounts=[mount_row(host="v1"), mount_row(host="v2")])
    assert entry["host"] == "v2"


def test_what_differs_is_decided_by_the_forecast():
    long, short = interval(43200), interval(3600)
    entry = entry_of(long, short, mounts=[mount_row({TIDY: {INTERVAL: 21600}})])
    assert entry["settings"] == {TIDY: {INTERVAL: 21600}}
    assert entry["conflicts"] == [
        {
            "path": TIDY,
            "key": INTERVAL,
            "values": [
                {"value": 3600, "findings": [short["id"]]},
                {"value": 43200, "findings": [long["id"]]},
            ],
            "chosen": 21600,
            "why": "the forecast looks at the mount as a whole, and recommends this value",
        }
    ]
    assert len(entry["findings"]) == 2


@pytest.mark.parametrize("mounts", [[], [mount_row()], [mount_row({TIDY: {"pause_duration": 0}})]])
def test_what_differs_and_the_forecast_does_not_name_is_left_to_a_person(mounts):
    other = wish({CRL: {"auto_rebuild": True}}, rule="a.b")
    entry = entry_of(interval(43200), interval(3600), other, mounts=mounts)
    assert entry["settings"] == {CRL: {"auto_rebuild": True}}
    assert entry["findings"] == [other["id"]]
    (conflict,) = entry["conflicts"]
    assert conflict["chosen"] is None
    assert [each["value"] for each in conflict["values"]] == [3600, 43200]
    assert "a person decides" in conflict["why"]


def test_an_entry_of_which_everything_is_left_out_still_names_the_conflict():
    entry = entry_of(interval(43200), interval(3600))
    assert (entry["settings"], entry["found"], entry["steps"], entry["findings"]) == ({}, {}, [], [])
    assert len(entry["conflicts"]) == 1


def test_a_live_value_that_changed_during_the_audit_is_left_out_even_if_recommended():
    before = wish({TIDY: {INTERVAL: 3600}}, found={TIDY: {INTERVAL: 43200}}, rule="a.b")
    after = wish({TIDY: {INTERVAL: 3600}}, found={TIDY: {INTERVAL: 86400}}, rule="a.c")
    entry = entry_of(before, after, mounts=[mount_row({TIDY: {INTERVAL: 3600}})])
    (conflict,) = entry["conflicts"]
    assert entry["settings"] == {}
    assert conflict["chosen"] is None
    assert "seen as 43200 and as 86400" in conflict["why"]


def test_true_and_one_are_different_values():
    entry = entry_of(wish({CRL: {"k": True}}, rule="a.b"), wish({CRL: {"k": 1}}, rule="a.c"))
    assert [each["value"] for each in entry["conflicts"][0]["values"]] == [1, True]


@pytest.mark.parametrize(
    "change",
    [{"remediation": None}, {"role": None}, {"target": None}, {"settings": {}}, {"settings": {TIDY: {}}}],
)
def test_what_no_role_can_mend_is_not_planned(change):
    finding = interval(3600)
    finding = {**finding, **change} if "remediation" in change else finding
    if finding["remediation"]:
        finding["remediation"] = {**finding["remediation"], **change}
    assert build([finding], [mount_row()], NOW) == []


def test_the_soonest_outage_comes_first_then_the_worst_severity():
    def on(mount, **more):
        return wish({CRL: {"k": 1}}, target={**TARGET, "mount": mount}, **more)

    findings = [
        on("medium/"),
        on("high/", severity="high"),
        on("later/", severity="critical", outage_at=instant(5 * DAY)),
        on("soon-and-low/", severity="low", outage_at=instant(2 * DAY)),
        on("soon-and-high/", severity="high", outage_at=instant(2 * DAY)),
    ]
    findings.append({**on("medium/", rule="a.b", severity="low", outage_at=instant(4 * DAY))})
    order = [entry["target"]["mount"] for entry in build(findings, (), NOW)]
    assert order == ["soon-and-high/", "soon-and-low/", "medium/", "later/", "high/"]


def evidence(**more):
    return vault_mounts.evidence_of(plans.troubled(**more), on=vault_mounts.server(address="v.example:8200"))


def test_waived_findings_do_not_plan():
    waiver = {"resource": "*", "owner": "me", "reason": "why", "expires": "2027-01-01"}
    whole = plans.vault_report({"a": evidence()})
    assert whole["plan"][0]["settings"]["roles/web"]["allow_localhost"] is False
    part = plans.vault_report({"a": evidence()}, waivers=[{**waiver, "rule": "vault.role-allows-localhost"}])
    assert "allow_localhost" not in part["plan"][0]["settings"]["roles/web"]
    assert plans.vault_report({"a": evidence()}, waivers=[{**waiver, "rule": "vault.*"}])["plan"] == []


def test_a_real_report_plans_the_recommended_settings_and_holds_the_schema():
    report = plans.vault_report({"b": evidence(), "a": evidence()})
    (entry,) = report["plan"]
    recommended = report["mounts"][0]["recommended"]
    for path, values in recommended["settings"].items():
        assert entry["settings"][path].items() >= values.items()
    assert entry["host"] == "a"
    assert entry["found"][TIDY]["enabled"] is False
    assert entry["effect"]["peak_entries_after"] == recommended["peak_entries"]
    schema = json.loads(Path("docs/report.schema.json").read_text(encoding="utf-8"))
    plain = json.loads(json.dumps({**report, "certificates": list(report["certificates"])}))
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(plain)] == []


def test_a_run_with_nothing_wrong_plans_nothing():
    report = plans.vault_report({"a": vault_mounts.evidence_of(vault_mounts.mount())})
    assert report["plan"] == []
    assert reports.zero()["plan"] == []
