# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an audit is worse than the one before, and what of it only time can change."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault.facts import MountFacts, ServerFacts
from ansible_collections.sre.preflight.plugins.module_utils._vault.forecast import ForecastPolicy
from ansible_collections.sre.preflight.plugins.module_utils._vault.rules import RULES
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from ansible_collections.sre.preflight.plugins.plugin_utils._remediation import measure
from tests.unit.plugins.module_utils._vault.mounts import DAY, NOW, TIDY_OFF, TIDY_ON, crl, day, mount


def finding(severity, rule="vault.auto-tidy-disabled", status="fail"):
    return {"rule": rule, "severity": severity, "status": status}


def numbers(*findings, peaks=(None, None), mounts=({"crl": {"entries": None, "bytes": 512}},)):
    """The numbers of an audit of one mount whose CRL could not be read, but for the peaks."""
    measured = measure.measured({"findings": list(findings), "mounts": list(mounts)}, {})
    return {**measured, "peak_before_bytes": peaks[0], "peak_bytes": peaks[1]}


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
    assert measure.worse(numbers(*map(finding, before)), numbers(*map(finding, after))) == reasons


@pytest.mark.parametrize(
    ("peaks", "reasons"),
    [((4096, 4096), []), ((4096, 10), []), ((4096, 5120), ["peak CRL 4.0 KiB -> 5.0 KiB"]), ((None, None), [])],
)
def test_a_higher_peak_is_worse(peaks, reasons):
    assert measure.worse(numbers(), numbers(peaks=peaks)) == reasons


@pytest.mark.parametrize(
    "rule", ["vault.tidy-not-run", "vault.crl-expired", "vault.crl-overflow", "certificate.renewal-due"]
)
def test_what_settings_cannot_change_at_once_does_not_count(rule):
    assert measure.worse(numbers(), numbers(finding("critical", rule))) == []


def test_the_rules_that_do_not_count_exist():
    assert set(RULES.rules) >= measure.NOT_COUNTED


def facts(auto_tidy):
    """A mount whose CRL grows by 100 revocations a day, of which each has ten days to go."""
    revoked = [[day(-number), day(10 - number), 100] for number in range(9)]
    evidence = mount(
        auto_tidy=auto_tidy,
        crls=[crl(900)],
        counts={"certificates": 900, "revoked": 900, "leases": 0},
        leaves={"read": 900, "expected": 900, "by_day": [[day(-9), day(30), 900]], "revoked_by_day": revoked},
    )
    return MountFacts(evidence, ServerFacts({}, ()), Inventory(), ForecastPolicy(), NOW)


def test_the_settings_are_compared_over_one_and_the_same_history():
    """The forecast of the audit reads entries as what a tidy has left, even of a tidy that has not run yet."""
    was = {"config/auto-tidy": {"enabled": False, "tidy_revoked_certs": False}}
    untidied, tidied = measure.peaks(facts({**TIDY_ON, "safety_buffer": DAY}), was)
    assert tidied < untidied
    back = {"config/auto-tidy": {"enabled": True, "tidy_revoked_certs": True}, "config/urls": {"ocsp_servers": []}}
    tidied, untidied = measure.peaks(facts({**TIDY_OFF, "safety_buffer": DAY}), back)
    assert untidied > tidied


def test_nothing_to_undo_is_no_change():
    one, other = measure.peaks(facts(TIDY_OFF), {})
    assert one == other > 0


def test_unknown_checks_are_no_failures_but_nobody_knows_what_they_hide():
    known, hidden = numbers(), numbers(finding("high", status="unknown"))
    assert measure.worse(known, hidden) == []
    assert measure.unseen(known, hidden) == ["unknown checks 0 -> 1"]
    assert measure.unseen(hidden, known) == []


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (numbers(mounts=[]), "the audit afterwards did not see the mount"),
        (numbers(), "the CRL could not be read"),
    ],
)
def test_what_is_no_longer_seen_is_told(after, reason):
    assert measure.unseen(numbers(peaks=(1, 1)), after) == [reason]
    assert measure.worse(numbers(peaks=(1, 1)), after) == []


def test_before_and_after_are_one_line():
    before = numbers(finding("critical"), finding("low"), finding("low", status="unknown"))
    after = {**numbers(peaks=(4096, 2048)), "crl_bytes": None}
    assert measure.line(before, after) == (
        "1 critical 1 low 1 unknown -> no findings, peak CRL 4.0 KiB -> 2.0 KiB, CRL now 0.5 KiB -> unknown"
    )
