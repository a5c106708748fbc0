# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directories: what is in one, and what a pattern with ``*`` or ``**`` stands for."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .names import absolute, has_magic
from .reading import explain

# File systems that the kernel makes up: walks that come by do not go in, unless they began inside.
_KERNEL = ("/proc", "/sys", "/dev")


class Trouble(NamedTuple):
    """Something in the way: its path, the kind as in Inventory.problems, and the reason in words."""

    path: str
    kind: str
    reason: str


class Listing:
    """Regular files, directories and links as sorted names behind ``prefix``; special files are left out.

    Names and no path objects: a directory may hold 100,000.
    """

    __slots__ = ("directories", "files", "links", "prefix", "trouble")

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.files: list[str] = []
        self.directories: list[str] = []
        self.links: list[str] = []
        self.trouble: list[Trouble] = []

    def add(self, name: str, mode: int) -> None:
        """Files one entry by its lstat mode."""
        if stat.S_ISREG(mode):
            self.files.append(name)
        elif stat.S_ISDIR(mode):
            self.directories.append(name)
        elif stat.S_ISLNK(mode):
            self.links.append(name)

    def names(self) -> Iterator[str]:
        """All names, files first."""
        yield from self.files
        yield from self.directories
        yield from self.links


def list_directory(directory: str, wanted: Callable[[str], object] | None = None) -> Listing:
    """What is directly in a directory, of the names that ``wanted`` accepts.

    A directory that cannot be opened or fails midway has trouble and what came before it.
    """
    listing = Listing(directory if directory.endswith("/") else f"{directory}/")
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if wanted is None or wanted(entry.name):
                    _add_entry(listing, entry)
    except (OSError, ValueError) as error:
        listing.trouble.append(Trouble(directory, "unreadable", explain(error)))
    listing.files.sort()
    listing.directories.sort()
    listing.links.sort()
    return listing


def _add_entry(listing: Listing, entry: os.DirEntry[str]) -> None:
    # The type comes with the directory, without a system call an entry, where the file system gives it.
    if entry.is_file(follow_symlinks=False):
        listing.files.append(entry.name)
    elif entry.is_dir(follow_symlinks=False):
        listing.directories.append(entry.name)
    elif entry.is_symlink():
        listing.links.append(entry.name)


def enters_kernel(directory: str, top: str) -> bool:
    """Whether a walk that began at ``top`` would enter /proc, /sys or /dev."""
    return directory in _KERNEL and not f"{top}/".startswith(f"{directory}/")


def expand_glob(pattern: str, *, max_depth: int | None, pruned: Callable[[str], bool]) -> Listing:
    """What an absolute pattern matches, as a listing of whole paths.

    As in a shell with globstar: ``*`` does not match a leading dot, ``**`` alone between slashes stands for any
    directories that are not hidden, at most ``max_depth`` levels and none that is ``pruned``. Unlike a shell it
    reports the directories that it could not look into.
    """
    parts = pattern.strip("/").split("/")
    fixed = next((number for number, part in enumerate(parts) if has_magic(part)), len(parts))
    bases = ["/" + "/".join(parts[:fixed])]
    result = Listing()
    for number, part in enumerate(parts[fixed:], start=fixed + 1):
        last = number == len(parts)
        if part == "**":
            bases = _descend(bases, max_depth, pruned, result.trouble)
            if last:
                result.directories.extend(bases)
        elif has_magic(part):
            bases = _match(bases, part, result, last=last)
        else:
            bases = _enter(bases, part, result, last=last)
    return result


def _match(bases: list[str], part: str, result: Listing, *, last: bool) -> list[str]:
    """One level of a pattern: the paths that match it, or with ``last`` their place in the result."""
    match = re.compile(fnmatch.translate(part)).match
    hidden = part.startswith(".")
    found: list[str] = []
    for base in bases:
        if not os.path.isdir(base):
            continue
        listing = list_directory(base, lambda name: (hidden or name[0] != ".") and match(name))
        result.trouble.extend(listing.trouble)
        if last:
            result.files.extend(listing.prefix + name for name in listing.files)
            result.directories.extend(listing.prefix + name for name in listing.directories)
            result.links.extend(listing.prefix + name for name in listing.links)
        else:
            found.extend(listing.prefix + name for name in listing.names())
    return found


def _enter(bases: list[str], name: str, result: Listing, *, last: bool) -> list[str]:
    """One level without a pattern: the paths of that name that exist, or with ``last`` their place in the result."""
    found: list[str] = []
    for base in bases:
        path = absolute(f"{base}/{name}")
        try:
            mode = os.lstat(path).st_mode
        except (OSError, ValueError):
            continue
        found.append(path)
        if last:
            result.add(path, mode)
    return found


def _descend(
    bases: list[str], max_depth: int | None, pruned: Callable[[str], bool], trouble: list[Trouble]
) -> list[str]:
    """The directories and all below them that are not hidden, each once however many links lead to it."""
    found: list[str] = []
    visited: set[tuple[int, int]] = set()
    pending = [(base, 1, base) for base in reversed(bases)]
    while pending:
        directory, depth, top = pending.pop()
        identity = directory_identity(directory)
        if identity is None or identity in visited:
            continue
        visited.add(identity)
        found.append(directory)
        if max_depth is not None and depth >= max_depth:
            continue
        listing = list_directory(directory, lambda name: name[0] != ".")
        trouble.extend(listing.trouble)
        # Last in, first out: links wait until the directories beside them are done.
        for name in reversed(listing.directories + listing.links):
            path = listing.prefix + name
            if not enters_kernel(path, top) and not pruned(path):
                pending.append((path, depth + 1, top))
    return found


def directory_identity(directory: str) -> tuple[int, int] | None:
    """(device, inode) of a directory or of the one a link leads to; None where there is none."""
    try:
        status = os.stat(directory)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None
