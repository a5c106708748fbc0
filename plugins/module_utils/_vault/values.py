# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of a mount's settings in the server's own units: ``72h`` is 259200, lists are lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._audit.policy import OptionError
from .connection import boolean_of
from .durations import duration_text, is_duration, normalise, seconds_of
from .settings import ROLES

_INTEGER = re.compile(r"[+-]?\d+")


def typed(option: str, key: str, given: Any, live: Any) -> Any:
    """What is ``given`` for a key, in the type of its ``live`` value (which is normalised).

    bool, a duration in seconds, int, list of str, or str. Raises OptionError that names ``option`` where it is of
    another type; whether the value is a good one is for the server to say.
    """
    if given is None:
        raise OptionError.of(option, given, "is no value; leave the key out, or give what the server should have")
    if isinstance(live, bool):
        return boolean_of(option, given)
    if is_duration(key) and isinstance(live, (int, float)):
        return _seconds(option, given)
    if isinstance(live, int):
        return _integer(option, given)
    if isinstance(live, list):
        return _list(option, given)
    if isinstance(live, str) and isinstance(given, (Mapping, list, bool)):
        raise OptionError.of(option, given, "is no text")
    return str(given) if isinstance(live, str) else normalise({key: given})[key]


def same(path: str, first: Any, second: Any) -> bool:
    """Whether two normalised values mean the same. The order of URLs counts, that of a role's lists does not."""
    if path.startswith(ROLES) and isinstance(first, list) and isinstance(second, list):
        return sorted(map(str, first)) == sorted(map(str, second))
    return isinstance(first, bool) == isinstance(second, bool) and bool(first == second)


def to_send(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Normalised values as the server takes them."""
    return {
        key: duration_text(value) if is_duration(key) and _is_number(value) else value
        for key, value in settings.items()
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _seconds(option: str, given: Any) -> int | float:
    seconds = seconds_of(given)
    if seconds is None:
        raise OptionError.of(option, given, "is no duration; write it as 72h, or in seconds")
    return seconds


def _integer(option: str, given: Any) -> int:
    if isinstance(given, bool) or not _INTEGER.fullmatch(str(given).strip()):
        raise OptionError.of(option, given, "is no whole number")
    return int(given)


def _list(option: str, given: Any) -> list[str]:
    if isinstance(given, str):
        return [each.strip() for each in given.split(",") if each.strip()]
    if not isinstance(given, (list, tuple)) or any(isinstance(each, (Mapping, list, tuple)) for each in given):
        raise OptionError.of(option, given, "is no list of texts")
    return [str(each) for each in given]
