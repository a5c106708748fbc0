# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of an index (PEP 503, PEP 691), read for what is needed to fetch its files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
TEXT = "text/html"
TYPES = {"json": (JSON,), "html": (HTML, TEXT)}
_SDIST = re.compile(r"(?P<stem>.+)\.(?:tar\.gz|tar\.bz2|tar\.xz|tgz|zip)", re.IGNORECASE)


@dataclass(frozen=True)
class File:
    """A file as a page lists it; ``url`` is absolute and without its fragment."""

    filename: str
    url: str
    sha256: str | None = None
    requires_python: str = ""
    yanked: bool = False
    has_metadata: bool = False
    provenance: str | None = None

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel; all else that has a version is a source distribution."""
        return self.filename.lower().endswith(".whl")

    @property
    def version(self) -> str | None:
        """What its name says; None for what pip and uv do not install."""
        parts = self.filename[:-4].split("-")
        if self.is_wheel:
            return parts[1] if len(parts) in (5, 6) else None
        match = _SDIST.fullmatch(self.filename)
        return match["stem"].rpartition("-")[2] if match else None

    @property
    def tags(self) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """A wheel's interpreters, ABIs and platforms."""
        interpreter, abi, platform = (frozenset(part.split(".")) for part in self.filename[:-4].split("-")[-3:])
        return interpreter, abi, platform


def normalized(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def origin_of(url: str) -> str:
    """``https://files.example.org``, with the port where the URL has one."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def files_of(body: bytes, content_type: str, url: str) -> list[File]:
    """What a page lists. Raises ValueError where it is no page."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON:
        return _from_json(body, url)
    if kind in (HTML, TEXT):
        reader = _Anchors(url)
        reader.feed(body.decode("utf-8", "replace"))
        reader.close()
        return reader.files
    raise ValueError(f"it is {kind or 'without a type'}, not a page of an index")


def _from_json(body: bytes, url: str) -> list[File]:
    page = json.loads(body)
    if not isinstance(page, dict) or not isinstance(page.get("files"), list):
        raise ValueError("it has no list of files")
    return [_entry(each, url) for each in page["files"] if isinstance(each, dict) and each.get("filename")]


def _entry(entry: dict[str, Any], url: str) -> File:
    hashes = entry.get("hashes")
    return File(
        filename=str(entry["filename"]),
        url=urldefrag(urljoin(url, str(entry.get("url", "")))).url,
        sha256=hashes.get("sha256") if isinstance(hashes, dict) else None,
        requires_python=str(entry.get("requires-python") or ""),
        yanked=bool(entry.get("yanked")),
        has_metadata=bool(entry.get("core-metadata") or entry.get("dist-info-metadata")),
        provenance=entry.get("provenance") or None,
    )


class _Anchors(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.files: list[File] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "base" and given.get("href"):
            self.url = urljoin(self.url, str(given["href"]))
        if tag == "a" and given.get("href"):
            self.files.append(self._anchor(given))

    def _anchor(self, given: dict[str, str | None]) -> File:
        url, fragment = urldefrag(urljoin(self.url, str(given["href"])))
        digest = re.search(r"\bsha256=([0-9a-fA-F]{64})", fragment)
        return File(
            filename=unquote(urlsplit(url).path.rpartition("/")[2]),
            url=url,
            sha256=digest and digest[1],
            requires_python=given.get("data-requires-python") or "",
            yanked="data-yanked" in given,
            has_metadata="data-core-metadata" in given or "data-dist-info-metadata" in given,
            provenance=given.get("data-provenance") or None,
        )
