# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few requests to a Kubernetes API server that the lab needs, without the client library that is tested."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from .process import LOOPBACK

TIMEOUT = 30.0
IRREGULAR_PLURALS = {"Ingress": "ingresses"}


class KubernetesError(RuntimeError):
    """The server answered with an error: ``status``, and its own words in the message."""

    def __init__(self, method: str, path: str, status: int, answer: bytes) -> None:
        super().__init__(f"{method} {path}: {status} {answer.decode(errors='replace').strip()[:500]}")
        self.status = status


class KubernetesClient:
    """One connection that is kept open; ``cert_file`` (with its key) or ``token`` say who asks."""

    def __init__(self, *, port: int, ca_pem: bytes, cert_file: str = "", token: str = "") -> None:
        self.port = port
        self.token = token
        self._context = ssl.create_default_context(cadata=ca_pem.decode())
        if cert_file:
            self._context.load_cert_chain(cert_file)
        self._connection: http.client.HTTPSConnection | None = None

    def raw(self, method: str, path: str, body: Any = None, *, timeout: float = TIMEOUT) -> tuple[int, bytes]:
        """Status and answer to one request. Raises OSError."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if method == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = self._connection or http.client.HTTPSConnection(
            LOOPBACK, self.port, timeout=timeout, context=self._context
        )
        self._connection = None
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            answer = response.read()
        except http.client.HTTPException as error:
            connection.close()
            raise ConnectionError(f"{method} {path}: {type(error).__name__}") from error
        except OSError:
            connection.close()
            raise
        self._connection = connection
        return response.status, answer

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """What the server answers, as JSON says. Raises KubernetesError, or OSError."""
        status, answer = self.raw(method, path, body)
        if status >= http.client.BAD_REQUEST:
            raise KubernetesError(method, path, status, answer)
        return json.loads(answer)

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def create(self, manifest: dict[str, Any]) -> Any:
        """Creates an object from its manifest."""
        return self.request("POST", collection_path(manifest), manifest)

    def delete(self, manifest: dict[str, Any]) -> None:
        self.request("DELETE", f"{collection_path(manifest)}/{manifest['metadata']['name']}")

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def collection_path(manifest: dict[str, Any]) -> str:
    """Where an object of this kind is created: ``/apis/apps/v1/namespaces/web/deployments``."""
    version, kind = manifest["apiVersion"], manifest["kind"]
    plural = IRREGULAR_PLURALS.get(kind) or kind.lower() + "s"
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    namespace = manifest["metadata"].get("namespace")
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"
