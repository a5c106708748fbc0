# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy: values, horizons, and errors that name the option, the value and the fix."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError, Policy, Setting

SETTINGS = (
    Setting("max_lifespan_used", "percent", 75.0, "percent"),
    Setting("buffer", "duration", "72h", "duration"),
    Setting("windows", "percents", {"kubelet": 92.0, "step": 70.0}, "percents"),
    Setting("certificates", "count", 50_000, "count"),
    Setting("growth", "factor", 2.0, "factor"),
)
DURATION = "write it as 72h, 30d or 1h30m (units s, m, h, d, w)"
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_defaults_hold_where_nothing_is_given():
    policy = Policy.from_options(SETTINGS, {"max_lifespan_used": None})
    assert policy["max_lifespan_used"] == 75.0
    assert policy["buffer"] == timedelta(hours=72)
    assert policy["windows"] == {"kubelet": 92.0, "step": 70.0}
    assert policy["certificates"] == 50_000
    assert policy["growth"] == 2.0


def test_given_values_replace_defaults_and_mappings_are_merged():
    policy = Policy.from_options(
        SETTINGS,
        {
            "max_lifespan_used": "66",
            "buffer": "1d",
            "windows": {"own": 50, "step": 80},
            "certificates": "1",
            "growth": "1.5",
        },
    )
    assert policy["max_lifespan_used"] == 66.0
    assert policy["buffer"] == timedelta(days=1)
    assert policy["windows"] == {"kubelet": 92.0, "step": 80.0, "own": 50.0}
    assert policy["certificates"] == 1
    assert policy["growth"] == 1.5


def test_a_policy_can_be_made_again_from_what_the_report_says_of_it():
    given = {
        "max_lifespan_used": 60,
        "windows": {"own": 50},
        "certificates": "7",
        "growth": 1,
        "severity_horizons": {"high": "20d"},
    }
    policy = Policy.from_options(SETTINGS, given)
    again = Policy.from_options(SETTINGS, policy.options)
    assert (again.values, again.horizons) == (policy.values, policy.horizons)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_lifespan_used": 130}, "max_lifespan_used: 130 is out of range; give a percentage above 0 and up to 100"),
        ({"max_lifespan_used": 0}, "max_lifespan_used: 0 is out of range; give a percentage above 0 and up to 100"),
        (
            {"max_lifespan_used": "much"},
            "max_lifespan_used: 'much' is not a number; give a percentage above 0 and up to 100",
        ),
        (
            {"max_lifespan_used": float("nan")},
            "max_lifespan_used: nan is out of range; give a percentage above 0 and up to 100",
        ),
        ({"windows": {"step": 101}}, "windows.step: 101 is out of range; give a percentage above 0 and up to 100"),
        ({"windows": 5}, "windows: 5 is not a mapping of names to percentages"),
        ({"buffer": "3 y"}, f"buffer: '3 y' is refused: '3 y' is not a duration; {DURATION}"),
        ({"certificates": 0}, "certificates: 0 is out of range; give an integer of 1 and more"),
        ({"certificates": -1}, "certificates: -1 is not a count; give an integer of 1 and more"),
        ({"certificates": 1.5}, "certificates: 1.5 is not a count; give an integer of 1 and more"),
        ({"certificates": True}, "certificates: True is not a count; give an integer of 1 and more"),
        ({"growth": 0.99}, "growth: 0.99 is out of range; give a factor of 1 and more"),
        ({"growth": float("inf")}, "growth: inf is out of range; give a factor of 1 and more"),
        ({"growth": "twice"}, "growth: 'twice' is not a number; give a factor of 1 and more"),
        ({"severity_horizons": {"urgent": "1d"}}, "severity_horizons: 'urgent' is not one of critical, high, medium"),
        ({"severity_horizons": {"high": "5d"}}, "severity_horizons.high: '5d' is shorter than that of critical, '7d'"),
        ({"severity_horizons": ["7d"]}, "severity_horizons: ['7d'] is not a mapping of severities to durations"),
    ],
)
def test_bad_policy_is_refused(options, message):
    with pytest.raises(OptionError) as caught:
        Policy.from_options(SETTINGS, options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("remaining", "severity"),
    [(-1000, "critical"), (0, "critical"), (7, "critical"), (8, "high"), (30, "high"), (31, "medium"), (91, "low")],
)
def test_severity_of(remaining, severity):
    policy = Policy.from_options(SETTINGS, {})
    assert policy.severity_of(NOW + timedelta(days=remaining), NOW) == severity
