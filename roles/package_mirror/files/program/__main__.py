# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at the upstream, names what is needed, or warms the mirror.

``look`` and ``names`` read settings in JSON from their standard input, and write JSON. ``warm FILE`` reads them from a
file and fails where something is not there; what it came to lies in the file ``status_path``.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from typing import Any

from preflight_mirror import asking, looking, status, warming
from preflight_mirror.choosing import targets
from preflight_mirror.pages import normalized
from preflight_mirror.requirements import Needed, read_files


def main(arguments: list[str]) -> int:
    try:
        if arguments in (["look"], ["names"]):
            json.dump({"look": look, "names": names}[arguments[0]](json.load(sys.stdin)), sys.stdout)
            return 0
        if len(arguments) == 2 and arguments[0] == "warm":
            with open(arguments[1], encoding="utf-8") as stream:
                return warm(json.load(stream))
    except (OSError, ValueError, asking.AskError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"{__doc__}\n")
    return 2


def needed_of(settings: dict[str, Any]) -> list[Needed]:
    """What the settings name, and the files that they name."""
    plain = [Needed(normalized(name)) for name in settings["projects"]]
    return [*plain, *read_files(settings["requirements_paths"])]


def names(settings: dict[str, Any]) -> dict[str, Any]:
    return {"projects": list(dict.fromkeys(each.project for each in needed_of(settings)))}


def look(settings: dict[str, Any]) -> dict[str, Any]:
    """Adds what an earlier run saw of the same upstream: what is cached leads there, and today it may be away."""
    found = names(settings)
    known = status.read(settings["known_path"])
    known = known if known.get("upstream_url") == settings["upstream_url"] else {}
    try:
        seen = looking.describe({**settings, **found})
    except asking.AskError as error:
        if not known:
            raise
        seen = {"formats": known["formats"], "hosts": [], "missing": {}, "away": str(error)}
    return {**found, **seen, "hosts": sorted({*seen["hosts"], *known.get("hosts", ())})}


def warm(settings: dict[str, Any]) -> int:
    before = status.read(settings["status_path"])
    mirror = warming.Mirror(
        asking.Server(at=settings["local_address"], timeout=600.0),
        settings["url"],
        settings["formats"],
        targets(settings["pythons"], settings["platforms"]),
        set(before.get("verified", ())),
    )
    projects = warming.warm(mirror, needed_of(settings))
    now = datetime.now(timezone.utc)
    after = status.made(projects, before, mirror.verified, now, settings["stale_after"])
    status.write(settings["status_path"], after)
    for name, problems in after["problems"].items():
        sys.stderr.write("".join(f"{name}: {problem}\n" for problem in problems))
    sys.stdout.write(f"{after['projects']} projects, {after['files']} files, {len(after['problems'])} with problems\n")
    return 0 if after["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
