# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS settings of a client that verifies its server."""

from __future__ import annotations

import os
import ssl
from typing import NamedTuple

from .._audit.policy import OptionError


class Files(NamedTuple):
    """Paths of the CA certificates (a file or a hashed directory), the client certificate and its key."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


class Names(NamedTuple):
    """The options that these paths were given in."""

    ca: str
    certificate: str
    key: str


def client_context(files: Files, names: Names, *, verify: bool) -> ssl.SSLContext:
    """The context. Raises OptionError that names the option whose file cannot be used."""
    try:
        if files.ca is None:
            context = ssl.create_default_context()
        elif os.path.isdir(files.ca):
            context = ssl.create_default_context(capath=files.ca)
        else:
            context = ssl.create_default_context(cafile=files.ca)
    except OSError as error:
        raise OptionError.of(names.ca, files.ca, f"cannot be used: {error.strerror or error}") from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if files.certificate:
        _load_client_certificate(context, files.certificate, files.key, names)
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str | None, names: Names) -> None:
    try:
        # An encrypted key would ask on the terminal: this answers that there is no password.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except FileNotFoundError:
        if os.path.exists(certificate):
            raise OptionError.of(names.key, key, "does not exist") from None
        raise OptionError.of(names.certificate, certificate, "does not exist") from None
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or "unreadable"
        raise OptionError.of(
            names.certificate, certificate, f"cannot be used with {names.key} {key!r}: {reason}"
        ) from None
