# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML and JSON of a stranger as plain texts, lists and mappings, within bounds.

No types are guessed and no tags are obeyed: a scalar is its text, or None. An alias is the same object again, so
a "billion laughs" costs nothing until someone walks through it, which nobody here does.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable
from typing import Any

_MAX_EVENTS = 200_000
_MAX_DEPTH = 50
_NULLS = ("", "~", "null", "Null", "NULL")


class DocumentError(ValueError):
    """A text that cannot be read as YAML or JSON; the message never quotes it, as it may hold secrets."""


def load_document(data: bytes) -> Any:
    """The first document of a YAML or JSON text in UTF-8: str, None, list, dict. Raises DocumentError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"it is not UTF-8: byte {error.start} is out of place") from None
    yaml = _import_yaml()
    if text.lstrip()[:1] == "{":
        try:
            return _load_json(text)
        except DocumentError:
            if yaml is None:
                raise
    if yaml is None:
        raise DocumentError(f"it is YAML, which needs PyYAML: install it (package python3-yaml) for {sys.executable}")
    return _load_yaml(text, yaml)


def _import_yaml() -> Any:
    """PyYAML, which is optional on managed hosts, or None. Not imported before there is a file for it: it takes as
    long as reading thousands of certificates."""
    try:
        return importlib.import_module("yaml")
    except ImportError:
        return None


def _load_json(text: str) -> Any:
    try:
        # Numbers stay text: Python 3.9 needs minutes to make an int of a million digits.
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise DocumentError(f"it is not JSON: {error.msg} in line {error.lineno}") from None
    except RecursionError:
        raise DocumentError("it is nested too deep") from None


def _load_yaml(text: str, yaml: Any) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(yaml).build(yaml.parse(text, Loader=loader))
    except yaml.YAMLError as error:
        raise DocumentError(f"it is not YAML: {_problem(error)}") from None


def _problem(error: Any) -> str:
    """What PyYAML found and in which line, without the excerpt that its own message carries."""
    problem = str(getattr(error, "problem", None) or "it has a character that YAML does not allow").split("'", 1)[0]
    mark = getattr(error, "problem_mark", None)
    return f"{problem.strip()} in line {mark.line + 1}" if mark is not None else problem.strip()


class _Builder:
    """Makes lists and mappings of PyYAML's events, without recursion: depth and number are bounded."""

    def __init__(self, yaml: Any) -> None:
        self._yaml = yaml
        self._open: list[Any] = []  # the lists and mappings that have not ended yet
        self._keys: list[Any] = []  # for each of them the key that waits for its value
        self._anchors: dict[str, Any] = {}
        self._root: Any = None

    def build(self, events: Iterable[Any]) -> Any:
        """The first document. Raises DocumentError beyond the bounds."""
        for number, event in enumerate(events):
            if number > _MAX_EVENTS:
                raise DocumentError(f"it has more than {_MAX_EVENTS} nodes")
            if isinstance(event, self._yaml.DocumentEndEvent):
                break
            self._take(event)
        return self._root

    def _take(self, event: Any) -> None:
        if isinstance(event, self._yaml.ScalarEvent):
            plain = event.implicit[0] and event.value in _NULLS
            self._add(None if plain else str(event.value), event.anchor)
        elif isinstance(event, self._yaml.MappingStartEvent):
            self._start({}, event.anchor)
        elif isinstance(event, self._yaml.SequenceStartEvent):
            self._start([], event.anchor)
        elif isinstance(event, self._yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, self._yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise DocumentError("it has an alias without its anchor")
            self._add(self._anchors[event.anchor], None)

    def _start(self, collection: Any, anchor: str | None) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise DocumentError(f"it is nested more than {_MAX_DEPTH} deep")
        self._add(collection, anchor)
        self._open.append(collection)
        self._keys.append(None)

    def _add(self, value: Any, anchor: str | None) -> None:
        """Puts a value where it belongs: the root, a list, or a mapping's key or value."""
        if anchor is not None:
            self._anchors[anchor] = value
        if not self._open:
            self._root = value
        elif isinstance(self._open[-1], list):
            self._open[-1].append(value)
        elif self._keys[-1] is None:
            self._keys[-1] = _key(value)
        else:
            self._open[-1][self._keys[-1]] = value
            self._keys[-1] = None


def _key(value: Any) -> str:
    if value == "<<":
        raise DocumentError("it has a merge key (<<), which is not read")
    return value if isinstance(value, str) else ""
