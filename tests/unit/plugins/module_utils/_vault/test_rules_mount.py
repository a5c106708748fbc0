# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on a mount as a whole, on its issuers, on ACME and on the server."""

from __future__ import annotations

import pytest

from tests.support.inventories import authority
from tests.support.vault_mounts import (
    DAY,
    NOW,
    SECOND,
    at,
    evidence_of,
    findings,
    intermediate,
    issuer,
    judged,
    leaves,
    mount,
    role,
    server,
    status,
    storage,
    unread,
    vault,
)

GOOD = mount()


def counting(certificates: int):
    return mount(counts={"certificates": certificates, "revoked": 0, "leases": 0, "irrevocable_leases": 0})


@pytest.mark.parametrize(
    ("count", "severity"), [(49_999, None), (50_000, "medium"), (249_999, "medium"), (250_000, "high")]
)
def test_too_many(count, severity):
    found = judged(counting(count), "too-many-certificates")
    assert [finding["severity"] for finding in found] == ([severity] if severity else [])


def test_too_many_by_another_policy():
    assert status(counting(50_000), "too-many-certificates", max_certificates=50_001) == "pass"


@pytest.mark.parametrize(
    ("urls", "own", "revocation", "aia"),
    [
        ({}, {}, "fail", "fail"),
        ({"crl_distribution_points": ["u"]}, {}, "pass", "fail"),
        ({"ocsp_servers": ["u"]}, {}, "pass", "fail"),
        ({"issuing_certificates": ["u"]}, {}, "fail", "pass"),
        ({}, {"crl_distribution_points": ["u"], "issuing_certificates": ["u"]}, "pass", "pass"),
        ({}, {"usage": ["read-only", "crl-signing"]}, "pass", "pass"),
    ],
    ids=["none", "a CRL", "an OCSP server", "an issuer", "the issuer's own", "issues nothing"],
)
def test_urls(urls, own, revocation, aia):
    keys = ("crl_distribution_points", "ocsp_servers", "issuing_certificates")
    evidence = mount(urls={**{key: [] for key in keys}, **urls}, issuers=[issuer(**own)])
    assert status(evidence, "revocation-urls-missing") == revocation
    assert status(evidence, "issuer-urls-missing") == aia
    assert status({**evidence, "issuers": []}, "revocation-urls-missing") == "not_applicable"


@pytest.mark.parametrize(
    ("templating", "cluster", "expected"),
    [
        (False, {"path": "", "aia_path": ""}, "not_applicable"),
        (True, {"path": "", "aia_path": ""}, "fail"),
        (True, {"path": "https://v", "aia_path": ""}, "fail"),
        (True, {"path": "https://v", "aia_path": "http://v"}, "pass"),
    ],
)
def test_url_templates(templating, cluster, expected):
    urls = {"ocsp_servers": ["{{cluster_path}}/ocsp"], "issuing_certificates": ["{{cluster_aia_path}}/ca"]}
    evidence = mount(urls={**urls, "enable_templating": templating}, cluster=cluster)
    assert status(evidence, "url-template-unfilled") == expected


def tuned(**more):
    return mount(tune={**GOOD["tune"], **more})


def test_audit_log_that_shows_keys():
    shown = tuned(audit_non_hmac_response_keys=["certificate", "private_key"])
    (finding,) = judged(shown, "audit-secrets-visible")
    assert finding["message"] == "pki/: the audit log shows private_key in the clear"
    assert status(GOOD, "audit-secrets-visible") == "pass"


def test_audit_log_that_hides_parameters_is_one_finding():
    """health-check prints one line for each parameter."""
    (finding,) = judged(mount(tune={}), "audit-parameters-hidden")
    assert len(finding["evidence"]["audit_non_hmac_request_keys"]) == 25
    assert len(finding["evidence"]["audit_non_hmac_response_keys"]) == 5
    one_less = tuned(audit_non_hmac_request_keys=GOOD["tune"]["audit_non_hmac_request_keys"][1:])
    (finding,) = judged(one_less, "audit-parameters-hidden")
    assert finding["evidence"]["audit_non_hmac_request_keys"] == ["csr"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"passthrough_request_headers": ["if-modified-since"]}, "pass"),
        ({"passthrough_request_headers": []}, "fail"),
        ({"allowed_response_headers": ["Location"]}, "fail"),
    ],
)
def test_if_modified_since(changes, expected):
    assert status(tuned(**changes), "if-modified-since-off") == expected


@pytest.mark.parametrize(
    ("acme", "certificate", "expected"),
    [
        ({"enabled": True}, intermediate(), "pass"),
        ({"enabled": False}, intermediate(), "fail"),
        ({"enabled": False}, authority(), "not_applicable"),
    ],
    ids=["on", "off", "a root only"],
)
def test_acme_off(acme, certificate, expected):
    assert status(mount(acme=acme), "acme-off", certificates=[certificate]) == expected
    assert status(mount(acme={"enabled": False}, issuers=[]), "acme-off") == "not_applicable"


@pytest.mark.parametrize(
    ("path", "expected"), [("https://v/v1/pki", "pass"), ("http://v/v1/pki", "fail"), ("", "fail"), (None, "fail")]
)
def test_acme_without_path(path, expected):
    assert status(mount(cluster={"path": path}), "acme-without-path") == expected
    off = mount(cluster={"path": path}, acme={"enabled": False})
    assert status(off, "acme-without-path") == "not_applicable"


def test_acme_headers():
    (finding,) = judged(tuned(allowed_response_headers=["link", "Last-Modified"]), "acme-headers-missing")
    assert finding["message"] == "pki/: ACME's answers lack Replay-Nonce, Location"
    off = mount(acme={"enabled": False}, tune={})
    assert status(off, "acme-headers-missing") == "not_applicable"


@pytest.mark.parametrize(
    ("directory", "eab", "expected"),
    [
        ("sign-verbatim", "not-required", "fail"),
        ("sign-verbatim", "always-required", "pass"),
        ("role:web", "not-required", "pass"),
        ("forbid", "not-required", "pass"),
    ],
)
def test_acme_open(directory, eab, expected):
    acme = {"enabled": True, "default_directory_policy": directory, "eab_policy": eab}
    assert status(mount(acme=acme), "acme-open") == expected
    assert status(mount(acme={**acme, "enabled": False}), "acme-open") == "not_applicable"


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (intermediate(not_after=NOW + 60 * DAY), "pass"),
        (intermediate(not_after=NOW + 60 * DAY - SECOND), "fail"),
        (authority(not_after=NOW + 365 * DAY), "pass"),
        (authority(not_after=NOW + 365 * DAY - SECOND), "fail"),
        (intermediate(not_after=NOW), "fail"),
        (intermediate(not_after=NOW - SECOND), "not_applicable"),
    ],
)
def test_issuer_expiring(certificate, expected):
    assert status(GOOD, "issuer-expiring", certificates=[certificate]) == expected


def test_issuer_expiring_has_its_date():
    (finding,) = judged(GOOD, "issuer-expiring", certificates=[intermediate(not_after=NOW + 7 * DAY)])
    assert (finding["outage_at"], finding["severity"]) == (at(NOW + 7 * DAY), "critical")
    assert finding["resource"] == {
        "kind": "vault_issuer",
        "name": "pki/issuer/some-ca",
        "location": "vault://0a1052e7/pki/issuer/11111111-issuer",
    }


@pytest.mark.parametrize(
    ("behavior", "certificate", "expected"),
    [
        ("permit", intermediate(), "fail"),
        ("permit", authority(), "not_applicable"),
        ("truncate", intermediate(), "pass"),
        ("err", intermediate(), "pass"),
    ],
)
def test_permits_outliving(behavior, certificate, expected):
    evidence = mount(issuers=[issuer(leaf_not_after_behavior=behavior)])
    assert status(evidence, "issuer-permits-outliving", certificates=[certificate]) == expected


@pytest.mark.parametrize(
    ("changes", "certificate", "expected"),
    [
        ({}, authority(), "fail"),
        ({}, intermediate(), "not_applicable"),
        ({"roles": {}}, authority(), "pass"),
        ({"roles": {"web": role(issuer_ref="another")}}, authority(), "pass"),
        ({"roles": {}, "leaves": leaves(mode="none")}, authority(), "not_applicable"),
        ({"roles": {}, "leaves": leaves(end_entities={"CN=Some CA": "01:02"})}, authority(), "fail"),
        ({"issuers": [issuer(usage=["crl-signing"])]}, authority(), "not_applicable"),
        (
            {"issuers": [issuer(key_id=None)], "leaves": leaves(end_entities={"CN=Some CA": "01:02"})},
            authority(),
            "fail",
        ),
    ],
)
def test_root_issues_leaves(changes, certificate, expected):
    assert status(mount(**changes), "root-issues-leaves", certificates=[certificate]) == expected


def test_root_that_has_issued_none_so_far_is_low():
    for issued, severity in [({"CN=Some CA": "01:02"}, "medium"), ({"CN=Other": "01:02"}, "low")]:
        evidence = mount(leaves=leaves(["2026-05-01", "2026-07-01", 3], end_entities=issued))
        (finding,) = judged(evidence, "root-issues-leaves", certificates=[authority()])
        assert finding["severity"] == severity


@pytest.mark.parametrize("part", ["leaves", "certificates"])
def test_what_a_root_has_issued_is_unknown_where_it_could_not_be_read(part):
    evidence = unread(part, roles={}, leaves=leaves(mode="all"))
    assert status(evidence, "root-issues-leaves", certificates=[authority()]) == "unknown"
    assert status({**evidence, "roles": {"web": role()}}, "root-issues-leaves", certificates=[authority()]) == "fail"


@pytest.mark.parametrize(
    ("row", "certificate", "expected"),
    [
        ({"key_managed": False}, authority(), "fail"),
        ({"key_managed": True}, authority(), "pass"),
        ({"key_managed": None}, authority(), "not_applicable"),
        ({"key_managed": False}, intermediate(), "not_applicable"),
        ({"key_managed": False, "key_id": ""}, authority(), "not_applicable"),
    ],
)
def test_root_key(row, certificate, expected):
    assert status(mount(issuers=[issuer(**row)]), "root-key-unmanaged", certificates=[certificate]) == expected


def test_vanished_mount_is_unknown_in_every_rule_on_it():
    gone = {"part": "mount", "path": "pki/", "capability": None, "status": 404, "reason": "nothing is mounted there"}
    nothing = {key: None for key in GOOD if key not in ("path", "namespace", "counts", "leaves")}
    evidence = {**GOOD, **nothing, "counts": dict.fromkeys(GOOD["counts"]), "leaves": leaves(mode="none")}
    found = findings(evidence_of({**evidence, "problems": [gone]}))
    assert {finding["status"] for finding in found} == {"unknown"}
    assert len(found) > 50
    assert all("nothing is mounted there" in finding["message"] for finding in found)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (server(), "pass"),
        (server(storage=storage(source="configured")), "pass"),
        (server(storage=storage(source="assumed")), "unknown"),
        (server(storage=storage(None, limit=None, source=None)), "unknown"),
        (server(storage=storage("swift", limit=None, source=None)), "unknown"),
        (server(storage=storage("inmem", limit=None, source="assumed")), "not_applicable"),
    ],
)
def test_storage_limit_assumed(on, expected):
    assert status(GOOD, "storage-limit-assumed", on=on) == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (vault(version="1.12.0"), "pass"),
        (vault(version="1.11.12"), "fail"),
        (vault(version="2.0.0+ent"), "pass"),
        (server(version="2.0.0"), "pass"),
        (server(version=None), "not_applicable"),
    ],
)
def test_version(on, expected):
    assert status(GOOD, "version-old", on=on) == expected


@pytest.mark.parametrize(
    ("part", "rules"),
    [
        ("server", {"vault.server-unread", "vault.version-old"}),
        ("token", {"vault.token-unfit"}),
        ("mounts", {"vault.mounts-unlisted"}),
        ("storage", {"vault.storage-limit-assumed"}),
    ],
)
def test_problems_of_the_server_are_its_own(part, rules):
    problem = {"part": part, "path": "sys/x", "capability": "read", "status": 403, "reason": "permission denied"}
    on = server(storage=storage(source="assumed")) if part == "storage" else server()
    found = findings(evidence_of(on=on, problems=[problem]))
    assert {finding["rule"] for finding in found} == rules
    for finding in found:
        assert (finding["status"], finding["resource"]["kind"]) == ("unknown", "vault_server")
        assert finding["remediation"]["text"].startswith("Grant the audit's token the capability read on sys/x")
