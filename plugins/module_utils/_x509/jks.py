# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Java keystores, JKS and JCEKS: their certificates need no password.

The format is Oracle's (sun.security.provider.JavaKeyStore, com.sun.crypto.provider.JceKeyStore): big-endian,
magic, version, count, entries, and a SHA-1 digest keyed with the password. Private keys are stepped over.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from .certificate_reader import read_certificate
from .items import CertificateItem, Item, KeyItem, ProblemItem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAGICS = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_PRIVATE_KEY, _TRUSTED_CERTIFICATE, _SECRET_KEY = 1, 2, 3
_DIGEST_SIZE = 20
_WHITENER = b"Mighty Aphrodite"


class _Reader:
    """Reads big-endian fields one after the other; raises ValueError where the store ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def text(self) -> str:
        """Java's modified UTF-8, with a two-byte length."""
        encoded = self.take(self.number(2))
        return encoded.replace(b"\xc0\x80", b"\0").decode("utf-8", "backslashreplace")

    def take(self, size: int) -> bytes:
        start = self._position
        self.skip(size)
        return self._data[start : self._position]

    def skip(self, size: int) -> None:
        if size > len(self._data) - self._position:
            raise ValueError(f"the keystore is cut short at byte {self._position}")
        self._position += size


def read_jks(data: bytes, passwords: Sequence[str]) -> Iterator[Item]:
    """The entries of a JKS or JCEKS keystore by alias; of a chain the second on as ``alias#2``.

    A store that is cut short keeps what came before. With passwords, the store's digest is checked.
    """
    reader = _Reader(data)
    try:
        version = _read_version(reader)
        for _entry in range(reader.number(4)):
            yield from _read_entry(reader, version)
    except ValueError as error:
        yield ProblemItem("", "unparseable", str(error))
    if passwords and not any(_is_password(data, password) for password in passwords):
        reason = "none of the passwords fits the keystore's digest: its integrity is not known"
        yield ProblemItem("", "password", reason)


def _read_version(reader: _Reader) -> int:
    reader.skip(4)  # magic
    version = reader.number(4)
    if version not in (1, 2):
        raise ValueError(f"the keystore has the version {version}, expected 1 or 2")
    return version


def _read_entry(reader: _Reader, version: int) -> Iterator[Item]:
    kind = reader.number(4)
    if kind == _SECRET_KEY:
        raise ValueError("a secret key follows, whose length only Java knows: the entries after it are not known")
    if kind not in (_PRIVATE_KEY, _TRUSTED_CERTIFICATE):
        raise ValueError(f"the keystore has an entry of the unknown kind {kind}")
    alias = reader.text()
    reader.skip(8)  # creation time
    count = 1
    if kind == _PRIVATE_KEY:
        yield KeyItem(alias)
        reader.skip(reader.number(4))
        count = reader.number(4)
    for number in range(1, count + 1):
        yield _read_certificate(reader, version, alias if number == 1 else f"{alias}#{number}")


def _read_certificate(reader: _Reader, version: int, position: str) -> Item:
    kind = reader.text() if version == 2 else "X.509"
    encoded = reader.take(reader.number(4))
    if kind != "X.509":
        return ProblemItem(position, "unparseable", f"it is a certificate of the type {kind!r}, expected X.509")
    try:
        return CertificateItem(position, read_certificate(encoded))
    except ValueError as error:
        return ProblemItem(position, "unparseable", str(error))


def _is_password(data: bytes, password: str) -> bool:
    """Whether the digest at the store's end is that of this password."""
    digest = hashlib.sha1(password.encode("utf-16-be", "surrogatepass") + _WHITENER)  # noqa: S324 - the format's own
    digest.update(memoryview(data)[:-_DIGEST_SIZE])
    return hmac.compare_digest(digest.digest(), data[-_DIGEST_SIZE:])
