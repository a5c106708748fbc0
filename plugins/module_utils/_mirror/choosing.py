# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file a client chooses from a page, and what it costs it.

Written from the sources of pip 26.3 (index/package_finder.py, resolution/resolvelib/factory.py and
found_candidates.py), of pip 19.2.3 (index.py, legacy_resolve.py), and from runs of uv 0.13.9; the tests hold all three
against it. Dependencies are not followed: each requirement is taken alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .environment import Environment
from .releases import SDISTS, Release
from .requires_python import pip_admits, uv_admits
from .wanted import Wanted

if TYPE_CHECKING:
    from .library import Tag

Metadata = Callable[[Release], "str | None"]
"""What the file's own METADATA has as Requires-Python."""

NOTHING = "nothing"
"""No file fits."""
PYTHON = "python"
"""The chosen file's METADATA demands another Python, and the client does not look further."""
BUILD = "build"
"""A source distribution that is for another Python is built to learn just that."""
HASH = "hash"
"""The chosen file has none of the hashes that were asked for."""


class Fit(NamedTuple):
    """A release that the environment takes; rank 0 is the best."""

    release: Release
    rank: int


@dataclass(frozen=True)
class Offer:
    """What a page has of the versions that are wanted: all of it, and what fits the environment."""

    releases: Sequence[Release]
    fit: Sequence[Fit]


@dataclass(frozen=True)
class Choice:
    """``release`` is what would be installed; else ``failure`` says why nothing is, and ``refused`` over which file.

    ``tried``: those whose METADATA was read in vain before, best first.
    """

    release: Release | None = None
    failure: str | None = None
    refused: Release | None = None
    tried: tuple[Release, ...] = ()


@dataclass(frozen=True)
class Client:
    """A program that installs, as far as its choice differs from another's.

    ``order`` sorts what fits, best first, and drops what the client passes over. ``tells`` names the file whose
    METADATA says what a release is without building it, None where it is built for that. Where the METADATA excludes
    the Python, only one that ``backtracks`` goes on to the next version. It is found on Pythons from ``oldest`` to
    ``newest``.
    """

    name: str
    title: str
    admits: Callable[[str | None, str], bool]
    order: Callable[[list[Fit], Wanted], list[Release]]
    tells: Callable[[Release, Sequence[Release]], Release | None]
    sdists: tuple[str, ...] = SDISTS
    backtracks: bool = True
    reads_core_metadata: bool = True
    oldest: tuple[int, int] = (2, 7)
    newest: tuple[int, int] = (3, 99)

    def is_found_on(self, environment: Environment) -> bool:
        """Whether anybody uses it with that Python."""
        return self.oldest <= environment.version[:2] <= self.newest


def fitting(releases: Sequence[Release], environment: Environment) -> list[Fit]:
    """The source distributions, and the wheels whose tags fit."""
    # A page has many files and few sets of tags.
    ranks: dict[frozenset[Tag], int | None] = {}
    for each in releases:
        if each.name.tags not in ranks:
            ranks[each.name.tags] = each.rank(environment.tags)
    ranked = ((each, ranks[each.name.tags]) for each in releases)
    return [Fit(release, rank) for release, rank in ranked if rank is not None]


def choose(client: Client, offered: Offer, wanted: Wanted, environment: Environment, metadata: Metadata) -> Choice:
    """What the client installs of what is offered."""
    fit = [each for each in offered.fit if _admits(client, each.release, environment)]
    tried: list[Release] = []
    for best in _best_of_each_version(client.order(fit, wanted)):
        if wanted.hashes and best.file.hashes and not wanted.allows(best.file.hashes):
            return Choice(failure=HASH, refused=best, tried=tuple(tried))
        told_by = client.tells(best, offered.releases)
        if client.admits(metadata(told_by or best), environment.full_version):
            return Choice(best, tried=tuple(tried))
        if told_by is None or not client.backtracks:
            return Choice(failure=BUILD if told_by is None else PYTHON, refused=best, tried=tuple(tried))
        tried.append(best)
    return Choice(failure=NOTHING, tried=tuple(tried))


def _admits(client: Client, release: Release, environment: Environment) -> bool:
    if not release.is_wheel and release.name.extension not in client.sdists:
        return False
    return client.admits(release.file.requires_python, environment.full_version)


def _best_of_each_version(ordered: list[Release]) -> Iterator[Release]:
    """No client tries a second file of a version whose first one did not do."""
    seen = set()
    for each in ordered:
        if each.version not in seen:
            seen.add(each.version)
            yield each


def _pip_order(fit: list[Fit], wanted: Wanted) -> list[Release]:
    """Among equals the last of the page. Yanked ones only where a version is pinned that has nothing else (PEP 592)."""

    def key(each: Fit) -> tuple[object, ...]:
        return *_before_tags(each, wanted), -each.rank, each.release.name.build, each.release.place

    ordered = _sorted(_allowed(_without_prereleases(fit, wanted), wanted), key)
    if wanted.pinned and all(each.file.yanked for each in ordered):
        return ordered
    return [each for each in ordered if not each.file.yanked]


def _legacy_pip_order(fit: list[Fit], wanted: Wanted) -> list[Release]:
    """The build tag before the tags; among equals the first of the page; yanked ones where nothing else is left."""

    def key(each: Fit) -> tuple[object, ...]:
        return *_before_tags(each, wanted), each.release.name.build, -each.rank, -each.release.place

    return _sorted(_allowed(_without_prereleases(fit, wanted), wanted), key)


def _uv_order(fit: list[Fit], wanted: Wanted) -> list[Release]:
    """Finals before pre-releases; a yanked file where one sole specifier pins it."""
    yanked_too = wanted.pinned and len(wanted.specifier) == 1

    def key(each: Fit) -> tuple[object, ...]:
        release = each.release
        within = wanted.allows(release.file.hashes), -each.rank, release.name.build, -release.place
        return not release.version.is_prerelease, release.version, *within

    return _sorted([each for each in fit if yanked_too or not each.release.file.yanked], key)


def _sorted(fit: list[Fit], key: Callable[[Fit], Any]) -> list[Release]:
    return [each.release for each in sorted(fit, key=key, reverse=True)]


def _before_tags(each: Fit, wanted: Wanted) -> tuple[object, ...]:
    return wanted.allows(each.release.file.hashes), not each.release.file.yanked, each.release.version


def _without_prereleases(fit: list[Fit], wanted: Wanted) -> list[Fit]:
    """PEP 440: pre-releases where one is named, or where there is nothing else."""
    if wanted.specifier.prereleases:
        return fit
    return [each for each in fit if not each.release.version.is_prerelease] or fit


def _allowed(fit: list[Fit], wanted: Wanted) -> list[Fit]:
    """With hashes: those that have one of them or say none; all where none has one, so that pip names what it got."""
    if not any(wanted.allows(each.release.file.hashes) for each in fit):
        return fit
    hashes = ((each, each.release.file.hashes) for each in fit)
    return [each for each, said in hashes if not said or wanted.allows(said)]


def _pip_tells(release: Release, _releases: Sequence[Release]) -> Release | None:
    return release if release.is_wheel or release.file.core_metadata else None


def _legacy_pip_tells(release: Release, _releases: Sequence[Release]) -> Release | None:
    return release if release.is_wheel else None


def _uv_tells(release: Release, releases: Sequence[Release]) -> Release | None:
    """uv takes the METADATA of any wheel as that of its version."""
    if release.is_wheel:
        return release
    return next((each for each in releases if each.is_wheel and each.version == release.version), None)


PIP = Client("pip", "pip 20.3 and later", pip_admits, _pip_order, _pip_tells)
LEGACY_PIP = Client(
    "pip_legacy",
    "pip 19.2 to 20.2",
    pip_admits,
    _legacy_pip_order,
    _legacy_pip_tells,
    backtracks=False,
    reads_core_metadata=False,
    newest=(3, 9),  # 3.10 came with pip 21.2
)
UV = Client("uv", "uv", uv_admits, _uv_order, _uv_tells, sdists=(".tar.gz", ".zip"), oldest=(3, 7))
CLIENTS = (PIP, LEGACY_PIP, UV)
