# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One client for all requests to a server: few connections, a deadline for each request, typed failures."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, NamedTuple, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from .._audit.version import COLLECTION_VERSION
from .._http.failure import retry_after
from .._http.library import CONNECTION_ERRORS
from . import errors
from .connection import Connection
from .errors import RequestError, error_of
from .pool import error_of_connection, make_pool

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

MAX_BACKOFF = 10.0
MIN_WAIT, MAX_WAIT = 1.0, 5.0  # seconds between two looks whether there is a leader again
SETTLES_WITHIN = 1.0  # seconds; measured are milliseconds
GIVE_UP_AFTER = 3  # requests in a row without any answer: then the server is not asked again
TOKEN_CHECK_EVERY = 5.0  # seconds; a run of refusals asks only once whether the token still holds
TOKEN_PATH = "auth/token/lookup-self"  # noqa: S105 # a path
INDEX = "X-Vault-Index"  # of the storage, after a write: what is older than that is no answer to what comes next


class Request(NamedTuple):
    """What is asked. ``path`` is that of the API, below /v1/; ``capability`` the right that a policy has to give.

    ``repeat`` says that twice is as once, so that it may be tried again after a failure.
    """

    method: str
    path: str
    namespace: str = ""
    query: Mapping[str, Any] = {}
    body: Mapping[str, Any] | None = None
    capability: str = "read"
    any_status: bool = False
    repeat: bool = True


class Answer(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: bytes


class Failure(NamedTuple):
    """Why an attempt failed, and how long the server wants us to wait, in seconds."""

    error: RequestError
    retry_after: float | None = None


class Transport:
    """Requests to one server, at most ``connection.max_connections`` at once. Thread-safe.

    ``patience``: seconds for which a request is repeated while a cluster that has answered before elects a leader.
    ``token`` is sent with each; ``retried`` counts by reason what had to be repeated. ``token_checked`` says that
    auth/token/lookup-self worked, so that its refusal later on means an expired token.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        token: str | None = None,
        patience: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection = connection
        self.token = token
        self.retried: dict[str, int] = {}
        self.token_checked = False
        self._patience = patience
        self._patient = False
        self._index: str | None = None
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._token_lock = threading.Lock()
        self._token_asked_at: float | None = None
        self._final: RequestError | None = None
        self._silent = 0
        self._pool = make_pool(connection)
        self._prefix = f"{urlsplit(connection.url).path}/v1/"
        self._workers = ThreadPoolExecutor(connection.max_connections, thread_name_prefix="vault")

    def close(self) -> None:
        """Closes all connections."""
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._pool.close()

    def read(
        self, path: str, *, namespace: str = "", query: Mapping[str, Any] | None = None, repeat: bool = True
    ) -> dict[str, Any]:
        """The ``data`` of GET /v1/``path``. Raises RequestError."""
        return _data(path, self.request(Request("GET", path, namespace, query or {}, repeat=repeat)))

    def listing(self, path: str, *, namespace: str = "", **query: Any) -> dict[str, Any]:
        """The ``data`` of LIST /v1/``path``: ``keys``, and ``key_info`` where the path has it; {"keys": []} if empty.

        Sent as GET with ``list=true``, which proxies let through. Raises RequestError.
        """
        wanted = Request("GET", path, namespace, {"list": "true", **query}, capability="list")
        try:
            answer = self.request(wanted)
        except RequestError as error:
            # Nothing there is a 404 without words; an unknown path or mount has them.
            if error.kind == errors.EMPTY:
                return {"keys": []}
            raise
        data = _data(path, answer)
        if not isinstance(data.get("keys"), list):
            raise RequestError(errors.UNREADABLE, path, "the answer has no list of keys", status=answer.status)
        return data

    def raw(self, path: str, *, namespace: str = "") -> bytes:
        """The body of GET /v1/``path`` as it is; b"" where the server has none. Raises RequestError."""
        return self.request(Request("GET", path, namespace)).body

    def probe(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON of an unauthenticated status path, whatever the status. Raises RequestError without any."""
        answer = self.request(Request("GET", path, any_status=True))
        return answer.status, _object(path, answer)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        repeat: bool = True,
    ) -> Any:
        """The JSON of any request's answer; {} where it has none. Raises RequestError.

        A write is repeated like a read, though the first attempt may have been carried out and only its answer lost:
        absolute values, and the start of what runs once at a time, are the same twice as once. Where they are not,
        the caller says so by ``repeat``.
        """
        capability = "patch" if method == "PATCH" else "update"
        wanted = Request(method, path, query=query or {}, body=body, capability=capability, repeat=repeat)
        answer = self.request(wanted)
        return _object(path, answer) if answer.body else {}

    def ask_again(self) -> None:
        """Forgets that the server was given up: a wait goes on until its own end."""
        with self._lock:
            self._silent = 0
            self._final = None

    def settle(self) -> None:
        """Waits for what a write may have done whose answer was lost: a standby that reads by itself lags behind."""
        self._sleep(SETTLES_WITHIN)

    def map(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
        """``function`` of all items over all connections, in the items' order. Not to be nested."""
        return self._workers.map(function, items)

    def request(self, request: Request) -> Answer:
        """One request with its retries, until the deadline. Raises RequestError."""
        if self._final is not None:
            raise self._final.at(request.path)
        began, timeout = self._clock(), self.connection.timeout
        deadline, attempt = began + timeout, 0
        while True:
            outcome = self._attempt(request, deadline)
            if isinstance(outcome, Answer):
                self._silent, self._patient = 0, self._patience > 0
                return outcome
            pause = self._pause(attempt, outcome, self._clock() - began) if request.repeat else None
            if pause is None:
                raise self._concluded(outcome.error)
            self._count_retry(outcome.error)
            self._sleep(pause)
            attempt += 1
            if self._is_waited_for(outcome.error):
                deadline = self._clock() + timeout

    def _pause(self, attempt: int, failure: Failure, elapsed: float) -> float | None:
        """Seconds before it is worth another attempt; None where it never is, or no more."""
        within, after = self.connection.timeout, failure.retry_after
        pause = min(self.connection.retries.backoff * 2.0**attempt, MAX_BACKOFF) if after is None else after
        if self._is_waited_for(failure.error):
            pause, within = min(max(pause, MIN_WAIT), MAX_WAIT), max(self._patience, within)
            self._patient = elapsed + pause < within  # what comes after a wait in vain is not waited for again
        elif not self._is_repeated(attempt, failure.error):
            return None
        return pause if elapsed + pause < within else None

    def _is_repeated(self, attempt: int, error: RequestError) -> bool:
        retries = self.connection.retries
        if attempt >= retries.total or error.kind in errors.FINAL:
            return False
        return error.kind == errors.UNREACHABLE or error.status in retries.statuses

    def _is_waited_for(self, error: RequestError) -> bool:
        return self._patient and self.connection.retries.total > 0 and errors.may_pass(error)

    def _attempt(self, request: Request, deadline: float) -> Answer | Failure:
        path = f"{self._prefix}{quote(request.path, safe='/:')}"
        if request.query:
            path += "?" + urlencode(request.query)
        body = None if request.body is None else json.dumps(request.body).encode()
        within = max(deadline - self._clock(), 0.001)
        try:
            reply = self._pool.exchange(request.method, path, headers=self._headers(request), body=body, within=within)
        except CONNECTION_ERRORS as error:
            return Failure(error_of_connection(request.path, error, self.connection.timeout))
        if reply.status < 300 or (request.any_status and _is_status(reply.content)):
            if request.method != "GET":
                self._index = reply.header(INDEX) or self._index
            return Answer(reply.status, reply.content)
        facts = {"location": reply.header("Location"), "index": self._index}
        failure = error_of(request.path, request.capability, reply.status, reply.content, **facts)
        return Failure(failure, retry_after(reply.header("Retry-After")))

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"X-Vault-Request": "true", "User-Agent": f"sre.preflight/{COLLECTION_VERSION}"}
        if self.token:
            headers["X-Vault-Token"] = self.token
        if self._index:
            headers[INDEX] = self._index
        namespace = "/".join(part for part in (self.connection.namespace, request.namespace.strip("/")) if part)
        # The status paths are the server's own: OpenBao refuses sys/health in a namespace.
        if namespace and not request.any_status:
            headers["X-Vault-Namespace"] = namespace + "/"
        if request.body is not None:
            merges = request.method == "PATCH"  # RFC 7396, which the servers insist on
            headers["Content-Type"] = "application/merge-patch+json" if merges else "application/json"
        return headers

    def _count_retry(self, error: RequestError) -> None:
        with self._lock:
            reason = str(error.status) if error.status and error.kind not in errors.FAILOVER else error.kind
            self.retried[reason] = self.retried.get(reason, 0) + 1

    def _concluded(self, error: RequestError) -> RequestError:
        """The failure as it is told of; where no other request can succeed, none is sent any more."""
        if error.kind == errors.FORBIDDEN and error.path != TOKEN_PATH and self._token_has_ended():
            error = RequestError(errors.TOKEN, error.path, errors.TOKEN_REASON, status=error.status)
        with self._lock:
            if error.kind in (errors.UNREACHABLE, errors.STALLED):
                self._silent += 1
            if error.kind in errors.FINAL or self._silent >= GIVE_UP_AFTER:
                self._final = self._final or error
        return error

    def _token_has_ended(self) -> bool:
        """Whether a token that could once look itself up cannot any more."""
        if not self.token_checked:
            return False
        with self._token_lock:
            if self._final is not None:
                return self._final.kind == errors.TOKEN
            now = self._clock()
            if self._token_asked_at is not None and now - self._token_asked_at < TOKEN_CHECK_EVERY:
                return False
            self._token_asked_at = now
            outcome = self._attempt(Request("GET", TOKEN_PATH), now + self.connection.timeout)
            ended = isinstance(outcome, Failure) and outcome.error.kind == errors.FORBIDDEN
            if ended:
                self._final = RequestError(errors.TOKEN, TOKEN_PATH, errors.TOKEN_REASON, status=403)
            return ended


def _is_status(content: bytes) -> bool:
    """Whether it is what a status path answers (sys/health has a status for each state), and not a failure's page."""
    try:
        parsed = json.loads(content)
    except ValueError:
        return False
    return isinstance(parsed, dict) and bool(parsed) and "errors" not in parsed


def _data(path: str, answer: Answer) -> dict[str, Any]:
    data = _object(path, answer).get("data")
    if not isinstance(data, dict):
        raise RequestError(errors.UNREADABLE, path, "the answer has no data", status=answer.status)
    return data


def _object(path: str, answer: Answer) -> dict[str, Any]:
    try:
        parsed = json.loads(answer.body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        reason = "the answer is no JSON object; is it a Vault or OpenBao?"
        raise RequestError(errors.UNREADABLE, path, reason, status=answer.status)
    return parsed
