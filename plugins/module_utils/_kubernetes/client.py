# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading lists from an API server: by pages, again where a page was interrupted, from the start where it must."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Callable, NamedTuple, Optional
from urllib.parse import urlencode

from .._http.failure import TLS, connection_failure, retry_after
from .._http.library import CONNECTION_ERRORS, urllib3
from .list_stream import ListStream

PAGE = 500
"""Objects a page, as kubectl has it."""
MAX_RETRIES = 5
FIRST_PAUSE = 0.5
"""Seconds; it doubles. All pauses together are 15 s, in which an API server restarts."""
_CHUNK = 1 << 18
_BUSY = (429, 500, 502, 503, 504)
FORBIDDEN, UNAUTHORIZED, ABSENT, EXPIRED, FAILED = "forbidden", "unauthorized", "absent", "expired", "failed"
_KINDS = {
    HTTPStatus.FORBIDDEN: FORBIDDEN,
    HTTPStatus.UNAUTHORIZED: UNAUTHORIZED,
    HTTPStatus.NOT_FOUND: ABSENT,
    HTTPStatus.GONE: EXPIRED,
}

Keep = Callable[[Mapping[str, Any]], Optional[Any]]
"""From an object to what is kept of it; None where that is nothing."""


class Refusal(Exception):
    """The server did not answer as asked: ``kind`` is one of the above or of _http.failure, ``reason`` in words.

    ``pause`` is how long the server asks to be left alone, in seconds; ``again`` says that it may be asked again.
    """

    def __init__(self, kind: str, reason: str, *, again: bool = False, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.again = again
        self.pause = pause


class Listing(NamedTuple):
    """What was kept, how many objects there were, and how often the list had to be begun anew."""

    kept: list[Any]
    objects: int
    restarts: int


class Client:
    """Reads only. ``api`` is an ApiClient of the library, whose connections and logins these are."""

    def __init__(
        self, api: Any, options: Mapping[str, Any], *, page: int = PAGE, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._configuration = api.configuration
        self._pool = api.rest_client.pool_manager
        self._timeout = float(options["timeout"])
        self._impersonate = [("Impersonate-User", options["impersonate_user"])] if options["impersonate_user"] else []
        self._impersonate += [("Impersonate-Group", group) for group in options["impersonate_groups"]]
        self._page = page
        self._sleep = sleep
        self._retries = MAX_RETRIES
        self.repeated = 0

    @property
    def url(self) -> str:
        """The server's address."""
        return str(self._configuration.host)

    def version(self) -> tuple[str, Any]:
        """The server's version and its clock (None where it does not tell), asked once. Raises Refusal."""
        response = self._open("/version", {})
        try:
            answer = json.loads(response.read())
            told = response.headers.get("Date")
            return str(answer["gitVersion"]), parsedate_to_datetime(told) if told else None
        except CONNECTION_ERRORS as error:
            raise self._interrupted(error) from None
        except (ValueError, KeyError, TypeError):
            raise Refusal(FAILED, "it does not answer /version as Kubernetes does") from None
        finally:
            response.release_conn()

    def list_all(self, path: str, query: Mapping[str, str], keep: Keep) -> Listing:
        """All objects of a list. Raises Refusal.

        A list whose continue token has expired (410) is begun anew, as a whole and not by pages, as client-go does.
        """
        kept: list[Any] = []
        objects, position = 0, ""
        while True:
            asked = {**query, "limit": str(self._page), **({"continue": position} if position else {})}
            try:
                page, found, position = self._page_of(path, asked, keep, granted=bool(position))
            except Refusal as refusal:
                if refusal.kind != EXPIRED:
                    raise
                kept, objects, _end = self._page_of(path, query, keep, granted=True)
                return Listing(kept, objects, 1)
            kept += page
            objects += found
            if not position:
                return Listing(kept, objects, 0)

    def _page_of(self, path: str, query: Mapping[str, str], keep: Keep, *, granted: bool) -> tuple[list[Any], int, str]:
        """(kept, objects, continue) of one page, asked for again where it was interrupted.

        An API server that has just started knows no rights for a moment, and forbids what it had ``granted``.
        """
        left, pause = self._retries, FIRST_PAUSE
        while True:
            try:
                return self._read_page(path, query, keep)
            except Refusal as refusal:
                if not (refusal.again or (granted and refusal.kind == FORBIDDEN)):
                    raise
                if not left:
                    self._retries = 0  # what comes after it is not waited for as well
                    raise
                self.repeated += 1
                self._sleep(max(pause, min(refusal.pause, self._timeout)))
                left, pause = left - 1, pause * 2

    def _read_page(self, path: str, query: Mapping[str, str], keep: Keep) -> tuple[list[Any], int, str]:
        response = self._open(path, query)
        whole = False
        try:
            stream = ListStream(response.stream(_CHUNK, decode_content=True))
            kept, objects = [], 0
            for item in stream:
                objects += 1
                row = keep(item)
                if row is not None:
                    kept.append(row)
            whole = True
            return kept, objects, str(stream.metadata.get("continue") or "")
        except CONNECTION_ERRORS as error:
            raise self._interrupted(error) from None
        except ValueError as error:
            raise Refusal(FAILED, str(error), again=True) from None
        finally:
            if whole:
                response.release_conn()
            else:
                response.close()

    def _open(self, path: str, query: Mapping[str, str]) -> Any:
        """The response to a GET, its body unread. Raises Refusal."""
        url = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        timeout = urllib3.Timeout(connect=min(10.0, self._timeout), read=self._timeout)
        try:
            response = self._pool.request(
                "GET",
                url,
                headers=self._headers(),
                timeout=timeout,
                preload_content=False,
                redirect=False,  # the login is for this server
                retries=False,
            )
        except CONNECTION_ERRORS as error:
            raise self._interrupted(error) from None
        if response.status == HTTPStatus.OK:
            return response
        try:
            raise _refusal(response)
        finally:
            response.close()

    def _headers(self) -> Any:
        headers = urllib3.HTTPHeaderDict({"Accept": "application/json", "User-Agent": "preflight"})
        for name, value in self._impersonate:
            headers.add(name, value)  # one header a group
        for setting in self._configuration.auth_settings().values():
            if setting["in"] == "header" and setting["value"]:
                headers[setting["key"]] = setting["value"]
        return headers

    def _interrupted(self, error: Exception) -> Refusal:
        kind, reason = connection_failure(error, self._timeout)
        return Refusal(kind, reason, again=kind != TLS)


def _refusal(response: Any) -> Refusal:
    """A status that is no success, with the server's own words."""
    try:
        status = json.loads(response.read(1 << 16))
        message = str(status["message"])
    except CONNECTION_ERRORS:
        message = ""
    except (ValueError, KeyError, TypeError):
        message = ""
    reason = f"HTTP status {response.status}" + (f": {' '.join(message.split())[:300]}" if message else "")
    pause = retry_after(response.headers.get("Retry-After")) or 0.0
    return Refusal(_KINDS.get(response.status, FAILED), reason, again=response.status in _BUSY, pause=pause)
