# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consul: one server that leads itself, with the ACL system on or off, and limits of one's own.

>>> with Consul(acl=True, kv_max_value_size=65536, txn_max_req_len=65536) as consul:
...     consul.client.get("agent/self")["DebugConfig"]["TxnMaxReqLen"]
"""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

from .process import LOOPBACK, program_version, wait_until
from .server import Server, silent
from .servers.build import program

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT = 30.0
PROBE_TIMEOUT = 2.0
OFF = -1  # for a port


class ConsulError(RuntimeError):
    """The server answered with an error: ``status``, and its own words in the message."""

    def __init__(self, method: str, path: str, status: int, answer: bytes) -> None:
        super().__init__(f"{method} {path}: {status} {answer.decode(errors='replace').strip()}")
        self.status = status


class ConsulClient:
    """The few requests that the lab needs, each on a connection of its own."""

    def __init__(self, *, port: int, token: str = "") -> None:
        self.port = port
        self.token = token

    def request(self, method: str, path: str, body: Any = None, *, timeout: float = TIMEOUT) -> Any:
        """What /v1/``path`` answers, as JSON says; None where it is empty. Raises ConsulError, or OSError."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        headers = {"X-Consul-Token": self.token} if self.token else {}
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=timeout)
        try:
            connection.request(method, f"/v1/{path}", body=content, headers=headers)
            response = connection.getresponse()
            answer = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{method} {path}: {type(error).__name__}") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise ConsulError(method, path, response.status, answer)
        return json.loads(answer) if answer else None

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def put(self, path: str, body: Any = None) -> Any:
        """``body``: bytes go as they are, anything else as JSON."""
        return self.request("PUT", path, body)


class Consul(Server):
    """One Consul over plain HTTP; ``client`` may do everything. Its token, with ``acl``, is in memory only.

    ``kv_max_value_size`` and ``txn_max_req_len`` are in bytes; None is the server's default, 524,288 for both.
    $PREFLIGHT_CONSUL names another program than the one on PATH or the pinned one, which is built at need.
    """

    title = "Consul"
    port_count = 3  # HTTP, server RPC, serf

    def __init__(
        self,
        *,
        acl: bool = False,
        kv_max_value_size: int | None = None,
        txn_max_req_len: int | None = None,
        announce: Callable[[str], None] = silent,
    ) -> None:
        super().__init__(announce=announce)
        self.acl = acl
        self.limits: dict[str, int | None] = {
            "kv_max_value_size": kv_max_value_size,
            "txn_max_req_len": txn_max_req_len,
        }
        self._client: ConsulClient | None = None

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def address(self) -> str:
        """As Vault's configuration takes it."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def client(self) -> ConsulClient:
        if self._client is None:
            raise RuntimeError(f"{self.title} is not started")
        return self._client

    def describe(self) -> str:
        return f"{self.title} {program_version(program('consul'))}"

    def configure(self) -> list[str]:
        file = self.directory / "server.json"
        file.write_text(json.dumps(self.configuration(), indent=2))
        if self._client is None or self._client.port != self.port:  # a restart keeps it, and its token
            self._client = ConsulClient(port=self.port)
        return [program("consul"), "agent", f"-config-file={file}"]

    def configuration(self) -> dict[str, Any]:
        """The agent's, as JSON."""
        http_port, server, serf = self.ports
        off = dict.fromkeys(("dns", "grpc", "grpc_tls", "serf_wan"), OFF)
        return {
            "server": True,
            "bootstrap_expect": 1,
            "datacenter": "lab",
            "node_name": "lab",
            "data_dir": str(self.directory / "data"),
            "bind_addr": LOOPBACK,
            "client_addr": LOOPBACK,
            "ports": {"http": http_port, "server": server, "serf_lan": serf, **off},
            "limits": {name: value for name, value in self.limits.items() if value is not None},
            "acl": {"enabled": self.acl, "default_policy": "deny" if self.acl else "allow"},
            "connect": {"enabled": True},
            "performance": {"raft_multiplier": 1},
            "disable_update_check": True,
        }

    def is_ready(self) -> bool:
        """Whether it leads."""
        try:
            return bool(self.client.request("GET", "status/leader", timeout=PROBE_TIMEOUT))
        except ConsulError:
            return False

    def set_up(self) -> None:
        wait_until(self._is_writable, within=self.ready_within, what=f"{self.title} to take writes")

    def resume(self) -> None:
        self.set_up()

    def _is_writable(self) -> bool:
        """The leader is elected before it has set up its own state, and refuses what comes before that."""
        try:
            if self.acl and not self.client.token:
                self.client.token = self.client.put("acl/bootstrap")["SecretID"]
            self.client.put("kv/lab-is-writable", b"")
            self.client.request("DELETE", "kv/lab-is-writable")
        except ConsulError:
            return False
        return True
