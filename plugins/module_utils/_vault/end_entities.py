# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a mount's roots have issued anything but authorities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import errors
from .leaf_cache import Leaf
from .leaves import read_singly
from .parts import Parts
from .serials import stored

MAX_CANDIDATES = 100
"""How many certificates of one root are read at most to see what they are, as the servers' own health check does."""


def end_entities(parts: Parts, leaves: Mapping[str, Leaf], roots: Iterable[str]) -> dict[str, str]:
    """The serial number of one end-entity certificate of each root that has issued any; ``roots`` are subjects.

    Pages of a detailed listing do not tell authorities from others: those certificates are read singly, one after the
    other, until one is found.
    """
    found = {}
    for root in sorted(set(roots)):
        own = {serial: leaf for serial, leaf in leaves.items() if leaf.issuer == root}
        example = next((serial for serial, leaf in own.items() if leaf.is_ca is False), None)
        untold = sorted((serial for serial, leaf in own.items() if leaf.is_ca is None), key=stored)
        example = example or _first(parts, untold[:MAX_CANDIDATES])
        if example is not None:
            found[root] = example
    return found


def _first(parts: Parts, serials: list[str]) -> str | None:
    for serial in serials:
        batch = read_singly(parts, [serial])
        if any(leaf.is_ca is False for leaf in batch.leaves.values()):
            return serial
        if batch.failed:
            parts.tell_once("leaves", batch.failed, len(serials))
            if batch.failed[0].kind != errors.UNREADABLE:
                return None
    return None
