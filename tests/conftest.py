# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests share.

It runs on Python 3.9 without ansible-core too, where `ansible_collections` is a plain folder.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# On a busy machine an example takes as long as it takes, and so does making one up.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

WORKERS_A_CORE = 2
"""Half of the tests wait for servers and for other programs."""
MAX_WORKERS = 8
LONGEST_FIRST = (
    "integration/incident_2021/test_incident.py",
    "integration/vault/test_tidy.py",
    "integration/playbooks/test_remediate.py",
    "integration/vault/test_forecast.py",
    "integration/lab/",
    "integration/playbooks/",
    "integration/modules/",
    "integration/vault/",
    "integration/",
)
"""What takes longest begins first, so that no worker is left alone with it at the end."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What ``-n auto`` means here."""
    # Linux alone tells which cores are ours.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(WORKERS_A_CORE * cores, MAX_WORKERS)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names that are the same in every process: those of random bytes and of functions at an address are not."""
    if isinstance(val, bytes):
        return argname
    return getattr(val, "__name__", None) if callable(val) else None


def _turn(path: str) -> int:
    """When the tests of a file have their turn."""
    _before, _separator, name = path.rpartition("/tests/")
    return next((turn for turn, prefix in enumerate(LONGEST_FIRST) if name.startswith(prefix)), len(LONGEST_FIRST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See `LONGEST_FIRST`."""
    items.sort(key=lambda item: _turn(item.path.as_posix()))


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """In CI a skipped test is a failed one: nobody reads that it was not run."""
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI runs every test, and this one was skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """See `refuse_skip`."""
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """See `refuse_skip`: a whole file can be skipped too."""
    report = yield
    refuse_skip(report)
    return report
