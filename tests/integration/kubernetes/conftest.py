# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cluster for all tests of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.kubernetes.filling import Filled, filled_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """The cluster, and a login with the shipped rights."""
    with filled_cluster(tmp_path_factory.mktemp("kubernetes")) as started:
        yield started
