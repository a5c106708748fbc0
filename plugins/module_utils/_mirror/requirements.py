# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which projects somebody depends on: from requirements, constraints and lock files."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._audit.policy import OptionError
from .filenames import is_name, normalized

try:
    import tomllib
except ImportError:  # before Python 3.11
    tomllib = None  # type: ignore[assignment, unused-ignore]

OPTION = "requirements_paths"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?=\s*(?:$|[\[(<>=!~;,@ ]))")
_INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)(?:\s+|=)(.+)")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_PER_REQUIREMENT = re.compile(r"\s--\S+.*")
_ELSEWHERE = frozenset(("vcs", "directory", "archive", "git", "path", "file", "url", "editable", "virtual"))


def read_requirements(path: str) -> list[str]:
    """What a file requires of an index, as texts such as ``name==1.0; python_version < '3.12'`` (PEP 508), in order.

    By its name it is a requirements or constraints file (with all that it includes), pylock.toml, uv.lock,
    poetry.lock or Pipfile.lock. What comes from elsewhere than an index is left out. Raises OptionError.
    """
    name = os.path.basename(path)
    if name == "Pipfile.lock":
        return list(dict.fromkeys(_of_pipfile(_loaded(path, json.loads))))
    if name.endswith(".toml") or name in ("uv.lock", "poetry.lock"):
        return list(dict.fromkeys(_of_lock(_loaded(path, _toml), path)))
    return list(dict.fromkeys(_of_text(path, set())))


def name_of(requirement: str, option: str) -> str:
    """The normalized name in a requirement. Raises OptionError that names the option."""
    found = _NAME.match(requirement.strip())
    if not found:
        raise OptionError.of(option, requirement, "names no project; write it as name, or name==1.0")
    return normalized(found.group())


def _of_text(path: str, seen: set[str]) -> Iterator[str]:
    place = os.path.abspath(path)
    if place in seen:
        return
    seen.add(place)
    text = re.sub(r"\\\r?\n", " ", _text(path))
    for raw in text.splitlines():
        line = _COMMENT.sub("", raw).strip()
        include = _INCLUDE.fullmatch(line)
        if include:
            yield from _of_text(os.path.join(os.path.dirname(place), include.group(1).strip()), seen)
        elif line and not line.startswith("-"):
            requirement = _PER_REQUIREMENT.sub("", line).strip()
            if "@" not in requirement.partition(";")[0] and _NAME.match(requirement):
                yield requirement


def _of_lock(document: Mapping[str, Any], path: str) -> Iterator[str]:
    """pylock.toml has ``packages``, uv.lock and poetry.lock have ``package``."""
    packages = document.get("packages", document.get("package"))
    if not isinstance(packages, list):
        raise OptionError.of(OPTION, path, "is no lock file: it has no list of packages")
    for package in packages:
        if not isinstance(package, dict) or not is_name(str(package.get("name") or "")):
            raise OptionError.of(OPTION, path, "is no lock file: a package has no name")
        source = package.get("source")
        source = source if isinstance(source, dict) else {}
        if package.get("version") and not _is_elsewhere(package, source):
            yield f"{package['name']}=={package['version']}{_marker(package)}"


def _marker(package: Mapping[str, Any]) -> str:
    """The marker of pylock.toml or poetry.lock, unless it asks for what is chosen at install time (PEP 751)."""
    marker = package.get("marker", package.get("markers"))
    chosen = isinstance(marker, str) and ("extras" in marker or "dependency_groups" in marker)
    return f"; {marker}" if isinstance(marker, str) and not chosen else ""


def _is_elsewhere(package: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    """Whether a locked package comes from no index: pylock.toml says so in the package, the others in its source."""
    if source.get("type") == "legacy":  # what Poetry calls an index of one's own, whose address is in ``url``
        return False
    keys = {*package} & {"vcs", "directory", "archive"} | {*source, source.get("type")} & _ELSEWHERE
    return bool(keys)


def _of_pipfile(document: Mapping[str, Any]) -> Iterator[str]:
    for group in ("default", "develop"):
        entries = document.get(group)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            if isinstance(entry, dict) and isinstance(entry.get("version"), str) and is_name(name):
                markers = f"; {entry['markers']}" if isinstance(entry.get("markers"), str) else ""
                yield f"{name}{entry['version']}{markers}"


def _loaded(path: str, load: Any) -> dict[str, Any]:
    text = _text(path)
    try:
        document = load(text)
    except ValueError as error:
        raise OptionError.of(OPTION, path, f"cannot be parsed: {error}") from None
    if not isinstance(document, dict):
        raise OptionError.of(OPTION, path, "is no lock file: it is not a table")
    return document


def _toml(text: str) -> dict[str, Any]:
    if tomllib is None:
        raise ValueError("this Python has no tomllib; run the audit with Python 3.11 or newer")
    return tomllib.loads(text)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig") as stream:
            return stream.read()
    except OSError as error:
        raise OptionError.of(OPTION, path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise OptionError.of(OPTION, path, f"is not UTF-8 (byte {error.start})") from None
