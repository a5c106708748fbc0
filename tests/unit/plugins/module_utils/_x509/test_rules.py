# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every rule on single certificates at its edges: just before, exactly on, just after."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import SEVERITIES
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._x509.domain import RULES, judge
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


@pytest.mark.parametrize(
    ("not_after", "expected"),
    [(NOW + SECOND, {"pass": 1}), (NOW, {"pass": 1}), (NOW - SECOND, {"fail": 1})],
    ids=["a second left", "exactly on notAfter, which RFC 5280 includes", "a second over"],
)
def test_expired(not_after, expected):
    assert counted(stored(certificate(not_after=not_after)), "certificate.expired") == expected


def test_expired_says_what_where_and_when():
    (finding,) = judged(
        stored(certificate(not_after=NOW - 76 * timedelta(hours=1)), path="/etc/ssl/vault.pem"), "certificate.expired"
    )
    assert finding["message"] == "leaf.example.com expired at 2026-05-28T20:00:00Z (3d 4h ago)"
    assert finding["severity"] == "critical"
    assert finding["outage_at"] == "2026-05-28T20:00:00Z"
    assert finding["evidence"]["not_after"] == "2026-05-28T20:00:00Z"
    assert finding["remediation"]["text"].startswith("Renew the certificate")


def test_expired_root_in_a_trust_store_is_low():
    roots = [authority(f"Root {number}") for number in range(12)]
    old = authority("Old root", not_after=NOW - DAY)
    (finding,) = judged(stored(*roots, old, path="/etc/ssl/ca-bundle.crt"), "certificate.expired")
    assert (finding["severity"], finding["resource"]["name"]) == ("low", "Old root")
    assert "it lies in a trust store only" in finding["message"]


def test_trust_store_of_single_files_in_a_directory_is_recognised():
    inventory = Inventory()
    for number in range(12):
        add_file(inventory, f"/etc/ssl/certs/root{number}.pem", authority(f"Root {number}"))
    add_file(inventory, "/etc/ssl/certs/old.pem", authority("Old root", not_after=NOW - DAY))
    assert [finding["severity"] for finding in judged(inventory, "certificate.expired")] == ["low"]


@pytest.mark.parametrize(
    ("path", "key", "roots"),
    [("/etc/ssl/ca-bundle.crt", True, 12), ("/etc/ssl/ca-bundle.crt", False, 8)],
    ids=["a private key lies in it", "too few certificates"],
)
def test_what_is_no_trust_store_stays_critical(path, key, roots):
    held = [authority(f"Root {number}") for number in range(roots)]
    old = authority("Old root", not_after=NOW - DAY)
    (finding,) = judged(stored(*held, old, path=path, key=key), "certificate.expired")
    assert finding["severity"] == "critical"


def test_expired_root_that_is_also_used_elsewhere_stays_critical():
    old = authority("Old root", not_after=NOW - DAY)
    inventory = stored(*[authority(f"Root {number}") for number in range(12)], old, path="/etc/ssl/ca-bundle.crt")
    add_file(inventory, "/etc/vault/ca.pem", old)
    (finding,) = judged(inventory, "certificate.expired")
    assert finding["severity"] == "critical"


def test_superseded_certificate_in_a_bundle_is_low_and_the_current_one_is_not():
    old = certificate(not_before=NOW - 100 * DAY, not_after=NOW - DAY)
    current = certificate(not_before=NOW - 10 * DAY, not_after=NOW + 90 * DAY)
    (finding,) = judged(stored(old, current, key=True), "certificate.expired")
    assert finding["severity"] == "low"
    assert finding["evidence"]["superseded_by"] == current.fingerprint_sha256
    expired = certificate(not_before=NOW - 10 * DAY, not_after=NOW - SECOND)
    severities = [each["severity"] for each in judged(stored(old, expired, key=True), "certificate.expired")]
    assert sorted(severities) == ["critical", "low"]


@pytest.mark.parametrize(
    ("not_before", "expected"),
    [(NOW - SECOND, {"pass": 1}), (NOW, {"pass": 1}), (NOW + SECOND, {"fail": 1})],
    ids=["a second ago", "exactly on notBefore", "a second ahead"],
)
def test_not_yet_valid(not_before, expected):
    assert counted(stored(certificate(not_before=not_before)), "certificate.not-yet-valid") == expected


@pytest.mark.parametrize(
    ("used_seconds", "expected"),
    [(749_999, {"pass": 1}), (750_000, {"pass": 1}), (750_001, {"fail": 1})],
    ids=["just below 75 %", "exactly 75 %", "just above"],
)
def test_renewal_due_at_75_percent(used_seconds, expected):
    start = NOW - used_seconds * SECOND
    leaf = certificate(not_before=start, not_after=start + 1_000_000 * SECOND)
    assert counted(stored(leaf), "certificate.renewal-due") == expected


def test_renewal_due_follows_the_policy():
    leaf = certificate(not_before=NOW - 50 * DAY, not_after=NOW + 50 * DAY)
    assert counted(stored(leaf), "certificate.renewal-due", max_lifespan_used=50) == {"pass": 1}
    assert counted(stored(leaf), "certificate.renewal-due", max_lifespan_used=49.9) == {"fail": 1}


@pytest.mark.parametrize(
    ("remaining", "severity"),
    [
        (7 * DAY, "critical"),
        (7 * DAY + SECOND, "high"),
        (30 * DAY, "high"),
        (30 * DAY + SECOND, "medium"),
        (90 * DAY, "medium"),
        (90 * DAY + SECOND, "low"),
    ],
)
def test_severity_follows_from_the_time_to_the_outage(remaining, severity):
    leaf = certificate(not_before=NOW - 1000 * DAY, not_after=NOW + remaining)
    (finding,) = judged(stored(leaf), "certificate.renewal-due")
    assert finding["severity"] == severity


def test_horizons_are_policy():
    leaf = certificate(not_before=NOW - 1000 * DAY, not_after=NOW + 10 * DAY)
    (finding,) = judged(stored(leaf), "certificate.renewal-due", severity_horizons={"critical": "14d"})
    assert finding["severity"] == "critical"


@pytest.mark.parametrize(
    ("rotator", "window"), [("kubelet", 92), ("consul-template", 95), ("cert-manager", 70), ("step", 70)]
)
def test_a_known_rotator_is_judged_by_its_own_window(rotator, window):
    def at(used: float):
        start = NOW - timedelta(seconds=used * 10_000)
        return stored(certificate(rotator=rotator, not_before=start, not_after=start + timedelta(seconds=1_000_000)))

    assert counted(at(window), "certificate.rotation-missed") == {"pass": 1}
    assert counted(at(window + 0.01), "certificate.rotation-missed") == {"fail": 1}
    assert counted(at(max(window, 76)), "certificate.renewal-due") == {"not_applicable": 1}


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"names": ("spiffe://1111.consul/ns/default/dc/dc1/svc/web",)}, "/etc/ssl/one.pem"),
        ({"issuer": "CN=pri-1abcdefg.consul.ca.11111111.consul"}, "/etc/ssl/one.pem"),
        ({"issuer": "CN=kubernetes"}, "/var/lib/kubelet/pki/kubelet-client-current.pem"),
    ],
    ids=["Consul Connect by its SPIFFE URI", "Consul Connect by its issuer", "kubelet by its directory"],
)
def test_rotators_are_recognised(values, path):
    leaf = certificate(not_before=NOW - 85 * DAY, not_after=NOW + 15 * DAY, **values)
    assert counted(stored(leaf, path=path), "certificate.rotation-missed") == {"pass": 1}
    assert counted(stored(leaf, path=path), "certificate.renewal-due") == {"not_applicable": 1}


def test_a_ca_beside_a_leaf_is_not_renewed_by_its_rotator():
    late = authority(rotator="vault-agent", not_before=NOW - 85 * DAY, not_after=NOW + 15 * DAY)
    assert counted(stored(late), "certificate.renewal-due") == {"fail": 1}
    assert counted(stored(late), "certificate.rotation-missed") == {"not_applicable": 1}


def test_a_certificate_of_the_kubernetes_api_for_vault_has_no_rotator():
    leaf = certificate(
        subject="O=system:nodes,CN=system:node:vault-0", not_before=NOW - 85 * DAY, not_after=NOW + 15 * DAY
    )
    assert counted(stored(leaf), "certificate.renewal-due") == {"fail": 1}


def test_self_signed_serving_certificate_of_kubelet_has_no_rotator():
    leaf = certificate(not_before=NOW - 85 * DAY, not_after=NOW + 15 * DAY, issuer="CN=node1-ca@1700000000")
    assert counted(stored(leaf, path="/var/lib/kubelet/pki/kubelet.crt"), "certificate.renewal-due") == {"fail": 1}


def test_roots_in_a_trust_store_are_not_ours_to_renew():
    roots = [authority(f"Root {number}", not_after=NOW + DAY) for number in range(12)]
    assert counted(stored(*roots), "certificate.renewal-due") == {"not_applicable": 12}
    assert counted(stored(*roots[:5]), "certificate.renewal-due") == {"fail": 5}


def test_lifespan_that_is_not_positive_is_unknown():
    backwards = certificate(not_before=NOW, not_after=NOW - SECOND)
    (finding,) = judged(stored(backwards), "certificate.malformed")
    assert finding["status"] == "unknown"
    assert "notAfter 2026-05-31T23:59:59Z before notBefore 2026-06-01T00:00:00Z" in finding["message"]
    instant = certificate(not_before=NOW, not_after=NOW)
    assert counted(stored(instant), "certificate.malformed") == {"pass": 1}
    assert counted(stored(instant), "certificate.renewal-due") == {"fail": 1}


@pytest.mark.parametrize(
    ("not_before", "not_after"),
    [
        (datetime(1, 1, 1, tzinfo=timezone.utc), datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
        (datetime(1949, 12, 31, tzinfo=timezone.utc), datetime(2050, 1, 1, tzinfo=timezone.utc)),
        (datetime(2024, 2, 29, tzinfo=timezone.utc), datetime(2028, 2, 29, tzinfo=timezone.utc)),
    ],
    ids=["no well-defined expiration", "before 1950 and after 2050", "leap days"],
)
def test_dates_at_the_edges(not_before, not_after):
    inventory = stored(certificate(not_before=not_before, not_after=not_after))
    for rule in ("expired", "not-yet-valid", "malformed"):
        assert counted(inventory, f"certificate.{rule}") == {"pass": 1}
    assert counted(inventory, "certificate.renewal-due", max_lifespan_used=100) == {"pass": 1}
    reread = Inventory.from_evidence(
        {**inventory.to_evidence(), "certificates": list(inventory.to_evidence()["certificates"])}
    )
    again = next(iter(reread.certificates.values()))
    assert (again.not_before, again.not_after) == (not_before, not_after)


def _crl(**values):
    inventory = Inventory()
    target = inventory.add_target("path", "/etc/ssl/ca.crl")
    inventory.evaluated(target)
    crl = {"issuer": "CN=CA", "this_update": "2026-05-31T00:00:00Z", "next_update": "2026-06-03T00:00:00Z"}
    inventory.add_crl(
        {**crl, "entries": 7, "bytes": 512, "fingerprint_sha256": "ab", **values}, "/etc/ssl/ca.crl", target=target
    )
    return inventory


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 6, 2, 20, 24, 0, tzinfo=timezone.utc), {"pass": 1}),
        (datetime(2026, 6, 2, 20, 24, 1, tzinfo=timezone.utc), {"fail": 1}),
        (datetime(2026, 6, 3, 0, 0, 1, tzinfo=timezone.utc), {"fail": 1}),
    ],
    ids=["exactly 95 %", "a second over 95 %", "past nextUpdate"],
)
def test_crl_stale(now, expected):
    assert counted(_crl(), "certificate.crl-stale", now=now) == expected


def test_crl_past_its_next_update_is_critical_and_says_so():
    (finding,) = judged(_crl(), "certificate.crl-stale", now=datetime(2026, 6, 3, 1, tzinfo=timezone.utc))
    assert finding["severity"] == "critical"
    assert finding["message"] == "The CRL of CN=CA is stale since 2026-06-03T00:00:00Z (1h ago)"


def test_crl_without_next_update_does_not_apply():
    assert counted(_crl(next_update=None), "certificate.crl-stale") == {"not_applicable": 1}


def _target(kind, name, *, reason=None, problems=()):
    inventory = Inventory()
    target = inventory.add_target(kind, name)
    if reason is None:
        inventory.evaluated(target)
    else:
        inventory.unknown(target, reason)
    for location, problem, why in problems:
        inventory.add_problem(location, kind=problem, reason=why, target=target)
    return inventory


@pytest.mark.parametrize(
    ("inventory", "rule"),
    [
        (_target("path", "/etc/nope", reason="matches nothing"), "target-empty"),
        (_target("path", "/x", reason="Permission denied", problems=[("/x", "unreadable", "no")]), "target-unreadable"),
        (_target("path", "/x", problems=[("/x/a.p12", "password", "needs one")]), "target-unreadable"),
        (_target("path", "/x", problems=[("/x/a.pem", "unparseable", "bad DER")]), "unparseable"),
        (_target("endpoint", "tls://a:1", reason="refused"), "target-unreachable"),
        (
            _target("endpoint", "tls://a:1", reason="refused", problems=[("tls://a:1", "unreachable", "refused")]),
            "target-unreachable",
        ),
        (
            _target("endpoint", "tls://a:1", problems=[("tls://a:1@::1", "unreachable", "refused")]),
            "target-unreachable",
        ),
    ],
)
def test_what_was_not_seen_is_unknown_once_and_by_one_rule(inventory, rule):
    rules = ("target-empty", "target-unreadable", "target-unreachable", "unparseable")
    unknown = {each: counted(inventory, f"certificate.{each}").get("unknown", 0) for each in rules}
    assert unknown == {each: int(each == rule) for each in rules}


def test_an_evaluated_target_passes():
    assert counted(stored(certificate()), "certificate.target-empty") == {"pass": 1}
    assert counted(stored(certificate()), "certificate.target-unreadable") == {"pass": 1}
    assert counted(stored(certificate()), "certificate.target-unreachable") == {"not_applicable": 1}


RANK = {severity: -number for number, severity in enumerate(SEVERITIES)}
# A certificate that is not valid yet gets better by waiting: that is what the rule says.
MONOTONE = frozenset(RULES.rules) - {"certificate.not-yet-valid"}
# An expired root in a trust store is low once the last that depended on it has expired itself, which then is critical.
IN_A_TRUST_STORE = MONOTONE - {"certificate.issuer-expiring"}


def _worst(inventory, now, rules):
    """The worst severity of each certificate and endpoint that any rule fails."""
    worst = {}
    for finding in judge(inventory, Policy.from_options(RULES.settings(), {}), now, Coverage(), False, only=rules):
        if finding.status == "fail":
            rank = RANK[finding.severity]
            worst[finding.resource.identity] = max(rank, worst.get(finding.resource.identity, rank))
    return worst


EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
spans = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9))


@settings(max_examples=300)
@given(
    spans=st.tuples(spans, spans, spans),
    roots=st.sampled_from([0, 30]),
    served=st.booleans(),
    rotator=st.sampled_from([None, "kubelet", "step"]),
    first=st.integers(0, 3 * 10**9),
    later=st.integers(0, 10**9),
)
def test_moving_now_forward_never_makes_a_certificate_milder(spans, roots, served, rotator, first, later):
    """A CA, a leaf of it and its successor, in one file, with or without a trust store around them or an endpoint."""
    dated = [{"not_before": EPOCH + at * SECOND, "not_after": EPOCH + (at + life) * SECOND} for at, life in spans]
    ca = authority("CA", **dated[0])
    leaves = [
        certificate(issuer=ca, rotator=rotator, serial_number=str(n), **dates) for n, dates in enumerate(dated[1:])
    ]
    inventory = stored(ca, *leaves, *[authority(f"Root {number}") for number in range(roots)])
    if served:
        add_endpoint(inventory, "tls://leaf.example.com:443", leaves[0], ca)
    rules = IN_A_TRUST_STORE if roots else MONOTONE
    before = _worst(inventory, EPOCH + first * SECOND, rules)
    after = _worst(inventory, EPOCH + (first + later) * SECOND, rules)
    assert {each: rank for each, rank in before.items() if after.get(each, -9) < rank} == {}
