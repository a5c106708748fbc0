# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to reach a mirror and its upstream: the options, the logins and what belongs to which host."""

from __future__ import annotations

import base64
import netrc
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .._audit.policy import OptionError
from .._http.context import Files, Names
from .._http.proxies import parse_proxies

MAX_CONNECTIONS = 10
"""More at once no index is asked: it serves others too."""

CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "mirror_url": {"type": "str"},
    "mirror_hosts": {"type": "list", "elements": "str", "default": []},
    "mirror_addresses": {"type": "str", "choices": ["any", "all"], "default": "any"},
    "upstream_url": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "token": {"type": "str", "no_log": True},
    "upstream_username": {"type": "str"},
    "upstream_password": {"type": "str", "no_log": True},
    "upstream_token": {"type": "str", "no_log": True},
    "netrc_path": {"type": "path"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "client_certificate": {"type": "path"},
    "client_key": {"type": "path"},
    "proxies": {"type": "raw"},
    "timeout": {"type": "float", "default": 15},
    "retries": {"type": "int", "default": 2},
    "max_connections": {"type": "int", "default": MAX_CONNECTIONS},
}
"""The options that say whom to ask and how."""
OPTION_NAMES = Names("ca_path", "client_certificate", "client_key")
_WEB_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Server:
    """An index by the URL that clients are given, which ends in a slash.

    ``hosts`` are those that belong to it, as ``host`` or ``host:port``; ``authorization`` is the header for its own
    origin.
    """

    role: str
    url: str
    hosts: tuple[str, ...] = ()
    authorization: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """The host of the URL, in lower case."""
        return str(urlsplit(self.url).hostname)

    @property
    def port(self) -> int:
        """The port of the URL."""
        return port_of(self.url)

    def owns(self, url: str) -> bool:
        """Whether a URL leads to this server, or to one that belongs to it. Raises ValueError where it is none."""
        host, port = (urlsplit(url).hostname or "").lower(), port_of(url)
        if host == self.host and (port == self.port or {port, self.port} == set(_WEB_PORTS.values())):
            return True
        return any(each in (host, f"{host}:{port}") for each in self.hosts)

    def trusts(self, url: str) -> bool:
        """Whether the login may be sent there: to the same origin alone."""
        own, other = urlsplit(self.url), urlsplit(url)
        return (own.scheme, self.host, self.port) == (other.scheme, (other.hostname or "").lower(), port_of(url))


@dataclass(frozen=True)
class Connection:
    """How all servers are reached. ``timeout`` is for one request with all its redirects and retries, in seconds."""

    files: Files = field(default_factory=Files)
    validate_certs: bool = True
    proxies: Mapping[str, str] | None = None
    timeout: float = 15.0
    retries: int = 2
    max_connections: int = MAX_CONNECTIONS


def port_of(url: str) -> int:
    """The port of a URL, its scheme's own where it names none. Raises ValueError on one that is out of range."""
    parts = urlsplit(url)
    return parts.port or _WEB_PORTS.get(parts.scheme, 0)


def connection_of(params: Mapping[str, Any]) -> Connection:
    """The connection that a module's options describe. Raises OptionError."""
    timeout, retries, connections = params["timeout"], params["retries"], params["max_connections"]
    if timeout <= 0:
        raise OptionError.of("timeout", timeout, "is no number of seconds; give more than 0")
    if retries < 0:
        raise OptionError.of("retries", retries, "is negative; give 0 or more")
    if not 1 <= connections <= MAX_CONNECTIONS:
        raise OptionError.of("max_connections", connections, f"is out of range; give 1 to {MAX_CONNECTIONS}")
    if params.get("client_key") and not params.get("client_certificate"):
        raise OptionError("client_certificate: is missing; client_key is given")
    return Connection(
        Files(params.get("ca_path"), params.get("client_certificate"), params.get("client_key")),
        params["validate_certs"],
        parse_proxies(params.get("proxies")),
        timeout,
        retries,
        connections,
    )


def mirror_of(params: Mapping[str, Any], environment: Mapping[str, str]) -> Server:
    """The mirror. Raises OptionError."""
    if not params.get("mirror_url"):
        raise OptionError("mirror_url: is missing; give the address that clients have as their index")
    hosts = tuple(str(host).lower() for host in params.get("mirror_hosts") or ())
    return _server("mirror", "", params, environment, hosts)


def upstream_of(params: Mapping[str, Any], environment: Mapping[str, str]) -> Server | None:
    """The upstream; None where none is named. Raises OptionError."""
    return _server("upstream", "upstream_", params, environment, ()) if params.get("upstream_url") else None


def _server(
    role: str, prefix: str, params: Mapping[str, Any], environment: Mapping[str, str], hosts: tuple[str, ...]
) -> Server:
    url = _checked_url(f"{role}_url", params[f"{role}_url"])
    username, password = params.get(f"{prefix}username"), params.get(f"{prefix}password")
    token = params.get(f"{prefix}token")
    if token and (username or password):
        raise OptionError(f"{prefix}token: is given together with {prefix}username or {prefix}password; give one login")
    if password and not username:
        raise OptionError(f"{prefix}username: is missing; {prefix}password is given")
    if not token and not username:
        username, password = _from_netrc(str(urlsplit(url).hostname), params.get("netrc_path"), environment)
    authorization = f"Bearer {token}" if token else _basic(username, password)
    return Server(role, url, hosts, authorization)


def _basic(username: str | None, password: str | None) -> str | None:
    if not username:
        return None
    return "Basic " + base64.b64encode(f"{username}:{password or ''}".encode()).decode()


def _from_netrc(host: str, path: str | None, environment: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Login and password of the host, as pip and uv take them from the file; without one, none."""
    place = path or environment.get("NETRC") or os.path.expanduser("~/.netrc")
    if not path and not os.path.exists(place):
        return None, None
    try:
        found = netrc.netrc(place).authenticators(host)
    except OSError as error:
        raise OptionError.of("netrc_path", place, f"cannot be read: {error.strerror}") from None
    except netrc.NetrcParseError as error:
        raise OptionError.of("netrc_path", place, f"is no netrc file: line {error.lineno} cannot be read") from None
    return (found[0], found[2]) if found else (None, None)


def _checked_url(option: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise OptionError.of(option, url, "is no URL; write it as https://mirror.example.com/simple/") from None
    if parts.username or parts.password:
        shown = "..." + url[url.rindex("@") :]
        raise OptionError.of(option, shown, "holds a login; give it in the options username and password")
    if not usable or parts.query or parts.fragment:
        raise OptionError.of(option, url, "is no address of an index; write it as https://mirror.example.com/simple/")
    return url.rstrip("/") + "/"
