# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a module over one server: connection, login, and one warning of what had to be repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._audit.policy import OptionError
from .auth import log_in
from .connection import from_params
from .errors import RequestError
from .libraries import require
from .transport import Transport


@contextmanager
def logged_in(
    params: Mapping[str, Any], environment: Mapping[str, str], *, patience: float = 0.0
) -> Iterator[Transport]:
    """A transport that has logged in as the options of the connection and of the login say; it is closed at the end.

    ``patience``: see Transport.

    Raises OptionError for bad input, for a refused login, and in place of any RequestError that leaves the block:
    then the server could not be asked what the run depends on.
    """
    require()
    connection = from_params(params, environment)
    transport = Transport(connection, patience=patience)
    try:
        log_in(transport, params, environment)
        yield transport
    except RequestError as error:
        raise OptionError.of("url", connection.url, f"cannot be asked: {error}") from None
    finally:
        transport.close()
        if connection.warn_of_retries:
            _warn_of(transport.retried)


def _warn_of(retried: Mapping[str, int]) -> None:
    """One warning in the module's result for all requests that had to be repeated."""
    if retried:
        from ansible.module_utils.common.warnings import warn

        reasons = ", ".join(f"{count} x {reason}" for reason, count in sorted(retried.items()))
        warn(f"requests to the server had to be repeated: {reasons}")
