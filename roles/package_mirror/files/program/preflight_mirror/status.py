# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the last run came to, in a file that the mirror serves and that the next run begins with."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .warming import Project

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def read(path: str) -> dict[str, Any]:
    """The status of the last run; empty where there was none, or where it cannot be read."""
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def made(
    projects: Iterable[Project], before: Mapping[str, Any], verified: Iterable[str], now: datetime, stale_after: str
) -> dict[str, Any]:
    """{ok, finished_at, projects, files, problems, refreshed, verified}; instants are in UTC.

    ``refreshed`` is by project when its pages were last as new as the mirror promises. One for which that is longer
    ago than ``stale_after`` (such as 1d) is a problem: it installs, and nobody knows what it lacks by now.
    """
    projects = list(projects)
    then = before.get("refreshed", {})
    stamp = now.isoformat(timespec="seconds")
    refreshed = {each.name: stamp if each.current else then.get(each.name) for each in projects}
    problems = {each.name: sorted(set(each.problems)) for each in projects if each.problems}
    oldest = now - duration(stale_after)
    for name, when in refreshed.items():
        if when is not None and datetime.fromisoformat(when) < oldest:
            problems.setdefault(name, []).append(f"its page was last compared with the upstream's at {when}")
    return {
        "ok": not problems,
        "finished_at": stamp,
        "projects": len(projects),
        "files": sum(len(each.files) for each in projects),
        "stale": sorted(each.name for each in projects if not each.current),
        "problems": problems,
        "refreshed": refreshed,
        "verified": sorted(verified),
    }


def duration(text: str) -> timedelta:
    """``10m`` and the like, as nginx writes it."""
    return timedelta(seconds=int(text[:-1]) * _SECONDS[text[-1]])


def write(path: str, status: Mapping[str, Any]) -> None:
    """Writes it whole or not at all, for everybody to read: nginx serves it."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(status, stream, indent=1)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
