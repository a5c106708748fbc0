# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan as a file of variables that a person reviews and commits, and the command that carries it out."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from .text import visible

SCHEMA = "sre.preflight/plan"
SCHEMA_VERSION = "1.1.0"
PLAYBOOK = "sre.preflight.remediate"
CHECK = "--check"
INVENTORY, PLAN, THIS_FILE = "<inventory>", "<plan>", "<this-file>"
"""What the command has where the inventory, or the place of the plan, is not known or does not matter."""
_BLANK = "(preflight_plan_path=)?<[a-z-]+>"

_HEADER = """\
---
# What Preflight would set to mend what it found, the soonest outage first. Nothing is changed until you run it.
# Read each entry, above all its risk and its conflicts; take out what you do not want; commit it. A setting of Vault is
# changed only where the server still has the value in "found". A mirror is brought up on the hosts whose variable
# package_mirror_url is its url.
#
# To see every change that it would make:
#   {check}
# To make them, one target at a time, and audit again:
#   {apply}
"""


class _Dumper(yaml.SafeDumper):
    """Without anchors, and with ``!unsafe`` where Ansible would take a text from outside for a template."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's
        """Lists are indented below their key, as yamllint wants it."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    tag = "!unsafe" if re.search(r"\{[{%#]", value) else "tag:yaml.org,2002:str"
    return dumper.represent_scalar(tag, value)


_Dumper.add_representer(str, _text)


def render_plan(report: Mapping[str, Any]) -> Iterator[str]:
    """The variables file of a report's plan, in pieces; it names no place, because it is committed and moved."""
    command = remediate_command(THIS_FILE)
    yield _HEADER.format(check=shown(command), apply=shown(applying(command)))
    plan = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "generated_at": report["generated_at"],
        "judged_at": report["judged_at"],
        "entries": report["plan"],
    }
    # Through JSON, because names come from Ansible as kinds of text of its own, which YAML does not know.
    plain = json.loads(json.dumps({"preflight_plan": plan}))
    # All but ASCII is spelled out: what a person reviews must not be forged by invisible characters.
    yield yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=110)


def remediate_command(path: str | None, inventories: Sequence[str] = ()) -> list[str]:
    """The words of the command that shows what the plan at ``path`` would change (a plan file, or a JSON report)."""
    words = ["ansible-playbook", PLAYBOOK]
    for inventory in inventories or [INVENTORY]:
        words += ["-i", str(inventory)]
    place = path or PLAN
    # key=value is split at spaces, and knows quotes and backslashes.
    plain = re.fullmatch(r"[^\s'\"\\]+", place)
    variable = f"preflight_plan_path={place}" if plain else json.dumps({"preflight_plan_path": place})
    return [*words, "-e", variable, CHECK]


def applying(command: Sequence[str]) -> list[str]:
    """The same command without ``--check``."""
    return [word for word in command if word != CHECK]


def quoted(command: Sequence[str]) -> list[str]:
    """The words as a shell takes them; what is to be filled in stays as it is."""
    return [word if re.fullmatch(_BLANK, word) else shlex.quote(visible(word)) for word in command]


def shown(command: Sequence[str]) -> str:
    """The command in one line."""
    return " ".join(quoted(command))
