# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading one regular file: once, bounded, and never anything but a regular file."""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple, cast

from .names import printable
from .sniff import is_text, sniff

MAX_BYTES = 10 * 1024 * 1024
_HEAD = 64 * 1024
# O_NONBLOCK: a FIFO that took the file's place would otherwise block the open for ever.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_is_regular = stat.S_ISREG
_FLAGS_NO_LINK = _FLAGS | os.O_NOFOLLOW
_SPECIAL = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


class Found(NamedTuple):
    """A file: its absolute path, its bytes, what they look like (see sniff), whether an earlier target had it
    already, and whether the user named it itself."""

    path: str
    data: bytes
    kind: str | None
    again: bool
    named: bool


class Unreadable(Exception):
    """A file that cannot be evidence: ``kind`` as in Inventory.problems, and the reason in words."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class SeenFiles:
    """The real files read so far (by device and inode) and the target that had each first.

    Plain integers, not tuples: 100,000 files cost 10 MB.
    """

    def __init__(self) -> None:
        self._devices: dict[int, dict[int, int]] = {}

    def first_target(self, status: os.stat_result, target: int) -> int | None:
        """The target that had this file first, or None; then it is noted for this one."""
        inodes = self._devices.get(status.st_dev)
        if inodes is None:
            inodes = self._devices[status.st_dev] = {}
        inode = status.st_ino
        first = inodes.get(inode)
        if first is None:
            inodes[inode] = target
        return first


def explain(error: OSError | ValueError) -> str:
    """A failed system call in words: ``Permission denied (EACCES)``."""
    if not isinstance(error, OSError):
        return f"not a path: {error}"  # a NUL byte or a lone surrogate in it
    name = errno.errorcode.get(error.errno or 0, str(error.errno))
    return f"{error.strerror or 'failed'} ({name})"


def describe_special(mode: int) -> str:
    """What stands there instead of a regular file, with its article."""
    return next((words for test, words in _SPECIAL if test(mode)), "no regular file")


def human_size(size: int) -> str:
    """``12.5 MiB``: bytes for people."""
    return f"{size / 1048576:.1f} MiB" if size >= 104858 else f"{size} bytes"


class FileReader:
    """Reads files for one target after the other; see Walker for ``max_bytes``, SeenFiles for ``seen``."""

    def __init__(self, *, max_bytes: int, seen: SeenFiles) -> None:
        self._max_bytes = max_bytes
        self._seen = seen
        self.target = 0

    def named(self, path: str) -> Found:
        """A file that was named itself: read whatever it looks like. Raises Unreadable."""
        return cast("Found", self._read(path, _open_end(path, named=True), True))

    def linked(self, path: str) -> Found | None:
        """The same as found, for a link to a regular file."""
        return self._read(path, _open_end(path, named=False), False)

    def found(self, path: str) -> Found | None:
        """A file that a walk came by, None if it is of no interest: it does not look like a certificate, or
        this target has it already. Raises Unreadable."""
        try:
            descriptor = os.open(path, _FLAGS_NO_LINK)
        except OSError as error:
            raise _unopened(path, error, named=False) from None
        return self._read(path, descriptor, False)

    def _read(self, path: str, descriptor: int, named: bool) -> Found | None:
        try:
            status = os.fstat(descriptor)
            if not _is_regular(status.st_mode):
                raise _special(status.st_mode)
            size = status.st_size
            # One byte more than there should be: the same call then shows whether the file grew.
            data = os.read(descriptor, (size if size <= _HEAD else _HEAD) + 1)
            kind = sniff(data)
            if kind is None or len(data) != size or size > self._max_bytes:
                data, kind = self._look_closer(descriptor, data, kind, size, named=named)
        except OSError as error:
            raise Unreadable("unreadable", explain(error)) from None
        finally:
            os.close(descriptor)
        if kind is None and not named:
            return None
        first = self._seen.first_target(status, self.target)
        if first == self.target and not named:
            return None
        return Found(path, data, kind, first is not None, named)

    def _look_closer(
        self, descriptor: int, data: bytes, kind: str | None, size: int, *, named: bool
    ) -> tuple[bytes, str | None]:
        """The whole file and its kind, where its beginning did not settle it; a kind of None is of no interest."""
        interesting = named or kind is not None
        if not interesting and (size <= _HEAD or size > self._max_bytes or not is_text(data)):
            return data, None
        if size > self._max_bytes:
            raise Unreadable("too-large", _too_large(size, self._max_bytes))
        if size > _HEAD:
            data = _read_rest(descriptor, data, size)
            kind = sniff(data)
        if len(data) != size and (named or kind is not None):
            moved = f"it had {size} bytes and then {len(data)} or more"
            raise Unreadable("changed", f"{moved}: it changed while it was read; run the audit again")
        return data, kind


def _read_rest(descriptor: int, head: bytes, size: int) -> bytes:
    """The file from its head on, up to one byte more than ``size``."""
    parts, missing = [head], size + 1 - len(head)
    while missing > 0:
        part = os.read(descriptor, missing)
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _open_end(path: str, *, named: bool) -> int:
    """Opens the regular file at the end of a path or link. Raises Unreadable."""
    try:
        # Opening a device can already do something: look before, and again behind the open.
        mode = os.stat(path).st_mode
        if not _is_regular(mode):
            raise _special(mode)
        return os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        raise _unopened(path, error, named=named) from None


def _special(mode: int) -> Unreadable:
    return Unreadable("special", f"it is {describe_special(mode)}; only regular files are read")


def _unopened(path: str, error: OSError | ValueError, *, named: bool) -> Unreadable:
    """Why the file did not open; what a walk just listed and is gone was removed in between."""
    number = error.errno if isinstance(error, OSError) else None
    if not named and number in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
        return Unreadable("changed", f"it vanished or was replaced during the walk: {explain(error)}")
    if number == errno.ENOENT and os.path.islink(path):
        return Unreadable("unreadable", f"it is a symbolic link to {_link_end(path)}, which does not exist")
    return Unreadable("unreadable", explain(error))


def _link_end(path: str) -> str:
    try:
        return printable(os.readlink(path))
    except OSError:
        return "a file"


def _too_large(size: int, max_bytes: int) -> str:
    return (
        f"it has {human_size(size)} ({size} bytes), more than max_bytes allows ({human_size(max_bytes)}); "
        f"set max_bytes to {size} or more to read it"
    )
