# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an audit is worse than the one before, and what of it only time can change."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault.rules import RULES
from ansible_collections.sre.preflight.plugins.plugin_utils._remediation import measure


def finding(severity, rule="vault.auto-tidy-disabled", status="fail"):
    return {"rule": rule, "severity": severity, "status": status}


def audit(*findings, peak=100_000, worst=None, **crl):
    """vault_pki_audit of one mount whose forecast peaks at so many bytes."""
    row = {"peak_bytes": peak}
    backlog = {**row, "worst": {"peak_bytes": worst or peak}}
    mount = {"crl": {"entries": 9, "bytes": 500, **crl}, "forecast": {"as_now": row, "growth": row, "backlog": backlog}}
    return {"findings": list(findings), "mounts": [mount]}


def worse(before, after):
    return measure.worse(measure.measured(before), measure.measured(after))


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        (["high"], ["high"], []),
        (["high"], ["high", "high"], ["high findings 1 -> 2"]),
        (["critical"], ["high", "high"], []),
        (["high"], ["medium"] * 9, []),
        (["medium"] * 9, ["high"], ["high findings 0 -> 1"]),
        (["critical", "low"], ["critical", "low", "low"], ["low findings 1 -> 2"]),
        (["high", "low"], ["high"], []),
    ],
)
def test_the_worst_severity_that_differs_decides(before, after, reasons):
    assert worse(audit(*map(finding, before)), audit(*map(finding, after))) == reasons


@pytest.mark.parametrize(("peak", "reasons"), [(105_000, []), (105_001, ["peak CRL 97.7 KiB -> 102.5 KiB"]), (10, [])])
def test_a_higher_peak_is_worse_beyond_what_others_add_meanwhile(peak, reasons):
    assert worse(audit(), audit(peak=peak)) == reasons
    assert worse(audit(), audit(worst=peak)) == ([] if peak <= 105_000 else reasons)


@pytest.mark.parametrize("rule", ["vault.tidy-not-run", "vault.crl-expired", "certificate.renewal-due"])
def test_what_settings_cannot_change_at_once_does_not_count(rule):
    assert worse(audit(), audit(finding("critical", rule))) == []


def test_the_rules_that_do_not_count_exist():
    assert set(RULES.rules) >= measure.MATTERS_OF_TIME


def test_unknown_checks_are_no_failures_but_nobody_knows_what_they_hide():
    before, after = measure.measured(audit()), measure.measured(audit(finding("high", status="unknown")))
    assert measure.worse(before, after) == []
    assert measure.unseen(before, after) == ["unknown checks 0 -> 1"]
    assert measure.unseen(after, before) == []


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ({"findings": [], "mounts": []}, "the audit afterwards did not see the mount"),
        (audit(entries=None), "the CRL could not be read"),
    ],
)
def test_what_is_no_longer_seen_is_told(after, reason):
    measured = measure.measured(after)
    assert measure.unseen(measure.measured(audit()), measured) == [reason]
    assert measure.worse(measure.measured(audit()), measured) == []


def test_before_and_after_are_one_line():
    before = measure.measured(audit(finding("critical"), finding("low"), finding("low", status="unknown"), peak=4096))
    after = measure.measured(audit(bytes=None, peak=2048))
    assert measure.line(before, after) == (
        "1 critical 1 low 1 unknown -> no findings, peak CRL 4.0 KiB -> 2.0 KiB, CRL now 0.5 KiB -> unknown"
    )
