# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""remediation_record: what a mount was like before, kept on the controller until it is known to be well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import unpack
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.plugin_utils._remediation import measure, record
from ansible_collections.sre.preflight.plugins.plugin_utils._report.arguments import instant_of, validated
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip

DISPLAY = Display()

OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "required": True, "choices": ["found", "open", "closed", "rolled_back", "read"]},
    "directory": {"type": "path"},
    "path": {"type": "path"},
    "target": {"type": "dict"},
    "settings": {"type": "dict"},
    "foreseen": {"type": "dict"},
    "audit": {"type": "dict"},
    "risks": {"type": "list", "elements": "str", "default": []},
}
_NEEDED = {
    "found": ("directory", "target", "foreseen"),
    "open": ("directory", "target", "settings", "foreseen"),
    "closed": ("path",),
    "rolled_back": ("path",),
    "read": ("path",),
}


class ActionModule(ActionBase):
    """Needs no connection: the records lie on the controller."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            options = validated(OPTIONS, self._task.args)
            _check_needed(options)
            result.update(changed=False, **getattr(self, f"_{options['state']}")(options))
        except OptionError as error:
            raise AnsibleActionFail(str(error)) from None
        return result

    def _found(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Whether there is anything to do, and a record to take up."""
        path = record.find_open(options["directory"], options["target"])
        mount, foreseen = _name(options["target"]), options["foreseen"]
        changes = list(_changes(foreseen, planned=self._task.check_mode))
        notes = [*foreseen.get("crl_rebuilds", ()), *options["risks"]] if changes else []
        if path:
            notes.append(f"an earlier run came to no end; what it saved in {path} is taken up")
        lines = [*changes, *(clip(note, 600) for note in notes)] or ["already as planned"]
        DISPLAY.display("\n".join(f"{mount}: {line}" for line in lines))
        return {"path": path, "needed": bool(path or changes)}

    def _open(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The record is written before anything is changed; one that is taken up keeps what it knew of before."""
        target, settings, undo = options["target"], options["settings"], options["foreseen"].get("undo", {})
        now, path = instant_of(None), options["path"]
        if path:
            kept = record.taken_up(record.read(path), settings, undo)
        else:
            path = record.new_path(options["directory"], target, now)
            before = _measured(options["audit"], {})
            kept = record.new(target, settings, undo, before, now)
        if not self._task.check_mode:
            record.write(path, kept)
        return {"path": path, "record": kept, "written": not self._task.check_mode}

    def _closed(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The verdict on what was done: ok, worse or unseen. Only what is ok is closed."""
        kept = record.read(options["path"])
        before, mount = kept.get("before"), _name(kept["target"])
        after = _measured(options["audit"], kept["undo"])
        if before is None or after is None:
            verdict, reasons, line = "ok", [], "applied, and not audited again"
        else:
            reasons, line = measure.worse(before, after), measure.line(before, after)
            verdict = "worse" if reasons else "ok"
            if unseen := measure.unseen(before, after):
                verdict, reasons = "unseen", unseen
        if verdict == "ok":
            record.write(options["path"], record.closed(kept, record.APPLIED, after, instant_of(None)))
        DISPLAY.display(f"{mount}: {line}")
        return {"verdict": verdict, "reasons": reasons, "line": line, "record": kept, "path": options["path"]}

    def _rolled_back(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The settings are those of before again."""
        kept = record.read(options["path"])
        if not self._task.check_mode:
            record.write(options["path"], record.closed(kept, record.ROLLED_BACK, kept["after"], instant_of(None)))
            DISPLAY.display(f"{_name(kept['target'])}: as it was before again")
        return {"path": options["path"], "record": kept}

    def _read(self, options: Mapping[str, Any]) -> dict[str, Any]:
        kept = record.read(options["path"])
        return {"path": options["path"], "record": kept, "replaced": record.replaced(kept)}


def _measured(audit: Mapping[str, Any] | None, undo: measure.Settings) -> dict[str, Any] | None:
    """The numbers of an audit's bundle; None without an audit. Raises OptionError."""
    if audit is None:
        return None
    try:
        return measure.measured(unpack(str(audit.get("bundle"))), undo)
    except (ValueError, KeyError) as error:
        raise OptionError(f"audit: is no result of vault_pki_audit with bundle=true: {error}") from None


def _check_needed(options: Mapping[str, Any]) -> None:
    """Raises OptionError where the state needs an option that is not there."""
    missing = [option for option in _NEEDED[options["state"]] if options[option] is None]
    if missing:
        raise OptionError(f"{', '.join(missing)}: is needed with state={options['state']}")


def _name(target: Mapping[str, Any]) -> str:
    """The mount with its namespace."""
    namespace = str(target.get("namespace") or "").strip("/")
    return clip(f"{namespace}/{target['mount']}" if namespace else target["mount"], 120)


def _changes(foreseen: Mapping[str, Any], *, planned: bool) -> Iterator[str]:
    """What differs from the settings, one line each."""
    after = foreseen.get("after", {})
    for path, values in foreseen.get("before", {}).items():
        for key, value in values.items():
            wanted = after.get(path, {}).get(key)
            if wanted != value:
                verb = "would set" if planned else "sets"
                yield f"{verb} {clip(path, 120)} {clip(key, 80)} from {_text(value)} to {_text(wanted)}"


def _text(value: Any) -> str:
    """A setting as the server's API shows it."""
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else clip(value, 200)
