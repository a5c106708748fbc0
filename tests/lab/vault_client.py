# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few requests of the Vault API that the lab needs, over http.client with connections kept open."""

from __future__ import annotations

import contextlib
import copy
import http.client
import json
import select
import socket
import ssl
from typing import Any

from .process import LOOPBACK

TIMEOUT = 60.0


class ApiError(RuntimeError):
    """The server answered with an error: ``status``, and its own words in the message."""

    def __init__(self, method: str, path: str, status: int, errors: list[str]) -> None:
        super().__init__(f"{method} {path}: {status} {'; '.join(errors)}".strip())
        self.status = status


class VaultClient:
    """Speaks to the server on a loopback port whose certificate ``ca_pem`` vouches for. May be shared by threads."""

    def __init__(self, *, port: int, ca_pem: bytes, token: str = "") -> None:
        self.port = port
        self.token = token
        self._context = ssl.create_default_context(cadata=ca_pem.decode())
        self._idle: list[http.client.HTTPSConnection] = []

    def with_token(self, token: str) -> VaultClient:
        """A client of the same server with another token, and connections of its own."""
        client = copy.copy(self)
        client.token = token
        client._idle = []
        return client

    def child(self, **fields: Any) -> VaultClient:
        """The same with a new token below ours: what it leases ends with it. ``fields`` are the API's."""
        return self.with_token(self.request("POST", "auth/token/create", fields)["auth"]["client_token"])

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The JSON answer of /v1/``path``; {} where there is none. Raises ApiError, or OSError."""
        status, content = self.raw(method, path, body)
        answer: dict[str, Any] = json.loads(content) if content else {}
        if status >= 400:
            raise ApiError(method, path, status, answer.get("errors") or [])
        return answer

    def read(self, path: str) -> dict[str, Any]:
        """The answer's ``data``."""
        data: dict[str, Any] = self.request("GET", path)["data"]
        return data

    def write(self, path: str, /, **fields: Any) -> dict[str, Any]:
        """The answer's ``data``; {} where it has none."""
        return self.request("POST", path, fields).get("data") or {}

    def keys(self, path: str) -> list[str]:
        """What LIST names; [] where nothing is there."""
        status, content = self.raw("LIST", path)
        if status == http.client.NOT_FOUND:
            return []
        answer = json.loads(content)
        if status >= 400:
            raise ApiError("LIST", path, status, answer.get("errors") or [])
        keys: list[str] = answer["data"]["keys"]
        return keys

    def raw(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, timeout: float = TIMEOUT
    ) -> tuple[int, bytes]:
        """Status and body as they came; ``timeout`` is for each wait for the server, in seconds."""
        headers = {"X-Vault-Token": self.token} if self.token else {}
        connection = self._connection(timeout)
        try:
            connection.request(method, f"/v1/{path}", body=None if body is None else json.dumps(body), headers=headers)
            response = connection.getresponse()
            status, content = response.status, response.read()
        except http.client.HTTPException as error:
            connection.close()
            raise ConnectionError(f"{method} {path}: {type(error).__name__}") from error
        except OSError:
            connection.close()
            raise
        self._idle.append(connection)
        return status, content

    def close(self) -> None:
        """Closes the connections that are open; a further request opens a new one."""
        while self._idle:
            self._idle.pop().close()

    def _connection(self, timeout: float) -> http.client.HTTPSConnection:
        """An idle one that is still open, or a new one: the server closes what was idle for five minutes."""
        with contextlib.suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if connection.sock is not None and not _is_readable(connection.sock):
                    connection.timeout = timeout
                    connection.sock.settimeout(timeout)
                    return connection
                connection.close()
        return http.client.HTTPSConnection(LOOPBACK, self.port, timeout=timeout, context=self._context)


def _is_readable(sock: socket.socket) -> bool:
    """Whether something has come in, which between two requests is the end of the connection alone."""
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(0))
