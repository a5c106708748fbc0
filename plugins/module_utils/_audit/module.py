# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AnsibleModule side of the contract. The one file of this package that needs Ansible and reads the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .contract import CONTRACT_OPTIONS, Domain, run
from .libraries import Library
from .policy import OptionError, Setting

_TYPES = {"percent": "float", "factor": "float", "count": "int", "duration": "str"}


Check = Callable[[Any], None]
"""Takes an option's value as it was given. Raises OptionError where its shape is another."""


class Module(AnsibleModule):  # type: ignore[misc] # ansible-core has no types
    """``secret_shapes``: {option: check} of options that hold secrets.

    Where Ansible refuses one, it may show it, and names neither the place nor the fix.
    """

    params: dict[str, Any]

    def __init__(self, *, secret_shapes: Mapping[str, Check], **spec: Any) -> None:
        self._secret_shapes = secret_shapes
        self._given: dict[str, Any] = {}
        super().__init__(**spec)

    def _load_params(self) -> None:
        super()._load_params()
        self._given = dict(self.params)  # the check of the types takes out what it refuses

    def fail_json(self, msg: str, **result: Any) -> None:
        """Ansible's, but for the words on a secret of another shape, and without its value in the invocation."""
        for option, check in self._secret_shapes.items():
            try:
                check(self._given.get(option))
            except OptionError as error:
                msg = str(error)
                self.params = {**self.params, option: "(not shown)"}
        super().fail_json(msg, **result)


def run_module(
    domain: Domain,
    options: Mapping[str, Mapping[str, Any]],
    *,
    secret_shapes: Mapping[str, Check] | None = None,
    **spec: Any,
) -> None:
    """Runs an audit module with its own ``options`` beside the contract's and its thresholds; never returns.

    ``secret_shapes``: see Module. ``spec`` goes to AnsibleModule (required_one_of and so on).
    """
    thresholds = {setting.name: _threshold(setting) for setting in domain.settings}
    module = Module(
        argument_spec={**options, **thresholds, **CONTRACT_OPTIONS},
        supports_check_mode=True,
        secret_shapes=secret_shapes or {},
        **spec,
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
