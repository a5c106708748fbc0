# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""gate: fails unless a report on the controller allows what comes after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils import color
from ansible.utils.display import Display

from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import SEVERITIES
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_duration
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.plugin_utils._report import gate
from ansible_collections.sre.preflight.plugins.plugin_utils._report.arguments import instant_of, validated
from ansible_collections.sre.preflight.plugins.plugin_utils._report.terminal import MAX_WIDTH, render_terminal
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip

DISPLAY = Display()

OPTIONS: dict[str, dict[str, Any]] = {
    "report_path": {"type": "path", "required": True},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "targets": {"type": "list", "elements": "str", "default": []},
    "max_age": {"type": "str", "default": "1h"},
    "fail_on": {"type": "str", "choices": list(SEVERITIES), "default": "high"},
    "break_glass_who": {"type": "str"},
    "break_glass_why": {"type": "str"},
    "now": {"type": "str"},
    "terminal_limit": {"type": "int", "default": 10},
}


class ActionModule(ActionBase):
    """Needs no connection: the report lies on the controller."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            result.update(self._judged(validated(OPTIONS, self._task.args)))
        except OptionError as error:
            raise AnsibleActionFail(str(error)) from None
        return result

    def _judged(self, options: Mapping[str, Any]) -> dict[str, Any]:
        now = instant_of(options["now"])
        broken = gate.break_glass_of(options["break_glass_who"], options["break_glass_why"])
        path, report = options["report_path"], None
        try:
            report = gate.read_report(path)
            judgement = gate.judge(report, _demand(options), now)
        except gate.NotCounted as error:
            judgement = gate.Judgement("unknown", f"the report {path} does not count: {error}")
        entry = None
        if broken and not judgement.allowed and report is not None:
            if not self._task.check_mode:
                entry = gate.record_break_glass(path, report, broken, judgement, now)
            return self._result(options, judgement, entry, opened_by=broken[0])
        if broken and report is None:
            reason = f"{judgement.reason}; breaking the glass needs a report to be written to, so audit first"
            judgement = gate.Judgement("unknown", reason)
        return self._result(options, judgement, None)

    def _result(
        self,
        options: Mapping[str, Any],
        judgement: gate.Judgement,
        entry: Mapping[str, str] | None,
        *,
        opened_by: str | None = None,
    ) -> dict[str, Any]:
        said = f"{judgement.verdict}: {judgement.reason}"
        if opened_by is not None:
            line = f"Preflight lets this pass because {clip(opened_by, 80)} broke the glass, in spite of {said}"
        elif judgement.allowed:
            line = f"Preflight allows this: {judgement.reason}"
        else:
            line = f"Preflight refuses, {said}"
        DISPLAY.display("\n".join([line, *_findings(judgement, options["terminal_limit"])]))
        findings = judgement.report["findings"] if judgement.report else []
        return {
            "changed": entry is not None,
            "failed": opened_by is None and not judgement.allowed,
            "msg": line,
            "verdict": judgement.verdict,
            "reason": judgement.reason,
            "findings": findings[: options["terminal_limit"]],
            "break_glass": entry,
        }


def _demand(options: Mapping[str, Any]) -> gate.Demand:
    try:
        max_age = parse_duration(options["max_age"])
    except ValueError as error:
        raise OptionError.of("max_age", options["max_age"], f"is refused: {error}") from None
    return gate.Demand(options["hosts"], options["targets"], max_age, options["fail_on"])


def _findings(judgement: gate.Judgement, limit: int) -> list[str]:
    """The report in lines, where it refuses and counts."""
    if judgement.report is None or judgement.allowed:
        return []
    # Ansible's own idea of the terminal: this runs in a worker, whose standard output is none.
    width = min(DISPLAY.columns, MAX_WIDTH)
    return [render_terminal(judgement.report, width=width, color=bool(color.ANSIBLE_COLOR), limit=limit)]
