# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A page of the Simple API, HTML or JSON, as leniently as any client reads it and stricter in what it notes.

Any bytes give a page: what the specification does not allow becomes a violation with its place, and the rest of the
page is read all the same (PyPA specification, simple repository API).
"""

from __future__ import annotations

import codecs
from typing import NamedTuple

from .model import ProjectPage
from .page_html import read_html
from .page_json import read_json
from .violations import ENCODING, NOT_A_PAGE, Violations

JSON = "json"
HTML = "html"
_HEAD = 4096
_OF_PYTHON_ALONE = ("idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape")
"""Encodings that no server means by its charset, and that take very long, or change what they do not know."""


class Parsed(NamedTuple):
    """``format`` is what the bytes are, ``json``, ``html`` or neither (None), whatever they were called."""

    format: str | None
    page: ProjectPage


def parse(body: bytes, *, url: str, charset: str | None = None) -> Parsed:
    """The page that was served at ``url``, which relative links in it start from. Never raises."""
    form = sniff(body)
    if form == JSON:
        return Parsed(JSON, read_json(body, url))
    violations = Violations()
    text = decode(body, charset, violations)
    if form == HTML:
        return Parsed(HTML, read_html(text, url, violations))
    violations.add(NOT_A_PAGE, "page", f"neither HTML nor JSON: {text[:40]!r}")
    return Parsed(None, ProjectPage(violations=violations.all()))


def sniff(body: bytes) -> str | None:
    """``json`` or ``html`` by the first bytes; None for anything else."""
    head = body[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head[:1] in (b"{", b"["):
        return JSON
    if head[:1] == b"<" or b"<html" in head or b"<a " in head:
        return HTML
    return None


def decode(body: bytes, charset: str | None, violations: Violations) -> str:
    """The text of a page; bytes that the charset (UTF-8 without one) does not have are replaced, and noted."""
    try:
        name = codecs.lookup(charset or "utf-8").name
        if name not in _OF_PYTHON_ALONE:
            return body.decode(name)
        violations.add(ENCODING, "page", f"the charset {charset!r} is not known")
    except UnicodeDecodeError as error:
        violations.add(ENCODING, "page", f"byte {error.start} is not {error.encoding}")
    except (LookupError, ValueError):
        violations.add(ENCODING, "page", f"the charset {charset!r} is not known")
    return body.decode("utf-8", "replace")
