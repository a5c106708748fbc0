# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a mount's roots have issued anything but authorities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .leaf_cache import Leaf
from .leaves import read_singly
from .parts import Parts
from .serials import stored

MAX_CANDIDATES = 100
"""How many certificates of one root are read at most to see what they are, as the servers' own health check does."""


def end_entities(parts: Parts, leaves: Mapping[str, Leaf], roots: Iterable[str]) -> dict[str, str]:
    """The first serial number of an end-entity certificate of each root that has issued any; ``roots`` are subjects.

    Pages of a detailed listing do not tell authorities from others: those certificates are read singly, in order,
    until one is found.
    """
    ordered = sorted(leaves, key=stored)
    found = {}
    for root in sorted(set(roots)):
        example = _first(parts, {serial: leaves[serial] for serial in ordered if leaves[serial].issuer == root})
        if example is not None:
            found[root] = example
    return found


def _first(parts: Parts, leaves: Mapping[str, Leaf]) -> str | None:
    asked, failed = 0, []
    for serial, leaf in leaves.items():
        is_ca = leaf.is_ca
        if is_ca is None and asked < MAX_CANDIDATES:
            asked += 1
            batch = read_singly(parts, [serial])
            failed += batch.failed
            is_ca = batch.leaves[serial].is_ca if serial in batch.leaves else None
        if is_ca is False:
            return serial
    parts.tell_once("leaves", failed, asked)
    return None
