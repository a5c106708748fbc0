# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/mirror_servers.md is in step with what the tests see of the servers."""

from __future__ import annotations

from tests.tools.mirror_table import PATH, table


def test_the_table_is_in_step():
    assert PATH.read_text(encoding="utf-8") == table(), "run `python -m tests.tools.mirror_table`"
