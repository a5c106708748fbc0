# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""audit_report: sees all hosts' results on the controller, merges them and gives the verdict."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils import color
from ansible.utils.display import Display

from ansible_collections.sre.preflight.plugins.module_utils._audit.files import write_atomically
from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import SEVERITIES
from ansible_collections.sre.preflight.plugins.module_utils._audit.json_stream import encode
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.plugin_utils._report import document
from ansible_collections.sre.preflight.plugins.plugin_utils._report.arguments import instant_of, validated
from ansible_collections.sre.preflight.plugins.plugin_utils._report.html import render_html
from ansible_collections.sre.preflight.plugins.plugin_utils._report.merge import merge
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_file import remediate_command, render_plan
from ansible_collections.sre.preflight.plugins.plugin_utils._report.results import Results
from ansible_collections.sre.preflight.plugins.plugin_utils._report.terminal import MAX_WIDTH, render_terminal
from ansible_collections.sre.preflight.plugins.plugin_utils._report.waivers import parse_waivers

DISPLAY = Display()
REGISTERED = (
    "preflight_certificate_audit",
    "preflight_vault_pki_audit",
    "preflight_kubernetes_audit",
    "preflight_mirror_audit",
)
"""Where the role registers the results of the audit modules."""
FILES = {"json_path": "JSON report", "plan_path": "YAML plan", "html_path": "HTML report"}
"""The files that can be asked for, and what they are called; in the order in which they are told of."""

OPTIONS: dict[str, dict[str, Any]] = {
    "hosts": {"type": "list", "elements": "str"},
    "registered": {"type": "list", "elements": "str", "default": list(REGISTERED)},
    "fail_on": {"type": "str", "choices": list(SEVERITIES), "default": "high"},
    # Checked by parse_waivers, which names the entry and the fix.
    "waivers": {"type": "list", "elements": "raw", "default": []},
    "json_path": {"type": "path"},
    "html_path": {"type": "path"},
    "plan_path": {"type": "path"},
    "previous_path": {"type": "path"},
    "now": {"type": "str"},
    "terminal": {"type": "bool", "default": True},
    "terminal_limit": {"type": "int", "default": 10},
}


class ActionModule(ActionBase):
    """Needs no connection: everything it reads is in the controller's variables."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            options = self._options()
            report = self._report(options, variables)
            place = options["plan_path"] or options["json_path"]
            command = remediate_command(place, variables.get("ansible_inventory_sources") or ())
            written = {} if self._task.check_mode else _write(options, report, command)
        except OptionError as error:
            raise AnsibleActionFail(str(error)) from None
        if options["terminal"]:
            DISPLAY.display(self._terminal(report, options, written, command))
        coverage = {key: value for key, value in report["coverage"].items() if key not in ("rules", "targets")}
        result.update(
            changed=False,
            verdict=report["verdict"],
            verdict_reason=report["verdict_reason"],
            summary=report["summary"],
            coverage=coverage,
            findings=report["findings"][: options["terminal_limit"]],
            plan=report["plan"],
            **{key: written.get(key) for key in FILES},
        )
        return result

    def _options(self) -> dict[str, Any]:
        options = validated(OPTIONS, self._task.args)
        options["waivers"] = parse_waivers(options["waivers"])
        for key in FILES:
            directory = os.path.dirname(os.path.abspath(options[key])) if options[key] else "/"
            if not self._task.check_mode and not os.path.isdir(directory):
                raise OptionError.of(key, options[key], "lies in a directory that does not exist; create it first")
        return options

    def _report(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        clock = instant_of(None)
        now = clock if options["now"] is None else instant_of(options["now"])
        names = options["hosts"] if options["hosts"] is not None else variables["ansible_play_hosts_all"]
        hostvars = variables["hostvars"]
        known = set(hostvars)
        results = Results(
            sorted({str(name) for name in names}),
            options["registered"],
            lambda name: hostvars.raw_get(name) if name in known else {},
        )
        merged = merge(results, options["waivers"], now)
        previous = self._previous(options["previous_path"])
        return document.build(
            merged, results.hosts, now=now, generated_at=clock, fail_on=options["fail_on"], previous=previous
        )

    def _previous(self, path: str | None) -> dict[str, Any] | None:
        """The report to compare with. One that cannot be used must not stop an audit: it is a warning."""
        if not path or not os.path.exists(path):
            return None
        try:
            with open(path, encoding="utf-8") as stream:
                previous = json.load(stream)
            document.check_schema(previous)
        except (OSError, ValueError) as error:
            DISPLAY.warning(f"previous_path: {path} is no report to compare with ({error}); nothing is compared")
            return None
        return dict(previous)

    def _terminal(
        self,
        report: Mapping[str, Any],
        options: Mapping[str, Any],
        written: Mapping[str, str],
        command: Sequence[str],
    ) -> str:
        # Ansible's own idea of the terminal: this runs in a worker, whose standard output is none.
        width, limit = min(DISPLAY.columns, MAX_WIDTH), options["terminal_limit"]
        text = render_terminal(report, width=width, color=bool(color.ANSIBLE_COLOR), limit=limit, command=command)
        lines = [text.rstrip("\n")]
        lines += [f"{FILES[key]}: {path}" for key, path in written.items()]
        if self._task.check_mode and any(options[key] for key in FILES):
            lines.append("check mode: no report file was written")
        return "\n".join(lines)


def _write(options: Mapping[str, Any], report: Mapping[str, Any], command: Sequence[str]) -> dict[str, str]:
    """Writes what is asked for; returns {option: path}."""
    written = {}
    pieces: dict[str, Callable[[], Iterable[str]]] = {
        "json_path": lambda: encode(report),
        "plan_path": lambda: render_plan(report),
        "html_path": lambda: [render_html(report, command=command)],
    }
    for key in FILES:
        path, render = options[key], pieces[key]
        if path:
            try:
                write_atomically(path, render())
            except OSError as error:
                raise OptionError.of(key, path, f"cannot be written: {error.strerror}") from None
            written[key] = str(path)
    return written
