# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A List of the Kubernetes API as it comes in, one object at a time: a page of Secrets may have hundreds of MB."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any

_BLANK = " \t\r\n"
_decode = json.JSONDecoder().raw_decode


class ListStream:
    """The ``items`` of a List; its other fields (``metadata``, ``kind``) are in ``fields`` once all were taken.

    Raises ValueError where the text is no List or is cut short. The message quotes nothing of it.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.fields: dict[str, Any] = {}
        self._chunks = iter(chunks)
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._position = 0

    @property
    def metadata(self) -> dict[str, Any]:
        """The List's own metadata: ``continue``, ``resourceVersion``."""
        found = self.fields.get("metadata")
        return found if isinstance(found, dict) else {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._expect("{")
        while self._peek() != "}":
            key = self._value()
            self._expect(":")
            if key == "items" and self._peek() == "[":
                yield from self._items()
            else:
                self.fields[str(key)] = self._value()
            if self._peek() == ",":
                self._position += 1

    def _items(self) -> Iterator[dict[str, Any]]:
        self._expect("[")
        while self._peek() != "]":
            item = self._value()
            if not isinstance(item, dict):
                raise ValueError("an item of the list is no object")
            yield item
            if self._peek() == ",":
                self._position += 1
        self._expect("]")

    def _value(self) -> Any:
        """The JSON value at the position. What is not whole yet is tried again once twice as much is there."""
        self._peek()
        while True:
            try:
                value, self._position = _decode(self._text, self._position)
            except ValueError:
                self._more(len(self._text) - self._position or 1)
            except RecursionError:
                raise ValueError("the answer is nested too deep") from None
            else:
                return value

    def _peek(self) -> str:
        """The next character that is no blank."""
        while True:
            while self._position < len(self._text):
                character = self._text[self._position]
                if character not in _BLANK:
                    return character
                self._position += 1
            self._more(1)

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise ValueError("the answer is no list of objects")
        self._position += 1

    def _more(self, least: int) -> None:
        """Takes in some more text, at least one piece, and lets go of what was read."""
        parts = [self._text[self._position :]]
        self._position = 0
        while least > 0:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(self._utf8.decode(chunk))
            least -= len(chunk)
        if len(parts) == 1:
            raise ValueError("the answer is cut short, or no JSON")
        self._text = "".join(parts)
