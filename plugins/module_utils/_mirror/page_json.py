# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A project's page in JSON (PEP 691, 700, 714, 740, 792)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Callable

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
        meta = self.take(self.document, "meta", dict, "meta", required=True) or {}
        version = self.take(meta, "api-version", str, "meta.api-version", required=True)
        status = self.take(self.document, "project-status", dict, "project-status") or {}
        return ProjectPage(
            name=self.take(self.document, "name", str, "name", required=True),
            api_version=version,
            files=tuple(self.files()),
            versions=self.versions(),
            project_status=self.take(status, "status", str, "project-status.status"),
            last_serial=self.take(meta, "_last-serial", int, "meta._last-serial"),
            violations=self.violations.all(),
        )

    def take(self, mapping: Mapping[str, Any], key: str, kind: type, place: str, *, required: bool = False) -> Any:
        """The value of that key if it has the type; None, and a violation where that is due, if it has not."""
        value = mapping.get(key)
        if value is None:
            if required:
                self.note(MISSING_KEY, place, "is missing")
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.note(WRONG_TYPE, place, f"is {_type(value)}: {value!r}")
            return None
        return value

    def versions(self) -> tuple[str, ...] | None:
        versions = self.take(self.document, "versions", list, "versions")
        if versions is None:
            return None
        wrong = [each for each in versions if not isinstance(each, str)]
        if wrong:
            self.note(WRONG_TYPE, "versions", f"holds {_type(wrong[0])}: {wrong[0]!r}")
        return tuple(each for each in versions if isinstance(each, str))

    def files(self) -> Iterator[File]:
        files = self.take(self.document, "files", list, "files", required=True) or ()
        seen = set()
        for index, entry in enumerate(files):
            place = f"files[{index}]"
            if not isinstance(entry, dict):
                self.note(WRONG_TYPE, place, f"is {_type(entry)}, not an object")
                continue
            filename = self.take(entry, "filename", str, f"{place}.filename", required=True)
            link = self.take(entry, "url", str, f"{place}.url", required=True)
            if filename is None or link is None:
                continue
            if filename in seen:
                self.note(DUPLICATE, f"{place}.filename", f"{filename} is listed twice")
            seen.add(filename)
            yield self.file(entry, filename, link, place)

    def file(self, entry: Mapping[str, Any], filename: str, link: str, place: str) -> File:
        yanked, reason = self.yanked(entry, place)
        return File(
            filename=filename,
            url=self.link(link, f"{place}.url"),
            hashes=self.hashes(entry, f"{place}.hashes"),
            requires_python=self.take(entry, "requires-python", str, f"{place}.requires-python"),
            yanked=yanked,
            yanked_reason=reason,
            core_metadata=self.core_metadata(entry, place),
            size=self.size(entry, f"{place}.size"),
            upload_time=self.checked(entry, "upload-time", place, UPLOAD_TIME.fullmatch),
            provenance=self.take(entry, "provenance", str, f"{place}.provenance"),
            gpg_sig=self.take(entry, "gpg-sig", bool, f"{place}.gpg-sig"),
        )

    def link(self, link: str, place: str) -> str:
        try:
            return absolute(self.url, link)
        except ValueError as error:
            self.note(BAD_VALUE, place, f"{link!r} is no URL: {error}")
            return link

    def checked(self, entry: Mapping[str, Any], key: str, place: str, good: Callable[[str], Any]) -> str | None:
        """A text as it is, noted where it is not as it should be: a client may trip over it."""
        text: str | None = self.take(entry, key, str, f"{place}.{key}")
        if text is not None and not good(text):
            self.note(BAD_VALUE, f"{place}.{key}", repr(text))
        return text

    def size(self, entry: Mapping[str, Any], place: str) -> int | None:
        size: int | None = self.take(entry, "size", int, place)
        if size is not None and size < 0:
            self.note(BAD_VALUE, place, str(size))
            return None
        return size

    def hashes(self, entry: Mapping[str, Any], place: str, key: str = "hashes") -> dict[str, str]:
        given = self.take(entry, key, dict, place, required=True) or {}
        hashes = {}
        for name, value in given.items():
            if isinstance(value, str) and _HEX.fullmatch(value):
                hashes[name] = value.lower()
            else:
                self.note(BAD_VALUE, place, f"{name}: {value!r} is no hexadecimal digest")
        return hashes

    def yanked(self, entry: Mapping[str, Any], place: str) -> tuple[bool, str | None]:
        value = entry.get("yanked")
        if value is None or isinstance(value, bool):
            return bool(value), None
        if isinstance(value, str) and value:
            return True, value
        # A client takes the empty text for "not yanked".
        kind = BAD_VALUE if isinstance(value, str) else WRONG_TYPE
        self.note(kind, f"{place}.yanked", repr(value))
        return False, None

    def core_metadata(self, entry: Mapping[str, Any], place: str) -> CoreMetadata:
        key = next((each for each in _METADATA_KEYS if entry.get(each) is not None), None)
        if key is None:
            return None
        value = entry[key]
        if isinstance(value, bool):
            return value
        if isinstance(value, dict):
            return self.hashes(entry, f"{place}.{key}", key) or True
        self.note(WRONG_TYPE, f"{place}.{key}", f"is {_type(value)}: {value!r}")
        return None


def _type(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
