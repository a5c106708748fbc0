# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All real mirrors by name: each as it is by default, filled with projects or in front of an upstream that has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.support.bandersnatch import BandersnatchMirror
from tests.support.mirror_servers import (
    CaddyMirror,
    DevpiServer,
    MirrorServer,
    NginxMirror,
    Proxpi,
    PyPIServer,
    SimpleRepositoryServer,
    StaticDirectory,
)
from tests.support.package_index import Project

Maker = Callable[[Mapping[str, Project], str], MirrorServer]
SERVERS: dict[str, Maker] = {
    "nginx, pages in both formats": lambda projects, _upstream: NginxMirror(projects),
    "nginx, HTML alone": lambda projects, _upstream: NginxMirror(projects, json=False),
    "static directory": lambda projects, _upstream: StaticDirectory(projects),
    "Caddy": lambda projects, _upstream: CaddyMirror(projects),
    "pypiserver": PyPIServer,
    "simple-repository-server": lambda _projects, upstream: SimpleRepositoryServer({}, upstream),
    "proxpi": lambda _projects, upstream: Proxpi({}, upstream),
    "devpi-server": lambda _projects, upstream: DevpiServer({}, upstream),
    "bandersnatch": lambda _projects, upstream: BandersnatchMirror(upstream),
}
