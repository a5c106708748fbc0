# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the parts of a mount (or of the server): what fails becomes a problem, what does not exist is None."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, TypeVar

from . import errors
from .errors import RequestError
from .transport import Transport

_Value = TypeVar("_Value")


class Task(NamedTuple):
    """One part to read, as a function that may raise RequestError; the order of results is that of the tasks."""

    part: str
    read: Callable[[], Any]


class Parts:
    """The parts of one place of the API, below ``prefix`` (``pki/``, or "" for the server) in a namespace.

    ``problems`` gets what could not be read. A path that this product or version lacks, or a thing that does not
    exist, is None without a problem.
    """

    def __init__(self, transport: Transport, prefix: str = "", namespace: str = "") -> None:
        self.transport = transport
        self.prefix = prefix
        self.namespace = namespace
        self.problems: list[dict[str, Any]] = []

    def read(self, path: str) -> dict[str, Any]:
        """GET below the prefix. Raises RequestError."""
        return self.transport.read(self.prefix + path, namespace=self.namespace)

    def keys(self, path: str) -> list[str]:
        """LIST below the prefix. Raises RequestError."""
        keys: list[str] = self.listing(path)["keys"]
        return keys

    def listing(self, path: str, **query: Any) -> dict[str, Any]:
        """LIST below the prefix, with all that it answers. Raises RequestError."""
        return self.transport.listing(self.prefix + path, namespace=self.namespace, **query)

    def all(self, *tasks: Task) -> list[Any]:
        """The parts' values, read at once; None for those that failed (a problem) or that do not exist (none)."""
        return [
            self.note(task.part, result) for task, result in zip(tasks, self.attempt([task.read for task in tasks]))
        ]

    def attempt(self, reads: list[Callable[[], _Value]]) -> list[_Value | RequestError]:
        """The values of these functions, or the RequestError that each met, in their order."""
        return list(self.transport.map(_attempted, reads))

    def each(self, part: str, read: Callable[[str], _Value], names: list[str]) -> dict[str, _Value]:
        """``read`` of all names at once. One that vanished meanwhile is left out; of failures, the first is told."""
        found: dict[str, _Value] = {}
        failed: list[RequestError] = []
        for name, result in zip(names, self.transport.map(lambda name: _attempted(lambda: read(name)), names)):
            if isinstance(result, RequestError):
                if result.kind not in errors.ABSENT:
                    failed.append(result)
            else:
                found[name] = result
        self.tell_once(part, failed, len(names))
        return found

    def tell_once(self, part: str, failed: list[RequestError], asked: int) -> None:
        """One problem for all failures of a part."""
        if failed:
            problem = failed[0].problem(part)
            if len(failed) > 1:
                problem["reason"] += f" ({len(failed)} of {asked} failed)"
            self.problems.append(problem)

    def note(self, part: str, result: Any) -> Any:
        """The result, or None and a problem where it is a RequestError that is to be told of."""
        if not isinstance(result, RequestError):
            return result
        if result.kind not in (errors.UNSUPPORTED, *errors.ABSENT):
            self.problems.append(result.problem(part))
        return None

    def problem(self, part: str, path: str, reason: str) -> None:
        """A problem that no request had."""
        self.problems.append({"part": part, "path": path, "capability": None, "status": None, "reason": reason})


def _attempted(read: Callable[[], _Value]) -> _Value | RequestError:
    try:
        return read()
    except RequestError as error:
        return error
