# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real mirrors of a package index on loopback, each with the projects of an index in memory.

>>> with NginxMirror(projects) as mirror:
...     mirror.url

Static ones serve what a mirroring tool would have written; the others fetch from ``upstream``, or serve a directory.
"""

from __future__ import annotations

import base64
import getpass
import json
import os
import secrets
import shlex
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.lab.process import LOOPBACK
from tests.lab.server import Server
from tests.support.package_index import Project, html_page, json_page, root_html, root_page
from tests.support.simple_index import JSON
from tests.support.system_servers import find_server

PROGRAMS = Path(sys.executable).parent


class MirrorServer(Server):
    """A mirror; ``path`` is that of its index."""

    path = "/simple/"

    def __init__(self, projects: Mapping[str, Project], upstream: str = "") -> None:
        super().__init__()
        self.projects = projects
        self.upstream = upstream

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{self.ports[0]}"

    @property
    def url(self) -> str:
        """The index's address, as clients have it."""
        return f"{self.origin}{self.path}"

    def is_ready(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.origin}/", timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
        return True


class NginxMirror(MirrorServer):
    """nginx over static pages as bandersnatch's sample configuration has it.

    A map of regular expressions chooses the format, directory listings are on, and of headers there is what nginx does
    by itself. ``json`` writes the pages in JSON too; without them who asks for JSON gets the listing. ``damage``
    spoils the directory that is served, ``json_type`` is what pages in JSON are called.
    """

    title = "nginx"

    def __init__(
        self,
        projects: Mapping[str, Project],
        *,
        json: bool = True,
        damage: Callable[[Path], object] | None = None,
        json_type: str = JSON,
    ) -> None:
        super().__init__(projects)
        self.json = json
        self.damage = damage
        self.json_type = json_type

    def configure(self) -> list[str]:
        self.directory.chmod(0o755)
        write_static(self.projects, self.directory / "web", json_pages=self.json)
        if self.damage is not None:
            self.damage(self.directory / "web")
        return nginx_command(
            self.directory,
            f"""
                default_type application/octet-stream;
                map $http_accept $suffix {{
                    default html;
                    "~simple\\.v1\\+json" v1_json;
                    "~simple\\.v1\\+html" v1_html;
                }}
                server {{
                    listen {LOOPBACK}:{self.ports[0]};
                    root {self.directory}/web;
                    autoindex on;
                    location /simple/ {{
                        index index.$suffix;
                        types {{
                            {self.json_type} v1_json;
                            application/vnd.pypi.simple.v1+html v1_html;
                            text/html html;
                        }}
                    }}
                }}
            """,
        )


class CaddyMirror(MirrorServer):
    """Caddy's file server over static pages in HTML, with directory listings."""

    title = "Caddy"

    def configure(self) -> list[str]:
        write_static(self.projects, self.directory / "web", json_pages=False)
        address = f"{LOOPBACK}:{self.ports[0]}"
        program = str(PROGRAMS / "caddy")
        return [program, "file-server", "--browse", "--root", str(self.directory / "web"), "--listen", address]


class StaticDirectory(MirrorServer):
    """Python's own file server over static pages in HTML: the plain directory that PEP 503 asks for no more than."""

    title = "static directory"

    def configure(self) -> list[str]:
        web = self.directory / "web"
        write_static(self.projects, web, json_pages=False)
        return [sys.executable, "-m", "http.server", "--bind", LOOPBACK, "--directory", str(web), str(self.ports[0])]


class PyPIServer(MirrorServer):
    """pypiserver over a directory of files, with its default fallback to the upstream."""

    title = "pypiserver"

    def configure(self) -> list[str]:
        packages = self.directory / "packages"
        packages.mkdir()
        for project in self.projects.values():
            for dist in project.dists:
                (packages / dist.filename).write_bytes(dist.content)
        where = ["-i", LOOPBACK, "-p", str(self.ports[0])]
        fallback = ["--fallback-url", self.upstream] if self.upstream else []
        return [str(PROGRAMS / "pypi-server"), "run", *where, *fallback, str(packages)]


class SimpleRepositoryServer(MirrorServer):
    """simple-repository-server in front of the upstream, as it is by default."""

    title = "simple-repository-server"

    def configure(self) -> list[str]:
        where = ["--host", LOOPBACK, "--port", str(self.ports[0])]
        return [str(PROGRAMS / "simple-repository-server"), *where, self.upstream]


class Proxpi(MirrorServer):
    """proxpi in front of the upstream."""

    title = "proxpi"
    path = "/index/"

    def environment(self) -> dict[str, str]:
        cache = str(self.directory / "cache")
        return {**super().environment(), "PROXPI_INDEX_URL": self.upstream, "PROXPI_CACHE_DIR": cache}

    def configure(self) -> list[str]:
        where = ["--host", LOOPBACK, "--port", str(self.ports[0])]
        return [sys.executable, "-m", "flask", "--app", "proxpi.server", "run", *where]


class DevpiServer(MirrorServer):
    """devpi-server with an index of the type mirror."""

    title = "devpi-server"
    path = "/root/fallback/+simple/"
    ready_within = 60.0

    def configure(self) -> list[str]:
        data = str(self.directory / "data")
        secret = self.directory / "secret"
        secret.write_text(secrets.token_urlsafe(48))
        secret.chmod(0o600)
        serve = [str(PROGRAMS / "devpi-server"), "--serverdir", data, "--secretfile", str(secret)]
        serve += ["--host", LOOPBACK, "--port", str(self.ports[0])]
        initialise = [str(PROGRAMS / "devpi-init"), "--serverdir", data, "--no-root-pypi", "--root-passwd", "lab"]
        return ["/bin/sh", "-c", f"{shlex.join(initialise)} && exec {shlex.join(serve)}"]

    def set_up(self) -> None:
        token = self._json("POST", "/+login", {"user": "root", "password": "lab"})["result"]["password"]
        index = {"type": "mirror", "mirror_url": self.upstream, "volatile": True}
        self._json("PUT", "/root/fallback", index, f"root:{token}")

    def _json(self, method: str, path: str, body: dict[str, object], login: str = "") -> dict[str, dict[str, str]]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if login:
            headers["X-Devpi-Auth"] = base64.b64encode(login.encode()).decode()
        request = urllib.request.Request(self.origin + path, json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read())


def nginx_command(directory: Path, http: str) -> list[str]:
    """Writes a configuration with that in its block ``http``; returns the command, which stays in the foreground."""
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    kinds = ("proxy", "fastcgi", "uwsgi", "scgi", "client_body")
    temporary = "\n".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds)
    path = directory / "nginx.conf"
    path.write_text(f"""
        {user}
        daemon off;
        pid {directory}/nginx.pid;
        error_log stderr;
        worker_processes 1;
        events {{ worker_connections 256; }}
        http {{
            access_log off;
            {temporary}
            {http}
        }}
    """)
    return [find_server("nginx"), "-c", str(path), "-e", "stderr"]


def write_static(projects: Mapping[str, Project], root: Path, *, json_pages: bool) -> None:
    """The pages and files as a mirroring tool writes them, with links relative to the page."""
    (root / "files").mkdir(parents=True)
    (root / "simple").mkdir()
    _write(root / "simple", root_html(list(projects)), json.dumps(root_page(projects)) if json_pages else None)
    for name, project in projects.items():
        page = json_page(project, "../../files/")
        (root / "simple" / name).mkdir()
        _write(root / "simple" / name, html_page(page), json.dumps(page) if json_pages else None)
        for dist in project.dists:
            (root / "files" / dist.filename).write_bytes(dist.content)
            if dist.entry.get("core-metadata"):
                (root / "files" / f"{dist.filename}.metadata").write_bytes(dist.metadata)


def _write(directory: Path, text: str, page: str | None) -> None:
    for suffix in ("html", "v1_html"):
        (directory / f"index.{suffix}").write_text(text)
    if page is not None:
        (directory / "index.v1_json").write_text(page)
