# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of a project the clients of today would take, on some Pythons and platforms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .pages import File
from .versions import Version, allows, version_of

_MANYLINUX = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}


class Target(NamedTuple):
    """Where something is to be installed; an empty part stands for any."""

    python: str = ""
    platform: str = ""


def targets(pythons: Sequence[str], platforms: Sequence[str]) -> list[Target]:
    """Every Python on every platform."""
    return [Target(python, platform) for python in pythons or [""] for platform in platforms or [""]]


def choose(files: Iterable[File], specifier: str, wanted: Sequence[Target]) -> list[File]:
    """What fits, for each target, of the newest release that the specifier admits; without sdists where wheels do."""
    releases = _releases(files)
    chosen = {file.filename: file for target in wanted for file in _newest(releases, specifier, target)}
    return list(chosen.values())


def _releases(files: Iterable[File]) -> list[tuple[str, list[File]]]:
    """(version, its files), the newest first, those that are final before all others."""
    found: dict[Version, tuple[str, list[File]]] = {}
    for file in files:
        parsed = version_of(file.version or "")
        if parsed is not None and file.version:
            found.setdefault(parsed, (file.version, []))[1].append(file)
    ordered = sorted(found, key=lambda version: (not version.is_prerelease, version), reverse=True)
    return [found[version] for version in ordered]


def _newest(releases: Iterable[tuple[str, list[File]]], specifier: str, target: Target) -> list[File]:
    pinned = specifier.startswith("==") and not specifier.endswith(".*")
    for version, files in releases:
        if not allows(specifier, version):
            continue
        usable = [each for each in files if (pinned or not each.yanked) and fits(each, target)]
        if usable:
            wheels = [each for each in usable if each.is_wheel]
            return wheels if wheels and target.python and target.platform else usable
    return []


def fits(file: File, target: Target) -> bool:
    """Whether a client there would take the file at all."""
    if target.python and not allows(file.requires_python, full_version(target.python)):
        return False
    if not file.is_wheel:
        return True
    interpreters, abis, platforms = file.tags
    if target.python and not _runs(interpreters, abis, target.python):
        return False
    return not target.platform or any(_loads(each, target.platform) for each in platforms)


def full_version(python: str) -> str:
    """A late patch release of a Python: ``>=3.9.2`` is there on any 3.9 of today."""
    return f"{python}.99" if python.count(".") == 1 else python


def _runs(interpreters: Iterable[str], abis: Iterable[str], python: str) -> bool:
    major, minor = (int(part) for part in python.split(".")[:2])
    for interpreter in interpreters:
        match = re.fullmatch(r"(py|cp)(\d)(\d*)", interpreter)
        if match is None or int(match[2]) != major:
            continue
        if match[1] == "py" or not match[3]:
            if not match[3] or int(match[3]) <= minor:
                return True
        elif int(match[3]) == minor or (int(match[3]) < minor and "abi3" in abis):
            return True
    return False


def _loads(tag: str, platform: str) -> bool:
    if tag in ("any", platform):
        return True
    one, other = _parts(tag), _parts(platform)
    if one is None or other is None or one[0] != other[0]:
        return False
    machines = {other[2], "universal2", "universal"} if one[0] == "macosx" else {other[2]}
    return one[2] in machines and one[1] <= other[1]


def _parts(tag: str) -> tuple[str, tuple[int, ...], str] | None:
    """(system, its version, machine) of a platform tag: ``manylinux``, ``(2, 28)``, ``x86_64``."""
    for name, version in _MANYLINUX.items():
        if tag.startswith(f"{name}_"):
            return "manylinux", version, tag[len(name) + 1 :]
    if tag.startswith("linux_"):
        return "manylinux", (0, 0), tag[len("linux_") :]
    match = re.fullmatch(r"(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)", tag)
    return (match[1], (int(match[2]), int(match[3])), match[4]) if match else None
