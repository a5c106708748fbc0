# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP without a library: an index is asked, and whatever goes wrong is one kind of exception."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

AGENT = "sre.preflight (package_mirror)"
_REDIRECTIONS = (301, 302, 303, 307, 308)
_MAX_REDIRECTS = 5


class AskError(Exception):
    """There was no answer, or none that is of use; the text says why."""


class Answer(NamedTuple):
    """``headers`` have names in lower case; ``url`` is the one that answered in the end."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Server:
    """Asks one origin, whatever name the URLs have: ``at`` (host:port, plain HTTP) instead of the host of the URL."""

    def __init__(self, *, at: str = "", ca_path: str = "", timeout: float = 30.0) -> None:
        self.at = at
        self.timeout = timeout
        self.context = ssl.create_default_context(cafile=ca_path or None)

    def page(self, url: str, accept: str, *, method: str = "GET", limit: int = 1 << 28) -> Answer:
        """The answer after its redirects, which are followed within the same host. Raises AskError."""
        for _attempt in range(_MAX_REDIRECTS + 1):
            with self.open(url, accept, method=method) as (status, headers, response):
                if status not in _REDIRECTIONS or "location" not in headers:
                    return Answer(url, status, headers, _read(response, limit))
                target = urljoin(url, headers["location"])
            if urlsplit(target).netloc != urlsplit(url).netloc:
                return Answer(target, status, headers, b"")
            url = target
        raise AskError(f"more than {_MAX_REDIRECTS} redirects")

    @contextmanager
    def open(
        self, url: str, accept: str, *, method: str = "GET"
    ) -> Iterator[tuple[int, Mapping[str, str], http.client.HTTPResponse]]:
        """(status, headers, the response to read from). Raises AskError."""
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = self._connection(parts.scheme, self.at or parts.netloc)
        try:
            headers = {"Host": parts.netloc, "Accept": accept, "User-Agent": AGENT}
            connection.request(method, target, headers=headers)
            response = connection.getresponse()
            yield response.status, {name.lower(): value for name, value in response.getheaders()}, response
        except (OSError, http.client.HTTPException) as error:
            raise AskError(str(error) or type(error).__name__) from None
        finally:
            connection.close()

    def _connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if scheme == "https" and not self.at:
            return http.client.HTTPSConnection(netloc, timeout=self.timeout, context=self.context)
        return http.client.HTTPConnection(netloc, timeout=self.timeout)


def _read(response: http.client.HTTPResponse, limit: int) -> bytes:
    body = response.read(limit + 1)
    if len(body) > limit:
        raise AskError(f"the answer is larger than {limit} bytes")
    return body
