# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is wanted and what is live to the writes, their order, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._vault.config_plan import (
    changes,
    checked,
    normalised,
    rebuilds,
    stale,
)

LIVE: dict[str, dict[str, Any]] = {
    "config/auto-tidy": {"enabled": False, "safety_buffer": 259200, "pause_duration": 0},
    "config/crl": {"auto_rebuild": False, "expiry": 259200, "disable": False, "enable_delta": False},
    "config/cluster": {"path": ""},
    "config/urls": {"ocsp_servers": []},
    "roles/pod": {"generate_lease": True, "ttl": 3600},
    "roles/web": {"generate_lease": False, "ttl": 3600},
}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"config/acme": {}}, "settings: 'config/acme' is no path for settings; use config/auto-tidy, config/crl, "),
        ({"roles/": {}}, "settings: 'roles/' is no path"),
        ({"roles/../config/crl": {}}, "is no path for settings"),
        ({"roles/a/b": {}}, "is no path for settings"),
        ({"/config/crl": {}}, "is no path for settings"),
        ({"config/crl": True}, "settings.config/crl: True is no mapping of keys to values"),
        ([], "settings: [] is no mapping of paths below the mount"),
    ],
)
def test_what_is_no_setting_is_refused(given: Any, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        checked("settings", given)
    assert words in str(caught.value)


def test_an_unknown_key_is_refused_with_the_known_ones() -> None:
    with pytest.raises(OptionError) as caught:
        normalised({"config/crl": {"max_crl_entries": 5}}, LIVE, "OpenBao 2.7.2")
    known = "auto_rebuild, disable, enable_delta, expiry"
    assert str(caught.value) == (
        f"settings.config/crl: 'max_crl_entries' is not known to OpenBao 2.7.2; it knows {known}"
    )


def test_only_what_differs_is_written() -> None:
    wanted = {"config/crl": {"expiry": 259200, "auto_rebuild": True}, "config/urls": {"ocsp_servers": []}}
    (change,) = changes(wanted, LIVE)
    assert change == ("config/crl", {"auto_rebuild": True}, {"auto_rebuild": False})


def paths(wanted: dict[str, dict[str, Any]], live: dict[str, dict[str, Any]]) -> list[str]:
    return [change.path for change in changes(wanted, live)]


FORTH = {
    "config/urls": {"ocsp_servers": ["http://a"]},
    "config/cluster": {"path": "https://a"},
    "config/auto-tidy": {"enabled": True},
    "roles/web": {"ttl": 60},
    "config/crl": {"auto_rebuild": True},
    "roles/pod": {"generate_lease": False},
}


def test_what_stops_the_growth_comes_first() -> None:
    assert paths(FORTH, LIVE) == [
        "roles/pod",
        "config/crl",
        "roles/web",
        "config/auto-tidy",
        "config/cluster",
        "config/urls",
    ]


def test_on_the_way_back_what_lets_it_grow_comes_last() -> None:
    back = {path: {key: LIVE[path][key] for key in settings} for path, settings in FORTH.items()}
    now = {path: {**LIVE[path], **settings} for path, settings in FORTH.items()}
    assert paths(back, now)[-2:] == ["config/crl", "roles/pod"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"disable": True}, ["disable"]),
        ({"enable_delta": False, "disable": False}, ["disable", "enable_delta"]),
        ({"auto_rebuild": False, "expiry": 60}, ["auto_rebuild"]),
        ({"auto_rebuild": True, "expiry": 60}, []),
    ],
)
def test_settings_that_force_a_rebuild_are_named(settings: dict[str, Any], named: list[str]) -> None:
    live = {"config/crl": dict.fromkeys(settings)}
    texts = [text for change in changes({"config/crl": settings}, live) for text in rebuilds(change)]
    assert [text.split()[1] for text in texts] == named


@pytest.mark.parametrize("seen", ["72h", 259200, "259200"])
def test_a_value_as_the_plan_saw_it_is_not_stale(seen: Any) -> None:
    assert list(stale({"config/crl": {"expiry": seen}}, {"config/crl": {"expiry": 60}}, LIVE)) == []


def test_a_value_that_is_already_as_wanted_is_not_stale() -> None:
    assert list(stale({"config/crl": {"expiry": 999}}, {"config/crl": {"expiry": 259200}}, LIVE)) == []


@pytest.mark.parametrize("seen", [999, None, "soon", True, []])
def test_another_value_is_stale_and_both_are_shown(seen: Any) -> None:
    (sentence,) = stale({"config/crl": {"expiry": seen}}, {"config/crl": {"expiry": 60}}, LIVE)
    assert sentence == f"config/crl expiry: {seen!r} was expected and it is 259200"


def test_what_the_server_lacks_was_expected_to_be_null() -> None:
    assert list(stale({"config/crl": {"max_crl_entries": None}}, {}, LIVE)) == []
    (sentence,) = stale({"config/crl": {"max_crl_entries": 5}}, {}, LIVE)
    assert sentence == "config/crl max_crl_entries: 5 was expected and it is None"
