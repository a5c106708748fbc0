# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a path that the user named to the bytes of every file behind it that may hold certificates."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from typing import Union

from .._audit.policy import OptionError
from .listing import Listing, Trouble, directory_identity, enters_kernel, expand_glob, list_directory
from .names import Patterns, absolute, has_magic
from .reading import MAX_BYTES, FileReader, Found, SeenFiles, Unreadable, describe_special, explain

# What certificates are commonly called, OpenSSL's subject hashes included: a dead link with such a name matters.
_CERTIFICATE_NAME = re.compile(
    r"\.(?:pem|crt|cer|cert|der|p12|pfx|p7b|p7c|jks|jceks|keystore|crl|r?\d)\Z", re.IGNORECASE
)


class NothingThereError(Exception):
    """A path that does not exist or a pattern that matches nothing; the message is the reason."""


Step = Union[Found, Trouble]


class Walker:
    """Reads what paths stand for: a file, a directory with all below it, or a glob.

    include, exclude: shell patterns on the name, or on the path where they hold a slash; include chooses files,
        exclude leaves out files and whole directories. A file named itself is read in any case.
    max_depth: levels of a directory that are looked at (1: only what lies directly in it); None: all.
    directories: False reads files only, whatever a path or pattern names.
    max_bytes: larger files are trouble "too-large", in a walk only where their beginning looks like a certificate.

    Every real file is read once a target, under the name that a walk finds first: its own, else that of a link
    from elsewhere, else that of a link beside such a link (as the hashes in /etc/ssl/certs are).
    Raises OptionError on options that are none.
    """

    def __init__(
        self,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        max_depth: int | None = None,
        max_bytes: int = MAX_BYTES,
        directories: bool = True,
        seen: SeenFiles | None = None,
    ) -> None:
        if max_depth is not None and max_depth < 1:
            raise OptionError(f"max_depth: {max_depth} is not a depth; 1 reads what lies directly in a directory")
        if max_bytes < 1:
            raise OptionError(f"max_bytes: {max_bytes} is not a size; give bytes, {MAX_BYTES} by default")
        self._include = Patterns(include, option="include")
        self._exclude = Patterns(exclude, option="exclude")
        self._max_depth = max_depth
        self._directories = directories
        self._reader = FileReader(max_bytes=max_bytes, seen=seen if seen is not None else SeenFiles())

    def read(self, path: str, *, target: int) -> Iterator[Step]:
        """What is behind one path, for the target with this number. Raises NothingThereError."""
        self._reader.target = target
        if not path:
            raise NothingThereError("matches nothing: the path is empty")
        try:
            top = absolute(path)
        except OSError as error:
            yield Trouble(path, "unreadable", f"the working directory is out of reach: {explain(error)}")
            return
        try:
            mode = os.stat(top).st_mode
        except (OSError, ValueError) as error:
            yield from self._read_unstatable(top, error)
            return
        if stat.S_ISREG(mode):
            yield self._named(top)
        elif stat.S_ISDIR(mode) and not self._directories:
            yield Trouble(top, "special", "it is a directory; name a file in it, or a pattern such as DIRECTORY/*.conf")
        elif stat.S_ISDIR(mode):
            yield from self._walk(top, Listing(), [(top, 1)])
        else:
            reason = f"it is {describe_special(mode)}; only regular files and directories are read"
            yield Trouble(top, "special", reason)

    def _glob(self, pattern: str) -> Iterator[Step]:
        """What an absolute pattern matches; directories among it are walked."""
        listing = expand_glob(pattern, max_depth=self._max_depth, pruned=self._exclude.match)
        yield from listing.trouble
        if not (listing.files or listing.directories or listing.links):
            raise NothingThereError("matches nothing")
        pending = [
            (directory, 1)
            for directory in reversed(listing.directories)
            if self._directories and not enters_kernel(directory, "") and not self._exclude.match(directory)
        ]
        yield from self._walk("", listing, pending)

    def _read_unstatable(self, path: str, error: OSError | ValueError) -> Iterator[Step]:
        """A path that is no file as it stands: a pattern, a dead link, or out of reach."""
        gone = isinstance(error, (FileNotFoundError, NotADirectoryError))
        if gone and os.path.islink(path):
            yield self._named(path)
        elif gone and has_magic(path):
            yield from self._glob(path)
        elif gone:
            raise NothingThereError("matches nothing: there is no such file or directory")
        else:
            yield Trouble(path, "unreadable", explain(error))

    def _named(self, path: str) -> Step:
        try:
            return self._reader.named(path)
        except Unreadable as error:
            return Trouble(path, error.kind, error.reason)

    def _walk(self, top: str, first: Listing, pending: list[tuple[str, int]]) -> Iterator[Step]:
        """The files of the first listing, then of every pending directory and all below; links come last."""
        visited: set[tuple[int, int]] = set()
        yield from self._files(first)
        links = [(first.prefix + name, 0) for name in first.links]
        while pending or links:
            if not pending:
                waiting, links = sorted(links, key=_own_name_last), []
                yield from self._follow(waiting, pending)
                continue
            directory, depth = pending.pop()
            identity = directory_identity(directory)
            if identity is not None and identity in visited:
                continue
            if identity is not None:
                visited.add(identity)
            listing = list_directory(directory)
            yield from listing.trouble
            yield from self._files(listing)
            links.extend((listing.prefix + name, depth) for name in listing.links)
            if self._max_depth is None or depth < self._max_depth:
                pending.extend((path, depth + 1) for path in self._below(listing, top))

    def _below(self, listing: Listing, top: str) -> Iterator[str]:
        """The directories to go into, last first, as the walk takes them from the end."""
        for name in reversed(listing.directories):
            path = listing.prefix + name
            if not enters_kernel(path, top) and not self._exclude.match(path):
                yield path

    def _files(self, listing: Listing) -> Iterator[Step]:
        prefix, read = listing.prefix, self._reader.found
        choosy = bool(self._include) or bool(self._exclude)
        for name in listing.files:
            path = prefix + name
            if choosy and not self._chosen(path):
                continue
            try:
                found = read(path)
            except Unreadable as error:
                yield Trouble(path, error.kind, error.reason)
                continue
            if found is not None:
                yield found

    def _follow(self, links: list[tuple[str, int]], pending: list[tuple[str, int]]) -> Iterator[Step]:
        """Links to files are read, links to directories become pending ones."""
        for path, depth in links:
            if self._exclude.match(path):
                continue
            try:
                mode = os.stat(path).st_mode
                if stat.S_ISDIR(mode):
                    if self._directories and (self._max_depth is None or depth < self._max_depth):
                        pending.append((path, depth + 1))
                elif stat.S_ISREG(mode) and self._chosen(path):
                    yield from self._linked(path)
            except OSError as error:
                # A dead link says nothing, unless a certificate is meant to be there.
                if _CERTIFICATE_NAME.search(path) and self._chosen(path):
                    yield Trouble(path, "unreadable", f"it is a symbolic link that leads nowhere: {explain(error)}")
        pending.reverse()

    def _linked(self, path: str) -> Iterator[Step]:
        try:
            found = self._reader.linked(path)
        except Unreadable as error:
            yield Trouble(path, error.kind, error.reason)
            return
        if found is not None:
            yield found

    def _chosen(self, path: str) -> bool:
        return (not self._include or self._include.match(path)) and not self._exclude.match(path)


def _own_name_last(link: tuple[str, int]) -> tuple[bool, str]:
    """Links to a name beside them (OpenSSL's hashes) sort behind the links that lead elsewhere."""
    try:
        return "/" not in os.readlink(link[0]), link[0]
    except OSError:
        return True, link[0]
