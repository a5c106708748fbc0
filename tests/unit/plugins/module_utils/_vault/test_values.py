# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of settings: the same in whatever unit they are written, and never silently of another type."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._vault.durations import normalise
from ansible_collections.sre.preflight.plugins.module_utils._vault.values import same, to_send, typed

CRL = "config/crl"


@pytest.mark.parametrize(
    ("key", "given_value", "live", "expected"),
    [
        ("expiry", "72h", 1, 259200),
        ("expiry", "72h0m0s", 1, 259200),
        ("expiry", 259200, 1, 259200),
        ("expiry", "259200", 1, 259200),
        ("pause_duration", "0.2s", 0, 0.2),
        ("disable", "yes", False, True),
        ("disable", 0, True, False),
        ("max_crl_entries", "-1", 100000, -1),
        ("ocsp_servers", "http://a, http://b", [], ["http://a", "http://b"]),
        ("ocsp_servers", "", ["http://a"], []),
        ("key_usage", ["DigitalSignature"], [], ["DigitalSignature"]),
        ("issuer_ref", "default", "", "default"),
        ("ttl", "1h", None, 3600),
    ],
)
def test_a_value_takes_the_type_of_the_live_one(key: str, given_value: Any, live: Any, expected: Any) -> None:
    value = typed("settings", key, given_value, live)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("key", "given_value", "live", "words"),
    [
        ("expiry", "soon", 1, "is no duration; write it as 72h, or in seconds"),
        ("expiry", True, 1, "is no duration"),
        ("disable", "perhaps", False, "is neither true nor false"),
        ("max_crl_entries", "many", 1, "is no whole number"),
        ("max_crl_entries", True, 1, "is no whole number"),
        ("ocsp_servers", {"a": 1}, [], "is no list of texts"),
        ("ocsp_servers", [["a"]], [], "is no list of texts"),
        ("issuer_ref", ["default"], "", "is no text"),
        ("expiry", None, 1, "is no value; leave the key out"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(key: str, given_value: Any, live: Any, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        typed(f"settings.{CRL}.{key}", key, given_value, live)
    assert str(caught.value).startswith(f"settings.{CRL}.{key}: {given_value!r} {words}")


def go_duration(seconds: int) -> str:
    """As Go prints it: 72h0m0s."""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}h{rest // 60}m{rest % 60}s"


@given(st.integers(1, 10**8), st.sampled_from(["expiry", "ttl", "pause_duration", "interval_duration"]))
def test_a_duration_is_the_same_in_every_spelling(seconds: int, key: str) -> None:
    live = normalise({key: go_duration(seconds)})[key]
    spellings = [seconds, str(seconds), f"{seconds}s", go_duration(seconds), f"{seconds * 1000}ms"]
    for spelling in spellings:
        assert same(CRL, typed(key, key, spelling, live), live)
    assert not same(CRL, typed(key, key, seconds + 1, live), live)
    (sent,) = to_send({key: live}).values()
    assert timedelta(seconds=typed(key, key, sent, live)) == timedelta(seconds=seconds)
    assert sent[-1] in "hms"


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=2, max_size=5), st.randoms())
def test_the_order_of_a_roles_list_is_nothing_and_that_of_urls_counts(values: list[str], random: Any) -> None:
    other = list(values)
    random.shuffle(other)
    assert same("roles/pod", values, other)
    assert same("config/urls", values, other) is (values == other)


def test_true_is_not_one() -> None:
    assert not same(CRL, True, 1)
    assert not same(CRL, 1, True)
    assert same(CRL, True, True)
