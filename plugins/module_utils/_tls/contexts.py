# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS settings of a run: as permissive as OpenSSL allows, since an audit reads where a client would refuse."""

from __future__ import annotations

import os
import re
import ssl
import threading
import warnings
from collections.abc import Sequence

from .._audit.policy import OptionError

# Everything that authenticates the server by a certificate, whatever its strength: no anonymous Diffie-Hellman.
_CIPHERS = "ALL:!aNULL:!PSK:!SRP:@SECLEVEL=0"
_OP_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT from Python 3.12: servers without RFC 5746
# OpenSSL's X509_V_FLAG_*: dates are judged by rules of our own, as of any instant. What the user calls trusted
# is a trust anchor, an intermediate too.
_NO_CHECK_TIME = 0x200000
_PARTIAL_CHAIN = 0x80000
_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.[0-9]+")
_ENCRYPTED = "the key is encrypted and no password given fits; add it to passwords"
_CA_FILE_NAME = re.compile(r".+\.(pem|crt|cer)", re.IGNORECASE)


class Contexts:
    """One SSLContext for all endpoints without a client certificate, and one for each client certificate.

    ca_path: a PEM file or a directory of CA certificates to verify against, or None; passwords: tried in turn on
    an encrypted client key. ``create_default_context`` would cost 40 ms apiece, these cost 0.3 ms.
    """

    def __init__(self, *, ca_path: str | None = None, passwords: Sequence[str] = ()) -> None:
        self.ca_path = ca_path
        self._passwords = tuple(passwords)
        self._lock = threading.Lock()
        self._cache: dict[tuple[str | None, str | None, bool], ssl.SSLContext] = {}
        if ca_path is not None:
            self.get(verify=True)

    def get(
        self, client_certificate: str | None = None, client_key: str | None = None, *, verify: bool
    ) -> ssl.SSLContext:
        """The context for that client certificate, which verifies against ca_path or not at all.

        Raises OptionError that names the option when a file cannot be used.
        """
        cache_key = (client_certificate, client_key, verify)
        with self._lock:
            if cache_key not in self._cache:
                self._cache[cache_key] = self._make(*cache_key)
            return self._cache[cache_key]

    def _make(self, certificate: str | None, key: str | None, verify: bool) -> ssl.SSLContext:
        context = _permissive_context()
        if verify:
            context.verify_mode = ssl.CERT_REQUIRED
            context.verify_flags |= _NO_CHECK_TIME | _PARTIAL_CHAIN
            _load_ca(context, str(self.ca_path))
        if certificate is not None:
            self._load_client(context, certificate, key)
        return context

    def _load_client(self, context: ssl.SSLContext, certificate: str, key: str | None) -> None:
        """Loads the pair; with a password for every case, since OpenSSL would ask for one on the terminal."""
        for path in (certificate, key or certificate):
            _check_readable(path, "client_certificate" if path == certificate else "client_key")
        reason = _load_pair(context, certificate, key, "")
        for password in self._passwords:
            if reason in (None, _ENCRYPTED):
                reason = reason and _load_pair(context, certificate, key, password)
        if reason is not None:
            raise OptionError(
                f"client_certificate: {certificate} with the key in {key or certificate} cannot be used: {reason}"
            )


def _load_pair(context: ssl.SSLContext, certificate: str, key: str | None, password: str) -> str | None:
    """None once the pair is loaded, else why it is not. OpenSSL asks for the password only if it needs one."""
    asked = False

    def answer() -> str:
        nonlocal asked
        asked = True
        return password

    try:
        context.load_cert_chain(certificate, key, password=answer)
    except ssl.SSLError as error:
        return _ENCRYPTED if asked else f"{error.reason or 'not PEM'}; name the PEM files of a certificate and its key"
    return None


def _permissive_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        # TLS 1.0 is deprecated, and to be read all the same.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers(_CIPHERS)
    context.options |= _OP_LEGACY_SERVER_CONNECT
    return context


def _load_ca(context: ssl.SSLContext, path: str) -> None:
    """Loads a file, a directory as `openssl rehash` makes it, or a directory of PEM files."""
    _check_readable(path, "ca_path")
    if not os.path.isdir(path):
        _load_ca_file(context, path)
        return
    names = sorted(os.listdir(path))
    if any(_HASHED_NAME.fullmatch(name) for name in names):
        context.load_verify_locations(capath=path)
        return
    files = [os.path.join(path, name) for name in names if _CA_FILE_NAME.fullmatch(name)]
    if not files:
        raise OptionError(f"ca_path: {path} has no CA certificate; put files *.pem or *.crt there, or name one file")
    for file in files:
        _load_ca_file(context, file)


def _load_ca_file(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        raise OptionError(
            f"ca_path: {path} has no CA certificate ({error.reason or 'not PEM'}); give a PEM file or a directory"
        ) from None


def _check_readable(path: str, option: str) -> None:
    """OpenSSL's own message for a missing file names neither the file nor the option."""
    try:
        if os.path.isdir(path):
            os.listdir(path)
        else:
            with open(path, "rb"):
                pass
    except OSError as error:
        raise OptionError(
            f"{option}: {path} cannot be read ({error.strerror}); name a file that the audit can read"
        ) from None
