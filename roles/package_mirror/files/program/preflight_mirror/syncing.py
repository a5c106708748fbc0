# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mirror that bandersnatch makes: brought up to date, verified, and what became of that in a file that is served.

What has to install is asked for as clients ask. A project that it depends on and that is not there is mirrored too, and
so on until nothing is missing.
"""

from __future__ import annotations

import configparser
import fcntl
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from . import root_pages, status, warming
from .asking import Server
from .bandersnatch import Run, Tree, run
from .choosing import targets
from .requirements import Needed
from .state import State

_ROUNDS = 30
_NAMED = 5
_NO_PAGE = re.compile(r"its page as .*: status 404\b")


class Full:
    """The mirror that ``settings`` describe, and what is ``needed`` of it; nothing for all that there is."""

    def __init__(self, settings: Mapping[str, Any], needed: Iterable[Needed]) -> None:
        self.settings = settings
        self.needed = list(needed)
        self.directory = Path(settings["directory"])
        self.tree = Tree(self.directory / "bandersnatch")
        self.state = State(settings, self.tree)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Waits until no other run is under way."""
        with open(self.directory / "status" / "lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def sync(self) -> bool:
        """Brings it up to date, with all that its projects depend on. Returns whether everything went well."""
        started = _now()
        before = dict(self.tree.projects())
        reason = self._synced()
        warmed: dict[str, Any] = {}
        if not reason:
            warmed, reason = self._complete()
        self.state.record("sync", started, reason, warmed=warmed, changed=dict(self.tree.projects()) != before)
        return self.state.publish()

    def verify(self) -> bool:
        """Compares every file with its hash, and fetches what is missing or damaged. Returns whether that went well."""
        started = _now()
        reason = self.state.no_room()
        if not reason:
            result = self._run("verify", *self.settings["verify_options"])
            reason = self._judged(result) or (f"bandersnatch: {result.last_error}" if result.errors else "")
        self.state.record("verify", started, reason)
        return self.state.publish()

    def _complete(self) -> tuple[dict[str, Any], str]:
        """Adds what is depended on until nothing is missing; returns what warming came to, and why it is not well."""
        for _round in range(_ROUNDS):
            projects = self._warmed()
            names = [each.name for each in projects]
            missing = [each.name for each in projects if any(map(_NO_PAGE.match, each.problems))]
            if set(missing) <= {*(each.project for each in self.needed), *self.state.names}:
                self._leave_only(names)
                told = status.made(projects, {}, (), _now(), self.settings["max_age"])
                return {key: told[key] for key in ("projects", "files", "problems")}, ""
            self.state.names = names
            reason = self._synced()
            if reason:
                return {}, reason
        return {}, f"after {_ROUNDS} rounds there was still something missing"

    def _warmed(self) -> list[warming.Project]:
        server = Server(at=self.settings["local_address"], timeout=600.0)
        where = targets(self.settings["pythons"], self.settings["platforms"])
        mirror = warming.Mirror(server, self.settings["url"], ("json", "html"), where)
        return warming.warm(mirror, self.needed)

    def _leave_only(self, names: list[str]) -> None:
        """A project that is no longer mirrored would be served for ever as it was."""
        if not self.needed:
            return
        self.state.names = names
        surplus = [name for name, _serial in self.tree.projects() if name not in set(names)]
        for name in surplus:
            self.tree.remove_project(name)
        self.state.selection = _selection(self._configuration())
        if surplus:
            self._write_root()

    def _synced(self) -> str:
        """One run of bandersnatch; returns why it did not go well."""
        no_room = self.state.no_room()
        if no_room:
            return no_room
        configuration = self._configuration()
        selection = _selection(configuration)
        options = []
        if selection != self.state.selection and self.tree.serial():
            # Serials tell what has changed upstream, not what is wanted here that was not before.
            self.tree.forget_what_is_left()
            options = ["--force-check"]
        started = _now().replace(microsecond=0)
        left = self.tree.left_to_do()
        result = self._run("mirror", *options)
        reason = self._judged(result) or self._left(started, result)
        if not reason:
            self.state.selection = selection
            self._write_root()
        elif result.code is not None and left == self.tree.left_to_do():
            self.tree.forget_what_is_left()
        return reason

    def _run(self, *arguments: str) -> Run:
        with open(self.effective, "w", encoding="utf-8") as stream:
            self._configuration().write(stream)
        command = [self.settings["bandersnatch"], "-c", str(self.effective), *arguments]
        result = run(command, lambda: not self.state.no_room())
        if result.code != 0 or result.errors:
            self.tree.remove_leftovers()
        return result

    @property
    def effective(self) -> Path:
        """The configuration that bandersnatch reads."""
        return self.directory / "status" / "bandersnatch.conf"

    def _configuration(self) -> configparser.ConfigParser:
        configuration = configparser.ConfigParser(delimiters="=", interpolation=None)
        configuration.optionxform = str  # type: ignore[assignment,method-assign]
        for section, options in self.settings["configuration"].items():
            configuration[section] = {option: _written(value) for option, value in options.items()}
        if self.needed:
            names = sorted({*(each.project for each in self.needed), *self.state.names})
            configuration["allowlist"] = {"packages": _written(names)}
        return configuration

    def _judged(self, result: Run) -> str:
        if result.code is None:
            return self.state.no_room() or "bandersnatch was stopped"
        if result.code:
            return f"bandersnatch ended with code {result.code}: {result.last_error or 'it did not say why'}"
        return ""

    def _left(self, started: datetime, result: Run) -> str:
        at = self.tree.synced_at()
        if at is not None and at >= started:
            return ""
        left = ", ".join(self.tree.left_to_do()[:_NAMED]) or "something"
        return f"bandersnatch left {left} undone: {result.last_error or 'it did not say why'}"

    def _write_root(self) -> None:
        root_pages.write(self.directory / "root", self.tree.projects(), self.tree.serial(), _now())


def _written(value: Any) -> str:
    """An option's value, as configparser reads it."""
    if isinstance(value, list):
        return "\n" + "\n".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _selection(configuration: configparser.ConfigParser) -> str:
    """A digest of what is mirrored, as opposed to how."""
    how = ("workers", "verifiers", "timeout", "global-timeout", "compare-method", "proxy", "log-config")
    told = [(section, sorted(configuration.items(section))) for section in sorted(configuration.sections())]
    chosen = [(section, [item for item in items if item[0] not in how]) for section, items in told]
    return hashlib.sha256(repr(chosen).encode()).hexdigest()


def _now() -> datetime:
    return datetime.now(timezone.utc)


def command(name: str, settings: Mapping[str, Any], needed: Iterable[Needed]) -> int:
    """``sync``, ``verify`` or ``status``. Returns the exit code, and says on standard error why it is not 0."""
    full = Full(settings, needed)
    os.umask(0o022)
    if name == "status":
        well = full.state.publish()
    else:
        with full.alone():
            full.state.load()
            well = full.sync() if name == "sync" else full.verify()
    sys.stderr.write("".join(f"{reason}\n" for reason in full.state.reasons))
    return 0 if well else 1
