# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence on pages and files: what was asked, what came back. Plain JSON on its way out and in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from operator import attrgetter
from typing import Any

from .client import Answer
from .model import File, ProjectPage, Violation

HEADERS = (
    "content-type",
    "vary",
    "etag",
    "last-modified",
    "cache-control",
    "age",
    "x-pypi-last-serial",
    "accept-ranges",
    "content-length",
    "www-authenticate",
)
"""What is kept of an answer's headers."""
_COLUMNS = (
    "filename",
    "url",
    "hashes",
    "requires_python",
    "yanked",
    "yanked_reason",
    "core_metadata",
    "size",
    "upload_time",
    "provenance",
    "gpg_sig",
)
_row = attrgetter(*_COLUMNS)
_FETCHES = ("head", "part", "whole", "signature")


@dataclass(frozen=True)
class Fetch:
    """One answer without its body. ``kind`` and ``reason`` say why it is not whole (see client.Answer)."""

    url: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    redirects: tuple[Mapping[str, Any], ...] = ()
    kind: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, answer: Answer) -> Fetch:
        """What is kept of an answer."""
        headers = {name: answer.headers[name][:500] for name in HEADERS if name in answer.headers}
        return cls(answer.url, answer.status, headers, answer.redirects, answer.kind, answer.reason)

    @property
    def ok(self) -> bool:
        """Whether it brought what was asked for."""
        return self.kind is None and self.status is not None and 200 <= self.status < 300

    @property
    def complaint(self) -> str:
        """Why it did not, in words."""
        return self.reason or f"status {self.status}"

    @property
    def content_type(self) -> str:
        """The type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def foreign(self) -> str | None:
        """Where a redirect leads that was not followed; None where there was none."""
        return str(self.redirects[-1]["to"]) if self.kind == "foreign" and self.redirects else None

    def to_json(self) -> dict[str, Any]:
        """{url, status, headers, redirects, kind, reason}."""
        return {**self.__dict__, "headers": dict(self.headers), "redirects": [dict(each) for each in self.redirects]}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Fetch:
        """The inverse of to_json."""
        return cls(**{**given, "redirects": tuple(given["redirects"])})


@dataclass(frozen=True)
class PageFetch:
    """A project's page as one way of asking got it: ``format`` is what its bytes are, ``digest`` tells them apart."""

    fetch: Fetch
    format: str | None = None
    digest: str | None = None
    size: int = 0
    page: ProjectPage = field(default_factory=ProjectPage)

    def to_json(self) -> dict[str, Any]:
        """{fetch, format, digest, size, page}; the page's files as rows."""
        page = self.page.__dict__
        files = [list(_row(each)) for each in self.page.files]
        violations = [[each.kind, each.place, each.detail] for each in self.page.violations]
        return {
            **self.__dict__,
            "fetch": self.fetch.to_json(),
            "page": {**page, "files": files, "violations": violations},
        }

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> PageFetch:
        """The inverse of to_json."""
        page = dict(given["page"])
        page["files"] = tuple(File(*row) for row in page["files"])
        page["violations"] = tuple(Violation(*row) for row in page["violations"])
        page["versions"] = None if page["versions"] is None else tuple(page["versions"])
        fetch = Fetch.from_json(given["fetch"])
        return cls(**{**given, "fetch": fetch, "page": ProjectPage(**page)})


@dataclass(frozen=True)
class MetadataProbe:
    """One ``.metadata`` file that a page advertises, against what is served. ``digests`` are those that it claims."""

    filename: str
    fetch: Fetch
    advertised: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    requires_python: str | None = None
    listed_requires_python: str | None = None

    @property
    def unserved(self) -> str | None:
        """Why the file is not there; None where it is, or lies on a host that is not asked."""
        return None if self.fetch.ok or self.fetch.kind == "foreign" else self.fetch.complaint

    @property
    def wrong_digests(self) -> list[str]:
        """The algorithms by which it is another file than advertised."""
        return [name for name, digest in self.digests.items() if self.advertised[name] != digest]

    def to_json(self) -> dict[str, Any]:
        """Its fields."""
        return {**asdict(replace(self, fetch=Fetch(""))), "fetch": self.fetch.to_json()}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> MetadataProbe:
        """The inverse of to_json."""
        return cls(**{**given, "fetch": Fetch.from_json(given["fetch"])})


@dataclass(frozen=True)
class FileProbe:
    """One sampled file: as HEAD, by a range, and, unless it is too large, as a whole.

    ``whole`` is None where it was left out; ``digests`` are those of its bytes, by the algorithms of ``listed``.
    """

    project: str
    filename: str
    head: Fetch
    part: Fetch
    whole: Fetch | None = None
    signature: Fetch | None = None
    listed: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    listed_size: int | None = None
    size: int | None = None

    @property
    def unserved(self) -> str | None:
        """Why the file is not there; None where it is, is too large to be fetched, or lies on a host not asked."""
        fetch = self.head if self.whole is None else self.whole
        return None if fetch.ok or fetch.kind in ("foreign", "too-large") else fetch.complaint

    @property
    def wrong_digests(self) -> list[str]:
        """The algorithms by which it is another file than listed."""
        return [name for name, digest in self.digests.items() if self.listed[name] != digest]

    def to_json(self) -> dict[str, Any]:
        """Its fields."""
        fetches = {name: getattr(self, name) for name in _FETCHES}
        plain = {name: each and each.to_json() for name, each in fetches.items()}
        return {**self.__dict__, "listed": dict(self.listed), "digests": dict(self.digests), **plain}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> FileProbe:
        """The inverse of to_json."""
        fetches = {
            name: given[name] and Fetch.from_json(given[name]) for name in ("head", "part", "whole", "signature")
        }
        return cls(**{**given, **fetches})


@dataclass(frozen=True)
class ProjectEvidence:
    """One project: by the index's key its pages, ``current`` as clients of today ask, ``html`` as old ones do."""

    name: str
    pages: Mapping[str, Mapping[str, PageFetch]]
    metadata: Mapping[str, tuple[MetadataProbe, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """{name, pages, metadata}."""
        pages = {key: {way: each.to_json() for way, each in ways.items()} for key, ways in self.pages.items()}
        return {
            "name": self.name,
            "pages": pages,
            "metadata": {key: [each.to_json() for each in probes] for key, probes in self.metadata.items()},
        }

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> ProjectEvidence:
        """The inverse of to_json."""
        pages = {
            key: {way: PageFetch.from_json(each) for way, each in ways.items()} for key, ways in given["pages"].items()
        }
        metadata = {
            key: tuple(MetadataProbe.from_json(each) for each in probes) for key, probes in given["metadata"].items()
        }
        return cls(given["name"], pages, metadata)
