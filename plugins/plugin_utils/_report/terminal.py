# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as plain text for a terminal: what a person reads first when a pager woke them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import SEVERITIES
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.plugin_utils._report.outages import in_words, outages
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_file import remediate_command
from ansible_collections.sre.preflight.plugins.plugin_utils._report.terminal_mirrors import mirror_lines
from ansible_collections.sre.preflight.plugins.plugin_utils._report.terminal_plan import plan_lines
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip, lowered, plural, some, wrap
from ansible_collections.sre.preflight.plugins.plugin_utils._report.when import to_minute

MIN_WIDTH = 40
MAX_WIDTH = 120
"""Longer lines are hard to read, however wide the terminal is."""
_REASONS = 3
_LOCATIONS = 2
_MAX_TEXT = 400
_LABEL = "  {:<7}"
_STYLES = {
    "pass": "1;32",
    "fail": "1;31",
    "unknown": "1;35",
    "critical": "1;31",
    "high": "31",
    "medium": "33",
    "low": "36",
}


def render_terminal(
    report: Mapping[str, Any],
    *,
    width: int = 100,
    color: bool = False,
    limit: int = 10,
    command: Sequence[str] | None = None,
) -> str:
    """The summary of a report (docs/report.schema.json) in lines of at most ``width`` columns (40 at least).

    ``limit`` is how many findings are told in full; ``color`` adds ANSI colours to the verdict and the severities;
    ``command`` is the words that carry out the plan (plan_file.remediate_command), never broken inside a word.
    Text that is not ours is spelled out where a terminal would obey it. Ends without a newline.
    """
    width = max(width, MIN_WIDTH)
    page = _Page(width, color=color)
    now = parse_instant(report["judged_at"])
    _verdict(page, report, now)
    shown = report["findings"][:limit]
    for number, finding in enumerate(shown):
        if _is_minor(finding):
            _minor(page, finding, follows=number > 0 and _is_minor(shown[number - 1]))
        else:
            _finding(page, finding, now)
    _more(page, report["findings"][limit:])
    page.lines += mirror_lines(report, now, width)
    page.lines += plan_lines(report["plan"], command or remediate_command(None), width)
    _counts(page, report)
    _coverage(page, report["coverage"])
    _comparison(page, report["comparison"])
    return "\n".join(page.lines)


class _Page:
    def __init__(self, width: int, *, color: bool) -> None:
        self.lines: list[str] = []
        self._width = width
        self._color = color

    def gap(self) -> None:
        self.lines.append("")

    def add(self, text: str, *, first: str = "", rest: str | None = None, style: str | None = None) -> None:
        """Wraps the text after ``first``; the style colours ``first``, never what is not ours."""
        head, *tail = wrap(text, self._width, first=first, rest=rest)
        if self._color and style:
            word = first.rstrip()
            head = f"\x1b[{_STYLES[style]}m{word}\x1b[0m{head[len(word) :]}"
        self.lines.extend([head, *tail])


def _verdict(page: _Page, report: Mapping[str, Any], now: datetime) -> None:
    verdict, summary = str(report["verdict"]), report["summary"]
    counts = {**summary["by_severity"], "unknown": summary["by_status"]["unknown"]}
    counted = _counted(counts, (*SEVERITIES, "unknown")) or "no findings"
    known = outages(report)
    further = "further " if known.begun else ""
    coming = f"next outage {_outage(known.next, now)}" if known.next else f"no {further}outage known"
    page.add(f"{counted}; {coming}", first=f"{verdict.upper()}  ", style=verdict)
    indent = " " * (len(verdict) + 2)
    if known.latest:
        have = "outage has" if known.begun == 1 else "outages have"
        page.add(f"{known.begun:,} {have} begun, the latest {_outage(known.latest, now)}", first=indent)
    page.add(clip(report["verdict_reason"], _MAX_TEXT), first=indent)


def _outage(finding: Mapping[str, Any], now: datetime) -> str:
    title = clip(finding["title"], 100)
    name = clip(finding["resource"]["name"], 100)
    return f"{in_words(finding, now)}: {to_minute(finding['outage_at'])} {name} ({lowered(title)})"


def _finding(page: _Page, finding: Mapping[str, Any], now: datetime) -> None:
    severity, unknown = str(finding["severity"]), finding["status"] == "unknown"
    style = "unknown" if unknown else severity
    label = f"UNKNOWN ({severity})" if unknown else severity.upper()
    page.gap()
    page.add(clip(finding["title"], 200), first=f"{label}  ", style=style)
    page.add(clip(finding["message"], _MAX_TEXT), first=_LABEL.format("what"))
    page.add(_where(finding), first=_LABEL.format("where"))
    if finding["outage_at"]:
        page.add(f"{to_minute(finding['outage_at'])} ({in_words(finding, now)})", first=_LABEL.format("when"))
    if finding["remediation"]:
        page.add(_remedy(finding["remediation"]), first=_LABEL.format("do"))


def _is_minor(finding: Mapping[str, Any]) -> bool:
    return bool(finding["status"] == "fail" and finding["severity"] == SEVERITIES[-1])


def _minor(page: _Page, finding: Mapping[str, Any], *, follows: bool) -> None:
    """A low finding, in a line or two: nobody was woken for it."""
    if not follows:
        page.gap()
    text = f"{clip(finding['message'], _MAX_TEXT)} ({_where(finding, most=1)})"
    page.add(text, first="LOW  ", rest="     ", style="low")


def _where(finding: Mapping[str, Any], *, most: int = _LOCATIONS) -> str:
    locations = finding["locations"] or [finding["resource"]["location"] or finding["resource"]["name"]]
    return some([clip(location, 200) for location in locations[:most]], len(locations))


def _remedy(remediation: Mapping[str, Any]) -> str:
    text = clip(remediation["text"], _MAX_TEXT)
    return f"{text} (role {clip(remediation['role'], 100)})" if remediation["role"] else text


def _more(page: _Page, left: Sequence[Mapping[str, Any]]) -> None:
    if left:
        kinds = Counter("unknown" if finding["status"] == "unknown" else finding["severity"] for finding in left)
        page.gap()
        page.add(f"and {len(left):,} more: {_counted(kinds, (*SEVERITIES, 'unknown'))}", rest="  ")


def _counts(page: _Page, report: Mapping[str, Any]) -> None:
    page.gap()
    if report["waived"]:
        owners = sorted({clip(finding["waiver"]["owner"], 60) for finding in report["waived"]})
        page.add(f"waived: {len(report['waived']):,} by {some(owners[:_REASONS], len(owners))}", rest="  ")
    statuses = report["summary"]["by_status"]
    names = {"not_applicable": "not applicable"}
    judged = ", ".join(f"{count:,} {names.get(status, status)}" for status, count in statuses.items())
    page.add(f"counts: {judged}; {plural(len(report['certificates']), 'certificate')}", rest="  ")


def _coverage(page: _Page, coverage: Mapping[str, Any]) -> None:
    hosts = f"{coverage['hosts_reported']:,} of {plural(coverage['hosts_expected'], 'host')}"
    targets = f"{coverage['targets_evaluated']:,} of {plural(coverage['targets_expected'], 'target')}"
    reasons = [
        f"{clip(each['host'], 80)}: {clip(each['reason'], 160)}" for each in coverage["hosts_unknown"][:_REASONS]
    ]
    reasons += [
        f"{clip(each['target'], 120)} on {clip(each['host'], 80)}: {clip(each['reason'], 160)}"
        for each in coverage["unknown_targets"][: _REASONS - len(reasons)]
    ]
    unknown = len(coverage["hosts_unknown"]) + len(coverage["unknown_targets"])
    gaps = f"; unknown: {some(reasons, unknown, '; ')}" if unknown else ""
    page.add(f"coverage: {hosts}, {targets}{gaps}", rest="  ")


def _comparison(page: _Page, comparison: Mapping[str, Any] | None) -> None:
    if comparison:
        changed = (
            f"{len(comparison['new']):,} new, {len(comparison['gone']):,} gone, {comparison['unchanged']:,} unchanged"
        )
        page.add(f"since {to_minute(comparison['previous_generated_at'])}: {changed}", rest="  ")


def _counted(counts: Mapping[str, int], order: Iterable[str]) -> str:
    return ", ".join(f"{counts[key]:,} {key}" for key in order if counts.get(key))
