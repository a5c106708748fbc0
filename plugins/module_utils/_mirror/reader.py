# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading from one index, at one of its addresses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import Any

from .client import FOREIGN, Answer, Client, Request
from .connection import Server
from .evidence import Fetch, FileProbe, MetadataProbe, PageFetch
from .formats import CURRENT, MATRIX, TEXT_TYPE
from .model import File
from .root import MAX_BYTES, Root, read_root
from .simple_api import parse

MAX_METADATA_BYTES = 4 << 20
MAX_METADATA_FILES = 5
"""So many of a project; more are taken only for many Pythons and platforms at once."""
NO_PROJECT = "preflight-audit-has-no-such-project"
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_REQUIRES_PYTHON = re.compile(rb"^Requires-Python:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Limits:
    """The largest page, and the largest file that is fetched as a whole, in bytes."""

    page: int
    file: int


class Reader:
    """One index at one address; ``key`` names it in the evidence."""

    def __init__(self, client: Client, server: Server, address: str | None, limits: Limits) -> None:
        self.client = client
        self.server = server
        self.address = address
        self.limits = limits
        self.key = server.role if address is None else f"{server.role}@{address}"

    def ask(self, url: str, **more: Any) -> Answer:
        """The answer to one request; one to a host that is not the index's own is not sent."""
        try:
            if not self.server.owns(url):
                return Answer(
                    url, kind=FOREIGN, reason=f"lies on another host: {url}", redirects=({"status": None, "to": url},)
                )
        except ValueError as error:
            return Answer(url, kind="bad-url", reason=f"no URL: {error}")
        return self.client.fetch(Request(self.server, url, address=self.address, **more))

    def page_url(self, project: str) -> str:
        """Where a project's page is to be found."""
        return f"{self.server.url}{project}/"

    def root(self) -> tuple[Answer, Root]:
        """The root page."""
        answer = self.ask(self.server.url, accept=CURRENT, limit=MAX_BYTES, remember=True)
        return answer, read_root(answer)

    def pages(self, project: str) -> dict[str, PageFetch]:
        """The project's page as current clients ask for it, and, of a mirror, as old ones do."""
        pages = {"current": self.page(project, CURRENT)}
        if self.server.role == "mirror":
            old = self.page(project, TEXT_TYPE)
            if old.digest is None or old.digest != pages["current"].digest:
                pages["html"] = old
        return pages

    def page(self, project: str, accept: str) -> PageFetch:
        """The project's page by one way of asking."""
        answer = self.ask(self.page_url(project), accept=accept, limit=self.limits.page, remember=True)
        if not answer.ok:
            return PageFetch(Fetch.of(answer))
        charset = _CHARSET.search(answer.headers.get("content-type", ""))
        parsed = parse(answer.body, url=answer.url, charset=charset and charset.group(1))
        digest = hashlib.sha256(answer.body).hexdigest()
        page = replace(parsed.page, last_serial=_serial(answer)) if parsed.page.last_serial is None else parsed.page
        return PageFetch(Fetch.of(answer), parsed.format, digest, len(answer.body), page)

    def metadata(self, pages: Mapping[str, PageFetch], likely: Sequence[File]) -> tuple[MetadataProbe, ...]:
        """The metadata files of what is likely to be installed; else that of the last listed file that has one."""
        files = [each for each in likely if each.core_metadata][:MAX_METADATA_FILES]
        listed = (each for page in pages.values() for each in reversed(page.page.files) if each.core_metadata)
        return tuple(self._metadata(each) for each in files or islice(listed, 1))

    def _metadata(self, file: File) -> MetadataProbe:
        answer = self.ask(f"{file.url}.metadata", limit=MAX_METADATA_BYTES)
        claimed = dict(file.core_metadata) if isinstance(file.core_metadata, Mapping) else {}
        head = answer.body.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        found = _REQUIRES_PYTHON.search(head) if answer.ok else None
        return MetadataProbe(
            file.filename,
            Fetch.of(answer),
            claimed,
            digests(answer.body, claimed) if answer.ok else {},
            found and found.group(1).decode("utf-8", "replace").strip(),
            file.requires_python,
        )

    def file(self, project: str, file: File) -> FileProbe:
        """One file, by HEAD, by a range, and as a whole unless it is too large."""
        head = self.ask(file.url, method="HEAD")
        part = self.ask(file.url, headers={"Range": "bytes=0-0", "Accept-Encoding": "identity"}, limit=self.limits.file)
        length = file.size if file.size is not None else _length(head)
        whole = None
        if head.kind != FOREIGN and (length is None or length <= self.limits.file):
            whole = self.ask(file.url, limit=self.limits.file)
        known = whole if whole is not None and whole.ok else None
        return FileProbe(
            project,
            file.filename,
            Fetch.of(head),
            Fetch.of(part),
            None if whole is None else Fetch.of(whole),
            Fetch.of(self.ask(f"{file.url}.asc")) if file.gpg_sig else None,
            file.hashes,
            digests(known.body, file.hashes) if known else {},
            file.size,
            len(known.body) if known else None,
        )

    def probes(self, project: str) -> dict[str, dict[str, Any]]:
        """How the index behaves, tried on one project: {name of the probe: {fetch, format, files}}."""
        url = self.page_url(project)
        page = self.ask(url, accept=CURRENT, limit=self.limits.page)
        tries: dict[str, dict[str, Any]] = {
            **{f"accept {name}": {"url": url, "accept": accept} for name, accept in MATRIX.items()},
            "unknown project": {"url": self.page_url(NO_PROJECT)},
            "name not normalized": {"url": self.page_url(project.replace("-", "_").upper())},
            "no slash": {"url": url.rstrip("/")},
            "head": {"url": url, "method": "HEAD"},
        }
        condition = _condition(page)
        if condition:
            tries["conditional"] = {"url": url, "headers": condition}
        usual = {"accept": CURRENT, "limit": self.limits.page}
        answers = self.client.map(lambda each: self.ask(**{**usual, **each}), tries.values())
        return {name: _probe(answer) for name, answer in zip(tries, answers)}


def choose_files(
    projects: Mapping[str, Mapping[str, PageFetch]],
    likely: Mapping[str, Sequence[File]],
    count: int,
    random: Random,
) -> list[tuple[str, File]]:
    """So many files at random, of those that are likely to be installed and then of all that the pages list."""
    first = [(name, file) for name, files in likely.items() for file in files]
    known = {(name, file.filename) for name, file in first}
    listed = [
        (name, file)
        for name, pages in projects.items()
        for file in next((each.page.files for each in pages.values() if each.page.files), ())
        if (name, file.filename) not in known
    ]
    chosen = random.sample(first, min(count, len(first)))
    return chosen + random.sample(listed, min(count - len(chosen), len(listed)))


def digests(body: bytes, wanted: Mapping[str, str]) -> dict[str, str]:
    """Hexadecimal digests of a body, by those of the wanted algorithms that are known here."""
    names = [name for name in wanted if name in hashlib.algorithms_guaranteed and not name.startswith("shake")]
    return {name: hashlib.new(name, body, usedforsecurity=False).hexdigest() for name in names}


def _serial(answer: Answer) -> int | None:
    serial = answer.headers.get("x-pypi-last-serial", "")
    return int(serial) if serial.isdecimal() and len(serial) < 19 else None


def _condition(page: Answer) -> dict[str, str]:
    if "etag" in page.headers:
        return {"If-None-Match": page.headers["etag"]}
    if "last-modified" in page.headers:
        return {"If-Modified-Since": page.headers["last-modified"]}
    return {}


def _probe(answer: Answer) -> dict[str, Any]:
    parsed = parse(answer.body, url=answer.url) if answer.ok and answer.body else None
    return {
        "fetch": Fetch.of(answer).to_json(),
        "format": parsed and parsed.format,
        "files": len(parsed.page.files) if parsed else None,
    }


def _length(head: Answer) -> int | None:
    length = head.headers.get("content-length", "")
    return int(length) if head.ok and length.isdecimal() else None
