# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a page as a client sees them: what of them is a wheel or a source distribution, and of which version."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import library
from .model import File

if TYPE_CHECKING:
    from .library import Tag, Version

WHEEL = ".whl"
SDISTS = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tbz", ".txz", ".tlz", ".tar.lz", ".tar.lzma", ".tar")
"""What pip unpacks (utils/filetypes.py)."""
MAX_FILENAME = 255
"""Longer ones no file system takes."""
MAX_TAGS = 1000
"""A wheel's name may stand for the product of its three sets of tags; real ones have a dozen."""


@dataclass(frozen=True)
class Name:
    """What a file name says. ``tags`` and ``build`` are a wheel's."""

    version: Version
    extension: str
    tags: frozenset[Tag] = frozenset()
    build: tuple[int, str] | tuple[()] = ()


@dataclass(frozen=True)
class Release:
    """A file that may be installed, and its place on the page."""

    file: File
    name: Name
    place: int

    @property
    def filename(self) -> str:
        return self.file.filename

    @property
    def version(self) -> Version:
        return self.name.version

    @property
    def is_wheel(self) -> bool:
        return self.name.extension == WHEEL

    def rank(self, tags: Mapping[Tag, int]) -> int | None:
        """The rank of a wheel's best tag, 0 the best; behind them all for a source distribution; None for no fit."""
        if not self.is_wheel:
            return len(tags)
        return min((tags[tag] for tag in self.name.tags if tag in tags), default=None)


def read_names(project: str, filenames: Iterable[str]) -> dict[str, Name]:
    """Those of the file names that are of the project (its normalised name), and of a version (PEP 440)."""
    names = ((filename, read_name(project, filename)) for filename in filenames)
    return {filename: name for filename, name in names if name is not None}


def read_name(project: str, filename: str) -> Name | None:
    """What the name says; None where pip passes over the file."""
    if len(filename) > MAX_FILENAME:
        return None
    if filename.endswith(WHEEL):
        if math.prod(part.count(".") + 1 for part in filename.split("-")[-3:]) > MAX_TAGS:
            return None
        try:
            name, version, build, tags = library.parse_wheel_filename(filename)
        except ValueError:
            return None
        return Name(version, WHEEL, tags, build) if name == project else None
    return _read_sdist(project, filename)


def _read_sdist(project: str, filename: str) -> Name | None:
    extension = next((each for each in SDISTS if filename.lower().endswith(each)), None)
    if extension is None or (extension == ".zip" and "macosx10" in filename):
        return None
    stem = filename[: -len(extension)]
    for dash in re.finditer("-", stem):
        if library.canonicalize_name(stem[: dash.start()]) == project:
            return _sdist_of(stem[dash.end() :], extension)
    return None


def _sdist_of(version: str, extension: str) -> Name | None:
    if re.search(r"-py[123]\.?[0-9]?$", version):
        return None  # made by bdist_dumb, for one Python
    try:
        return Name(library.Version(version), extension)
    except library.InvalidVersion:
        return None


def releases_of(files: Iterable[File], names: Mapping[str, Name]) -> list[Release]:
    """The files that have a name, in their order."""
    return [Release(file, names[file.filename], place) for place, file in enumerate(files) if file.filename in names]
