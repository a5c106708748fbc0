# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waivers: findings that somebody answers for, until a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant, parse_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError

MANDATORY = ("rule", "resource", "owner", "reason", "expires")


@dataclass
class Waiver:
    """Shell patterns of rules, resources and hosts, who answers for it, why, and until when."""

    rule: str
    resource: str
    owner: str
    reason: str
    expires: datetime
    host: str = "*"
    used: int = 0

    def covers(self, finding: Mapping[str, Any], host: str) -> bool:
        """Whether it names this finding on this host: by the resource's name or location, or the finding's id."""
        resource = finding["resource"]
        handles = (resource["name"], resource["location"], finding["id"])
        return (
            fnmatchcase(finding["rule"], self.rule)
            and fnmatchcase(host, self.host)
            and any(fnmatchcase(each, self.resource) for each in handles)
        )

    def to_json(self) -> dict[str, str]:
        """The waiver as the report shows it beside what it hides."""
        return {
            "rule": self.rule,
            "resource": self.resource,
            "host": self.host,
            "owner": self.owner,
            "reason": self.reason,
            "expires": format_instant(self.expires),
        }


def parse_waivers(entries: Sequence[Any]) -> list[Waiver]:
    """The option ``waivers`` as Waivers. Raises OptionError on the first entry that is incomplete."""
    waivers = []
    for number, entry in enumerate(entries):
        option = f"waivers[{number}]"
        if not isinstance(entry, Mapping):
            raise OptionError.of(option, entry, f"is not a dictionary; give {', '.join(MANDATORY)}")
        excess = sorted(set(entry) - {*MANDATORY, "host"})
        if excess:
            raise OptionError.of(option, excess[0], f"is not known; a waiver has {', '.join(MANDATORY)} and host")
        for key in MANDATORY:
            if not str(entry.get(key) or "").strip():
                raise OptionError.of(
                    f"{option}.{key}", entry.get(key), f"is missing; a waiver needs {', '.join(MANDATORY)}"
                )
        try:
            expires = parse_instant(entry["expires"])
        except ValueError as error:
            raise OptionError.of(f"{option}.expires", str(entry["expires"]), f"is refused: {error}") from None
        rule, resource, owner, reason = (str(entry[key]) for key in ("rule", "resource", "owner", "reason"))
        waivers.append(Waiver(rule, resource, owner, reason, expires, host=str(entry.get("host") or "*")))
    return waivers


def find_waiver(waivers: Iterable[Waiver], finding: Mapping[str, Any], host: str, now: datetime) -> Waiver | None:
    """The first waiver in force that covers the finding on the host; every one that covers it counts as used."""
    found = None
    for waiver in waivers:
        if waiver.covers(finding, host):
            waiver.used += 1
            if found is None and now < waiver.expires:
                found = waiver
    return found
