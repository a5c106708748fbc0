# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_config: one mount's settings, compared in the server's units, written where they differ, read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._audit.policy import OptionError
from .config_plan import checked, normalised, stale
from .config_run import Run
from .enforcing import Outcome
from .errors import RequestError
from .settings import Settings
from .target import find_target
from .transport import Transport

CONFIG_OPTIONS: dict[str, dict[str, Any]] = {
    "mount": {"type": "str", "required": True},
    "settings": {"type": "dict", "required": True},
    "expected_current": {"type": "dict"},
    "expected_cluster_id": {"type": "str"},
}
"""The options that say what is set where, beside those of the connection and of the login."""


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
