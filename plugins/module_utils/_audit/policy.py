# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy: the thresholds that rules judge by, with their names, units, defaults and limits."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .finding import SEVERITIES
from .instant import parse_duration

DEFAULT_HORIZONS: Mapping[str, str] = {"critical": "7d", "high": "30d", "medium": "90d"}


class OptionError(ValueError):
    """Bad input: one line that names the option, its value and the fix."""

    @classmethod
    def of(cls, option: str, value: Any, fix: str) -> OptionError:
        """The error ``option: value fix``."""
        return cls(f"{option}: {value!r} {fix}")


@dataclass(frozen=True)
class Setting:
    """One named threshold.

    ``kind`` is percent (0 to 100), percents (a mapping to percent), duration (``72h``), count (a positive integer) or
    factor (a number of 1 and more).
    """

    name: str
    kind: str
    default: Any
    description: str

    def parse(self, value: Any) -> Any:
        """The value as float (percent, factor), timedelta (duration), int (count) or dict of floats.

        Raises OptionError.
        """
        if self.kind == "percent":
            return _percent(self.name, value)
        if self.kind == "percents":
            if not isinstance(value, Mapping):
                raise OptionError.of(self.name, value, "is not a mapping of names to percentages")
            own = {str(key): _percent(f"{self.name}.{key}", item) for key, item in value.items()}
            return {**self.default, **own}
        if self.kind == "count":
            return _count(self.name, value)
        if self.kind == "factor":
            return _factor(self.name, value)
        try:
            return parse_duration(value)
        except ValueError as error:
            raise OptionError.of(self.name, value, f"is refused: {error}") from None


def _percent(option: str, value: Any) -> float:
    try:
        percent = float(value)
    except (TypeError, ValueError):
        raise OptionError.of(option, value, "is not a number; give a percentage above 0 and up to 100") from None
    if not 0 < percent <= 100:
        raise OptionError.of(option, value, "is out of range; give a percentage above 0 and up to 100")
    return percent


def _count(option: str, value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,18}", str(value)):
        raise OptionError.of(option, value, "is not a count; give an integer of 1 and more")
    if int(value) < 1:
        raise OptionError.of(option, value, "is out of range; give an integer of 1 and more")
    return int(value)


def _factor(option: str, value: Any) -> float:
    try:
        factor = float(value)
    except (TypeError, ValueError):
        raise OptionError.of(option, value, "is not a number; give a factor of 1 and more") from None
    if not 1 <= factor < math.inf:
        raise OptionError.of(option, value, "is out of range; give a factor of 1 and more")
    return factor


@dataclass(frozen=True)
class Policy:
    """The settings' values by name, and the horizons that turn the time to an outage into a severity."""

    values: Mapping[str, Any]
    horizons: tuple[tuple[str, timedelta], ...]
    options: Mapping[str, Any]
    """What was given or defaulted, as plain JSON, for the report."""

    @classmethod
    def from_options(cls, settings: Iterable[Setting], options: Mapping[str, Any]) -> Policy:
        """The policy of these settings, with the values of ``options`` where they are given and not None.

        Raises OptionError on the first value that is out of range.
        """
        values, given = {}, {}
        for setting in settings:
            option = options.get(setting.name)
            raw = setting.default if option is None else option
            values[setting.name] = setting.parse(raw)
            given[setting.name] = raw if setting.kind == "duration" else values[setting.name]
        own = options.get("severity_horizons") or {}
        if not isinstance(own, Mapping):
            raise OptionError.of("severity_horizons", own, "is not a mapping of severities to durations")
        horizons = {**DEFAULT_HORIZONS, **own}
        given["severity_horizons"] = horizons
        return cls(values, _horizons(horizons), given)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def severity_of(self, outage_at: datetime, now: datetime) -> str:
        """How severe an outage at ``outage_at`` is, seen from ``now``; one that has begun is critical."""
        remaining = outage_at - now
        for severity, horizon in self.horizons:
            if remaining <= horizon:
                return severity
        return SEVERITIES[-1]


def _horizons(given: Mapping[str, Any]) -> tuple[tuple[str, timedelta], ...]:
    parsed = []
    for severity, value in given.items():
        if severity not in SEVERITIES[:-1]:
            raise OptionError.of("severity_horizons", severity, f"is not one of {', '.join(SEVERITIES[:-1])}")
        try:
            parsed.append((severity, parse_duration(value)))
        except ValueError as error:
            raise OptionError.of(f"severity_horizons.{severity}", value, f"is refused: {error}") from None
    parsed.sort(key=lambda item: SEVERITIES.index(item[0]))
    for (severity, horizon), (milder, longer) in zip(parsed, parsed[1:]):
        if longer < horizon:
            raise OptionError.of(
                f"severity_horizons.{milder}", given[milder], f"is shorter than that of {severity}, {given[severity]!r}"
            )
    return tuple(parsed)
