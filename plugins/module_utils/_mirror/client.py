# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One client for all requests: few connections, a deadline and a bound for each answer, redirects by hand.

Nothing is contacted that the user did not name: a redirect to any other host is told of and not followed.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Callable, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

from .._audit.version import COLLECTION_VERSION
from .._http.failure import STALLED, TLS, UNREACHABLE, connection_failure, retry_after
from .._http.library import CONNECTION_ERRORS
from .connection import Connection, Server
from .page_cache import Kept, PageCache
from .pools import Pools

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

FOREIGN = "foreign"  # a redirect to a host that is not the index's own
REDIRECTS = "redirects"
TOO_LARGE = "too-large"
DECODING = "decoding"
BAD_URL = "bad-url"
RATE_LIMITED = "rate-limited"

MAX_REDIRECTS = 5
GIVE_UP_AFTER = 3  # requests in a row without any answer: then the server is not asked again
CHUNK = 1 << 18
_REDIRECTIONS = (301, 302, 303, 307, 308)
_WORTH_ANOTHER = (429, 502, 503, 504)
_BACKOFF = 0.3
_MAX_HOLD = 60.0


class Request(NamedTuple):
    """What is asked of whom. ``limit`` bounds the decoded body in bytes; ``remember`` allows the cache."""

    server: Server
    url: str
    accept: str = "*/*"
    method: str = "GET"
    headers: Mapping[str, str] = {}
    limit: int = 1 << 20
    address: str | None = None
    remember: bool = False


@dataclass(frozen=True)
class Answer:
    """What came back: ``kind`` and ``reason`` say why there is no whole answer, ``status`` is None without any.

    ``url`` is the one that answered in the end; ``headers`` have names in lower case; ``redirects`` are
    {status, to}.
    """

    url: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    redirects: tuple[Mapping[str, Any], ...] = ()
    kind: str | None = None
    reason: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it is a whole answer with what was asked for."""
        return self.kind is None and self.status is not None and 200 <= self.status < 300

    @property
    def complaint(self) -> str | None:
        """Why it is none, in words."""
        if self.kind is not None:
            return self.reason
        return None if self.ok else f"status {self.status}"


@dataclass
class Traffic:
    """What the run cost: bytes are those of bodies as they came over the wire."""

    requests: int = 0
    bytes: int = 0
    not_modified: int = 0


class Client:
    """Requests to the servers that were named, at most ``connection.max_connections`` at once. Thread-safe."""

    def __init__(
        self,
        connection: Connection,
        cache: PageCache,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection = connection
        self.traffic = Traffic()
        self._cache = cache
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._pools = Pools(connection)
        self._silent: dict[tuple[str, str | None], int] = {}
        self._final: dict[tuple[str, str | None], Answer] = {}
        self._hold_until: dict[str, float] = {}
        self._workers = ThreadPoolExecutor(connection.max_connections, thread_name_prefix="mirror")

    def close(self) -> None:
        """Closes all connections."""
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._pools.close()

    def map(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
        """``function`` of all items over all connections, in the items' order. Not to be nested."""
        return self._workers.map(function, items)

    def fetch(self, request: Request) -> Answer:
        """The answer to one request, with its redirects and retries. Never raises for what a server does."""
        key = (request.server.url, request.address)
        if key in self._final:
            return replace(self._final[key], url=request.url)
        kept = self._cache.get(request.url, request.accept) if request.remember else None
        answer = self._followed(request, kept)
        if request.remember and answer.ok and answer.status == 200 and _validators(answer.headers):
            self._cache.put(request.url, request.accept, Kept(answer.url, answer.headers, answer.body))
        if answer.status == 304 and kept is not None:
            with self._lock:
                self.traffic.not_modified += 1
            headers = {**kept.headers, **answer.headers}
            answer = Answer(kept.url, 200, headers, kept.body, answer.redirects)
        self._conclude(key, answer)
        return answer

    def _conclude(self, key: tuple[str, str | None], answer: Answer) -> None:
        """Where no other request can succeed, none is sent any more."""
        with self._lock:
            if answer.kind not in (UNREACHABLE, STALLED, TLS):
                self._silent[key] = 0
                return
            self._silent[key] = self._silent.get(key, 0) + 1
            if answer.kind == TLS or self._silent[key] >= GIVE_UP_AFTER:
                self._final.setdefault(key, answer)

    def _followed(self, request: Request, kept: Kept | None) -> Answer:
        deadline = self._clock() + self.connection.timeout
        conditions = _conditions(kept.headers) if kept else {}
        url = request.url
        redirects: list[dict[str, Any]] = []
        while True:
            answer = self._persistent(request, url, conditions, deadline)
            if answer.kind is not None or answer.status not in _REDIRECTIONS or "location" not in answer.headers:
                return replace(answer, redirects=tuple(redirects))
            answer, url = _next_stop(request.server, answer)
            redirects.append({"status": answer.status, "to": url})
            if answer.kind is None and len(redirects) > MAX_REDIRECTS:
                answer = replace(answer, kind=REDIRECTS, reason=f"more than {MAX_REDIRECTS} redirects")
            if answer.kind is not None:
                return replace(answer, redirects=tuple(redirects))

    def _persistent(self, request: Request, url: str, conditions: Mapping[str, str], deadline: float) -> Answer:
        """One request without its redirects, repeated where that is worth it and there is time."""
        attempt = 0
        while True:
            deadline += self._wait_turn(urlsplit(url).netloc)
            answer = self._attempt(request, url, conditions, deadline)
            pause = self._pause(answer, attempt)
            if pause is None or attempt >= self.connection.retries or self._clock() + pause >= deadline:
                return _concluded(answer, pause)
            if answer.status == 429:
                with self._lock:
                    self._hold_until[urlsplit(url).netloc] = self._clock() + pause
            self._sleep(pause)
            attempt += 1

    def _wait_turn(self, netloc: str) -> float:
        """Waits while the server wants nobody to ask; returns for how long, in seconds."""
        wait = min(self._hold_until.get(netloc, 0.0) - self._clock(), _MAX_HOLD)
        if wait > 0:
            self._sleep(wait)
        return max(wait, 0.0)

    def _pause(self, answer: Answer, attempt: int) -> float | None:
        """Seconds before it is worth another attempt; None where it is not."""
        if answer.kind not in (None, UNREACHABLE) or (answer.kind is None and answer.status not in _WORTH_ANOTHER):
            return None
        wanted = retry_after(answer.headers.get("retry-after"))
        return _BACKOFF * 2.0**attempt if wanted is None else wanted

    def _attempt(self, request: Request, url: str, conditions: Mapping[str, str], deadline: float) -> Answer:
        within = max(deadline - self._clock(), 0.001)
        headers = {
            "User-Agent": f"sre.preflight/{COLLECTION_VERSION} (mirror_audit)",
            "Accept": request.accept,
            "Accept-Encoding": "gzip",
            **conditions,
            **request.headers,
        }
        try:
            if request.server.authorization and request.server.trusts(url):
                headers["Authorization"] = request.server.authorization
            response = self._pools.send(request.method, url, headers, within=within, address=request.address)
            got = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(url, int(response.status), got)
            body, kind, reason = self._content(response, request.limit, deadline)
        except CONNECTION_ERRORS as error:
            # Whatever it is called: that the connection ended at the deadline was our doing.
            late = self._clock() >= deadline
            failure = connection_failure(TimeoutError() if late else error, self.connection.timeout)
            return Answer(url, kind=failure.kind, reason=failure.reason)
        except ValueError as error:
            return Answer(url, kind=BAD_URL, reason=f"no URL: {error}")
        return replace(answer, body=body, kind=kind, reason=reason)

    def _content(self, response: Any, limit: int, deadline: float) -> tuple[bytes, str | None, str | None]:
        """(body, kind, reason): by the deadline even if it comes drop by drop, and never more than the limit."""
        gzipped = response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip")
        inflate = zlib.decompressobj(16 + zlib.MAX_WBITS) if gzipped else None
        pieces, size, received = [], 0, 0
        try:
            while True:
                raw = response.read1(CHUNK, decode_content=False)
                received += len(raw)
                if not raw:
                    break
                piece = inflate.decompress(raw, limit - size + 1) if inflate else raw
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    response.close()
                    return b"", TOO_LARGE, f"the answer is larger than {limit} bytes"
                if self._clock() > deadline:
                    response.close()
                    raise TimeoutError
        except zlib.error as error:
            response.close()
            return b"", DECODING, f"the answer says that it is gzip, and is not: {error}"
        finally:
            response.release_conn()
            with self._lock:
                self.traffic.requests += 1
                self.traffic.bytes += received
        return b"".join(pieces), None, None


def _next_stop(server: Server, answer: Answer) -> tuple[Answer, str]:
    """Where a redirect leads; the answer has a kind where that is not to be followed."""
    location = answer.headers["location"]
    try:
        url = urljoin(answer.url, location)
        if urlsplit(url).scheme in ("http", "https") and server.owns(url):
            return answer, url
    except ValueError as error:
        return replace(answer, kind=BAD_URL, reason=f"redirects to what is no URL: {error}"), location
    return replace(answer, kind=FOREIGN, reason=f"redirects to {url}, which is another host's"), url


def _concluded(answer: Answer, pause: float | None) -> Answer:
    if answer.status != 429 or answer.kind is not None:
        return answer
    told = f" for {pause:g} s" if pause and "retry-after" in answer.headers else ""
    return replace(answer, kind=RATE_LIMITED, reason=f"the server refuses more requests{told} (429)")


def _validators(headers: Mapping[str, str]) -> bool:
    return "etag" in headers or "last-modified" in headers


def _conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a conditional request (RFC 9110, section 13.1) for an answer with these headers."""
    names = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
    return {name: headers[source] for name, source in names.items() if source in headers}
