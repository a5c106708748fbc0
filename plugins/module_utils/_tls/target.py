# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be dialled: the option ``endpoints`` and the endpoint list file as Endpoint objects."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import parse_qsl

from .._audit.policy import OptionError

TLS_PORT = 443
STARTTLS_PORTS = {
    "smtp": 25,
    "lmtp": 24,
    "imap": 143,
    "pop3": 110,
    "ftp": 21,
    "ldap": 389,
    "postgres": 5432,
    "mysql": 3306,
    "xmpp": 5222,
    "nntp": 119,
    "sieve": 4190,
}
# What people paste: the URL schemes of protocols that begin with TLS (IANA service names and ports).
_IMPLICIT_TLS_PORTS = {
    "tls": TLS_PORT,
    "https": TLS_PORT,
    "smtps": 465,
    "submissions": 465,
    "imaps": 993,
    "pop3s": 995,
    "ftps": 990,
    "ldaps": 636,
    "nntps": 563,
}
_ADDRESSES = ("first", "all")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_QUERY_KEYS = ("server_name", "addresses", "client_certificate", "client_key", "rotator")


@dataclass(frozen=True)
class Endpoint:
    """One server to read the certificates of.

    host: a name or an IP address (without brackets); port: 1 to 65535; server_name: the name asked for in the
    handshake (SNI, RFC 6066) where it is not the host; starttls: a key of STARTTLS_PORTS, or None for TLS from the
    first byte; addresses: ``first`` that connects, or ``all`` that the host has; client_certificate, client_key:
    paths of PEM files; rotator: the tool that renews the certificate.
    """

    host: str
    port: int
    server_name: str | None = None
    starttls: str | None = None
    addresses: str = "first"
    client_certificate: str | None = None
    client_key: str | None = None
    rotator: str | None = None

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address."""
        return _as_address(self.host) is not None

    @property
    def requested_name(self) -> str | None:
        """The server name for the handshake; None for an IP address, which RFC 6066 does not allow there."""
        if self.server_name is not None:
            return self.server_name
        return None if self.is_address else self.host.rstrip(".")

    def location(self, address: str | None = None) -> str:
        """``tls://host:port``, with ``@address`` and ``?server_name=`` where they tell it from another endpoint."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        dialled = "" if address is None else f"@{address}"
        name = "" if self.server_name is None else f"?server_name={self.server_name}"
        return f"{self.starttls or 'tls'}://{host}:{self.port}{dialled}{name}"


def parse_endpoint(value: str | Mapping[str, Any], *, option: str = "endpoints") -> Endpoint:
    """One endpoint from ``host``, ``host:port``, ``[::1]:443``, ``smtp://host:25`` or a mapping of Endpoint's keys.

    A text may end in ``?server_name=name&addresses=all`` (or client_certificate, client_key, rotator).
    Raises OptionError with one line that names the option, the value and the fix.
    """
    if isinstance(value, str):
        return _checked(_split(value.strip(), option), option, value)
    if isinstance(value, Mapping):
        return _checked(dict(value), option, value)
    raise OptionError(f"{option}: {value!r} is neither text nor a mapping; write host:port or {{host: ..., port: ...}}")


def parse_endpoint_file(text: str, *, option: str = "endpoints_file") -> list[Endpoint]:
    """The endpoints of a list: one a line as in parse_endpoint, empty lines and what follows a ``#`` left out.

    Raises OptionError that names the line.
    """
    endpoints = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        value = re.sub(r"(^|\s)#.*", "", line).strip()
        if value:
            endpoints.append(parse_endpoint(value, option=f"{option}: line {number}"))
    return endpoints


def _as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _split(value: str, option: str) -> dict[str, Any]:
    """The mapping that an endpoint written as text stands for."""
    scheme = _SCHEME.fullmatch(value)
    name, rest = (scheme.group(1).lower(), scheme.group(2)) if scheme else ("tls", value)
    rest, _mark, query = rest.partition("?")
    rest = rest[:-1] if scheme and rest.endswith("/") else rest
    if "/" in rest or "@" in rest:
        raise OptionError(f"{option}: {value!r} is more than a host and a port; write host:port or smtp://host:25")
    keys = _split_query(query, value, option)
    host, port = _split_host(rest, value, option)
    if name in _IMPLICIT_TLS_PORTS:
        return {"host": host, "port": port or _IMPLICIT_TLS_PORTS[name], **keys}
    # An unknown name is reported by the check that mappings go through too.
    return {"host": host, "port": port or STARTTLS_PORTS.get(name, TLS_PORT), "starttls": name, **keys}


def _split_query(query: str, value: str, option: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, strict_parsing=True) if query else []
    except ValueError:
        pairs = [(query, "")]
    for key, _text in pairs:
        if key not in _QUERY_KEYS:
            raise OptionError(
                f"{option}: {value!r} has {key!r} after the '?'; known there are {', '.join(_QUERY_KEYS)}"
            )
    return dict(pairs)


def _split_host(text: str, value: str, option: str) -> tuple[str, str]:
    """Host and port ("" where there is none) of ``host``, ``host:port``, ``[::1]`` and ``[::1]:443``."""
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise OptionError(f"{option}: {value!r} has an IPv6 address cut short; write [::1]:443")
        if ":" not in host:
            raise OptionError(
                f"{option}: {value!r} has {host!r} in brackets, which are for IPv6 addresses; leave them out"
            )
        port = port[1:] if port else ""
    elif text.count(":") > 1:
        raise OptionError(f"{option}: {value!r} looks like an IPv6 address; write it in brackets, as [::1]:443")
    else:
        host, colon, port = text.partition(":")
        if colon and not port:
            raise OptionError(f"{option}: {value!r} has no port after the colon; write host:443")
    return host, port


def _checked(keys: dict[str, Any], option: str, value: object) -> Endpoint:
    """The endpoint with those keys, each of them checked."""
    known = [each.name for each in fields(Endpoint)]
    for key in keys:
        if key not in known:
            raise OptionError(f"{option}: {value!r} has the key {key!r}; known are {', '.join(known)}")
    given = {key: each for key, each in keys.items() if each is not None}
    starttls = _starttls(given.get("starttls"), option, value)
    port = given.get("port", STARTTLS_PORTS[starttls] if starttls else TLS_PORT)
    host = _host(given.get("host", ""), option, value)
    return Endpoint(
        host=host,
        port=_port(port, option, value),
        server_name=_server_name(given.get("server_name"), host, option, value),
        starttls=starttls,
        addresses=_addresses(given.get("addresses", "first"), option, value),
        **_client_pair(given, option, value),
        rotator=_text(given, "rotator", option, value),
    )


def _starttls(name: object, option: str, value: object) -> str | None:
    if name is None:
        return None
    if isinstance(name, str) and name in STARTTLS_PORTS:
        return name
    raise OptionError(
        f"{option}: {value!r} asks for STARTTLS by the protocol {name!r}; known are {', '.join(STARTTLS_PORTS)} "
        "(and tls, which needs none)"
    )


def _port(port: object, option: str, value: object) -> int:
    text = str(port)
    if isinstance(port, bool) or not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= 65535:
        raise OptionError(f"{option}: {value!r} has the port {text!r}; a port is a number from 1 to 65535")
    return int(text)


def _host(host: object, option: str, value: object) -> str:
    if not isinstance(host, str) or not host.strip():
        raise OptionError(f"{option}: {value!r} names no host; write host:port")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    address = _as_address(host)
    if address is not None:
        return str(address)
    return _name(host, "host", option, value)


def _server_name(name: object, host: str, option: str, value: object) -> str | None:
    """The server name where it says more than the host does."""
    if name is None:
        return None
    if not isinstance(name, str) or _as_address(name) is not None:
        raise OptionError(f"{option}: {value!r} has the server_name {name!r}; it is a DNS name, never an IP address")
    name = _name(name, "server_name", option, value).rstrip(".")
    return None if name.lower() == host.rstrip(".").lower() else name


def _name(name: str, key: str, option: str, value: object) -> str:
    """A DNS name that the resolver and the handshake can take (RFC 1035: labels of 1 to 63 bytes, 253 in all)."""
    bare = name[:-1] if name.endswith(".") else name
    labels = bare.split(".")
    try:
        encoded = bare.encode("idna") if bare else b""
    except UnicodeError:
        encoded = b""
    if not encoded or len(encoded) > 253 or not all(labels) or re.search(r"[\s/:@?#%\[\]\x00-\x20\x7f]", name):
        raise OptionError(
            f"{option}: {value!r} has the {key} {name!r}, which is no DNS name; write it as www.example.com"
        )
    return name


def _addresses(addresses: object, option: str, value: object) -> str:
    if addresses not in _ADDRESSES:
        raise OptionError(f"{option}: {value!r} has addresses {addresses!r}; it is 'first' (that connects) or 'all'")
    return str(addresses)


def _client_pair(keys: Mapping[str, Any], option: str, value: object) -> dict[str, str | None]:
    certificate = _text(keys, "client_certificate", option, value)
    key = _text(keys, "client_key", option, value)
    if key is not None and certificate is None:
        raise OptionError(f"{option}: {value!r} has a client_key but no client_certificate; name both files")
    return {"client_certificate": certificate, "client_key": key}


def _text(keys: Mapping[str, Any], key: str, option: str, value: object) -> str | None:
    text = keys.get(key)
    if text is not None and (not isinstance(text, str) or not text.strip()):
        raise OptionError(f"{option}: {value!r} has the {key} {text!r}; write it as text, or leave it out")
    return text
