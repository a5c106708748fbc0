# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mirrors in a few lines of the terminal's summary: what each lacks, and what clients would install from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.module_utils._mirror import outcome
from ansible_collections.sre.preflight.plugins.plugin_utils._report.when import relative

from .installs import WORDS, installs
from .plan_mirror import harms_in_words
from .text import clip, plural, some, wrap

MAX_MIRRORS = 5
MAX_INSTALLS = 6
_LACKS = 6
_MAX_TEXT = 300


def mirror_lines(report: Mapping[str, Any], now: datetime, width: int) -> Iterator[str]:
    """The lines, with an empty one before; none where no mirror was audited. Slower installs are counted alone."""
    mirrors = report.get("mirrors") or []
    for mirror in mirrors[:MAX_MIRRORS]:
        yield ""
        yield from wrap(_told(mirror, now), width, first="MIRROR  ", rest="  ")
        yield from _installs(mirror["url"], report["resolutions"]["differing"], width)
    if len(mirrors) > MAX_MIRRORS:
        yield f"  and {plural(len(mirrors) - MAX_MIRRORS, 'more mirror')}"


def _told(mirror: Mapping[str, Any], now: datetime) -> str:
    read = f"{mirror['projects_read']:,} of {plural(mirror['projects'], 'project')} read"
    parts = [f"{clip(mirror['url'], 120)}: {read}"]
    if mirror["last_changed"]:
        parts[0] += f", changed {relative(parse_instant(mirror['last_changed']), now)}"
    if mirror["lacks"]:
        parts.append(f"lacks {some([clip(each, 40) for each in mirror['lacks'][:_LACKS]], len(mirror['lacks']))}")
    sample = mirror["sample"]
    if sample and sample["drawn"]:
        parts.append(f"{len(sample['bad']):,} of {sample['drawn']:,} drawn are bad: at most "
                     f"{sample['bad_percent_at_most']:g} % of all")  # fmt: skip
    asked = sum(mirror["outcomes"].values())
    if asked:
        unknown = mirror["outcomes"].get(outcome.UNKNOWN)
        harms = harms_in_words(mirror["outcomes"]) or ("none known to differ" if unknown else "none that differs")
        parts.append(f"of {plural(asked, 'install')} {harms}" + (f", {unknown:,} not known" if unknown else ""))
    return "; ".join(parts)


def _installs(url: str, differing: Any, width: int) -> Iterator[str]:
    rows = installs([each for each in differing if each["mirror"] == url])
    rows = [each for each in rows if each.outcome != WORDS[outcome.DEARER]]
    for each in rows[:MAX_INSTALLS]:
        yield from wrap(clip(each.sentence, _MAX_TEXT), width, first="  ", rest="         ")
    if len(rows) > MAX_INSTALLS:
        yield f"  and {len(rows) - MAX_INSTALLS:,} more"
