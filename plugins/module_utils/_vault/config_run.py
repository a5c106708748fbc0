# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes of vault_pki_config to one mount, one a path, and what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import errors
from .config_plan import CLUSTER, Change, changes, goes_along, rebuilds
from .enforcing import Outcome
from .errors import RequestError
from .settings import ROLES, Settings
from .target import Target
from .values import same, to_send


class StopError(Exception):
    """Nothing more is written, for the reason in words."""


class Run:
    """The writes to one mount, one a path, and what became of each."""

    def __init__(self, target: Target, live: Settings, wanted: Settings) -> None:
        self.target = target
        self.wanted = wanted
        self.changes = changes(wanted, live)
        self.before = {path: {key: live[path][key] for key in values} for path, values in wanted.items()}
        self.after = {path: dict(values) for path, values in self.before.items()}
        self.applied: list[dict[str, Any]] = []
        self.not_applied: list[dict[str, Any]] = []
        self.undo: dict[str, dict[str, Any]] = {}
        self.rebuilds: list[str] = []
        self.warnings: list[str] = []
        self.changed = False
        self.failure: str | None = None

    def refuse(self, reason: str) -> None:
        """Writes nothing, for that reason."""
        self.failure = reason
        for change in self.changes:
            self._leave(change, reason)

    def foresee(self) -> None:
        """Writes nothing, and tells what would be."""
        self.changed = bool(self.changes)
        for change in self.changes:
            self._leave(change, "check mode")
            self.after[change.path].update(change.settings)
            self._note_undo(change, change.settings)
            self.rebuilds += rebuilds(change)

    def apply(self) -> None:
        """Writes until something fails; what comes after that is left as it is, and said to be so."""
        for change in self.changes:
            if self.failure is not None:
                self._leave(change, "not tried, because a write before it failed")
                continue
            try:
                self._change(change)
            except StopError as stop:
                self.failure = str(stop)

    def outcome(self) -> Outcome:
        """The module's result."""
        result = {
            "changed": self.changed,
            "mount": self.target.mount,
            "before": self.before,
            "after": self.after,
            "applied": self.applied,
            "not_applied": self.not_applied,
            "undo": self.undo,
            "crl_rebuilds": self.rebuilds,
            "diff": {"before": self.before, "after": self.after},
        }
        failure = self.failure
        if failure is not None and self.changed:
            done, left = (", ".join(each["path"] for each in rows) for rows in (self.applied, self.not_applied))
            failure += f"; applied: {done or 'nothing for certain'}; not applied: {left or 'nothing'}"
            failure += "; to go back, give 'undo' of this result as settings"
        return Outcome(result, failure, self.warnings)

    def _change(self, change: Change) -> None:
        """One write, with a look at the live values just before and after. Raises StopError."""
        try:
            current = self.target.read(change.path)
        except RequestError as error:
            self._leave(change, str(error))
            raise StopError(str(error)) from None
        moved = list(_moved(change, current))
        if moved:
            reason = f"somebody else changed it meanwhile: {'; '.join(moved)}; look at it, and run again"
            self._leave(change, reason)
            raise StopError(f"{self.target.mount}{change.path}: {reason}")
        if all(same(change.path, current.get(key), value) for key, value in change.settings.items()):
            self.after[change.path].update(change.settings)
            return
        failure, rewritten = self._tried(change, current)
        if failure is not None and errors.may_pass(failure):
            self.target.transport.settle()
            if self.target.transport.connection.retries.total and self._is_untouched(change, current):
                failure, rewritten = self._tried(change, current)
        self._verify(change, current, failure, rewritten)

    def _tried(self, change: Change, current: Mapping[str, Any]) -> tuple[RequestError | None, bool]:
        """The failure of a write, if any, and whether it was that of a whole role."""
        try:
            return None, self._write(change, current)
        except RequestError as error:
            return error, False

    def _is_untouched(self, change: Change, current: Mapping[str, Any]) -> bool:
        """Whether all at the path is as it was, so that a write that failed while the leader changed did nothing."""
        try:
            live = self.target.read(change.path)
        except RequestError:
            return False
        return all(same(change.path, live.get(key), current.get(key)) for key in {*live, *current})

    def _write(self, change: Change, current: Mapping[str, Any]) -> bool:
        """Writes what differs, and nothing else; whether a whole role had to be written for it. Raises RequestError.

        config/* merges what is posted (measured on OpenBao 2.7.2 and Vault 1.21.0). A posted role resets what is left
        out (https://github.com/hashicorp/vault/issues/15689), hence PATCH, and all of it where there is no PATCH.

        What forces a rebuild is sent once: the servers keep the settings of a rebuild that fails, so that a repetition
        would change nothing, rebuild nothing, and succeed (measured on both).
        """
        path, call = self.target.mount + change.path, self.target.transport.call
        body = to_send(change.settings)
        if not change.path.startswith(ROLES):
            call("POST", path, body=body, repeat=not rebuilds(change))
            return False
        try:
            call("PATCH", path, body=body)
        except RequestError as error:
            if error.kind != errors.UNSUPPORTED:
                raise
            call("POST", path, body={**to_send(current), **body}, repeat=False)
            return True
        return False

    def _verify(
        self, change: Change, current: Mapping[str, Any], failure: RequestError | None, rewritten: bool
    ) -> None:
        """What the server has made of a write. Raises StopError where that is not what was asked for."""
        path, wanted = change.path, self.wanted[change.path]
        live = self._read_again(change, failure)
        self.after[path].update((key, live.get(key)) for key in wanted)
        refused = {key: value for key, value in wanted.items() if not same(path, live.get(key), value)}
        taken = {key: value for key, value in change.settings.items() if key not in refused}
        if taken:
            self._note_applied(change, taken)
        others = self._others(change, current, live)
        # One that was right before, and that the server has changed along with the others.
        self.undo.get(path, {}).update((key, value) for key, value in refused.items() if key not in change.settings)
        reason = None
        if failure is not None:
            reason = _told(failure, change, taken, refused)
        elif refused:
            told = "; ".join(f"{key} was to be {value!r} and is {live.get(key)!r}" for key, value in refused.items())
            reason = f"{self.target.mount}{path}: the server did not take it: {told}"
        elif others and rewritten:
            reason = f"{self.target.mount}{path}: writing the whole role changed more than that: {others}"
        elif others:
            self.warnings.append(f"{self.target.mount}{path}: not asked for, but changed meanwhile: {others}")
        if refused:
            self.not_applied.append({"path": path, "settings": refused, "reason": reason})
        if reason is not None:
            raise StopError(reason)

    def _read_again(self, change: Change, failure: RequestError | None) -> dict[str, Any]:
        """The live values after a write. Raises StopError where they cannot be had: then they are in doubt."""
        try:
            return self.target.read(change.path)
        except RequestError as error:
            self.changed = True
            self._note_undo(change, change.settings)
            reason = f"whether the server took it is not known: {failure or error}"
            self._leave(change, reason)
            raise StopError(f"{self.target.mount}{change.path}: {reason}") from None

    def _others(self, change: Change, current: Mapping[str, Any], live: Mapping[str, Any]) -> str:
        """What else has changed at the path, in words; what goes along with the settings is noted instead."""
        along = goes_along(change.path, change.settings)
        told = []
        for key in sorted({*current, *live} - set(self.wanted[change.path])):
            before, after = current.get(key), live.get(key)
            if same(change.path, before, after):
                continue
            if key in along:
                self.before[change.path].setdefault(key, before)
                self.after[change.path][key] = after
                self.undo.setdefault(change.path, {})[key] = before
            else:
                told.append(f"{key} from {before!r} to {after!r}")
        return "; ".join(told)

    def _note_applied(self, change: Change, taken: Mapping[str, Any]) -> None:
        self.changed = True
        self.applied.append({"path": change.path, "settings": dict(taken)})
        self._note_undo(change, taken)
        self.rebuilds += rebuilds(change._replace(settings=taken))

    def _note_undo(self, change: Change, settings: Mapping[str, Any]) -> None:
        """What leads back. The paths of config/cluster do not: the server refuses to empty them (measured)."""
        back = {key: change.previous[key] for key in settings if change.path != CLUSTER or change.previous[key]}
        if len(back) < len(settings):
            self.warnings.append(f"{self.target.mount}{change.path}: once set, the server does not let it be emptied")
        if back:
            self.undo.setdefault(change.path, {}).update(back)

    def _leave(self, change: Change, reason: str) -> None:
        self.not_applied.append({"path": change.path, "settings": dict(change.settings), "reason": reason})


def _moved(change: Change, current: Mapping[str, Any]) -> Iterator[str]:
    """What differs from the first reading and is not what was wanted either."""
    for key, before in change.previous.items():
        now = current.get(key)
        if not same(change.path, now, before) and not same(change.path, now, change.settings[key]):
            yield f"{key} was {before!r} and is {now!r}"


def _told(failure: RequestError, change: Change, taken: Mapping[str, Any], refused: Mapping[str, Any]) -> str:
    """The failure of a write, and what it has done all the same."""
    reason = str(failure) if refused else f"{failure}; the settings are in place all the same"
    if taken and rebuilds(change):
        mount = failure.path[: -len(change.path)]
        reason += f"; to see whether the CRL can be rebuilt, read {mount}crl/rotate"
    return reason
