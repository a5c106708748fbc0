# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The root page: the names of all projects, in bounded memory."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from .client import Answer
from .filenames import is_name, normalized
from .simple_api import HTML, JSON, sniff

MAX_BYTES = 256 << 20
"""The largest there is has 736,344 projects in some 35 MB of JSON."""
MAX_EXAMPLES = 20
# Not a parser of HTML: that takes seconds for so many anchors, and nothing but their links is wanted.
# Up to the next <, for up to a > that never comes a large page would take hours.
_ANCHOR = re.compile(r"<[aA]\s(?:[^<>]*?\s)?(?:href|HREF)\s*=\s*[\"']?([^\"'\s>]+)")
_NORMAL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class Root(NamedTuple):
    """``names`` are normalized and sorted; None where the page could not be read, and ``reason`` says why."""

    format: str | None
    names: tuple[str, ...] | None
    serial: int | None = None
    reason: str | None = None


def read_root(answer: Answer) -> Root:
    """The root page of this answer. Never raises."""
    if not answer.ok:
        return Root(None, None, reason=answer.complaint)
    form = sniff(answer.body)
    if form == JSON:
        return _of_json(answer.body)
    if form == HTML:
        return Root(HTML, _sorted(_links(answer.body)))
    return Root(None, None, reason="the page is neither HTML nor JSON")


def root_evidence(root: Root, answer: Answer) -> dict[str, Any]:
    """{status, format, projects, serial, digest, last_modified, reason}; ``digest`` is that of the names."""
    names = root.names
    return {
        "status": answer.status,
        "format": root.format,
        "projects": None if names is None else len(names),
        "serial": root.serial,
        "digest": None if names is None else hashlib.sha256("\n".join(names).encode()).hexdigest(),
        "last_modified": answer.headers.get("last-modified"),
        "reason": root.reason,
    }


def compare_roots(ours: Root, theirs: Root) -> dict[str, Any] | None:
    """{missing, missing_examples, surplus}: projects that the upstream has and we have not, and how many are the other
    way round; None where one of the pages could not be read."""
    if ours.names is None or theirs.names is None:
        return None
    missing = sorted(set(theirs.names) - set(ours.names))
    surplus = len(ours.names) - (len(theirs.names) - len(missing))
    return {"missing": len(missing), "missing_examples": missing[:MAX_EXAMPLES], "surplus": surplus}


def _of_json(body: bytes) -> Root:
    try:
        document = json.loads(body)
        projects = document["projects"]
        names = _sorted(each["name"] for each in projects)
    except (ValueError, RecursionError) as error:
        return Root(JSON, None, reason=f"the page is not JSON: {error}")
    except (KeyError, TypeError, AttributeError):
        return Root(JSON, None, reason="the page has no list of projects with their names")
    serial = (document.get("meta") or {}).get("_last-serial") if isinstance(document.get("meta"), dict) else None
    return Root(JSON, names, serial if isinstance(serial, int) else None)


def _links(body: bytes) -> Iterator[str]:
    for link in _ANCHOR.findall(body.decode("utf-8", "replace")):
        if "%" in link or "?" in link or "#" in link:
            link = unquote(link).partition("?")[0].partition("#")[0]
        yield link.rstrip("/").rpartition("/")[2]


def _sorted(names: Iterable[Any]) -> tuple[str, ...]:
    """Normalized, each once. Most are normalized already, and looking is cheaper than doing it again."""
    is_normal = _NORMAL.fullmatch
    kept = (name if is_normal(name) else normalized(name) for name in names if is_normal(name) or is_name(name))
    return tuple(sorted(set(kept)))
