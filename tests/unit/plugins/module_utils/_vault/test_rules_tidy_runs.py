# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on whether tidy really runs, and on what cannot be known after a restart."""

from __future__ import annotations

import pytest

from tests.support.vault_mounts import (
    ALL_TIDIED,
    DAY,
    HOUR,
    NOW,
    SECOND,
    at,
    day,
    judged,
    leaves,
    mount,
    server,
    status,
)

INACTIVE = {"state": "Inactive", "time_finished": None, "time_started": None}


def test_failed_tidy_says_why():
    failed = mount(tidy_status={"state": "Error", "error": "put failed due to value being too large"})
    (finding,) = judged(failed, "tidy-failed")
    assert finding["message"] == "pki/: the last tidy failed: put failed due to value being too large"
    assert status(failed, "tidy-not-run") == "not_applicable"
    assert status(mount(), "tidy-failed") == "pass"


@pytest.mark.parametrize(("started", "expected"), [(12 * HOUR, "pass"), (12 * HOUR + SECOND, "fail")])
def test_running_long(started, expected):
    running = mount(tidy_status={"state": "Running", "time_started": at(NOW - started)})
    assert status(running, "tidy-running-long") == expected
    assert status(running, "tidy-not-run") == "pass"
    assert status(running, "tidy-running-long", max_tidy_run="13h") == "pass"


@pytest.mark.parametrize(
    ("age", "expected"),
    [(2 * DAY - SECOND, None), (2 * DAY, "medium"), (7 * DAY - SECOND, "medium"), (7 * DAY, "high")],
)
def test_last_run(age, expected):
    finished = mount(tidy_status={"state": "Finished", "time_finished": at(NOW - age)})
    assert [finding["severity"] for finding in judged(finished, "tidy-not-run")] == ([expected] if expected else [])


def test_a_later_run_by_itself_counts_after_a_restart_but_only_where_auto_tidy_is_on():
    """health-check reads time_finished alone, so it turns critical after every restart."""
    kept = {**INACTIVE, "last_auto_tidy_finished": at(NOW - HOUR)}
    assert status(mount(tidy_status=kept), "tidy-not-run") == "pass"
    assert status(mount(tidy_status=kept, auto_tidy={**ALL_TIDIED, "enabled": False}), "tidy-not-run") == "fail"
    zero = {**INACTIVE, "last_auto_tidy_finished": "0001-01-01T00:00:00Z"}
    assert status(mount(tidy_status=zero), "tidy-not-run") == "fail"


@pytest.mark.parametrize(
    ("active", "expected"),
    [(2 * DAY - SECOND, "unknown"), (2 * DAY, "fail"), (None, "unknown")],
    ids=["a restart explains it", "long enough to know", "nobody knows since when"],
)
@pytest.mark.parametrize("state", ["Inactive", "Cancelled"])
def test_never_run(state, active, expected):
    on = server(started_at=None if active is None else at(NOW - active))
    assert status(mount(tidy_status={**INACTIVE, "state": state}), "tidy-not-run", on=on) == expected


def test_an_empty_mount_has_nothing_to_tidy():
    for certificates, expected in [(0, "not_applicable"), (1, "fail")]:
        counts = {**mount()["counts"], "certificates": certificates}
        assert status(mount(tidy_status=INACTIVE, counts=counts), "tidy-not-run") == expected


OVERDUE = [day(NOW - 60 * DAY), day(NOW - 6 * DAY), 40]
NOT_YET = [day(NOW - 60 * DAY), day(NOW - 5 * DAY), 40]


@pytest.mark.parametrize(
    ("active", "rows", "expected"),
    [
        (11 * HOUR, [OVERDUE], "fail"),
        (11 * HOUR, [NOT_YET], "pass"),
        (11 * HOUR, [], "unknown"),
        (12 * HOUR, [OVERDUE], "pass"),
        (None, [OVERDUE], "not_applicable"),
    ],
    ids=["restarts", "nothing is overdue", "no dates", "up for an interval", "start not known"],
)
def test_outpaced_by_restarts(active, rows, expected):
    on = server(started_at=None if active is None else at(NOW - active))
    evidence = mount(tidy_status=INACTIVE, leaves=leaves(*rows))
    assert status(evidence, "tidy-outpaced-by-restarts", on=on) == expected


@pytest.mark.parametrize(
    ("rows", "active", "expected"),
    [
        ([OVERDUE], 12 * HOUR, "fail"),
        ([NOT_YET], 12 * HOUR, "pass"),
        ([OVERDUE], 12 * HOUR - SECOND, "pass"),
        ([], 12 * HOUR, "not_applicable"),
    ],
    ids=["overdue", "within buffer, two intervals and a day", "the first pass is still to come", "no dates"],
)
def test_overdue(rows, active, expected):
    assert status(mount(leaves=leaves(*rows)), "tidy-overdue", on=server(started_at=at(NOW - active))) == expected


def test_overdue_is_nothing_to_expect_without_tidy():
    for key in ("enabled", "tidy_cert_store"):
        evidence = mount(auto_tidy={**ALL_TIDIED, key: False}, leaves=leaves(OVERDUE))
        assert status(evidence, "tidy-overdue") == "not_applicable"
