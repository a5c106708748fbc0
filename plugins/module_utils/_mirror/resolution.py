# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resolution difference: what clients install from a mirror, held against what they install from its upstream.

Pure: pages and METADATA come in, resolutions go out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .choosing import CLIENTS, Client, Offer, choose, fitting
from .environment import Environment
from .model import ProjectPage
from .outcome import NOT_APPLICABLE, UNKNOWN, WORSE, Pages, Verdict, judge
from .releases import Release, read_names, releases_of
from .wanted import Wanted


@dataclass(frozen=True)
class Resolution:
    """The worst outcome among the clients, for one requirement, Python and platform.

    The files are those of ``client``, which is the first that has this outcome; None where it installs none.
    ``clients`` are all outcomes by client. ``reason`` is a sentence without its end, empty where all is the same.
    """

    requirement: str
    python: str
    platform: str
    outcome: str
    upstream_file: str | None = None
    mirror_file: str | None = None
    client: str | None = None
    clients: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    def as_result(self) -> dict[str, Any]:
        """What the module returns."""
        return {
            "requirement": self.requirement,
            "python": self.python,
            "platform": self.platform,
            "upstream_file": self.upstream_file,
            "mirror_file": self.mirror_file,
            "outcome": self.outcome,
            "client": self.client,
            "clients": dict(self.clients),
            "reason": self.reason,
        }


def resolve(
    wanted: Wanted,
    environments: Sequence[Environment],
    upstream: ProjectPage | None,
    mirror: ProjectPage | None,
    metadata: Mapping[str, str | None] | None = None,
    clients: Sequence[Client] = CLIENTS,
) -> list[Resolution]:
    """One resolution for each environment, in their order.

    A page is None where it could not be read, which gives ``unknown``; one without files is a project that is not
    there. ``metadata``: the Requires-Python in the METADATA of files by name, None where it has none; a file that is
    not in it is taken to say what the upstream's page says of it.
    """
    if wanted.requirement.url:
        reason = "it names a URL, so that no index is asked"
        return [_said(wanted, each, NOT_APPLICABLE, reason) for each in environments]
    if upstream is None or mirror is None:
        lacking = "upstream" if upstream is None else "mirror"
        return [_said(wanted, each, UNKNOWN, f"the {lacking}'s page could not be read") for each in environments]
    comparison = _Comparison(wanted, upstream, mirror, metadata or {}, clients)
    return [comparison.resolve(each) for each in environments]


class _Comparison:
    """Two pages, read once for all environments."""

    def __init__(
        self,
        wanted: Wanted,
        upstream: ProjectPage,
        mirror: ProjectPage,
        metadata: Mapping[str, str | None],
        clients: Sequence[Client],
    ) -> None:
        self.wanted = wanted
        self.clients = clients
        self.pages = Pages(
            {each.filename: each for each in upstream.files}, {each.filename: each for each in mirror.files}, metadata
        )
        names = read_names(wanted.project, {*self.pages.upstream, *self.pages.mirror})
        versions = {name.version for name in names.values()}
        versions = {each for each in versions if wanted.specifier.contains(each, prereleases=True)}
        names = {filename: name for filename, name in names.items() if name.version in versions}
        self.upstream = releases_of(upstream.files, names)
        self.mirror = releases_of(mirror.files, names)

    def resolve(self, environment: Environment) -> Resolution:
        try:
            if not self.wanted.applies_to(environment):
                return _said(self.wanted, environment, NOT_APPLICABLE, "its marker excludes this environment")
        except ValueError as error:
            return _said(self.wanted, environment, UNKNOWN, f"its marker cannot be evaluated here: {error}")
        clients = [each for each in self.clients if each.is_found_on(environment)]
        if not clients:
            return _said(self.wanted, environment, NOT_APPLICABLE, "none of the clients runs on this Python")
        offers = [Offer(releases, fitting(releases, environment)) for releases in (self.upstream, self.mirror)]
        verdicts = [self._verdict(client, offers, environment) for client in clients]
        worst = max(verdicts, key=lambda each: WORSE.index(each.outcome))
        return Resolution(
            requirement=self.wanted.text,
            python=environment.python,
            platform=environment.platform,
            outcome=worst.outcome,
            upstream_file=_filename(worst.upstream.release),
            mirror_file=_filename(worst.mirror.release),
            client=worst.client.name,
            clients={each.client.name: each.outcome for each in verdicts},
            reason=worst.reason,
        )

    def _verdict(self, client: Client, offers: list[Offer], environment: Environment) -> Verdict:
        upstream, mirror = (
            choose(client, each, self.wanted, environment, self.pages.requires_python) for each in offers
        )
        return judge(client, upstream, mirror, self.pages, environment)


def _filename(release: Release | None) -> str | None:
    return release.filename if release else None


def _said(wanted: Wanted, environment: Environment, outcome: str, reason: str) -> Resolution:
    return Resolution(wanted.text, environment.python, environment.platform, outcome, reason=reason)
