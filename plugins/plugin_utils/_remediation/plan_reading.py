# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan read back: from the file that a person may have edited, or from a report."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import yaml

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.plugin_utils._report import document, plan_file
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan import identity
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_mirror import KIND
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip

from . import mirror_entries

ROLES = {"vault_tidy": "vault_mount", mirror_entries.ROLE: KIND}
"""The roles that carry out entries, each with the kind of its targets."""
_PATH = re.compile(r"config/(auto-tidy|crl|cluster|urls)|roles/\w(?:[\w.-]*\w)?", re.ASCII)
_TEXTS = ("address", "mount")
Entry = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Reads a text that is marked as no template of Ansible's as the text that it is."""


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("!unsafe", _text)


def read_plan(path: str, hosts: Collection[str]) -> tuple[list[Entry], list[str]]:
    """(entries, problems) of a plan file or a JSON report: the entries in their order, or a line for each problem.

    ``hosts`` are those of the inventory. Raises OptionError where the file holds no plan at all.
    """
    entries = _entries(path)
    problems = [
        f"{_name(number, entry)}: {problem}"
        for number, entry in enumerate(entries, 1)
        for problem in _problems(entry, hosts)
    ]
    problems = problems or list(_repeated(entries))
    return ([], problems) if problems else (entries, [])


def _entries(path: str) -> list[Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        # A report is large, and JSON many times as fast.
        content = json.loads(text) if text.startswith("{") else yaml.load(text, Loader=_Loader)  # noqa: S506 - safe
    except OSError as error:
        raise OptionError.of("path", path, f"cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        what = " ".join(str(error).split())[:200]
        raise OptionError.of("path", path, f"is cut short, or neither YAML nor JSON: {what}") from None
    try:
        return _listed(content)
    except ValueError as error:
        fix = f"holds no plan that can be carried out: {error}; audit again, and take the plan that it writes"
        raise OptionError.of("path", path, fix) from None


def _listed(content: Any) -> list[Any]:
    """The entries of what was read. Raises ValueError."""
    if isinstance(content, Mapping) and content.get("schema") == document.SCHEMA:
        document.check_schema(content)
        entries = content.get("plan")
    else:
        plan = content.get("preflight_plan") if isinstance(content, Mapping) else None
        if not isinstance(plan, Mapping) or plan.get("schema") != plan_file.SCHEMA:
            raise ValueError(f"it has no preflight_plan of the schema {plan_file.SCHEMA}")
        version = str(plan.get("schema_version"))
        if version.partition(".")[0] != plan_file.SCHEMA_VERSION.partition(".")[0]:
            raise ValueError(f"its schema_version is {version}, not {plan_file.SCHEMA_VERSION}")
        entries = plan.get("entries")
    if not isinstance(entries, list):
        raise ValueError("its entries are no list")
    return entries


def _name(number: int, entry: Any) -> str:
    """What people find the entry by."""
    target = entry.get("target") if isinstance(entry, Mapping) else None
    place = (target.get("mount") or target.get("url")) if isinstance(target, Mapping) else None
    return f"entry {number} ({clip(place, 80)})" if place else f"entry {number}"


def _problems(entry: Any, hosts: Collection[str]) -> Iterator[str]:
    """What is wrong with one entry, and what to do."""
    if not isinstance(entry, Mapping):
        yield f"{clip(entry, 80)} is no mapping; take the entry as the plan had it, or leave it out"
        return
    role, host = entry.get("role"), entry.get("host")
    if role == mirror_entries.ROLE:
        yield from mirror_entries.problems(entry)
        return
    if role not in ROLES:
        yield f"role: {clip(role, 80)!r} is not known; there is {', '.join(ROLES)}"
    elif host not in hosts:
        yield f"host: {clip(host, 80)!r} is not in the inventory; name the host with the variables to connect with"
    target: Any = entry.get("target")
    if not _is_target(target):
        yield "target: needs kind, address, cluster_id, namespace and mount as the plan had them"
    elif role in ROLES and target["kind"] != ROLES[role]:
        yield f"target: is of kind {clip(target['kind'], 80)!r}, and role {role} is for {ROLES[role]}"
    for option in ("settings", "found"):
        yield from _shape(option, entry.get(option))
    if _is_nested(entry.get("settings")) and _is_nested(entry.get("found")):
        yield from _unmatched(entry["settings"], entry["found"])


def _is_target(target: Any) -> bool:
    return (
        isinstance(target, Mapping)
        and all(isinstance(target.get(key), str) and target[key] for key in ("kind", *_TEXTS))
        and isinstance(target.get("namespace"), str)
        and isinstance(target.get("cluster_id"), (str, type(None)))
    )


def _is_nested(settings: Any) -> bool:
    return isinstance(settings, Mapping) and all(isinstance(values, Mapping) for values in settings.values())


def _shape(option: str, settings: Any) -> Iterator[str]:
    if not _is_nested(settings):
        yield f"{option}: is no mapping of paths below the mount to keys and values"
        return
    for path, values in settings.items():
        if not _PATH.fullmatch(str(path)):
            yield f"{option}: {clip(path, 80)!r} is no path for settings"
        for key, value in values.items():
            if not _is_value(value):
                name = f"{option}.{clip(path, 80)}.{clip(key, 80)}"
                yield f"{name}: {clip(value, 80)} is no text, number, boolean or list"


def _is_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, (str, int)) for each in value)
    return value is None or isinstance(value, (str, bool, int, float))


def _unmatched(settings: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """Settings of which nobody knows what they would replace: without that a stale plan could not be told."""
    for path, values in settings.items():
        for key in values:
            if key not in found.get(path, {}):
                yield f"found.{clip(path, 80)}.{clip(key, 80)}: is missing; say which live value is to be replaced"


def _repeated(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    seen: dict[tuple[str, ...], int] = {}
    for number, entry in enumerate(entries, 1):
        key = (str(entry["role"]), *identity(entry["target"]))
        if key in seen:
            yield f"{_name(number, entry)}: is about the same target as entry {seen[key]}; merge the two"
        seen.setdefault(key, number)
