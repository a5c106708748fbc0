# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real STARTTLS servers from Debian, started for the test on free ports of loopback.

>>> with Dovecot([leaf, authority]) as dovecot:
...     dovecot.port("imap")

Packages: see PACKAGES. They run as root (in CI) and as any user; those that refuse root get an account of their own.
"""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tests.lab.process import LOOPBACK, StartError
from tests.lab.server import Server
from tests.support.servers import write_pair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.certificates import Made

PACKAGES = {
    "dovecot": "dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-managesieved",
    "postgres": "postgresql",
    "mariadbd": "mariadb-server",
    "slapd": "slapd",
    "prosody": "prosody lua-sec",
    "nginx": "nginx",
}
# Debian keeps the programs of servers out of the PATH of its users, and PostgreSQL's by version.
_PROGRAM_PATH = os.pathsep.join(
    [
        os.environ.get("PATH", os.defpath),
        "/usr/sbin",
        "/sbin",
        *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True),
    ]
)


def find_server(program: str) -> str:
    """The path of a server's program. Raises StartError that says how to get it."""
    found = shutil.which(program, path=_PROGRAM_PATH)
    if found is None:
        package = PACKAGES.get(program, program)
        raise StartError(f"there is no program {program}: apt-get install --no-install-recommends {package}")
    return found


class SystemServer(Server):
    """A server of ``protocols``, one port each, that serves ``chain``."""

    protocols: ClassVar[tuple[str, ...]] = ()

    def __init__(self, chain: Sequence[Made]) -> None:
        super().__init__()
        self.chain = chain
        self.port_count = len(self.protocols)

    def port(self, protocol: str) -> int:
        """Where it speaks a protocol."""
        return self.ports[self.protocols.index(protocol)]

    def configure(self) -> list[str]:
        # Parts of some servers run as a user of their own.
        self.directory.chmod(0o755)
        self.certificates, self.key = write_pair(self.directory, self.chain)
        return self.command()

    def command(self) -> list[str]:
        """Writes the configuration; returns the command that stays in the foreground."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        for port in self.ports:
            socket.create_connection((LOOPBACK, port), timeout=5).close()
        return True

    def write(self, name: str, text: str) -> str:
        """Writes a configuration file; returns its path."""
        path = self.directory / name
        path.write_text(text)
        return str(path)


class Dovecot(SystemServer):
    """IMAP, POP3, LMTP and ManageSieve."""

    title = "Dovecot"
    protocols = ("imap", "pop3", "lmtp", "sieve")

    def command(self) -> list[str]:
        imap, pop3, lmtp, sieve = self.ports
        root = os.geteuid() == 0
        user, login_user = ("dovecot", "dovenull") if root else (getpass.getuser(), getpass.getuser())
        configuration = f"""
            base_dir = {self.directory}/run
            log_path = /dev/stderr
            protocols = imap pop3 lmtp sieve
            listen = {LOOPBACK}
            ssl = yes
            ssl_cert = <{self.certificates}
            ssl_key = <{self.key}
            default_internal_user = {user}
            default_internal_group = {_group_of(user)}
            default_login_user = {login_user}
            passdb {{
              driver = static
              args = nopassword=y
            }}
            userdb {{
              driver = static
              args = uid={user} gid={_group_of(user)} home={self.directory}/home
            }}
        """
        configuration += _dovecot_service("imap-login", "imap", imap, "imaps")
        configuration += _dovecot_service("pop3-login", "pop3", pop3, "pop3s")
        configuration += _dovecot_service("managesieve-login", "sieve", sieve)
        configuration += _dovecot_service("lmtp", "lmtp", lmtp)
        return [find_server("dovecot"), "-F", "-c", self.write("dovecot.conf", configuration)]


def _dovecot_service(service: str, listener: str, port: int, other: str | None = None) -> str:
    without = f"inet_listener {other} {{\n port = 0\n }}" if other else ""
    return f"service {service} {{\n inet_listener {listener} {{\n port = {port}\n }}\n {without}\n chroot = \n}}\n"


def _group_of(user: str) -> str:
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


class PostgreSQL(SystemServer):
    """PostgreSQL, which refuses to run as root."""

    title = "PostgreSQL"
    protocols = ("postgres",)

    def command(self) -> list[str]:
        data = self.directory / "data"
        data.mkdir(mode=0o700)
        as_postgres: list[str] = []
        if os.geteuid() == 0:
            as_postgres = [find_server("setpriv"), "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            for path in (data, self.key, self.certificates):
                shutil.chown(path, "postgres", "postgres")
        done = subprocess.run(
            [*as_postgres, find_server("initdb"), "--no-sync", "--auth=trust", "-D", str(data)],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        if done.returncode:
            raise StartError(f"initdb failed: {done.stderr}")
        settings = {
            "port": self.ports[0],
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": data,
            "ssl": "on",
            "ssl_cert_file": self.certificates,
            "ssl_key_file": self.key,
            "fsync": "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [*as_postgres, find_server("postgres"), "-D", str(data), *options]


class MariaDB(SystemServer):
    """MariaDB, which speaks MySQL's protocol; without its system tables, which nobody here asks for."""

    title = "MariaDB"
    protocols = ("mysql",)

    def command(self) -> list[str]:
        data = self.directory / "data"
        data.mkdir()
        return [
            find_server("mariadbd"),
            "--no-defaults",
            f"--user={getpass.getuser()}",
            f"--datadir={data}",
            f"--bind-address={LOOPBACK}",
            f"--port={self.ports[0]}",
            f"--socket={self.directory}/socket",
            f"--pid-file={self.directory}/pid",
            "--skip-grant-tables",
            "--skip-networking=0",
            f"--ssl-cert={self.certificates}",
            f"--ssl-key={self.key}",
        ]


class Slapd(SystemServer):
    """OpenLDAP without any database: StartTLS is no matter of data."""

    title = "slapd"
    protocols = ("ldap",)

    def command(self) -> list[str]:
        configuration = self.write(
            "slapd.conf",
            f"pidfile {self.directory}/pid\nTLSCertificateFile {self.certificates}\nTLSCertificateKeyFile {self.key}\n",
        )
        return [find_server("slapd"), "-d", "0", "-h", f"ldap://{LOOPBACK}:{self.ports[0]}", "-f", configuration]


class Prosody(SystemServer):
    """Prosody for the host localhost."""

    title = "Prosody"
    protocols = ("xmpp",)

    def command(self) -> list[str]:
        configuration = self.write(
            "prosody.cfg.lua",
            f"""
            run_as_root = true
            daemonize = false
            pidfile = "{self.directory}/pid"
            data_path = "{self.directory}"
            log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}
            interfaces = {{ "{LOOPBACK}" }}
            c2s_ports = {{ {self.ports[0]} }}
            modules_enabled = {{ "tls", "saslauth" }}
            modules_disabled = {{ "s2s" }}
            ssl = {{ certificate = "{self.certificates}", key = "{self.key}" }}
            VirtualHost "localhost"
            """,
        )
        return [find_server("prosody"), "-F", "--config", configuration]


class Nginx(SystemServer):
    """nginx serving TLS on one port, and wherever else ``listen`` says (``127.1.0.1:20000-20004``)."""

    title = "nginx"
    protocols = ("tls",)

    def __init__(self, chain: Sequence[Made], *, listen: Sequence[str] = ()) -> None:
        super().__init__(chain)
        self.listen = tuple(listen)

    def command(self) -> list[str]:
        user = f"user {getpass.getuser()} {_group_of(getpass.getuser())};" if os.geteuid() == 0 else ""
        listen = "\n".join(f"listen {each} ssl;" for each in (f"{LOOPBACK}:{self.ports[0]}", *self.listen))
        configuration = self.write(
            "nginx.conf",
            f"""
            {user}
            daemon off;
            pid {self.directory}/nginx.pid;
            error_log stderr;
            worker_processes 1;
            worker_rlimit_nofile 16384;
            events {{ worker_connections 8192; }}
            http {{
                access_log off;
                client_body_temp_path {self.directory}/body;
                proxy_temp_path {self.directory}/proxy;
                fastcgi_temp_path {self.directory}/fastcgi;
                uwsgi_temp_path {self.directory}/uwsgi;
                scgi_temp_path {self.directory}/scgi;
                server {{
                    {listen}
                    ssl_certificate {self.certificates};
                    ssl_certificate_key {self.key};
                    return 204;
                }}
            }}
            """,
        )
        return [find_server("nginx"), "-c", configuration, "-e", "stderr"]
