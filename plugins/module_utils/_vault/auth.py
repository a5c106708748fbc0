# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging in: the options of every method, and what each needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable

from .._audit.policy import OptionError
from . import errors
from .connection import boolean_of, value_of
from .errors import RequestError
from .hvac_client import make_client
from .transport import TOKEN_PATH, Transport

AUTH_OPTIONS: dict[str, dict[str, Any]] = {
    "auth_method": {
        "type": "str",
        "choices": ["token", "userpass", "ldap", "approle", "kubernetes", "jwt", "cert", "none"],
    },
    "mount_point": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "token_path": {"type": "str", "no_log": False},
    "token_file": {"type": "str", "no_log": False},
    "token_validate": {"type": "bool", "no_log": False},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "role_id": {"type": "str"},
    "secret_id": {"type": "str", "no_log": True},
    "jwt": {"type": "str", "no_log": True},
    "cert_auth_public_key": {"type": "path"},
    "cert_auth_private_key": {"type": "path", "no_log": False},
}
"""The options of every module that logs in to Vault or OpenBao (doc fragment ``vault_auth``).

None has a default of Ansible's, so that the environment is asked where an option is not given.
"""

SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 # where Kubernetes puts it


class Credentials:
    """The options of the auth methods, with the environment's where they are silent."""

    def __init__(self, params: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._params = params
        self._environment = environment

    def get(self, option: str) -> Any:
        return value_of(option, self._params, self._environment)

    def require(self, option: str) -> Any:
        """Raises OptionError where the option has no value; the message holds none either."""
        value = self.get(option)
        if not value:
            raise OptionError(f"{option}: is missing; auth_method {self.method()!r} needs it")
        return value

    def method(self) -> str:
        """The auth method. Raises OptionError where the environment names an unknown one."""
        given = self.get("auth_method") or "token"
        if given not in _LOGINS:
            raise OptionError.of("auth_method", given, f"is not known; use one of {', '.join(_LOGINS)}")
        return str(given)

    def mount(self, default: str) -> str:
        return str(self.get("mount_point") or default).strip("/")


def log_in(transport: Transport, params: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Gives the transport a token, by the method that the options name.

    Raises OptionError where an option is missing or the server refuses the login, and RequestError where it could
    not be asked. Neither holds a secret.
    """
    credentials = Credentials(params, environment)
    method = credentials.method()
    try:
        _LOGINS[method](transport, credentials)
    except RequestError as error:
        if error.kind in (errors.REFUSED, errors.FORBIDDEN, *errors.ABSENT, errors.UNSUPPORTED, errors.NO_MOUNT):
            raise OptionError.of("auth_method", method, f"could not log in: {_login_failure(error)}") from None
        raise


def _login_failure(error: RequestError) -> str:
    if error.kind == errors.FORBIDDEN:
        return f"{error.path}: permission denied"
    return f"{error.path}: {error.reason}"


def check_token(transport: Transport) -> RequestError | None:
    """Whether the token can look itself up; the failure where it cannot (wrong, expired, or its policy forbids it)."""
    try:
        transport.read(TOKEN_PATH)
    except RequestError as error:
        return error
    transport.token_checked = True
    return None


def _use_token(transport: Transport, credentials: Credentials) -> None:
    token = credentials.get("token") or _token_of_file(credentials)
    if not token:
        raise OptionError("token: is missing; give it, in the option, in VAULT_TOKEN or in a token file")
    if any(character.isspace() or not character.isprintable() for character in token):
        raise OptionError("token: holds a blank or a control character; give the bare token")
    transport.token = token
    if boolean_of("token_validate", credentials.get("token_validate")):
        failure = check_token(transport)
        if failure is not None and failure.kind == errors.FORBIDDEN:
            raise OptionError("token: cannot look itself up; it is wrong, has expired, or set token_validate to false")


def _token_of_file(credentials: Credentials) -> str | None:
    directory = credentials.get("token_path")
    if not directory:
        return None
    path = os.path.join(os.path.expanduser(directory), credentials.get("token_file") or ".vault-token")
    try:
        with open(path, encoding="ascii") as stream:
            return stream.read().strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise OptionError.of("token_file", path, f"cannot be read: {reason}") from None


def _userpass(transport: Transport, credentials: Credentials) -> None:
    make_client(transport).auth.userpass.login(
        credentials.require("username"), credentials.require("password"), mount_point=credentials.mount("userpass")
    )


def _ldap(transport: Transport, credentials: Credentials) -> None:
    make_client(transport).auth.ldap.login(
        credentials.require("username"), credentials.require("password"), mount_point=credentials.mount("ldap")
    )


def _approle(transport: Transport, credentials: Credentials) -> None:
    make_client(transport).auth.approle.login(
        credentials.require("role_id"), credentials.get("secret_id"), mount_point=credentials.mount("approle")
    )


def _kubernetes(transport: Transport, credentials: Credentials) -> None:
    role = credentials.require("role_id")
    jwt = credentials.get("jwt")
    if not jwt:
        try:
            with open(SERVICE_ACCOUNT_TOKEN, encoding="ascii") as stream:
                jwt = stream.read().strip()
        except OSError:
            raise OptionError(f"jwt: is missing, and there is no {SERVICE_ACCOUNT_TOKEN}; give the token") from None
    make_client(transport).auth.kubernetes.login(role, jwt, mount_point=credentials.mount("kubernetes"))


def _jwt(transport: Transport, credentials: Credentials) -> None:
    # A mount may have a default role.
    role = credentials.get("role_id")
    make_client(transport).auth.jwt.jwt_login(role, credentials.require("jwt"), path=credentials.mount("jwt"))


def _cert(transport: Transport, credentials: Credentials) -> None:
    credentials.require("cert_auth_public_key")
    # Not hvac's own method, which wants to see the files: the transport has presented the certificate already.
    role = credentials.get("role_id")
    make_client(transport).adapter.login(
        f"/v1/auth/{credentials.mount('cert')}/login", json={"name": role} if role else {}
    )


def _none(transport: Transport, credentials: Credentials) -> None:
    """The proxy or agent in between adds the token."""


_LOGINS: Mapping[str, Callable[[Transport, Credentials], None]] = {
    "token": _use_token,
    "userpass": _userpass,
    "ldap": _ldap,
    "approle": _approle,
    "kubernetes": _kubernetes,
    "jwt": _jwt,
    "cert": _cert,
    "none": _none,
}
