# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the integration tests: the lab's real servers, whose logs a failing test shows."""

from tests.lab.fixtures import lab_authority, openbao, pki_mount, pytest_runtest_makereport, server_certificate

__all__ = ["lab_authority", "openbao", "pki_mount", "pytest_runtest_makereport", "server_certificate"]
