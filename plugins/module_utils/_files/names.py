# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of files: shell patterns that choose them, and their form in JSON."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._audit.policy import OptionError

_MAGIC = re.compile(r"[*?\[]")


def has_magic(path: str) -> bool:
    """Whether a path is a pattern: it holds ``*``, ``?`` or ``[``."""
    return _MAGIC.search(path) is not None


def absolute(path: str) -> str:
    """The path from the root, without resolving links (``..`` stays: after a link it means another place).

    Raises OSError where the working directory is gone.
    """
    full = path if path.startswith("/") else f"{os.getcwd()}/{path}"
    parts = [part for part in full.split("/") if part not in ("", ".")]
    return "/" + "/".join(parts)


def printable(path: str) -> str:
    """The path as text that JSON can carry: bytes that are not UTF-8 become ``\\xff``.

    A lone surrogate, which is how Python carries such bytes (PEP 383), cannot be encoded as UTF-8, and one name
    would break the whole result.
    """
    if path.isascii():
        return path
    try:
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return path.encode("utf-8", "backslashreplace").decode()


def compile_pattern(pattern: str, *, option: str) -> re.Pattern[str]:
    """A shell pattern as a regular expression. Raises OptionError that names the option and the pattern."""
    if not isinstance(pattern, str) or not pattern:
        raise OptionError(f"{option}: {pattern!r} is not a shell pattern; write one such as *.pem")
    try:
        return re.compile(fnmatch.translate(pattern))
    except re.error as error:
        raise OptionError(f"{option}: {pattern!r} is not a shell pattern: {error}") from None


class Patterns:
    """Shell patterns of one option: a file's name matches, or its path where the pattern has a slash.

    ``*`` also matches slashes; a pattern with a slash that does not begin with ``/`` or ``*`` may match at any
    directory. Raises OptionError on what is no pattern.
    """

    def __init__(self, patterns: Sequence[str], *, option: str) -> None:
        self._names: list[re.Pattern[str]] = []
        self._paths: list[re.Pattern[str]] = []
        for pattern in patterns:
            compiled = compile_pattern(pattern, option=option)
            if "/" not in pattern:
                self._names.append(compiled)
            elif pattern.startswith(("/", "*")):
                self._paths.append(compiled)
            else:
                self._paths.append(compile_pattern(f"*/{pattern}", option=option))

    def __bool__(self) -> bool:
        return bool(self._names or self._paths)

    def match(self, path: str) -> bool:
        """Whether any pattern matches the absolute path."""
        name = path[path.rfind("/") + 1 :]
        return any(p.match(name) for p in self._names) or any(p.match(path) for p in self._paths)


_KEYS = {"path", "password"}
_SHAPE = "write each as {path: '*.p12', password: ...}, where the path may be left out; what was given is not shown"


def check_passwords(given: Any) -> None:
    """Raises OptionError where ``given`` is not shaped like ``entries`` of Passwords; the line shows nothing of it."""
    entries = [given] if isinstance(given, str) else given or []
    if not isinstance(entries, list):
        raise OptionError("passwords: is no list of mappings; " + _SHAPE)
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, str) and "password=" in entry:
            continue  # Ansible reads it as a mapping
        if not isinstance(entry, Mapping):
            raise OptionError(f"passwords: entry {number} is {_kind(entry)}, and no mapping; {_SHAPE}")
        if "password" not in entry:
            raise OptionError(f"passwords: entry {number} has no password; {_SHAPE}")
        if set(entry) - _KEYS:
            raise OptionError(f"passwords: entry {number} has other keys than path and password; {_SHAPE}")


def _kind(value: Any) -> str:
    return {str: "text", list: "a list", type(None): "empty"}.get(type(value), "a number or boolean")


class Passwords:
    """The passwords of keystores, by pattern of their path; kept here and never shown.

    ``entries`` are mappings {path: pattern, password: text}. Raises OptionError naming the entry's place, never
    its password.
    """

    def __init__(self, entries: Sequence[Mapping[str, str]]) -> None:
        self._entries: list[tuple[Patterns, str]] = []
        for number, entry in enumerate(entries, start=1):
            if not isinstance(entry, Mapping) or set(entry) != _KEYS:
                raise OptionError(f"passwords: entry {number} must have exactly the keys path and password")
            if not isinstance(entry["password"], str):
                raise OptionError(f"passwords: the password of entry {number} must be text")
            self._entries.append((Patterns([entry["path"]], option="passwords"), entry["password"]))

    def __repr__(self) -> str:
        return f"<Passwords: {len(self._entries)}>"

    def for_path(self, path: str) -> tuple[str, ...]:
        """The passwords to try on this file, in the order given."""
        return tuple(password for patterns, password in self._entries if patterns.match(path))
