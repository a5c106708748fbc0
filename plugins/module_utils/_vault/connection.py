# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to reach a server: the options, what the environment says where they are silent, and the TLS settings."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .._audit.policy import OptionError
from .._http.context import Files, Names, client_context
from .._http.proxies import parse_proxies

CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "url": {"type": "str"},
    "namespace": {"type": "str"},
    "ca_cert": {"type": "path", "aliases": ["cacert", "ca_path"]},
    "validate_certs": {"type": "bool"},
    "proxies": {"type": "raw", "no_log": True},  # a URL may hold a password
    "timeout": {"type": "int"},
    "retries": {"type": "raw"},
    "retry_action": {"type": "str", "choices": ["ignore", "warn"]},
    "max_connections": {"type": "int", "default": 8},
}
"""The options of every module that speaks to Vault or OpenBao (doc fragment ``vault_connection``)."""

ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "url": ("ANSIBLE_HASHI_VAULT_ADDR", "VAULT_ADDR", "BAO_ADDR"),
    "namespace": ("ANSIBLE_HASHI_VAULT_NAMESPACE", "VAULT_NAMESPACE", "BAO_NAMESPACE"),
    "ca_cert": ("ANSIBLE_HASHI_VAULT_CA_CERT", "VAULT_CACERT", "VAULT_CAPATH", "BAO_CACERT", "BAO_CAPATH"),
    "proxies": ("ANSIBLE_HASHI_VAULT_PROXIES",),
    "timeout": ("ANSIBLE_HASHI_VAULT_TIMEOUT",),
    "retries": ("ANSIBLE_HASHI_VAULT_RETRIES",),
    "retry_action": ("ANSIBLE_HASHI_VAULT_RETRY_ACTION",),
    "auth_method": ("ANSIBLE_HASHI_VAULT_AUTH_METHOD",),
    "mount_point": ("ANSIBLE_HASHI_VAULT_MOUNT_POINT",),
    "token": ("ANSIBLE_HASHI_VAULT_TOKEN", "VAULT_TOKEN", "BAO_TOKEN"),
    "token_path": ("ANSIBLE_HASHI_VAULT_TOKEN_PATH", "HOME"),
    "token_file": ("ANSIBLE_HASHI_VAULT_TOKEN_FILE",),
    "token_validate": ("ANSIBLE_HASHI_VAULT_TOKEN_VALIDATE",),
    "username": ("ANSIBLE_HASHI_VAULT_USERNAME",),
    "password": ("ANSIBLE_HASHI_VAULT_PASSWORD",),
    "role_id": ("ANSIBLE_HASHI_VAULT_ROLE_ID",),
    "secret_id": ("ANSIBLE_HASHI_VAULT_SECRET_ID",),
    "jwt": ("ANSIBLE_HASHI_VAULT_JWT",),
    "cert_auth_public_key": ("ANSIBLE_HASHI_VAULT_CERT_AUTH_PUBLIC_KEY",),
    "cert_auth_private_key": ("ANSIBLE_HASHI_VAULT_CERT_AUTH_PRIVATE_KEY",),
}
"""Where an option that is not given is looked for, in this order."""
_SKIP_VERIFY = ("VAULT_SKIP_VERIFY", "BAO_SKIP_VERIFY")

_MAPPING = re.compile(r"\s*(\{|[a-z_]+=)")

_BOOLEANS = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}

DEFAULT_TIMEOUT = 30.0  # hvac's
DEFAULT_RETRIES = 3


class Retries(NamedTuple):
    """How often a failed request is repeated, after ``backoff`` x 2^n seconds, and on which HTTP status."""

    total: int = DEFAULT_RETRIES
    backoff: float = 0.3
    statuses: frozenset[int] = frozenset({412, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Connection:
    """A server and how to reach it. ``timeout`` is for one request with all its retries, in seconds.

    ``warn_of_retries``: whether people are told that requests had to be repeated.
    """

    url: str
    namespace: str = ""
    ca_cert: str | None = None
    validate_certs: bool = True
    proxies: Mapping[str, str] | None = None
    timeout: float = DEFAULT_TIMEOUT
    retries: Retries = field(default_factory=Retries)
    warn_of_retries: bool = True
    max_connections: int = 8
    client_certificate: str | None = None
    client_key: str | None = None

    def ssl_context(self) -> ssl.SSLContext:
        """The settings of the TLS side. Raises OptionError that names the option whose file cannot be used."""
        files = Files(self.ca_cert, self.client_certificate, self.client_key)
        names = Names("ca_cert", "cert_auth_public_key", "cert_auth_private_key")
        return client_context(files, names, verify=self.validate_certs)


def from_params(params: Mapping[str, Any], environment: Mapping[str, str]) -> Connection:
    """The connection that a module's options (and the environment) describe. Raises OptionError."""
    url = value_of("url", params, environment)
    if not url:
        raise OptionError("url: is missing; give the server's address, in the option or in VAULT_ADDR")
    certificate = value_of("cert_auth_public_key", params, environment)
    key = value_of("cert_auth_private_key", params, environment)
    if key and not certificate:
        raise OptionError("cert_auth_public_key: is missing; cert_auth_private_key is given")
    connections = params.get("max_connections")
    connections = CONNECTION_OPTIONS["max_connections"]["default"] if connections is None else connections
    if connections < 1:
        raise OptionError.of("max_connections", connections, "is too small; give 1 or more")
    return Connection(
        url=_checked_url(url),
        namespace=(value_of("namespace", params, environment) or "").strip("/"),
        ca_cert=value_of("ca_cert", params, environment),
        validate_certs=_validate_certs(params, environment),
        proxies=parse_proxies(_mapping_in("proxies", value_of("proxies", params, environment))),
        timeout=_timeout(value_of("timeout", params, environment)),
        retries=_retries(value_of("retries", params, environment)),
        warn_of_retries=_warn_of_retries(value_of("retry_action", params, environment)),
        max_connections=connections,
        client_certificate=certificate,
        client_key=key,
    )


def value_of(option: str, params: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    """The option's value: as given, or the first that the environment has; None without one."""
    given = params.get(option)
    if given is not None:
        return given
    return next((environment[name] for name in ENVIRONMENT.get(option, ()) if environment.get(name)), None)


def boolean_of(option: str, value: Any) -> bool:
    """An option of type bool, or its text in the environment; None is False. Raises OptionError."""
    if value is None or isinstance(value, bool):
        return bool(value)
    text = str(value).strip().lower()
    if text not in _BOOLEANS:
        raise OptionError.of(option, value, "is neither true nor false")
    return _BOOLEANS[text]


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username or parts.query or parts.fragment:
        raise OptionError.of(
            "url", _shown(url), "is no address of a server; write it as https://vault.example.com:8200"
        )
    return url.rstrip("/")


def _shown(url: str) -> str:
    """Without what may be a password."""
    return "..." + url[url.rindex("@") :] if "@" in url else url


def _validate_certs(params: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    given = params.get("validate_certs")
    if given is not None:
        return bool(given)
    for name in _SKIP_VERIFY:
        if environment.get(name):
            return not boolean_of(name, environment[name])
    return True


def _timeout(given: Any) -> float:
    if given is None:
        return DEFAULT_TIMEOUT
    try:
        timeout = float(given)
    except (TypeError, ValueError):
        timeout = 0.0
    if timeout <= 0:
        raise OptionError.of("timeout", given, "is no number of seconds; give 1 or more")
    return timeout


def _retries(given: Any) -> Retries:
    """A number, or a mapping with total, backoff_factor and status_forcelist as urllib3's Retry has them."""
    if given is None:
        return Retries()
    given = _mapping_in("retries", given)
    own = given if isinstance(given, Mapping) else {"total": given}
    unknown = set(own) - {"total", "backoff_factor", "status_forcelist"}
    if unknown:
        raise OptionError.of(
            "retries", ", ".join(sorted(unknown)), "is not known; use total, backoff_factor, status_forcelist"
        )
    usual = Retries()
    try:
        retries = Retries(
            int(own.get("total", usual.total)),
            float(own.get("backoff_factor", usual.backoff)),
            frozenset(int(status) for status in own.get("status_forcelist", usual.statuses)),
        )
    except (TypeError, ValueError):
        retries = Retries(total=-1)
    if retries.total < 0 or retries.backoff < 0:
        raise OptionError.of("retries", given, "is refused; give a number, or numbers as total and backoff_factor")
    return retries


def _warn_of_retries(given: Any) -> bool:
    choices = CONNECTION_OPTIONS["retry_action"]["choices"]
    if given is not None and given not in choices:
        raise OptionError.of("retry_action", given, f"is not known; use one of {', '.join(choices)}")
    return bool(given != "ignore")


def _mapping_in(option: str, given: Any) -> Any:
    """A mapping that was written as text, as in the environment: ``{"https": ...}`` or ``https=...``."""
    if not isinstance(given, str) or not _MAPPING.match(given):
        return given
    try:
        # Here, because what only judges evidence imports this file too, and needs no ansible-core.
        from ansible.module_utils.common.validation import check_type_dict

        return check_type_dict(given)
    except (TypeError, ValueError):
        # It is not shown: a proxy's URL may hold a password.
        raise OptionError(f"{option}: is no mapping; write it as JSON, or as key=value") from None
