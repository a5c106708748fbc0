# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time that a backlog takes, against what was measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._vault.drain import (
    MODELS,
    DrainModel,
    drain_model,
)

MODEL = DrainModel(0.03, 1e-5, 0.005, 2.0, "made up")


def test_it_is_the_sum_of_its_revocations() -> None:
    one_by_one = sum(0.03 + 1e-5 * (500 + number) for number in range(300))
    assert MODEL.inline_seconds(300, 500) == pytest.approx(one_by_one)


def test_with_auto_rebuild_there_is_one_rebuild() -> None:
    assert MODEL.queued_total_seconds(300, 500) == pytest.approx(300 * 0.005 + 800 * 1e-5)


# Seconds for one revocation with its rebuild at so many entries: one by one, and as leases.
ONE_REVOCATION = {
    ("openbao", "raft"): [
        *[(500, 1 / 49.5), (1_000, 1 / 31.7), (2_000, 1 / 19.7), (4_000, 1 / 11.3), (8_000, 1 / 6.1)],
        *[(500, 1 / 43.1), (1_000, 1 / 27.3), (2_000, 1 / 17.0), (4_000, 1 / 10.8), (8_000, 1 / 6.9)],
        *[(500, 1 / 36), (2_700, 1 / 14)],
    ],
    ("vault", "raft"): [
        *[(500, 1 / 69.4), (1_000, 1 / 31.6), (2_000, 1 / 8.2), (4_000, 1 / 5.6), (8_000, 1 / 3.0)],
        *[(500, 1 / 31.3), (1_000, 1 / 23.7), (2_000, 1 / 8.4), (4_000, 1 / 5.5), (8_000, 1 / 2.2)],
    ],
    ("vault", "consul"): [
        *[(500, 1 / 25.8), (1_000, 1 / 24.0), (2_000, 1 / 18.2), (4_000, 1 / 6.6), (8_000, 1 / 3.4)],
        *[(500, 1 / 21.5), (1_000, 1 / 21.3), (2_000, 1 / 14.1), (4_000, 1 / 5.9), (8_000, 1 / 4.2)],
        *[(300, 1 / 16), (1_200, 1 / 9)],
    ],
}
# (revocations onto an empty CRL, seconds for all).
BACKLOGS = {
    # By /revoke one after another (load 8), by a token's end (load 12), by /revoke under an RSA issuer (load 6).
    ("openbao", "raft"): [(2_500, 212.3), (2_499, 289.6), (1_000, 67.0)],
    ("vault", "consul"): [(2_400, 300.0)],
}


@pytest.mark.parametrize("pairing", ONE_REVOCATION)
def test_each_revocation_that_was_measured_lies_within_the_spread(pairing: tuple[str, str]) -> None:
    model = drain_model(*pairing)
    ratios = [seconds / model.inline_seconds(1, entries) for entries, seconds in ONE_REVOCATION[pairing]]
    assert max(ratios) <= model.spread
    assert min(ratios) >= 1 / model.spread
    # And no more spread is claimed than that of the measurements.
    assert max(*ratios, *(1 / ratio for ratio in ratios)) > model.spread / 1.35


@pytest.mark.parametrize("pairing", BACKLOGS)
def test_each_backlog_that_was_measured_lies_within_the_spread(pairing: tuple[str, str]) -> None:
    for revocations, seconds in BACKLOGS[pairing]:
        row = drain_model(*pairing).row(revocations, 0)
        assert row["inline_low"] <= seconds <= row["inline_high"]


@pytest.mark.parametrize("pairing", [*MODELS, ("vault", "dynamodb"), ("", "")])
def test_every_pairing_has_a_model_that_says_where_it_comes_from(pairing: tuple[str, str]) -> None:
    assert drain_model(*pairing).source
    assert drain_model(*pairing).spread > 1


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_takes_longer(count: float, more: float, entries: float) -> None:
    assert MODEL.inline_seconds(count + more, entries) >= MODEL.inline_seconds(count, entries) >= 0
    assert MODEL.inline_seconds(count, entries + more) >= MODEL.inline_seconds(count, entries)
