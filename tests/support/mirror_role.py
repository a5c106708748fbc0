# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role package_mirror against an nginx of the test's own, on loopback and without systemd."""

from __future__ import annotations

import contextlib
import getpass
import http.client
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.lab.process import LOOPBACK
from tests.lab.server import Server
from tests.support.package_index import Project, demo_index
from tests.support.runs import environment, playbook_command
from tests.support.simple_index import Asked, IndexServer, Page
from tests.support.system_servers import find_server

PROVENANCE = b'{"version": 1, "attestation_bundles": []}'


class HostNginx(Server):
    """The nginx of a host before the role comes: it serves nothing, and includes a directory."""

    title = "nginx"
    port_count = 2

    @property
    def conf(self) -> Path:
        """What the role writes."""
        return self.directory / "conf.d" / "preflight-mirror.conf"

    @property
    def command(self) -> list[str]:
        return [find_server("nginx"), "-c", str(self.directory / "nginx.conf"), "-e", "stderr"]

    @property
    def url(self) -> str:
        """Where the mirror is to be."""
        return f"http://{LOOPBACK}:{self.ports[0]}/simple/"

    @property
    def mirror(self) -> Path:
        """The role's own directory."""
        return self.directory / "mirror"

    def configure(self) -> list[str]:
        self.directory.chmod(0o755)
        (self.directory / "conf.d").mkdir(exist_ok=True)
        kinds = ("proxy", "fastcgi", "uwsgi", "scgi", "client_body")
        temporary = "\n".join(f"{kind}_temp_path {self.directory}/{kind};" for kind in kinds)
        (self.directory / "nginx.conf").write_text(f"""
            {f"user {getpass.getuser()};" if os.geteuid() == 0 else ""}
            daemon off;
            pid {self.directory}/nginx.pid;
            error_log stderr;
            worker_processes 1;
            events {{ worker_connections 512; }}
            http {{
                access_log off;
                {temporary}
                include {self.directory}/conf.d/*.conf;
            }}
        """)
        return self.command

    def is_ready(self) -> bool:
        return bool((self.directory / "nginx.pid").read_text())

    @property
    def variables(self) -> dict[str, Any]:
        """The role's variables that say where all lies; a test adds what it is about."""
        return {
            "package_mirror_strategy": "pull_through",
            "package_mirror_url": self.url,
            "package_mirror_listen": [f"{LOOPBACK}:{self.ports[0]}"],
            "package_mirror_local_address": f"{LOOPBACK}:{self.ports[1]}",
            "package_mirror_directory": str(self.mirror),
            "package_mirror_program_directory": str(self.directory / "program"),
            "package_mirror_units_directory": str(self.directory),
            "package_mirror_access_log": str(self.directory / "access.log"),
            "package_mirror_manage_packages": False,
            "package_mirror_nginx_command": shlex.join(self.command),
            "package_mirror_nginx_path": str(self.conf),
            "package_mirror_nginx_user": getpass.getuser(),
            "package_mirror_reload_command": shlex.join([*self.command, "-s", "reload"]),
            "package_mirror_selinux": False,
        }

    def apply(self, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """ansible-playbook with the role on this host; ``variables`` are the role's without their prefix."""
        more = {f"package_mirror_{name}": value for name, value in variables.items()}
        play = {
            "name": "Mirror",
            "hosts": "mirror",
            "gather_facts": False,
            "tasks": [{"name": "Mirror", "ansible.builtin.import_role": {"name": "sre.preflight.package_mirror"}}],
        }
        return self.play([play], {"mirror": {**self.variables, **more}}, *arguments)

    def play(
        self, playbook: str | list[dict[str, Any]], hosts: Mapping[str, Any], *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        """ansible-playbook on hosts that are this one; it may take long on a busy machine."""
        inventory = {"all": {"hosts": {name: {"ansible_connection": "local", **own} for name, own in hosts.items()}}}
        return subprocess.run(
            playbook_command(playbook, self.directory, *arguments, inventory=inventory),
            env=environment(COLUMNS="400", ANSIBLE_PIPELINING="true"),
            capture_output=True,
            text=True,
            check=False,
            timeout=1200,
        )

    def status(self) -> dict[str, Any]:
        """What the last warming came to."""
        content: dict[str, Any] = json.loads((self.mirror / "status" / "warm.json").read_text())
        return content


@contextlib.contextmanager
def upstream_of(projects: Mapping[str, Project] | None = None) -> Iterator[tuple[IndexServer, IndexServer]]:
    """(an index, the server that its files lie on), whose provenance lies with the pages."""
    projects = demo_index() if projects is None else projects

    def provenance(asked: Asked, page: Page) -> Page:
        if asked.path.startswith("/integrity/"):
            return Page(200, {"Content-Type": "application/json"}, PROVENANCE)
        return page

    with IndexServer(projects) as files, IndexServer(projects, files_url=files.files_url, fault=provenance) as pages:
        for project in projects.values():
            for dist in project.dists:
                if dist.entry.get("provenance"):
                    dist.entry["provenance"] = f"{pages.origin}/integrity/{dist.filename}"
        yield pages, files


class Answered(NamedTuple):
    """An answer, whose redirect is not followed. ``headers`` have names in lower case, repeated ones joined."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(url: str, accept: str | None = None, *, method: str = "GET", **headers: str) -> Answered:
    """What a server on loopback answers; ``headers`` with underscores for hyphens."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, parts.path, headers={**given, **({} if accept is None else {"Accept": accept})})
        response = connection.getresponse()
        names = dict.fromkeys(name.lower() for name, _value in response.getheaders())
        joined = {name: response.headers.get_all(name, []) for name in names}
        return Answered(response.status, {name: ", ".join(each) for name, each in joined.items()}, response.read())
    finally:
        connection.close()


def pip_installs(url: str, *names: str) -> dict[str, str]:
    """The files that real pip installed from the index, by their modules. Raises CalledProcessError."""
    options = ["--isolated", "--no-cache-dir", "--disable-pip-version-check", "--no-input", "--retries", "0"]
    return _installed([sys.executable, "-m", "pip", *options, "install", "--index-url", url], names)


def uv_installs(url: str, *names: str) -> dict[str, str]:
    """The same with real uv."""
    command = [str(Path(sys.executable).with_name("uv")), "--no-config", "--no-cache", "pip", "install"]
    return _installed([*command, "--python", sys.executable, "--default-index", url], names)


def _installed(command: list[str], names: tuple[str, ...]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            [*command, "--target", directory, *names],
            env={**clean, "NO_PROXY": LOOPBACK, "UV_HTTP_RETRIES": "0"},
            check=True,
            capture_output=True,
            text=True,
            timeout=240,
        )
        return {path.stem: path.read_text() for path in Path(directory).glob("*.py")}
