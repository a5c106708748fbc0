# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate: whether a report allows a deploy. What it does not know counts as no."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.files import write_atomically
from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import order
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import (
    format_duration,
    format_instant,
    parse_instant,
)
from ansible_collections.sre.preflight.plugins.module_utils._audit.json_stream import encode
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError

from .document import check_schema, judge_verdict
from .text import clip

CLOCK_SKEW = timedelta(minutes=1)
"""So much the clocks of the hosts and of the controller may differ before a report is one from the future."""
_MAX_NAMES = 3


class NotCounted(ValueError):
    """Why a report says nothing about this deploy, in words."""


@dataclass(frozen=True)
class Demand:
    """What a report has to be to count.

    ``hosts`` are names of the inventory that it has to have expected, ``targets`` shell patterns that each have to
    match one of its targets; ``fail_on`` is the mildest severity that refuses.
    """

    hosts: Sequence[str]
    targets: Sequence[str]
    max_age: timedelta
    fail_on: str


@dataclass(frozen=True)
class Judgement:
    """``verdict`` (pass, fail, unknown) and the reason in one line; ``report`` is what was judged, where it counts."""

    verdict: str
    reason: str
    report: Mapping[str, Any] | None = None

    @property
    def allowed(self) -> bool:
        """Only what passes is allowed."""
        return self.verdict == "pass"


def read_report(path: str) -> dict[str, Any]:
    """The report in that file. Raises NotCounted where it is none, or not whole."""
    try:
        with open(path, encoding="utf-8") as stream:
            report = json.load(stream)
        check_schema(report)
    except OSError as error:
        raise NotCounted(f"it cannot be read: {error.strerror}") from None
    except json.JSONDecodeError as error:
        raise NotCounted(f"it is cut short or no JSON at all ({error})") from None
    except RecursionError:
        raise NotCounted("it is no report of ours: it is nested too deeply") from None
    except ValueError as error:
        raise NotCounted(str(error)) from None
    return dict(report)


def judge(report: Mapping[str, Any], demand: Demand, now: datetime) -> Judgement:
    """The report's findings judged anew by the demand, if it is fresh and about these hosts and targets.

    Raises NotCounted where it says nothing about them.
    """
    try:
        _check_age(report, demand.max_age, now)
        _check_coverage(report["coverage"], report["provenance"], demand)
        findings = sorted(report["findings"], key=order)
        verdict, reason = judge_verdict(findings, report["coverage"], demand.fail_on)
    except NotCounted:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotCounted(f"it is not whole ({type(error).__name__}: {clip(error, 80)})") from None
    judged = {**report, "findings": findings, "verdict": verdict, "verdict_reason": reason, "fail_on": demand.fail_on}
    if verdict != "pass":
        reason += f"; the first: {_first(findings, verdict)}"
    return Judgement(verdict, reason, judged)


def _first(findings: Sequence[Mapping[str, Any]], verdict: str) -> str:
    """The worst finding that the verdict is about."""
    for finding in findings:
        if finding["status"] == verdict:
            return f"{clip(finding['title'], 100)}: {clip(finding['resource']['name'], 100)}"
    return "no target was evaluated"


def _check_age(report: Mapping[str, Any], max_age: timedelta, now: datetime) -> None:
    """A report is as old as the oldest thing it says, and that may be evidence of long ago that was judged anew."""
    runs = report["provenance"]
    collected = [parse_instant(run["collected_at"]) for run in runs]
    instants = [parse_instant(report["generated_at"]), parse_instant(report["judged_at"]), *collected]
    oldest, newest = min(instants), max(instants)
    if newest - now > CLOCK_SKEW:
        raise NotCounted(
            f"it is from the future: {format_instant(newest)}, while it is {format_instant(now)} here; set the clocks "
            "right and audit again"
        )
    if now - oldest > max_age:
        raise NotCounted(f"it is of {format_instant(oldest)}, more than {format_duration(max_age)} ago; audit again")


def _check_coverage(coverage: Mapping[str, Any], provenance: Sequence[Mapping[str, Any]], demand: Demand) -> None:
    # A host that did not report has a finding of its own, which the verdict weighs, or a waiver answers for it.
    known = {run["host"] for run in provenance} | {each["host"] for each in coverage["hosts_unknown"]}
    missing = [host for host in demand.hosts if host not in known]
    if missing:
        raise NotCounted(f"it is about other hosts, and lacks {_names(missing)}")
    targets = set(_targets(coverage))
    unmatched = [pattern for pattern in demand.targets if not any(_matches(target, pattern) for target in targets)]
    if unmatched:
        raise NotCounted(f"it is about other targets: nothing that it covers matches {_names(unmatched)}")


def _matches(target: str, pattern: str) -> bool:
    """A mirror goes by its URL, with or without the slash at its end, even where its addresses are targets apart."""
    names = [target]
    if "://" in target:
        url = target.partition("/@")[0].rstrip("/")
        names += [url, f"{url}/"]
    return any(fnmatchcase(name, pattern) for name in names)


def _targets(coverage: Mapping[str, Any]) -> Iterator[str]:
    for targets in coverage.get("targets", {}).values():
        yield from targets
    yield from (each["target"] for each in coverage["unknown_targets"])


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(clip(name, 80) for name in names[:_MAX_NAMES])
    return shown if len(names) <= _MAX_NAMES else f"{shown} and {len(names) - _MAX_NAMES} more"


def break_glass_of(who: str | None, why: str | None) -> tuple[str, str] | None:
    """(who, why) where the gate is to be passed whatever it says; None where neither is given. Raises OptionError."""
    given = {"break_glass_who": (who or "").strip(), "break_glass_why": (why or "").strip()}
    missing = [option for option, value in given.items() if not value]
    if len(missing) == len(given):
        return None
    if missing:
        fix = "is empty; the gate opens only to somebody who says who they are and why"
        raise OptionError.of(missing[0], "", fix)
    return given["break_glass_who"], given["break_glass_why"]


def record_break_glass(
    path: str, report: Mapping[str, Any], broken: tuple[str, str], judgement: Judgement, now: datetime
) -> dict[str, str]:
    """Adds to the report in the file that somebody passed the gate all the same; returns what was added.

    Raises OptionError where it cannot be written: then nobody passes.
    """
    who, why = broken
    entry = {"who": who, "why": why, "at": format_instant(now), "verdict": judgement.verdict}
    entry["reason"] = judgement.reason
    kept = {**report, "break_glass": [*report.get("break_glass", ()), entry]}
    try:
        write_atomically(path, encode(kept), mode=stat.S_IMODE(os.stat(path).st_mode))
    except OSError as error:
        fix = f"cannot be written ({error.strerror}), and breaking the glass has to be; the gate stays closed"
        raise OptionError.of("report_path", path, fix) from None
    return entry
