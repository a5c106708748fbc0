# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""remediation_plan: the entries of a plan on the controller, if they can be carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.plugin_utils._remediation.mirror_entries import (
    HOSTS_URL,
    ROLE,
    carried_out,
)
from ansible_collections.sre.preflight.plugins.plugin_utils._remediation.plan_reading import read_plan
from ansible_collections.sre.preflight.plugins.plugin_utils._report.arguments import validated
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip

DISPLAY = Display()

OPTIONS: dict[str, dict[str, Any]] = {"path": {"type": "path", "required": True}}


class ActionModule(ActionBase):
    """Needs no connection: the plan lies on the controller."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        hostvars = (task_vars or {})["hostvars"]
        try:
            path = validated(OPTIONS, self._task.args)["path"]
            entries, problems = read_plan(path, set(hostvars))
        except OptionError as error:
            raise AnsibleActionFail(str(error)) from None
        if problems:
            DISPLAY.display("\n".join(f"{path}: {problem}" for problem in problems))
            more = f", and {len(problems) - 1} more, as told above" if len(problems) > 1 else ""
            raise AnsibleActionFail(f"the plan cannot be carried out: {problems[0]}{more}; nothing was changed")
        if not entries:
            DISPLAY.display(f"{path}: the plan has no entries, so there is nothing to do")
        entries, unanswered = carried_out(entries, _mirror_urls(entries, hostvars))
        for entry in unanswered:
            DISPLAY.display(
                f"{path}: {clip(entry['target']['url'], 200)}: nothing is done, because no host has it as {HOSTS_URL}; "
                "set that on the host that serves it, or is to"
            )
        hosts = list(dict.fromkeys(entry["host"] for entry in entries))
        result.update(changed=False, entries=entries, hosts=hosts, unanswered=[each["target"] for each in unanswered])
        return result


def _mirror_urls(entries: Sequence[Mapping[str, Any]], hostvars: Mapping[str, Any]) -> dict[str, Any]:
    """The hosts' package_mirror_url, where an entry is for a mirror: to resolve a variable of every host takes time."""
    if not any(entry["role"] == ROLE for entry in entries):
        return {}
    return {host: hostvars[host].get(HOSTS_URL) for host in hostvars}
