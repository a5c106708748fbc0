# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's servers as pytest fixtures; a conftest.py takes them in by import."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.lab.openbao import OpenBao
from tests.lab.pki import LOCAL_NAMES, lab_ca, lab_certificate
from tests.lab.pki_mount import PkiMount
from tests.lab.server import known, tail

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.support.certificates import Made

__all__ = ["lab_authority", "openbao", "pki_mount", "pytest_runtest_makereport", "server_certificate"]

LOG_LINES = 60

_numbers = itertools.count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test shows the end of the log of each server that it held."""
    report = yield
    if report.failed:
        for server in sorted(known, key=lambda server: server.ports):
            report.sections.append((f"log of {server.title} on {server.ports}", tail(server.log(), LOG_LINES)))
    return report


@pytest.fixture(scope="session")
def lab_authority() -> Made:
    """The CA that vouches for the lab's servers."""
    return lab_ca()


@pytest.fixture(scope="session")
def server_certificate(lab_authority: Made) -> Made:
    """A one-year certificate for servers on loopback, 300 days old."""
    return lab_certificate(lab_authority, ["vault.lab.internal", *LOCAL_NAMES], age=timedelta(days=300))


@pytest.fixture(scope="session")
def openbao(lab_authority: Made, server_certificate: Made) -> Iterator[OpenBao]:
    """One OpenBao in memory for all tests: leave nothing behind that would disturb another."""
    with OpenBao(certificate=server_certificate, authority=lab_authority) as server:
        yield server


@pytest.fixture
def pki_mount(openbao: OpenBao) -> PkiMount:
    """A PKI mount of the test's own, with a root and nothing else."""
    mount = PkiMount(openbao.client, f"pki-{next(_numbers)}").enable()
    mount.generate_root()
    return mount
