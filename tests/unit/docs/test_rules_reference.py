# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry of rules: complete, unique, well named; and docs/rules.md in step with it."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.plugin_utils._report.document import ALL_RULES
from tests.tools.rules_reference import PATH, reference

IDS = [
    "certificate.expired",
    "certificate.not-yet-valid",
    "certificate.malformed",
    "certificate.renewal-due",
    "certificate.rotation-missed",
    "certificate.crl-stale",
    "certificate.target-unreachable",
    "certificate.target-unreadable",
    "certificate.target-empty",
    "certificate.unparseable",
    "certificate.outlives-issuer",
    "certificate.issuer-expiring",
    "certificate.renewed-not-reloaded",
    "certificate.chain-incomplete",
    "certificate.untrusted",
    "certificate.hostname-mismatch",
    "vault.acme-off",
    "vault.acme-without-path",
    "vault.acme-headers-missing",
    "vault.acme-open",
    "vault.crl-expired",
    "vault.crl-near-expiry",
    "vault.crl-delta-stale",
    "vault.crl-frozen",
    "vault.crl-auto-rebuild-off",
    "vault.crl-grace-period-unworkable",
    "vault.crl-delta-unworkable",
    "vault.crl-disabled",
    "vault.crl-near-limit",
    "vault.crl-overflow",
    "vault.crl-overflow-with-growth",
    "vault.max-crl-entries-unsafe",
    "vault.issuer-expiring",
    "vault.issuer-without-crl-signing",
    "vault.issuer-permits-outliving",
    "vault.root-issues-leaves",
    "vault.root-key-unmanaged",
    "vault.role-generates-leases",
    "vault.lease-backlog-overflow",
    "vault.lease-drain-long",
    "vault.irrevocable-leases",
    "vault.mount-unread",
    "vault.too-many-certificates",
    "vault.revocation-urls-missing",
    "vault.issuer-urls-missing",
    "vault.url-template-unfilled",
    "vault.audit-secrets-visible",
    "vault.audit-parameters-hidden",
    "vault.if-modified-since-off",
    "vault.role-allows-any-name",
    "vault.role-allows-localhost",
    "vault.role-allows-glob-wildcards",
    "vault.role-ttl-long",
    "vault.role-stores-short-lived",
    "vault.role-cannot-revoke",
    "vault.role-no-store-with-lease",
    "vault.role-outlives-issuer",
    "vault.server-unread",
    "vault.token-unfit",
    "vault.mounts-unlisted",
    "vault.storage-limit-assumed",
    "vault.version-old",
    "vault.auto-tidy-disabled",
    "vault.tidy-cert-store-off",
    "vault.tidy-revoked-certs-off",
    "vault.tidy-expired-issuers-off",
    "vault.tidy-acme-off",
    "vault.tidy-associations-off",
    "vault.tidy-interval-long",
    "vault.tidy-safety-buffer-long",
    "vault.tidy-pause-long",
    "vault.tidy-failed",
    "vault.tidy-running-long",
    "vault.tidy-not-run",
    "vault.tidy-outpaced-by-restarts",
    "vault.tidy-overdue",
    "report.host-unknown",
    "report.waiver-expired",
    "report.waiver-unused",
]


def test_ids_are_api():
    assert list(ALL_RULES) == IDS


def test_the_reference_is_in_step():
    assert PATH.read_text(encoding="utf-8") == reference(), "run `make docs-rules`"


@pytest.mark.parametrize("rule", ALL_RULES.values(), ids=list(ALL_RULES))
def test_every_rule_is_documented(rule):
    assert len(rule.title) <= 60
    assert not rule.title.endswith(".")
    assert 60 <= len(rule.rationale) <= 600
    assert rule.rationale.endswith(".")
    assert 20 <= len(rule.remediation) <= 200
    assert rule.remediation.endswith(".")
    for setting in rule.settings:
        assert setting.parse(setting.default)
        assert setting.description
