# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/rules.md, the rule reference, from the rules' registrations. ``make docs-rules`` writes it; a test compares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ansible_collections.sre.preflight.plugins.module_utils._audit.files import write_atomically
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import DEFAULT_HORIZONS
from ansible_collections.sre.preflight.plugins.module_utils._audit.rule import Rule
from ansible_collections.sre.preflight.plugins.plugin_utils._report.document import ALL_RULES

PATH = Path(__file__).parents[2] / "docs" / "rules.md"

HEAD = """\
<!--
Copyright (c) 2026, Preflight contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
<!-- Written by `make docs-rules` from the rules' registrations. Edit those. -->

# Rules

Each finding names the rule that it comes from. A rule's id is stable: use it in waivers, dashboards and tickets.

The severity of a finding follows from the time that is left until its outage: {horizons}, else low
(`severity_horizons`). The severity named below is that of a finding without a date.

A rule marked *over the whole* judges what one host alone cannot know: `audit_report` judges it anew over the inventory
of all hosts.

| rule | says | default policy |
|---|---|---|
"""


def reference() -> str:
    """The whole page."""
    horizons = ", ".join(f"{name} up to {duration}" for name, duration in DEFAULT_HORIZONS.items())
    rows = (f"| [`{rule.id}`](#{_anchor(rule)}) | {rule.title} | {_policy(rule)} |\n" for rule in ALL_RULES.values())
    return HEAD.format(horizons=horizons) + "".join(rows) + "".join("".join(_section(r)) for r in ALL_RULES.values())


def _anchor(rule: Rule) -> str:
    return rule.id.replace(".", "")


def _policy(rule: Rule) -> str:
    defaults = []
    for setting in rule.settings:
        value = setting.default
        if setting.kind == "percents":
            value = ", ".join(f"{name} {percent:g} %" for name, percent in value.items())
        elif setting.kind == "percent":
            value = f"{value:g} %"
        defaults.append(f"`{setting.name}`: {value}")
    return "; ".join(defaults) or "none"


def _section(rule: Rule) -> Iterator[str]:
    yield f"\n## {rule.id}\n\n**{rule.title}.** {rule.rationale}\n\n"
    yield f"- What to do: {rule.remediation}\n- Severity without a date: {rule.severity}\n"
    yield f"- Judged {'over the whole' if rule.correlation else 'on each host'}, on: {rule.subject}\n"
    for setting in rule.settings:
        yield f"- Policy `{setting.name}`: {setting.description}\n"
    for source in rule.references:
        yield f"- Source: {source}\n"


if __name__ == "__main__":
    write_atomically(str(PATH), [reference()], mode=0o644)
    print(f"{PATH.name}: {len(ALL_RULES)} rules")
