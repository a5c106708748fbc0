# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's client of the Vault API keeps connections, and knows when the server has not."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.lab.pki import LOCAL_NAMES, lab_ca, lab_certificate
from tests.lab.process import LOOPBACK
from tests.lab.vault_client import VaultClient


class HangsUp(BaseHTTPRequestHandler):
    """Ends each connection after an answer that does not say so."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.close_connection = True

    def log_message(self, *_arguments: Any) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    """Tells of each connection when it has ended."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), HangsUp)
        self.ended = threading.Semaphore(0)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.ended.release()


def test_a_connection_that_the_server_has_ended_is_not_used_again(tmp_path: Path) -> None:
    authority = lab_ca()
    certificate = lab_certificate(authority, LOCAL_NAMES)
    (tmp_path / "server.pem").write_bytes(certificate.pem + certificate.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with Server() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = VaultClient(port=server.server_address[1], ca_pem=authority.pem)
        for _number in range(3):
            assert client.request("GET", "sys/health") == {}
            assert server.ended.acquire(timeout=60)
        client.close()
        server.shutdown()
