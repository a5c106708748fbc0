# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tidy-status says of a tidy."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._vault.tidy_memory import Memory
from ansible_collections.sre.preflight.plugins.module_utils._vault.tidy_status import (
    ENDED,
    LOST,
    NOT_BEGUN,
    RUNNING,
    Position,
    covers,
    judge,
    position,
    progress,
)

EARLIER, OURS, LATER = "2026-11-24T01:00:00Z", "2026-11-24T02:00:00Z", "2026-11-24T03:00:00Z"
BEFORE = {"certificates": 300, "revoked": 20}


@pytest.mark.parametrize(
    ("state", "shown", "ours", "verdict"),
    [
        ("Finished", EARLIER, None, NOT_BEGUN),
        ("Inactive", None, None, NOT_BEGUN),
        ("Running", OURS, None, RUNNING),
        ("Finished", OURS, None, ENDED),
        ("Running", OURS, OURS, RUNNING),
        ("Cancelling", OURS, OURS, RUNNING),
        ("Finished", OURS, OURS, ENDED),
        ("Error", OURS, OURS, ENDED),
        ("Cancelled", OURS, OURS, ENDED),
        ("Inactive", None, OURS, LOST),
        ("Running", LATER, OURS, LOST),
        ("Finished", LATER, OURS, LOST),
    ],
)
def test_verdict(state: str, shown: str | None, ours: str | None, verdict: str) -> None:
    assert judge({"state": state, "time_started": shown}, ours, EARLIER) == verdict


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Tidying certificate store: checking entry 69 of 301", Position("certificate store", 69, 301)),
        (
            "Tidying certificate store: checking entry 5 of 1000 on current page; total certs checked: 205",
            Position("certificate store", 205, 300),
        ),
        ("Tidying revoked certificates: checking certificate 3 of 20", Position("revoked certificates", 3, 20)),
        ("Tidying something new", None),
        (None, None),
    ],
)
def test_position(message: str | None, expected: Position | None) -> None:
    assert position({"message": message}, BEFORE) == expected


def status(**more: Any) -> dict[str, Any]:
    return {"state": "Running", "cert_store_deleted_count": 40, "revoked_cert_deleted_count": 2, **more}


def test_progress_tells_rate_and_time_left() -> None:
    begun, now = Position("certificate store", 10, 300), Position("certificate store", 110, 300)
    assert progress(status(), now, begun, 10.0) == (
        "40 certificates and 2 revoked ones deleted; certificate store: 110 of 300 checked, 10 a second, "
        "19s left in this store"
    )


def test_progress_of_a_slow_tidy_is_a_minute() -> None:
    begun, now = Position("certificate store", 10, None), Position("certificate store", 15, None)
    assert progress(status(), now, begun, 60.0).endswith("certificate store: 15 checked, 5 a minute")


def test_progress_without_a_position_tells_the_state() -> None:
    assert progress(status(state="Finished", message=None), None, None, 0).endswith("deleted; Finished")


def test_a_tidy_that_does_more_covers_what_is_wanted_and_another_does_not() -> None:
    running = {"tidy_cert_store": True, "tidy_revoked_certs": True, "tidy_acme": False, "safety_buffer": 3600}
    assert covers(running, {"tidy_cert_store": True})
    assert covers(running, {"tidy_cert_store": True, "safety_buffer": 3600})
    assert not covers(running, {"tidy_acme": True})
    assert not covers(running, {"tidy_cert_store": True, "safety_buffer": 60})


def test_pauses_grow_from_one_second_to_ten() -> None:
    pauses = [Memory(began_at=0.0, polls=polls).pause() for polls in range(20)]
    assert pauses[0] == 1.0
    assert pauses == sorted(pauses)
    assert set(pauses[8:]) == {10.0}


def test_memory_is_given_back_as_it_was() -> None:
    memory = Memory(began_at=5.0, time_started=OURS, before=BEFORE)
    assert Memory.from_json(memory.to_json()) == memory


@pytest.mark.parametrize("given", [{"x": 1}, {"began_at": "soon"}, {"polls": 1}])
def test_a_memory_of_nobody_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"^resume: .* is not what a call has returned"):
        Memory.from_json(given)
