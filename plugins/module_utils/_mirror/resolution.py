# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resolution difference: what clients install from a mirror, held against what they install from its upstream.

Pure: pages and METADATA come in, resolutions go out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .choosing import CLIENTS, Choice, Client, Offer, choose, fitting
from .environment import Environment
from .model import File, ProjectPage
from .outcome import NO_FAULTS, NOT_APPLICABLE, UNKNOWN, WORSE, Faults, Pages, Verdict, judge
from .releases import Release, read_names, releases_of
from .seen import Seen
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
    seen: Mapping[str, Seen | None] | None = None,
    faults: Faults = NO_FAULTS,
) -> list[Resolution]:
    """One resolution for each environment, in their order.

    A page is None where it could not be read, which gives ``unknown``; one without files is a project that is not
    there. ``seen`` is what a client sees instead of the mirror's page, by the client's name. ``metadata``: the
    Requires-Python in the METADATA of files by name, None where it has none; a file that is not in it is taken to say
    what the upstream's page says of it.
    """
    if wanted.requirement.url:
        reason = "it names a URL, so that no index is asked"
        return [_said(wanted, each, NOT_APPLICABLE, reason) for each in environments]
    page = None if mirror is None else Seen(mirror)
    views = {client.name: (seen or {}).get(client.name, page) for client in clients}
    if upstream is None or not any(views.values()):
        lacking = "upstream" if upstream is None else "mirror"
        return [_said(wanted, each, UNKNOWN, f"the {lacking}'s page could not be read") for each in environments]
    comparison = _Comparison(wanted, upstream, views, metadata or {}, faults)
    return [comparison.resolve(each, clients) for each in environments]


class _Comparison:
    """The upstream's page and what each client sees of the mirror's, read once for all environments."""

    def __init__(
        self,
        wanted: Wanted,
        upstream: ProjectPage,
        views: Mapping[str, Seen | None],
        metadata: Mapping[str, str | None],
        faults: Faults,
    ) -> None:
        self.wanted = wanted
        theirs = _Listed(upstream)
        # Most often all clients see the same page.
        listed = {id(view.page): _Listed(view.page) for view in views.values() if view is not None}
        names = read_names(wanted.project, {name for each in (theirs, *listed.values()) for name in each.files})
        versions = {name.version for name in names.values()}
        versions = {each for each in versions if wanted.specifier.contains(each, prereleases=True)}
        names = {filename: name for filename, name in names.items() if name.version in versions}
        for each in (theirs, *listed.values()):
            each.releases = releases_of(each.page.files, names)
        self.upstream = theirs
        self.mirror = {name: view and listed[id(view.page)] for name, view in views.items()}
        self.pages = {
            name: Pages(theirs.files, listed[id(view.page)].files, metadata, faults, view.reason)
            for name, view in views.items()
            if view is not None
        }

    def resolve(self, environment: Environment, clients: Sequence[Client]) -> Resolution:
        try:
            if not self.wanted.applies_to(environment):
                return _said(self.wanted, environment, NOT_APPLICABLE, "its marker excludes this environment")
        except ValueError as error:
            return _said(self.wanted, environment, UNKNOWN, f"its marker cannot be evaluated here: {error}")
        clients = [each for each in clients if each.is_found_on(environment)]
        if not clients:
            return _said(self.wanted, environment, NOT_APPLICABLE, "none of the clients runs on this Python")
        offers = _offers([self.upstream, *self.mirror.values()], environment)
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

    def _verdict(self, client: Client, offers: Mapping[int, Offer], environment: Environment) -> Verdict:
        def chosen(listed: _Listed, pages: Pages) -> Choice:
            return choose(client, offers[id(listed)], self.wanted, environment, pages.requires_python)

        ours, pages = self.mirror[client.name], self.pages.get(client.name)
        if ours is None or pages is None:
            reason = f"the mirror's page for {client.title} could not be read"
            return Verdict(client, UNKNOWN, reason, Choice(), Choice())
        return judge(client, chosen(self.upstream, pages), chosen(ours, pages), pages, environment)


class _Listed:
    """A page's files by name, and those that are releases of the project."""

    def __init__(self, page: ProjectPage) -> None:
        self.page = page
        self.files: Mapping[str, File] = {each.filename: each for each in page.files}
        self.releases: Sequence[Release] = ()


def _offers(pages: Iterable[_Listed | None], environment: Environment) -> dict[int, Offer]:
    """What of each page fits the environment, by the page's identity."""
    apart = {id(each): each.releases for each in pages if each is not None}
    return {key: Offer(releases, fitting(releases, environment)) for key, releases in apart.items()}


def _filename(release: Release | None) -> str | None:
    return release.filename if release else None


def _said(wanted: Wanted, environment: Environment, outcome: str, reason: str) -> Resolution:
    return Resolution(wanted.text, environment.python, environment.platform, outcome, reason=reason)
