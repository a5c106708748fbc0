# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A project's page in JSON (PEP 691, 700, 714, 740, 792)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .filenames import absolute
from .model import CoreMetadata, File, ProjectPage
from .violations import BAD_VALUE, DUPLICATE, MISSING_KEY, NOT_A_PAGE, WRONG_TYPE, Violations

UPLOAD_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
"""PEP 700: ISO 8601 in UTC, whose offset is written as Z."""
_HEX = re.compile(r"[0-9a-fA-F]+")
_METADATA_KEYS = ("core-metadata", "dist-info-metadata", "data-dist-info-metadata")


def read_json(body: bytes, url: str) -> ProjectPage:
    """The page of these bytes. Never raises."""
    violations = Violations()
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        violations.add(NOT_A_PAGE, "page", f"it is not JSON: {error}")
        return ProjectPage(violations=violations.all())
    if not isinstance(document, dict):
        violations.add(WRONG_TYPE, "page", f"is {_type(document)}, not an object")
        return ProjectPage(violations=violations.all())
    return _Reader(document, url, violations).page()


class _Reader:
    """Reads one document, value by value."""

    def __init__(self, document: Mapping[str, Any], url: str, violations: Violations) -> None:
        self.document = document
        self.url = url
        self.note = violations.add
        self.violations = violations

    def page(self) -> ProjectPage:
        meta = self.take(self.document, "meta", dict, required=True) or {}
        version = self.take(meta, "api-version", str, "meta.", required=True)
        status = self.take(self.document, "project-status", dict) or {}
        return ProjectPage(
            name=self.take(self.document, "name", str, required=True),
            api_version=version,
            files=tuple(self.files()),
            versions=self.versions(),
            project_status=self.take(status, "status", str, "project-status."),
            last_serial=_serial(meta.get("_last-serial")),
            violations=self.violations.all(),
        )

    def take(self, mapping: Mapping[str, Any], key: str, kind: type, at: str = "", *, required: bool = False) -> Any:
        """The value of that key if it has the type; None, and a violation where that is due, if it has not.

        ``at`` goes before the key to make its place (``files[3].``), which is made only where it is needed.
        """
        value = mapping.get(key)
        if value is None:
            if required:
                self.note(MISSING_KEY, at + key, "is missing")
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.note(WRONG_TYPE, at + key, f"is {_type(value)}: {value!r}")
            return None
        return value

    def versions(self) -> tuple[str, ...] | None:
        versions = self.take(self.document, "versions", list)
        if versions is None:
            return None
        wrong = [each for each in versions if not isinstance(each, str)]
        if wrong:
            self.note(WRONG_TYPE, "versions", f"holds {_type(wrong[0])}: {wrong[0]!r}")
        return tuple(each for each in versions if isinstance(each, str))

    def files(self) -> Iterator[File]:
        files = self.take(self.document, "files", list, required=True) or ()
        seen = set()
        for index, entry in enumerate(files):
            place = f"files[{index}]"
            if not isinstance(entry, dict):
                self.note(WRONG_TYPE, place, f"is {_type(entry)}, not an object")
                continue
            at = place + "."
            filename = self.take(entry, "filename", str, at, required=True)
            link = self.take(entry, "url", str, at, required=True)
            if filename is None or link is None:
                continue
            if filename in seen:
                self.note(DUPLICATE, f"{at}filename", f"{filename} is listed twice")
            seen.add(filename)
            yield self.file(entry, filename, link, at)

    def file(self, entry: Mapping[str, Any], filename: str, link: str, at: str) -> File:
        yanked, reason = self.yanked(entry, at)
        return File(
            filename=filename,
            url=self.link(link, at),
            hashes=self.hashes(entry, at),
            requires_python=self.take(entry, "requires-python", str, at),
            yanked=yanked,
            yanked_reason=reason,
            core_metadata=self.core_metadata(entry, at),
            size=self.size(entry, at),
            upload_time=self.upload_time(entry, at),
            provenance=self.take(entry, "provenance", str, at),
            gpg_sig=self.take(entry, "gpg-sig", bool, at),
        )

    def link(self, link: str, at: str) -> str:
        try:
            return absolute(self.url, link)
        except ValueError as error:
            self.note(BAD_VALUE, f"{at}url", f"{link!r} is no URL: {error}")
            return link

    def upload_time(self, entry: Mapping[str, Any], at: str) -> str | None:
        """As it is, noted where it is no instant: a client may trip over it."""
        text: str | None = self.take(entry, "upload-time", str, at)
        if text is not None and not UPLOAD_TIME.fullmatch(text):
            self.note(BAD_VALUE, f"{at}upload-time", repr(text))
        return text

    def size(self, entry: Mapping[str, Any], at: str) -> int | None:
        size: int | None = self.take(entry, "size", int, at)
        if size is not None and size < 0:
            self.note(BAD_VALUE, f"{at}size", str(size))
            return None
        return size

    def hashes(self, entry: Mapping[str, Any], at: str, key: str = "hashes") -> dict[str, str]:
        given = self.take(entry, key, dict, at, required=True) or {}
        hashes = {}
        for name, value in given.items():
            if isinstance(value, str):
                hashes[name] = value.lower()  # a client compares with whatever it is
            if not isinstance(value, str) or not _HEX.fullmatch(value):
                self.note(BAD_VALUE, at + key, f"{name}: {value!r} is no hexadecimal digest")
        return hashes

    def yanked(self, entry: Mapping[str, Any], at: str) -> tuple[bool, str | None]:
        value = entry.get("yanked")
        if value is None or isinstance(value, bool):
            return bool(value), None
        if isinstance(value, str) and value:
            return True, value
        # A client takes the empty text for "not yanked".
        kind = BAD_VALUE if isinstance(value, str) else WRONG_TYPE
        self.note(kind, f"{at}yanked", repr(value))
        return False, None

    def core_metadata(self, entry: Mapping[str, Any], at: str) -> CoreMetadata:
        key = next((each for each in _METADATA_KEYS if entry.get(each) is not None), None)
        if key is None:
            return None
        value = entry[key]
        if isinstance(value, bool):
            return value
        if isinstance(value, dict):
            return self.hashes(entry, at, key) or True
        self.note(WRONG_TYPE, at + key, f"is {_type(value)}: {value!r}")
        return None


def _serial(value: Any) -> int | None:
    """No specification has the key, and clients ignore it: bandersnatch writes it as a text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _type(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
