# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A project's page in HTML (PEP 503, 592, 629, 658, 714, 740, 792)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from itertools import islice

from .filenames import absolute, filename_of, is_distribution
from .model import CoreMetadata, File, ProjectPage
from .violations import (
    ANCHOR_TEXT,
    ANCHOR_WITHOUT_HREF,
    BAD_VALUE,
    DUPLICATE,
    FOREIGN_ANCHOR,
    FORM,
    NOT_A_PAGE,
    UNESCAPED,
    Violations,
)

_HASH = re.compile(r"(?:^|&)(sha1|sha224|sha256|sha384|sha512|md5|blake2b|blake2s|sha3_\d+)=([0-9a-fA-F]+)(?:&|$)")
_RAW_REQUIRES_PYTHON = re.compile(r"data-requires-python\s*=\s*(\"[^\"]*[<>]|'[^']*[<>]|[^\"'\s])", re.IGNORECASE)
_SERIAL = re.compile(r"\s*SERIAL\s+(\d{1,18})\s*")
_DIGEST = re.compile(r"([a-z0-9_]+)=([0-9a-fA-F]+)")
_SECTIONS = (
    (re.compile(r"<!--"), re.compile(r"--!?\s*>")),
    (re.compile(r"<!\[cdata\[", re.IGNORECASE), re.compile(r"\]\s*\]\s*>")),
    (re.compile(r"<!\["), re.compile(r"\]\s*>")),
    (re.compile(r"<"), re.compile(r">")),
)
MAX_UNCLOSED = 100
"""So many comments, sections or tags that nothing closes are read; for each of them the rest of the page is looked
through, which takes hours where there are many."""
MAX_BASE = 2000
"""It goes before every relative link, so that a long one makes a large page a huge one."""
_Attributes = Mapping[str, "str | None"]


def read_html(text: str, url: str, violations: Violations) -> ProjectPage:
    """The page of this text; adds to ``violations``. Never raises."""
    reader = _Reader(url, violations)
    try:
        reader.feed(_bounded(text))
        reader.close()
    except (AssertionError, NotImplementedError) as error:
        # What html.parser says of a marked section that it does not know, today and up to Python 3.9.
        violations.add(NOT_A_PAGE, "page", f"it is not HTML: {error}")
    reader.end_anchor()
    return reader.page()


def _bounded(text: str) -> str:
    """The text up to where html.parser would begin to look for an end that does not come, again and again."""
    for opening, closing in _SECTIONS:
        closed = max((found.start() for found in closing.finditer(text)), default=0)
        excess = next(islice(opening.finditer(text, closed), MAX_UNCLOSED, None), None)
        text = text if excess is None else text[: excess.start()]
    return text


class _Reader(HTMLParser):
    """Reads one text, tag by tag."""

    def __init__(self, url: str, violations: Violations) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.base: str | None = None
        self.violations = violations
        self.files: list[File] = []
        self.meta: dict[str, str] = {}
        self.serial: int | None = None
        self.anchor: _Attributes | None = None
        self.raw = ""
        self.text: list[str] = []
        self.anchors = 0
        self.seen: set[str] = set()

    def page(self) -> ProjectPage:
        return ProjectPage(
            api_version=self.meta.get("pypi:repository-version"),
            files=tuple(self.files),
            project_status=self.meta.get("pypi:project-status"),
            last_serial=self.serial,
            violations=self.violations.all(),
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.end_anchor()
            self.anchor, self.text = dict(attrs), []
            self.raw = self.get_starttag_text() or ""
        elif tag == "meta":
            values = dict(attrs)
            if values.get("name") and values.get("content") is not None:
                self.meta.setdefault(str(values["name"]).lower(), str(values["content"]))
        elif tag == "base":
            self.set_base(dict(attrs).get("href"))
        elif tag == "input" and dict(attrs).get("type") == "password":
            self.violations.add(FORM, f"line {self.getpos()[0]}", "it asks for a password")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.end_anchor()

    def handle_data(self, data: str) -> None:
        if self.anchor is not None:
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        found = _SERIAL.fullmatch(data)
        if found:
            self.serial = int(found.group(1))

    def set_base(self, href: str | None) -> None:
        if href is None or self.base is not None:
            return  # the first one counts
        self.base = self.url
        if len(href) > MAX_BASE:
            self.violations.add(BAD_VALUE, "base", f"has {len(href)} characters")
            return
        try:
            self.base = absolute(self.url, href)
        except ValueError as error:
            self.violations.add(BAD_VALUE, "base", f"{href!r} is no URL: {error}")

    def end_anchor(self) -> None:
        """The anchor that is open, if any, becomes a file."""
        attributes, self.anchor = self.anchor, None
        if attributes is None:
            return
        place, text = f"anchor[{self.anchors}]", "".join(self.text).strip()
        self.anchors += 1
        href = attributes.get("href")
        if not href:
            self.violations.add(ANCHOR_WITHOUT_HREF, place, text)
            return
        filename = filename_of(href)
        if not is_distribution(text) and not is_distribution(filename):
            self.violations.add(FOREIGN_ANCHOR, place, f"{text!r} leads to {href}")
            return
        if text != filename:
            self.violations.add(ANCHOR_TEXT, place, f"{text!r} leads to {filename}")
        name = text if is_distribution(text) else filename
        if name in self.seen:
            self.violations.add(DUPLICATE, place, f"{name} is listed twice")
        self.seen.add(name)
        self.files.append(self.file(name, href, attributes, place))

    def file(self, name: str, href: str, attributes: _Attributes, place: str) -> File:
        requires_python = attributes.get("data-requires-python")
        if requires_python and _RAW_REQUIRES_PYTHON.search(self.raw):
            self.violations.add(UNESCAPED, f"{place}.data-requires-python", requires_python)
        signed = attributes.get("data-gpg-sig")
        return File(
            filename=name,
            url=self.link(href, place),
            hashes={kind: digest.lower() for kind, digest in _HASH.findall(href.partition("#")[2])},
            requires_python=requires_python,
            yanked="data-yanked" in attributes,
            yanked_reason=attributes.get("data-yanked") or None,
            core_metadata=self.core_metadata(attributes, place),
            provenance=attributes.get("data-provenance"),
            gpg_sig=None if signed is None else signed.lower() == "true",
        )

    def link(self, href: str, place: str) -> str:
        try:
            return absolute(self.base or self.url, href)
        except ValueError as error:
            self.violations.add(BAD_VALUE, f"{place}.href", f"{href!r} is no URL: {error}")
            return href

    def core_metadata(self, attributes: _Attributes, place: str) -> CoreMetadata:
        for key in ("data-core-metadata", "data-dist-info-metadata"):
            if key in attributes:
                value = attributes[key] or "true"
                found = _DIGEST.fullmatch(value)
                if found:
                    return {found.group(1): found.group(2).lower()}
                if value.lower() not in ("true", "false"):
                    self.violations.add(BAD_VALUE, f"{place}.{key}", repr(value))
                return value.lower() != "false"
        return None
