# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AnsibleModule side of the modules that change a mount."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from .._audit.libraries import Library
from .._audit.module import check_libraries
from .._audit.policy import OptionError
from .auth import AUTH_OPTIONS
from .connection import CONNECTION_OPTIONS
from .session import logged_in
from .transport import Transport

PATIENCE = 60.0
"""Seconds for which a run waits for a leader; a cluster on Consul needs the longest, 15 s for the lock and as much for
its delay."""


@dataclass(frozen=True)
class Outcome:
    """A module's result, and where it failed the ``failure`` in one line: then the result says what was done."""

    result: dict[str, Any]
    failure: str | None = None
    warnings: list[str] = field(default_factory=list)


def run_module(
    options: Mapping[str, Mapping[str, Any]],
    act: Callable[[Transport, Mapping[str, Any], bool], Outcome],
    libraries: tuple[Library, ...] = (),
) -> None:
    """Logs in and lets ``act`` work with the transport, the options and whether it is check mode; never returns."""
    module = AnsibleModule(argument_spec={**CONNECTION_OPTIONS, **AUTH_OPTIONS, **options}, supports_check_mode=True)
    check_libraries(module, libraries)
    try:
        with logged_in(module.params, os.environ, patience=PATIENCE) as transport:
            outcome = act(transport, module.params, module.check_mode)
    except OptionError as error:
        module.fail_json(msg=str(error))
    for warning in outcome.warnings:
        module.warn(warning)
    if outcome.failure is not None:
        module.fail_json(**{**outcome.result, "msg": outcome.failure})
    module.exit_json(**outcome.result)
