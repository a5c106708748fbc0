# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that came from elsewhere, made fit to be shown: certificates and host names are hostile input."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def visible(text: object) -> str:
    """The text with everything invisible spelled out, so that nothing it shows can be forged.

    Control characters (ANSI escapes, newlines), bidirectional overrides, zero-width characters, line separators and
    lone surrogates become ``\\x1b``, ``\\u202e`` and so on; letters of any script stay as they are.
    """
    value = str(text)
    if value.isprintable():
        return value
    return "".join(character if character.isprintable() else _spelled(character) for character in value)


def _spelled(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def clip(text: object, limit: int) -> str:
    """``visible`` text of at most ``limit`` characters, the cut marked with how much is missing."""
    value = str(text)
    shown = visible(value[:limit])
    if len(value) <= limit and len(shown) <= limit:
        return shown
    return f"{shown[: limit - 24]}... ({len(value):,} characters)"


def some(shown: Sequence[str], total: int, separator: str = ", ") -> str:
    """The texts joined, with how many of the ``total`` are not among them."""
    left = total - len(shown)
    return separator.join(shown) + (f" and {left:,} more" if left else "")


def plural(count: int, word: str) -> str:
    """``1 host``, ``2 hosts``."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def lowered(title: str) -> str:
    """A title in the middle of a sentence: ``Certificate has expired`` begins small, ``CRL has expired`` does not."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def columns(text: str) -> int:
    """The columns that a terminal gives to visible text: two for East Asian wide letters, none for combining marks."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrap(text: str, width: int, *, first: str = "", rest: str | None = None) -> list[str]:
    """Visible text as lines of at most ``width`` columns, broken at spaces, or inside a word that alone is too long.

    ``first`` starts the first line, ``rest`` (by default as many spaces) every other.
    """
    rest = " " * columns(first) if rest is None else rest
    lines = [first]
    empty = True
    for word in text.split(" "):
        joined = lines[-1] + word if empty else f"{lines[-1]} {word}"
        if columns(joined) <= width:
            lines[-1] = joined
        elif empty:
            lines.extend(_broken(word, width, start=lines.pop(), rest=rest))
        else:
            lines.extend(_broken(word, width, start=rest, rest=rest))
        empty = False
    return [line.rstrip() for line in lines]


def continued(words: Sequence[str], width: int, *, first: str = "") -> list[str]:
    """A shell's command as lines to copy, each but the last ending in a backslash; no word of it is ever broken."""
    rest = " " * columns(first)
    lines = [first + words[0]]
    for number, word in enumerate(words[1:], start=2):
        end = "" if number == len(words) else " \\"
        if columns(f"{lines[-1]} {word}{end}") <= width:
            lines[-1] += f" {word}"
        else:
            lines[-1] += " \\"
            lines.append(f"{rest}  {word}")
    return lines


def _broken(word: str, width: int, *, start: str, rest: str) -> list[str]:
    lines = [start]
    room = width - columns(start)
    for character in word:
        taken = _columns(character)
        if taken > room:
            lines.append(rest)
            room = width - columns(rest)
        lines[-1] += character
        room -= taken
    return lines
