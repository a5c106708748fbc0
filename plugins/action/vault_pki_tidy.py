# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_tidy: calls the module in slices of time, and shows after each how far the tidy is."""

from __future__ import annotations

import time
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

DISPLAY = Display()
FAILED_LOGINS = 12
"""Calls in a row that may fail before the module has asked for the tidy: a login too fails during a failover."""
PAUSE = 5.0


class ActionModule(ActionBase):
    """The module does the work, on the host of the task; it works without this plugin as well, in one long call."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        args = dict(self._task.args)
        detached = bool(self._task.async_val)
        if detached or "resume" in args or self._task.check_mode or not self._wants_progress():
            result.update(self._execute_module(module_args=args, task_vars=task_vars, wrap_async=detached))
            return result
        result.update(self._in_slices(args, task_vars))
        return result

    def _wants_progress(self) -> bool:
        # Nonsense is for the module to refuse.
        return bool(boolean(self._task.args.get("progress", True), strict=False))

    def _in_slices(self, args: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        host = (task_vars or {}).get("inventory_hostname", "")
        resume: dict[str, Any] = {}
        failures = 0
        while True:
            outcome: dict[str, Any] = self._execute_module(module_args={**args, "resume": resume}, task_vars=task_vars)
            if resume and outcome.get("failed") and "state" not in outcome and failures < FAILED_LOGINS:
                failures += 1
                DISPLAY.display(f"{host}: the tidy cannot be asked for now: {outcome.get('msg')}")
                time.sleep(PAUSE)
                continue
            if "resume" not in outcome:
                return outcome
            failures = 0
            resume = outcome["resume"]
            DISPLAY.display(f"{host}: {outcome['progress']}")
