# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serial numbers as the API writes them: hex by whole bytes with colons (hyphens in the storage)."""

from __future__ import annotations


def stored(serial: str) -> str:
    """As the storage orders them, and as ``after`` of a paged listing needs them."""
    return serial.replace(":", "-")


def number(serial: str) -> int | None:
    """The INTEGER of the certificate; None for what is no serial number, which a storage may hold all the same."""
    try:
        return int(serial.replace(":", "").replace("-", ""), 16)
    except ValueError:
        return None
