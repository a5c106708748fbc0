# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AnsibleModule side of the contract. The one file of this package that needs Ansible and reads the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .contract import CONTRACT_OPTIONS, Domain, run
from .libraries import Library
from .policy import OptionError, Setting

_TYPES = {"percent": "float", "factor": "float", "count": "int", "duration": "str"}


def run_module(domain: Domain, options: Mapping[str, Mapping[str, Any]], **spec: Any) -> None:
    """Runs an audit module with its own ``options`` beside the contract's and its thresholds; never returns.

    ``spec`` goes to AnsibleModule (required_one_of and so on).
    """
    thresholds = {setting.name: _threshold(setting) for setting in domain.settings}
    module = AnsibleModule(
        argument_spec={**options, **thresholds, **CONTRACT_OPTIONS}, supports_check_mode=True, **spec
    )
    check_libraries(module, domain.libraries)
    try:
        result = run(domain, module.params, check_mode=module.check_mode, clock=lambda: datetime.now(timezone.utc))
    except OptionError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


def check_libraries(module: AnsibleModule, libraries: Iterable[Library]) -> None:
    """Ends the module where a library is missing or too old."""
    for library in libraries:
        if library.import_error:
            module.fail_json(msg=missing_required_lib(library.requirement), exception=library.import_error)
        if library.too_old():
            module.fail_json(msg=library.too_old())


def _threshold(setting: Setting) -> dict[str, Any]:
    if setting.kind == "percents":
        return {"type": "dict"}
    # A threshold is never a secret, even one that is named after a token's life.
    return {"type": _TYPES[setting.kind], "default": setting.default, "no_log": False}
