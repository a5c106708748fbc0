# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries of a plan for mirrors: what may be wrong with one that a person has edited, and which hosts carry it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_mirror import KIND, SETTINGS
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip

ROLE = "package_mirror"
HOSTS_URL = "package_mirror_url"
"""The variable by which a host says that it serves a mirror."""
STRATEGIES = ("pull_through", "full")
Entry = dict[str, Any]


def is_target(target: Any) -> bool:
    """Whether it is the target of such an entry, or of one of another role that has a URL."""
    return isinstance(target, Mapping) and all(
        isinstance(target.get(key), str) and target[key] for key in ("kind", "url")
    )


def problems(entry: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with it, and what to do."""
    target, settings = entry.get("target"), entry.get("settings")
    if not is_target(target):
        yield "target: needs kind and url as the plan had them"
    elif entry["target"]["kind"] != KIND:
        yield f"target: is of kind {clip(entry['target']['kind'], 80)!r}, and role {ROLE} is for {KIND}"
    if not isinstance(settings, Mapping):
        yield f"settings: is no mapping of {', '.join(SETTINGS)} to values"
        return
    for key in settings:
        if key not in SETTINGS:
            yield f"settings.{clip(key, 80)}: is not known; there is {', '.join(SETTINGS)}"
    if settings.get("strategy") not in STRATEGIES:
        yield f"settings.strategy: {clip(settings.get('strategy'), 80)!r} is not known; give {' or '.join(STRATEGIES)}"
    if not (isinstance(settings.get("upstream_url"), str) and settings["upstream_url"]):
        yield "settings.upstream_url: is missing; say which index it is to be a mirror of"
    projects = settings.get("projects", [])
    if not (isinstance(projects, list) and all(isinstance(each, str) for each in projects)):
        yield "settings.projects: is no list of names; give names of projects"


def carried_out(entries: Sequence[Entry], urls: Mapping[str, Any]) -> tuple[list[Entry], list[Entry]]:
    """(entries, unanswered): an entry for a mirror once for each host that serves it, in the place of who audited it.

    ``urls`` has each host's variable package_mirror_url. Those that no host answers to are ``unanswered``.
    """
    placed: list[Entry] = []
    unanswered = []
    for entry in entries:
        if entry["role"] != ROLE:
            placed.append(entry)
            continue
        url = _plain(entry["target"]["url"])
        hosts = sorted(host for host, own in urls.items() if own and _plain(own) == url)
        placed += [{**entry, "host": host} for host in hosts]
        unanswered += [] if hosts else [entry]
    return placed, unanswered


def _plain(url: Any) -> str:
    """An address without the slash at its end, which people leave out."""
    return str(url).rstrip("/")
