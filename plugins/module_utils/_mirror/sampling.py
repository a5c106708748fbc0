# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sample says of the whole."""

from __future__ import annotations

import math

_STEPS = 60


def worst_share(bad: int, drawn: int, confidence: float) -> float:
    """The share of bad ones in the whole that a sample with so many bad ones is just compatible with, 0 to 1.

    The exact one-sided bound (Clopper and Pearson, 1934): 0 bad of 300 mean at most 1 % at a confidence of 0.95.
    """
    if bad >= drawn:
        return 1.0
    low, high = 0.0, 1.0
    for _step in range(_STEPS):
        share = (low + high) / 2
        if _at_most(bad, drawn, share) > 1.0 - confidence:
            low = share
        else:
            high = share
    return high


def _at_most(bad: int, drawn: int, share: float) -> float:
    """The probability of at most so many bad ones; by logarithms, for the coefficients are beyond floats."""
    total = 0.0
    for count in range(bad + 1):
        coefficient = math.lgamma(drawn + 1) - math.lgamma(count + 1) - math.lgamma(drawn - count + 1)
        total += math.exp(coefficient + count * math.log(share) + (drawn - count) * math.log1p(-share))
    return total
