# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a connection that failed means."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import NamedTuple

from .library import urllib3

TLS = "tls"
STALLED = "stalled"
UNREACHABLE = "unreachable"
_HUNG_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""The other end was there and went, as a load balancer does whose server restarts: no fault of the certificates."""


class ConnectionFailure(NamedTuple):
    """``kind`` is one of the above, ``reason`` is in words."""

    kind: str
    reason: str


def connection_failure(error: Exception, timeout: float) -> ConnectionFailure:
    """What one of library.CONNECTION_ERRORS means; ``timeout`` in seconds is what was waited for."""
    causes = list(_causes(error))
    refused = next(
        (cause for cause in causes if isinstance(cause, ssl.SSLError) and not isinstance(cause, _HUNG_UP)), None
    )
    if refused is not None:
        reason = getattr(refused, "verify_message", None) or refused.reason or "the handshake failed"
        return ConnectionFailure(TLS, f"TLS: {reason}")
    # A refused connection is one of urllib3's time-outs too.
    timed_out = any(isinstance(cause, (TimeoutError, urllib3.exceptions.TimeoutError)) for cause in causes)
    if timed_out and not isinstance(error, urllib3.exceptions.NewConnectionError):
        return ConnectionFailure(STALLED, f"no answer within {timeout:g} s")
    known = (getattr(cause, "strerror", None) for cause in reversed(causes))
    reason = next((each for each in known if each), type(causes[-1]).__name__)
    return ConnectionFailure(UNREACHABLE, f"no connection: {reason}")


def retry_after(header: str | None) -> float | None:
    """The header Retry-After where it is a number of seconds (RFC 9110, 10.2.3); a date counts as none."""
    return float(header) if header and header.isdecimal() else None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that it wraps: urllib3 keeps some as ``__cause__``, some as an argument."""
    while error is not None:
        yield error
        inner = next((each for each in error.args if isinstance(each, BaseException)), None)
        error = error.__cause__ or inner or error.__context__
