# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One TLS handshake, for the sake of the certificates that the server sends in it."""

from __future__ import annotations

import re
import ssl
from typing import Any, NamedTuple

from .stream import Connection, ProbeError, quoted

PHASE = "during the TLS handshake"

_RECORD_TYPES = range(0x14, 0x19)  # the first byte of a TLS record (RFC 8446 appendix B.1)
_DER = 2  # _ssl.ENCODING_DER
_ALERT = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_ALERT_(.+)|TLSV1_(UNRECOGNIZED_NAME)")
# How servers up to TLS 1.2 say that a client certificate was missing or not to their liking (RFC 5246 section 7.4.6).
_CLIENT_CERTIFICATE_ALERTS = (
    "handshake failure",
    "certificate required",
    "no certificate",
    "bad certificate",
    "certificate unknown",
    "unknown ca",
)


class Served(NamedTuple):
    """What a handshake showed; see Observation. ``chain`` is empty only where ``trust`` cost us the handshake."""

    chain: tuple[bytes, ...]
    chain_known: bool
    tls_version: str | None
    trust: dict[str, Any] | None
    client_certificate_requested: bool | None
    handshake_error: str | None


def read_served(connection: Connection, context: ssl.SSLContext, server_name: str | None) -> Served:
    """Performs the handshake and reads the chain, also of a handshake that fails after the chain came.

    A context that verifies ends the handshake when it does not trust the chain: that is evidence too. OpenSSL 3
    still shows the chain then, OpenSSL 1.1.1 does not. Raises ProbeError where no certificate was seen.
    """
    connection.phase = PHASE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=server_name)
    trust: dict[str, Any] | None = (
        {"trusted": True, "reason": None} if context.verify_mode == ssl.CERT_REQUIRED else None
    )
    error: str | None = None
    try:
        _run(tls, connection, incoming, outgoing)
    except ssl.SSLCertVerificationError as failure:
        trust = {"trusted": False, "reason": failure.verify_message}
    except (ssl.SSLError, ProbeError) as failure:
        error = _reason(failure)
    chain = _read_chain(tls)
    if error and not chain:
        raise ProbeError(error)
    return Served(
        chain=chain,
        chain_known=_shows_chain(tls),
        tls_version=tls.version(),
        trust=trust,
        client_certificate_requested=True if error and _asks_for_certificate(error) else None,
        handshake_error=error,
    )


def _run(tls: ssl.SSLObject, connection: Connection, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
    """Carries bytes between the socket and OpenSSL until the handshake is over."""
    started = False
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            connection.send(outgoing.read())
        except ssl.SSLError:
            _say_goodbye(connection, outgoing)
            raise
        else:
            _say_goodbye(connection, outgoing)
            return
        data = connection.receive()
        if not started and data[0] not in _RECORD_TYPES:
            raise ProbeError(f"not TLS: the server answered {quoted(data)}")
        started = True
        incoming.write(data)


def _say_goodbye(connection: Connection, outgoing: ssl.MemoryBIO) -> None:
    """The last flight, so that the server's log tells what happened; nothing depends on its arrival."""
    try:
        connection.send(outgoing.read())
    except ProbeError:
        return


def _shows_chain(tls: Any) -> bool:
    return hasattr(tls._sslobj, "get_unverified_chain")


def _read_chain(tls: Any) -> tuple[bytes, ...]:
    """The DER of the certificates that were received, leaf first.

    SSLObject.get_unverified_chain is public from Python 3.13; the object below has it from 3.10.
    """
    if _shows_chain(tls):
        return tuple(each.public_bytes(_DER) for each in tls._sslobj.get_unverified_chain() or ())
    try:
        leaf = tls.getpeercert(binary_form=True)
    except ValueError:  # the handshake is not over
        leaf = None
    return (leaf,) if leaf else ()


def _reason(failure: ssl.SSLError | ProbeError) -> str:
    if isinstance(failure, ProbeError):
        return str(failure)
    alert = _ALERT.fullmatch(failure.reason or "")
    if alert:
        return f"the server ended the TLS handshake with the alert '{_words(alert.group(1) or alert.group(2))}'"
    return f"the TLS handshake failed: {_words(failure.reason) if failure.reason else failure}"


def _words(reason: str) -> str:
    """OpenSSL's ``UNKNOWN_CA`` as ``unknown ca``."""
    return reason.replace("_", " ").lower()


def _asks_for_certificate(error: str) -> bool:
    return any(error.endswith(f"the alert '{alert}'") for alert in _CLIENT_CERTIFICATE_ALERTS)
