# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody needs: names, requirements and lock files, and what the metadata of a file says that it depends on."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from typing import NamedTuple

from .pages import normalized

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    r"(?P<specifier>\(?[^;@#]*\)?)\s*(?P<rest>[;@#].*)?",
    re.DOTALL,
)
_SPECIFIER = re.compile(r"\s*(?:(?:===|==|~=|!=|<=|>=|<|>)\s*[^\s,]+\s*(?:,\s*|$))*")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)[\s=]*(\S.*)")
_PINNED = re.compile(r'(?P<key>name|version)\s*=\s*"(?P<value>[^"]+)"')


class Needed(NamedTuple):
    """A project by its normalised name, the versions that will do, and the extras that are asked for."""

    project: str
    specifier: str = ""
    extras: frozenset[str] = frozenset()


def parse(text: str) -> tuple[Needed, str] | None:
    """A requirement and its marker (PEP 508); None where it is none, or names a URL of its own."""
    match = _REQUIREMENT.fullmatch(text)
    if match is None or (match["rest"] or "").startswith("@"):
        return None
    specifier = re.sub(r"\s+", "", match["specifier"].strip().strip("()"))
    if not _SPECIFIER.fullmatch(specifier):
        return None
    extras = frozenset(normalized(each.strip()) for each in (match["extras"] or "").split(",") if each.strip())
    rest = match["rest"] or ""
    return Needed(normalized(match["name"]), specifier, extras), rest[1:] if rest.startswith(";") else ""


def dependencies(metadata: str, extras: frozenset[str]) -> Iterator[Needed]:
    """What Requires-Dist asks for. Markers but those of extras count as true: it may be installed anywhere."""
    for line in HeaderParser().parsestr(metadata).get_all("Requires-Dist", []):
        parsed = parse(line)
        if parsed is None:
            continue
        needed, marker = parsed
        asked = {normalized(each) for each in _EXTRA.findall(marker)}
        if not asked or asked & extras:
            yield needed


def read_files(paths: Iterable[str]) -> list[Needed]:
    """What the requirements and lock files name. Raises OSError and ValueError, which say in which of them."""
    return [needed for path in paths for needed in _read(path, set())]


def _read(path: str, seen: set[str]) -> list[Needed]:
    if path in seen:
        return []
    seen.add(path)
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    try:
        if path.endswith(".lock") and os.path.basename(path).startswith("Pipfile"):
            return list(_pipfile(text))
        if path.endswith((".lock", ".toml")):
            return list(_locked(text))
        return list(_lines(text, path, seen))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _lines(text: str, path: str, seen: set[str]) -> Iterator[Needed]:
    for raw in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        include = _INCLUDE.fullmatch(line)
        if include:
            yield from _read(os.path.join(os.path.dirname(path), include[1].strip()), seen)
        elif line and not line.startswith("-"):
            parsed = parse(re.split(r"\s--", line)[0])
            if parsed is None and "://" not in line:
                raise ValueError(f"{line!r} is no requirement")
            if parsed is not None:
                yield parsed[0]


def _pipfile(text: str) -> Iterator[Needed]:
    content = json.loads(text)
    for section in ("default", "develop"):
        for name, entry in content.get(section, {}).items():
            yield Needed(normalized(name), str(entry.get("version", "")))


def _locked(text: str) -> Iterator[Needed]:
    """uv.lock, poetry.lock and pylock.toml, as their tools write them: Python 3.9 reads no TOML."""
    found: dict[str, str] = {}
    inside = False
    for line in [*text.splitlines(), "["]:
        if line.startswith("["):
            if inside and "name" in found:
                version = found.get("version", "")
                yield Needed(normalized(found["name"]), f"=={version}" if version else "")
            inside, found = line.strip() in ("[[package]]", "[[packages]]"), {}
        match = _PINNED.fullmatch(line.strip()) if inside else None
        if match:
            found.setdefault(match["key"], match["value"])
