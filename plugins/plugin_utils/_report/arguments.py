# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of the action plugins, checked as Ansible checks those of modules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError


def validated(options: Mapping[str, Mapping[str, Any]], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with types and defaults applied. Raises OptionError with all that is wrong, in one line."""
    excess = sorted(set(arguments) - set(options))
    if excess:
        raise OptionError(f"Unsupported parameters: {', '.join(excess)}; supported are {', '.join(options)}")
    validation = ArgumentSpecValidator(dict(options)).validate(dict(arguments))
    if validation.error_messages:
        raise OptionError("; ".join(validation.error_messages))
    parameters: dict[str, Any] = validation.validated_parameters
    return parameters


def instant_of(given: str | None) -> datetime:
    """The instant that the option ``now`` gives, the controller's clock without it. Raises OptionError."""
    if given is None:
        return datetime.now(timezone.utc).replace(microsecond=0)
    try:
        return parse_instant(given)
    except ValueError as error:
        raise OptionError.of("now", given, f"is refused: {error}") from None
