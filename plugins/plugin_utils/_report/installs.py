# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would be installed from a mirror in place of what from its upstream, for people: one row, one sentence.

Resolutions that differ in the Python or the platform alone are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._mirror import outcome
from ansible_collections.sre.preflight.plugins.module_utils._mirror.choosing import CLIENTS, PIP
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip, some

WORDS = {
    outcome.WRONG: "another version",
    outcome.FAILS: "fails",
    outcome.BUILDS: "built from source",
    outcome.UNKNOWN: "not known",
    outcome.DEARER: "same, slower",
}
KINDS = {
    outcome.WRONG: "critical",
    outcome.FAILS: "critical",
    outcome.BUILDS: "high",
    outcome.UNKNOWN: "unknown",
    outcome.DEARER: "low",
}
"""The severity, or unknown, whose colour and shape an outcome has on the page."""
_TITLES = {client.name: client.title for client in CLIENTS} | {PIP.name: "pip"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SDISTS = re.compile(r"\.(tar\.[a-z0-9]+|tgz|zip)$")
_MAX_NAME = 100
_MAX_REASON = 600
_LISTED = 12
_SAME = ("mirror", "requirement", "upstream_file", "mirror_file", "outcome", "client")


@dataclass(frozen=True)
class Install:
    """One row: texts that are bounded and visible. ``platforms`` is empty where the report is about one alone."""

    mirror: str
    project: str
    requirement: str
    pythons: str
    platforms: str
    upstream_file: str
    mirror_file: str
    outcome: str
    kind: str
    sentence: str
    reason: str


def installs(differing: Sequence[Mapping[str, Any]]) -> list[Install]:
    """The rows of a report's differing resolutions, in their order."""
    several = len({each["platform"] for each in differing}) > 1
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for each in differing:
        groups.setdefault(tuple(str(each[key]) for key in _SAME), []).append(each)
    return [_install(group, several=several) for group in groups.values()]


def _install(group: Sequence[Mapping[str, Any]], *, several: bool) -> Install:
    first = group[0]
    pythons = _listed(each["python"] for each in group)
    platforms = _listed(each["platform"] for each in group) if several else ""
    project = _NAME.match(first["requirement"])
    name = clip(project[0] if project else first["requirement"], _MAX_NAME)
    return Install(
        mirror=clip(first["mirror"], 200),
        project=name,
        requirement=clip(first["requirement"], _MAX_NAME),
        pythons=pythons,
        platforms=platforms,
        upstream_file=clip(first["upstream_file"] or "", 200),
        mirror_file=clip(first["mirror_file"] or "", 200),
        outcome=WORDS[first["outcome"]],
        kind=KINDS[first["outcome"]],
        sentence=_sentence(first, name, f"Python {pythons}" + (f" ({platforms})" if platforms else "")),
        reason=clip(first["reason"], _MAX_REASON),
    )


def _listed(texts: Iterable[Any]) -> str:
    distinct = list(dict.fromkeys(clip(text, 60) for text in texts))
    shown = distinct[:_LISTED]
    if len(distinct) == len(shown) > 1:
        return f"{', '.join(shown[:-1])} and {shown[-1]}"
    return some(shown, len(distinct))


def _sentence(row: Mapping[str, Any], name: str, where: str) -> str:
    client = _TITLES.get(str(row["client"]), "a client")
    ours, theirs = (_version(row[key], name) for key in ("mirror_file", "upstream_file"))
    if row["outcome"] == outcome.UNKNOWN:
        return f"what is installed of {name} on {where} is not known: {clip(row['reason'], _MAX_REASON)}"
    if row["outcome"] == outcome.FAILS:
        return f"{client} on {where} fails to install {name} from the mirror, and installs {theirs} from the upstream"
    if row["outcome"] == outcome.BUILDS:
        return f"{client} on {where} builds {name} {ours} from source, and installs a wheel of it from the upstream"
    if row["outcome"] == outcome.DEARER:
        return f"{client} on {where} installs {name} {ours} from the mirror with more effort than from the upstream"
    if ours == theirs:
        return f"{client} on {where} installs another {name} {ours} from the mirror than from the upstream"
    return f"{client} on {where} installs {name} {ours} from the mirror, {theirs} from the upstream"


def _version(filename: str | None, name: str) -> str:
    """The version in a file's name; the whole name where it has none, ``nothing`` without a file."""
    if filename is None:
        return "nothing"
    parts = filename.split("-")
    if filename.endswith(".whl"):
        return clip(parts[1] if len(parts) > 4 else filename, _MAX_NAME)
    stem = _SDISTS.sub("", filename)
    return clip(stem[len(name) + 1 :] if len(stem) > len(name) + 1 and stem[len(name)] == "-" else filename, _MAX_NAME)
