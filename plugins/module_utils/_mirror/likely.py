# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that clients would take from a mirror for what was asked, which are those to look at first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .choosing import CLIENTS, Offer, choose, fitting
from .environment import Environment
from .evidence import PageFetch
from .model import File, ProjectPage
from .releases import Release, read_names, releases_of
from .seen import seen_by
from .wanted import Wanted


def likely_files(pages: Mapping[str, PageFetch], wanted: Iterable[Wanted], where: Sequence[Environment]) -> list[File]:
    """What each client chooses for each requirement of one project, each file once; METADATA may change that yet."""
    views = (seen_by(client, pages["current"], pages.get("html")) for client in CLIENTS)
    seen = {client: view.page for client, view in zip(CLIENTS, views) if view is not None}
    chosen: dict[str, File] = {}
    for each in wanted:
        releases = {id(page): _releases(page, each) for page in seen.values()}
        for environment in where:
            offers = {key: Offer(these, fitting(these, environment)) for key, these in releases.items()}
            for client, page in seen.items():
                release = choose(client, offers[id(page)], each, environment, _listed_python).release
                if release is not None:
                    chosen.setdefault(release.filename, release.file)
    return list(chosen.values())


def _releases(page: ProjectPage, wanted: Wanted) -> list[Release]:
    names = read_names(wanted.project, {file.filename for file in page.files})
    return releases_of(
        page.files,
        {
            filename: name
            for filename, name in names.items()
            if wanted.specifier.contains(name.version, prereleases=True)
        },
    )


def _listed_python(release: Release) -> str | None:
    return release.file.requires_python
