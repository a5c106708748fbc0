# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What OpenBao and HashiCorp Vault have in common as servers: configuration, initialisation, unsealing."""

from __future__ import annotations

import json
import os
import signal
import ssl
from typing import TYPE_CHECKING, Any

from .process import LOOPBACK, wait_until
from .server import Server, silent
from .vault_client import VaultClient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.certificates import Made

HEALTHY = 200  # of sys/health: initialised, unsealed, active
PROBE_TIMEOUT = 2.0  # somebody else's server may sit on the port and never answer


class VaultServer(Server):
    """One server over TLS, initialised and unsealed; ``client`` is root. The root token is in memory only.

    ``certificate`` is what it serves, ``authority`` what a client trusts. In memory, or on raft with that many
    bytes an entry (``raft=True`` takes the server's default of 1 MiB).
    """

    port_count = 2  # API and cluster
    serves_as: tuple[int, ...] = (HEALTHY,)
    """What sys/health answers once it is unsealed. (A node of a cluster need not lead.)"""

    def __init__(
        self,
        *,
        certificate: Made,
        authority: Made,
        raft: bool = False,
        max_entry_size: int | None = None,
        announce: Callable[[str], None] = silent,
    ) -> None:
        super().__init__(announce=announce)
        if max_entry_size is not None and not raft:
            raise ValueError(f"max_entry_size is raft's: {max_entry_size} needs raft=True")
        self.certificate = certificate
        self.authority = authority
        self.raft = raft
        self.max_entry_size = max_entry_size
        self._client: VaultClient | None = None
        self.unseal_key = ""

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"

    @property
    def client(self) -> VaultClient:
        if self._client is None:
            raise RuntimeError(f"{self.title} is not started")
        return self._client

    def program(self) -> str:
        """The server's program."""
        raise NotImplementedError

    def serve(self, certificate: Made) -> None:
        """Installs another certificate and reloads, as an operator does; returns when it is served."""
        self.certificate = certificate
        self._install()
        os.kill(self.pid, signal.SIGHUP)
        wait_until(self._is_served, within=self.ready_within, what=f"{self.title} to serve its new certificate")
        self.client.close()  # connections that are open know the old one

    def _is_served(self) -> bool:
        return ssl.get_server_certificate((LOOPBACK, self.port)).strip() == self.certificate.pem.decode().strip()

    def _install(self) -> tuple[Path, Path]:
        chain, key = self.directory / "tls.pem", self.directory / "tls.key"
        chain.write_bytes(self.certificate.pem)
        key.touch(mode=0o600)
        key.write_bytes(self.certificate.key_pem)
        return chain, key

    def configure(self) -> list[str]:
        chain, key = self._install()
        file = self.directory / "server.json"
        file.write_text(json.dumps(self.configuration(chain, key), indent=2))
        if self._client is None or self._client.port != self.port:  # a restart keeps it, and its token
            self._client = VaultClient(port=self.port, ca_pem=self.authority.pem)
        return [self.program(), "server", f"-config={file}"]

    def configuration(self, chain: Path, key: Path) -> dict[str, Any]:
        listener = {
            "address": f"{LOOPBACK}:{self.ports[0]}",
            "cluster_address": f"{LOOPBACK}:{self.ports[1]}",
            "tls_cert_file": str(chain),
            "tls_key_file": str(key),
        }
        return {
            "api_addr": self.url,
            "cluster_addr": f"https://{LOOPBACK}:{self.ports[1]}",
            "listener": {"tcp": listener},
            "storage": self.storage(),
        }

    def storage(self) -> dict[str, Any]:
        if not self.raft:
            return {"inmem": {}}
        data = self.directory / "raft"
        data.mkdir(exist_ok=True)
        # The multiplier is for the only node's election, which takes 2 s even so.
        raft: dict[str, Any] = {"path": str(data), "node_id": "lab", "performance_multiplier": 1}
        if self.max_entry_size is not None:
            raft["max_entry_size"] = self.max_entry_size
        return {"raft": raft}

    def is_ready(self) -> bool:
        status, _body = self.client.raw("GET", "sys/seal-status", timeout=PROBE_TIMEOUT)
        return status == HEALTHY

    def set_up(self) -> None:
        keys = self.client.request("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        self.unseal_key = keys["keys_base64"][0]
        self.unseal()
        self.client.token = keys["root_token"]

    def resume(self) -> None:
        self.unseal()

    def restart(self) -> None:
        """See Server.restart; it is unsealed and active again. (What was in memory only is gone, and that fails.)"""
        self.client.close()
        super().restart()

    def seal(self) -> None:
        """It answers, and refuses all that needs storage."""
        self.client.request("PUT", "sys/seal")

    def unseal(self) -> None:
        """Returns when it is in service."""
        self.client.request("PUT", "sys/unseal", {"key": self.unseal_key})
        self.await_active()

    def await_active(self) -> None:
        """Returns when it leads, as it does again some time after its storage is back; or stands by, in a cluster."""
        what = f"{self.title} to be unsealed and active"
        wait_until(lambda: self.health() in self.serves_as, within=self.ready_within, what=what)

    def stop(self) -> None:
        if self._client is not None:
            self._client.close()
        super().stop()

    def health(self) -> int:
        """The status of sys/health. Raises OSError where it does not answer."""
        return self.client.raw("GET", "sys/health", timeout=PROBE_TIMEOUT)[0]
