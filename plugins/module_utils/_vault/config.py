# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_config: one mount's settings, compared in the server's units, written where they differ, read again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._audit.policy import OptionError
from . import errors
from .config_plan import CLUSTER, Change, changes, checked, goes_along, normalised, rebuilds, stale
from .enforcing import Outcome
from .errors import RequestError
from .settings import ROLES, Settings
from .target import Target, find_target
from .transport import Transport
from .values import same, to_send

CONFIG_OPTIONS: dict[str, dict[str, Any]] = {
    "mount": {"type": "str", "required": True},
    "settings": {"type": "dict", "required": True},
    "expected_current": {"type": "dict"},
    "expected_cluster_id": {"type": "str"},
}
"""The options that say what is set where, beside those of the connection and of the login."""


class StopError(Exception):
    """Nothing more is written, for the reason in words."""


def configure(transport: Transport, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Brings the settings about, or with ``check_mode`` says what it would do. Raises OptionError for bad options.

    What fails later is the outcome's ``failure``, with what was applied and what was not.
    """
    settings = checked("settings", params["settings"])
    expected = checked("expected_current", params.get("expected_current") or {})
    try:
        target = find_target(transport, params)
        live = {path: target.read(path) for path in dict.fromkeys((*settings, *expected))}
        wanted = normalised(settings, live, target.server)
    except (OptionError, RequestError) as error:
        return _refused(params["mount"], settings, str(error))
    run = Run(target, live, wanted)
    surprises = list(stale(expected, wanted, live))
    if surprises:
        run.refuse(f"nothing was written, because live values are not the expected ones: {'; '.join(surprises)}")
    elif check_mode:
        run.foresee()
    else:
        run.apply()
    return run.outcome()


def _refused(mount: str, settings: Settings, reason: str) -> Outcome:
    """Nothing was written, because the mount or its settings are not what the options say."""
    left = [{"path": path, "settings": dict(values), "reason": reason} for path, values in settings.items()]
    empty: dict[str, Any] = {"before": {}, "after": {}, "applied": [], "undo": {}, "crl_rebuilds": []}
    return Outcome({"changed": False, "mount": mount.strip("/") + "/", **empty, "not_applied": left}, reason)


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
        failure, rewritten = None, False
        try:
            rewritten = self._write(change, current)
        except RequestError as error:
            failure = error
        self._verify(change, current, failure, rewritten)

    def _write(self, change: Change, current: Mapping[str, Any]) -> bool:
        """Writes what differs, and nothing else; whether a whole role had to be written for it. Raises RequestError.

        config/* merges what is posted (measured on OpenBao 2.7.2 and Vault 1.21.0). A posted role resets what is left
        out (https://github.com/hashicorp/vault/issues/15689), hence PATCH, and all of it where there is no PATCH.
        """
        path, call = self.target.mount + change.path, self.target.transport.call
        body = to_send(change.settings)
        if not change.path.startswith(ROLES):
            call("POST", path, body=body)
            return False
        try:
            call("PATCH", path, body=body)
        except RequestError as error:
            if error.kind != errors.UNSUPPORTED:
                raise
            call("POST", path, body={**to_send(current), **body})
            return True
        return False

    def _verify(
        self, change: Change, current: Mapping[str, Any], failure: RequestError | None, rewritten: bool
    ) -> None:
        """What the server has made of a write. Raises StopError where that is not what was asked for."""
        path = change.path
        try:
            live = self.target.read(path)
        except RequestError as error:
            self.changed = True
            self._note_undo(change, change.settings)
            reason = f"whether the server took it is not known: {failure or error}"
            self._leave(change, reason)
            raise StopError(f"{self.target.mount}{path}: {reason}") from None
        wanted = self.wanted[path]
        self.after[path].update((key, live.get(key)) for key in wanted)
        taken = {key: value for key, value in change.settings.items() if same(path, live.get(key), value)}
        if taken:
            self._note_applied(change, taken)
        others = self._others(change, current, live)
        refused = {key: value for key, value in wanted.items() if not same(path, live.get(key), value)}
        # One that was right before, and that the server has changed along with the others.
        self.undo.get(path, {}).update((key, value) for key, value in refused.items() if key not in change.settings)
        if failure is not None:
            reason = f"{failure}" if refused else f"{failure}; the settings are in place all the same"
        elif refused:
            reason = f"{self.target.mount}{path}: the server did not take it: " + "; ".join(
                f"{key} was to be {value!r} and is {live.get(key)!r}" for key, value in refused.items()
            )
        elif others and rewritten:
            reason = f"{self.target.mount}{path}: writing the whole role changed more than that: {others}"
        else:
            if others:
                self.warnings.append(f"{self.target.mount}{path}: not asked for, but changed meanwhile: {others}")
            return
        if refused:
            self.not_applied.append({"path": path, "settings": refused, "reason": reason})
        raise StopError(reason)

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
