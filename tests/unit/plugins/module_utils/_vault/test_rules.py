# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry as a whole: what a missing right makes unknown, what an old server lacks, and stable resources."""

from __future__ import annotations

from copy import deepcopy

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._vault.domain import RULES
from tests.support.vault_mounts import (
    ALL_TIDIED,
    crl,
    evidence_of,
    findings,
    issuer,
    mount,
    role,
    server,
    tidied,
    unread,
)

LEASED = {
    "roles": {"web": role(generate_lease=True)},
    "counts": {"certificates": 2, "revoked": 0, "leases": 1, "irrevocable_leases": 0},
}

FORECAST = {"crl-overflow", "crl-overflow-with-growth", "lease-backlog-overflow"}
ROLE_RULES = {rule.id[6:] for rule in RULES.rules.values() if rule.subject == "role"}
ISSUER_RULES = {rule.id[6:] for rule in RULES.rules.values() if rule.subject == "issuer"}
CRL_RULES = {rule.id[6:] for rule in RULES.rules.values() if rule.subject == "crl"}
TIDY_SETTINGS = {
    "auto-tidy-disabled",
    "tidy-cert-store-off",
    "tidy-revoked-certs-off",
    "tidy-expired-issuers-off",
    "tidy-acme-off",
    "tidy-associations-off",
    "tidy-interval-long",
    "tidy-safety-buffer-long",
    "tidy-pause-long",
    "tidy-outpaced-by-restarts",
    "tidy-overdue",
}
WITHOUT_CRLS = (
    CRL_RULES
    | FORECAST
    | {"crl-near-limit", "crl-frozen", "max-crl-entries-unsafe", "lease-drain-long"}
    | {"tidy-interval-long", "tidy-safety-buffer-long"}
)
WITHOUT_LEAVES = FORECAST | {"lease-drain-long", "role-ttl-long", "tidy-outpaced-by-restarts", "tidy-overdue"}
UNKNOWN_WITHOUT = {
    "tune": {"audit-secrets-visible", "audit-parameters-hidden", "if-modified-since-off", "acme-headers-missing"},
    "auto_tidy": TIDY_SETTINGS | FORECAST | {"lease-drain-long"},
    "tidy_status": {"tidy-failed", "tidy-running-long", "tidy-not-run", "tidy-outpaced-by-restarts"},
    "crl_config": FORECAST
    | {"crl-frozen", "crl-auto-rebuild-off", "crl-grace-period-unworkable", "crl-delta-unworkable", "crl-disabled"}
    | {"max-crl-entries-unsafe", "lease-drain-long"},
    "urls": {"revocation-urls-missing", "issuer-urls-missing", "url-template-unfilled", "crl-delta-unworkable"},
    "cluster": {"url-template-unfilled", "acme-without-path"},
    "acme": {"acme-off", "acme-without-path", "acme-headers-missing", "acme-open", "tidy-acme-off"},
    "roles": ROLE_RULES | FORECAST | {"tidy-cert-store-off", "lease-drain-long"},
    "issuers": ISSUER_RULES
    | {"acme-off", "revocation-urls-missing", "issuer-urls-missing", "role-outlives-issuer"}
    | {"tidy-expired-issuers-off", "tidy-associations-off"}
    | WITHOUT_CRLS,
    "crls": WITHOUT_CRLS,
    "certificates": {"too-many-certificates"} | WITHOUT_LEAVES,
    "revoked": FORECAST
    | {"crl-frozen", "crl-near-limit", "max-crl-entries-unsafe", "lease-drain-long"}
    | {"tidy-interval-long", "tidy-safety-buffer-long"},
    "leases": {"lease-backlog-overflow", "lease-drain-long"},
    "irrevocable_leases": {"irrevocable-leases"},
    "leaves": WITHOUT_LEAVES,
}


@pytest.mark.parametrize("part", UNKNOWN_WITHOUT)
def test_a_missing_right_makes_exactly_its_rules_unknown(part):
    found = findings(evidence_of(unread(part, path=f"pki/{part}", capability="read", **LEASED)))
    lost = [finding for finding in found if finding["status"] == "unknown"]
    assert {finding["rule"] for finding in lost} == {f"vault.{name}" for name in UNKNOWN_WITHOUT[part]}
    for finding in lost:
        assert finding["evidence"]["path"] == f"pki/{part}"
        assert finding["message"].endswith(f"pki/{part} could not be read: permission denied")
        text = f"Grant the audit's token the capability read on pki/{part}, and audit again."
        assert finding["remediation"]["text"] == text


def test_every_part_of_the_evidence_is_needed_by_a_rule():
    parts = {key for key in mount() if key not in ("path", "namespace", "problems", "counts", "leases_by_role")}
    parts -= {"max_lease_ttl_seconds", "default_lease_ttl_seconds"}
    assert parts | set(mount()["counts"]) == set(UNKNOWN_WITHOUT)


def test_roles_that_were_read_are_judged_although_others_were_not():
    problem = {"part": "roles", "path": "pki/roles/b", "capability": "read", "status": 403, "reason": "denied"}
    evidence = mount(roles={"a": role(allow_any_name=True)}, problems=[problem])
    found = findings(evidence_of(evidence), "role-allows-any-name")
    assert [(each["status"], each["resource"]["name"]) for each in found] == [
        ("fail", "pki/roles/a"),
        ("unknown", "pki/roles"),
    ]


def test_good_mount_has_no_findings():
    coverage = Coverage()
    assert findings(evidence_of(mount()), coverage=coverage) == []
    assert all(counts["fail"] == counts["unknown"] == 0 for counts in coverage.rules.values())


def test_what_an_old_server_lacks_is_not_applicable():
    """No auto-tidy, no tidy-status, no ACME, no cluster, no counts, no CRL: nothing fails and nothing is unknown."""
    lacking = dict.fromkeys(("auto_tidy", "tidy_status", "acme", "cluster", "tune", "crl_config", "urls"))
    evidence = mount(**lacking, crls=[], counts=dict.fromkeys(mount()["counts"]), roles={}, issuers=[])
    assert findings(evidence_of(evidence)) == []


def test_no_rule_crashes_on_a_mount_with_nothing_and_on_one_with_everything_wrong():
    worst = mount(
        auto_tidy={**ALL_TIDIED, "pause_duration": 3600, "interval_duration": 10**7, "safety_buffer": 10**8},
        tidy_status={"state": "Running", "time_started": "2020-01-01T00:00:00Z"},
        crls=[crl(10**6, revocation_days=[["2026-05-30", 10**5]]), crl(5, kind="delta")],
        crl_config={"enable_delta": True, "max_crl_entries": -1},
        roles={"a": role(generate_lease=None, no_store=True), "b": {}, "c": role(not_after="no date")},
        issuers=[issuer(usage=["read-only"]), issuer(issuer_id="2", certificate_fingerprint_sha256=None)],
    )
    for evidence in (worst, mount(roles={}, issuers=[], crls=[], leaves={}, counts={}, tune={}, urls={})):
        for finding in findings(evidence_of(evidence)):
            assert "trace" not in finding["evidence"], finding["message"]


def test_what_a_role_can_mend_names_its_target_and_the_live_value_of_every_setting():
    worst = tidied(enabled=False, tidy_revoked_certs=False)
    worst |= {"crl_config": {"auto_rebuild": True, "auto_rebuild_grace_period": 259200, "disable": True}}
    worst |= {"roles": {"a": role(generate_lease=True, allow_localhost=True)}, "namespace": "team"}
    paused = tidied(pause_duration=3600, interval_duration=10**7)
    on = server(address="vault.example.com:8200")
    remedies = [each["remediation"] for each in findings(evidence_of(worst, {**paused, "namespace": "team"}, on=on))]
    mended = [each for each in remedies if each["role"]]
    assert len(mended) > 4
    for each in mended:
        assert each["target"] == {
            "kind": "vault_mount",
            "address": "vault.example.com:8200",
            "cluster_id": "0a1052e7",
            "namespace": "team",
            "mount": "pki/",
        }
        settings, found = each["settings"], each["found"]
        assert {path: list(values) for path, values in found.items()} == {
            path: list(values) for path, values in settings.items()
        }
        # Durations are seconds, as in what was found.
        assert not [value for values in settings.values() for value in values.values() if isinstance(value, str)]
    assert all(each["target"] is None for each in remedies if not each["role"])


def test_identity_is_that_of_the_cluster_namespace_and_path():
    evidence = mount(namespace="team/a", path="pki/int/", crl_config={**mount()["crl_config"], "disable": True})
    (finding,) = findings(evidence_of(evidence), "crl-disabled")
    assert finding["resource"]["location"] == "vault://0a1052e7/team/a/pki/int/"
    assert finding["resource"]["name"] == "team/a/pki/int/"
    again = findings(evidence_of(deepcopy(evidence), on=server(version="2.8.0", standby=True)), "crl-disabled")
    assert again[0]["id"] == finding["id"]
    elsewhere = findings(evidence_of(evidence, on=server(cluster_id="other")), "crl-disabled")
    assert elsewhere[0]["id"] != finding["id"]
    namespaced = findings(evidence_of({**evidence, "namespace": "team/b"}), "crl-disabled")
    assert namespaced[0]["id"] != finding["id"]


def test_every_resource_of_a_mount_has_its_own_identity():
    issuers = [issuer(), issuer(issuer_id="2", is_default=False)]
    crls = [crl(), crl(kind="delta"), crl(issuer_ids=["2"])]
    evidence = evidence_of(mount(roles={"a": role(), "b": role()}, issuers=issuers, crls=crls))
    locations = {finding["resource"]["location"] for finding in findings(evidence, include_passes=True)}
    root = "vault://0a1052e7"
    assert locations == {
        root,
        f"{root}/pki/",
        f"{root}/pki/roles/a",
        f"{root}/pki/roles/b",
        f"{root}/pki/issuer/11111111-issuer",
        f"{root}/pki/issuer/2",
        f"{root}/pki/issuer/11111111-issuer/crl",
        f"{root}/pki/issuer/11111111-issuer/crl/delta",
        f"{root}/pki/issuer/2/crl",
    }


HEALTH_CHECKS = {
    "ca_validity_period",
    "crl_validity_period",
    "hardware_backed_root",
    "root_issued_leaves",
    "role_allows_localhost",
    "role_allows_glob_wildcards",
    "role_no_store_false",
    "audit_visibility",
    "allow_if_modified_since",
    "enable_auto_tidy",
    "tidy_last_run",
    "too_many_certs",
    "enable_acme_issuance",
    "allow_acme_headers",
}
"""The servers' own checks."""


def test_every_health_check_has_a_rule():
    named = {text for rule in RULES.rules.values() for text in rule.references if "health-check" in text}
    assert named == {f"vault pki health-check, {name}" for name in HEALTH_CHECKS}


def test_registry():
    assert len(RULES.rules) == 60
    for rule in RULES.rules.values():
        assert rule.subject in ("server", "mount", "role", "issuer", "crl"), rule.id
        assert 10 <= len(rule.title) <= 75, rule.id
        assert rule.rationale.endswith("."), rule.id
        assert rule.remediation.endswith("."), rule.id
    for setting in RULES.settings():
        assert setting.parse(setting.default) is not None
