# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a remediation: what a mount was like before, so that one can go back, whatever happens meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.files import write_atomically
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError

SCHEMA = "sre.preflight/vault_tidy"
SCHEMA_VERSION = "1.0.0"
OPEN, APPLIED, ROLLED_BACK = "applying", "applied", "rolled_back"
_PARTS = {"status": str, "target": dict, "settings": dict, "undo": dict}
Settings = Mapping[str, Mapping[str, Any]]
Record = dict[str, Any]


def name_of(target: Mapping[str, Any]) -> str:
    """How the files of a target begin, fit for a file system, the same in every run."""
    parts = [str(target.get(key) or "") for key in ("cluster_id", "address", "namespace", "mount")]
    if parts[0]:
        parts[1] = ""  # a cluster has many addresses
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', parts[3]).strip('-') or 'mount'}-{digest}"


def find_open(directory: str, target: Mapping[str, Any]) -> str | None:
    """The record of a run on this target that came to no end; None where there is none. Raises OptionError."""
    prefix = f"{name_of(target)}-"
    try:
        names = sorted(os.listdir(directory), reverse=True)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OptionError.of("directory", directory, f"cannot be read: {error.strerror}") from None
    # The newest decides: what is older came to an end, or was superseded.
    newest = next((name for name in names if name.startswith(prefix) and name.endswith(".json")), None)
    if newest is None:
        return None
    path = os.path.join(directory, newest)
    return path if read(path)["status"] == OPEN else None


def new_path(directory: str, target: Mapping[str, Any], now: datetime) -> str:
    """Where a new record of that target goes."""
    stamp = re.sub(r"[-:]", "", format_instant(now))
    return os.path.join(directory, f"{name_of(target)}-{stamp}.json")


def new(
    target: Mapping[str, Any], settings: Settings, undo: Settings, before: Mapping[str, Any] | None, now: datetime
) -> Record:
    """A record of what is about to be applied; ``before`` is the audit as measure.measured() has it."""
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "status": OPEN,
        "opened_at": format_instant(now),
        "closed_at": None,
        "target": dict(target),
        "settings": {path: dict(values) for path, values in settings.items()},
        "undo": {path: dict(values) for path, values in undo.items()},
        "before": before,
        "after": None,
    }


def taken_up(record: Record, settings: Settings, undo: Settings) -> Record:
    """The record of a run that came to no end, with what is to be applied now; what it knew of before stays."""
    return {**record, "settings": _over(record["settings"], settings), "undo": _over(undo, record["undo"])}


def _over(one: Settings, other: Settings) -> dict[str, dict[str, Any]]:
    """Both; where they differ the other wins."""
    return {path: {**one.get(path, {}), **other.get(path, {})} for path in {**one, **other}}


def replaced(record: Record) -> dict[str, dict[str, Any]]:
    """The values that ``undo`` would replace: if others are live by now, somebody has changed them since."""
    settings = record["settings"]
    return {
        path: {key: settings[path][key] for key in values if key in settings.get(path, {})}
        for path, values in record["undo"].items()
    }


def closed(record: Record, status: str, after: Mapping[str, Any] | None, now: datetime) -> Record:
    """The record of what came to an end."""
    return {**record, "status": status, "after": after, "closed_at": format_instant(now)}


def read(path: str) -> Record:
    """The record in that file. Raises OptionError where it is none, or not whole."""
    try:
        with open(path, encoding="utf-8") as stream:
            record = json.load(stream)
    except OSError as error:
        raise OptionError.of("path", path, f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise OptionError.of("path", path, "is cut short or no JSON at all; name a file of the role's") from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise OptionError.of("path", path, f"is no saved state (its schema is not {SCHEMA})")
    if str(record.get("schema_version")).partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise OptionError.of("path", path, f"has version {record.get('schema_version')!r}, not {SCHEMA_VERSION}")
    for part, kind in _PARTS.items():
        if not isinstance(record.get(part), kind):
            raise OptionError.of("path", path, f"is not whole: it has no {part}")
    return record


def write(path: str, record: Record) -> None:
    """Writes the record whole or not at all, for its owner only, into a directory that is made where it is missing."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        write_atomically(path, [json.dumps(record, indent=2), "\n"])
    except OSError as error:
        raise OptionError.of("path", path, f"cannot be written: {error.strerror}; nothing was changed") from None
