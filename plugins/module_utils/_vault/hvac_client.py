# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""hvac on top of our transport: its knowledge of the API's logins, our connections, deadlines and errors."""

from __future__ import annotations

import functools
import re
from typing import Any

from . import libraries
from .transport import Transport


def make_client(transport: Transport) -> Any:
    """An hvac.Client all of whose requests go through ``transport``; it raises RequestError instead of hvac's errors.

    A login that it makes leaves its token in the transport. Nothing is sent by making it.
    """
    # A url and a token, however empty, keep hvac from looking into the environment.
    return libraries.hvac.Client(
        url=transport.connection.url, token="", verify=True, adapter=functools.partial(TransportAdapter, transport)
    )


class TransportAdapter(libraries.JSONAdapter):  # type: ignore[misc] # hvac has no types
    """What hvac calls for each request. Its own options of a connection are the transport's here."""

    def __init__(self, transport: Transport, **options: Any) -> None:
        super().__init__(**options)
        self._transport = transport

    def login(self, url: str, use_token: bool = True, **options: Any) -> Any:
        """hvac's login, whose token is from then on sent with every request."""
        answer = super().login(url, use_token=use_token, **options)
        if use_token:
            self._transport.token = self.token
        return answer

    def request(self, method: str, url: str, *_headers: Any, **options: Any) -> Any:
        """The JSON of the answer, {} where it has none. Raises RequestError."""
        path = re.sub("/{2,}", "/", url).strip("/")
        path = path[len("v1/") :] if path.startswith("v1/") else path
        return self._transport.call(method.upper(), path, body=options.get("json"), query=options.get("params"))
