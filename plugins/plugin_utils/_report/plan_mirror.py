# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan's entry for one mirror: what the role package_mirror is to make of it, and what that does. Pure.

Its settings have no paths, unlike those of a mount, and what was found is what the mirror lacks: nobody who asks a
mirror is told how it was set up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._mirror import outcome
from ansible_collections.sre.preflight.plugins.module_utils._mirror.mending import TARGET

from .plan_settings import same
from .text import plural, some

KIND = TARGET
SETTINGS = ("strategy", "upstream_url", "projects")
"""The settings that an entry may have, by their names; those of the role have the prefix package_mirror_."""
PATH = "package_mirror"
"""In the place of a path, where a conflict has to name one."""
_TOLD = {
    outcome.WRONG: ("wrong version", "wrong versions"),
    outcome.FAILS: ("failed install", "failed installs"),
    outcome.BUILDS: ("build from source", "builds from source"),
    outcome.DEARER: ("slower install", "slower installs"),
}
"""What an outcome is called, one of it and several."""
_NAMED = 8
Finding = Mapping[str, Any]


def named_projects(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The projects that somebody named for a mirror, by its URL; ``rows`` are those of mirrors.of_document."""
    named: dict[str, set[str]] = {}
    for each in rows:
        named.setdefault(str(each["url"]), set()).update(each["projects_named"])
    return {url: sorted(names) for url, names in named.items()}


def entry(group: Sequence[Finding], mirror: Mapping[str, Any] | None, projects: Sequence[str]) -> dict[str, Any]:
    """The entry without its id; ``group`` are the findings on one mirror, the worst first, ``mirror`` its row."""
    settings, conflicts = _settled(group)
    settings.update({"projects": list(projects)} if projects else {})
    hosts = sorted({host for finding in group for host in finding["hosts"]})
    lacks = list(dict.fromkeys(each for finding in group for each in finding["remediation"]["found"].get("lacks", ())))
    target = group[0]["remediation"]["target"]
    return {
        "role": str(group[0]["remediation"]["role"]),
        "host": hosts[0] if hosts else "",
        "target": {key: target[key] for key in ("kind", "url")},
        "settings": settings,
        "found": {"lacks": lacks},
        "findings": [] if conflicts else [finding["id"] for finding in group],
        "steps": [{"change": _change(settings), "settings": settings}],
        "effect": _effect(settings, lacks, mirror),
        "risk": list(_risks(target["url"], projects)),
        "interim": [],
        "needs": _needs(settings),
        "conflicts": conflicts,
    }


def _settled(group: Sequence[Finding]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The settings on which all findings agree, and a conflict for each that they do not: a person decides."""
    settings: dict[str, Any] = {}
    conflicts = []
    for key in SETTINGS:
        wishes = [
            (finding["remediation"]["settings"][key], finding["id"])
            for finding in group
            if key in finding["remediation"]["settings"]
        ]
        values = sorted({str(value): value for value, _finding in wishes}.items())
        if len(values) == 1:
            settings[key] = values[0][1]
        elif values:
            wanted = [
                {"value": value, "findings": [each for wish, each in wishes if same(wish, value)]}
                for _text, value in values
            ]
            why = "it was audited against several, so a person decides: put the right one into settings"
            conflicts.append({"path": PATH, "key": key, "values": wanted, "chosen": None, "why": why})
    return settings, conflicts


def _change(settings: Mapping[str, Any]) -> str:
    upstream = settings.get("upstream_url", "the upstream")
    return f"Serve {upstream} through a cache, page by page as it is"


def _effect(settings: Mapping[str, Any], lacks: Sequence[str], mirror: Mapping[str, Any] | None) -> dict[str, Any]:
    """{text, outcomes}; ``outcomes`` are those of today by kind, None where nothing was resolved."""
    outcomes = dict(mirror["outcomes"]) if mirror and mirror["outcomes"] else None
    return {"text": _in_words(settings, lacks, outcomes), "outcomes": outcomes}


def _in_words(settings: Mapping[str, Any], lacks: Sequence[str], outcomes: Mapping[str, int] | None) -> str:
    if "upstream_url" not in settings:
        return "what it does is not known until somebody has decided on the upstream"
    if outcomes is None:
        again = some(lacks[:_NAMED], len(lacks))
        return f"clients get what the upstream says, with {again}" if again else "clients get what the upstream says"
    asked = sum(outcomes.values())
    harms = harms_in_words(outcomes)
    if not harms:
        return (
            f"clients get what the upstream says; what they install is the same in {asked:,} of {asked:,} cases already"
        )
    return f"{harms} of {asked:,} -> none: clients install what they install from the upstream"


def harms_in_words(outcomes: Mapping[str, int]) -> str:
    """``2 wrong versions, 1 failed install``; empty where every install is the same."""
    harms = [(outcomes.get(name, 0), names) for name, names in _TOLD.items()]
    return ", ".join(f"{count:,} {names[count > 1]}" for count, names in harms if count)


def _risks(url: str, projects: Sequence[str]) -> Iterator[str]:
    away = "While the upstream is away only what was fetched before is served."
    if projects:
        yield f"{away} In advance that is {plural(len(projects), 'project')} with all that is needed beside."
    else:
        yield f"{away} No project is named to be fetched in advance: name what has to install in projects."
    place = url.partition("://")[2].partition("/")[0]
    yield (
        f"Whatever answers at {place} today is replaced; what it has and the upstream has not, such as "
        "projects of your own, is no longer served."
    )


def _needs(settings: Mapping[str, Any]) -> dict[str, Any]:
    upstream = settings.get("upstream_url", "the upstream")
    return {
        "rights": [],
        "access": [
            "root on the host whose package_mirror_url is the target",
            f"a way from that host to {upstream} and to the hosts of its files",
            "disk for what is kept (package_mirror_cache_max_size)",
        ],
        "downtime": "none where nginx serves it already; else until nginx has taken the address over",
    }
