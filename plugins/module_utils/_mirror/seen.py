# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a client gets to see of a project: the format that it asks for, as far as it reads what it then gets. Pure.

From the sources of pip 26.3 (index/collector.py) and 19.2.3 (index.py), and from runs of uv 0.13.9.
"""

from __future__ import annotations

from typing import NamedTuple

from .choosing import LEGACY_PIP, UV, Client
from .evidence import PageFetch
from .formats import FORMATS, TEXT_TYPE
from .model import ProjectPage
from .violations import BAD_VALUE, MISSING_KEY, WRONG_TYPE

NOT_THERE = (404, 406, 410)
"""With one of these there is nothing to install; after any other status nobody knows."""
_REJECTED_BY_UV = {
    MISSING_KEY: (".filename", ".url", ".hashes"),
    WRONG_TYPE: (".filename", ".url", ".hashes", ".requires-python", ".size", ".upload-time", ".yanked"),
    BAD_VALUE: (".upload-time",),
}


class Seen(NamedTuple):
    """A page as a client reads it; ``reason`` says why it sees no file of what is there, empty where it sees all."""

    page: ProjectPage
    reason: str = ""


def seen_by(client: Client, current: PageFetch, old: PageFetch | None) -> Seen | None:
    """What the client sees, who asks for the current formats or for HTML alone; None where nobody knows.

    ``old`` is the answer to the latter, None where it is the same page.
    """
    answer = old if client is LEGACY_PIP and old is not None else current
    fetch = answer.fetch
    if fetch.status in NOT_THERE and fetch.kind is None:
        return Seen(ProjectPage(), "" if fetch.status == 404 else f"the page is refused ({fetch.complaint})")
    if not fetch.ok:
        return None
    reason = _unread(client, answer, asked_apart=answer is old) or (_rejected(answer) if client is UV else "")
    return Seen(ProjectPage(), reason) if reason else Seen(answer.page)


def _unread(client: Client, answer: PageFetch, *, asked_apart: bool) -> str:
    """Why the answer is no page to the client, by its Content-Type."""
    declared = answer.fetch.content_type
    if answer.format is None:
        return "what is served is neither HTML nor JSON"
    if client is LEGACY_PIP:
        # The type that it gets is known only where it gets another page.
        is_read = answer.format == "html" and (declared == TEXT_TYPE or not asked_apart)
    else:
        is_read = FORMATS.get(declared) == answer.format
    return "" if is_read else f"the page is {answer.format}, and served as {declared or 'nothing'}"


def _rejected(answer: PageFetch) -> str:
    """uv reads a page in JSON as a whole or not at all."""
    if answer.format != "json":
        return ""
    for each in answer.page.violations:
        if each.place.startswith("files[") and each.place.endswith(_REJECTED_BY_UV.get(each.kind, ("\0",))):
            return f"uv rejects the page, for {each.place} {each.detail}"
    return ""
