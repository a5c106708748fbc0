# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PKCS#12 keystores (RFC 7292): certificates in the clear are read as they lie, encrypted ones by cryptography."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import library
from .certificate_reader import read_certificate
from .items import CertificateItem, Item, KeyItem, ProblemItem
from .pfx import Store, survey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Some 15 times what OWASP asks for, a few seconds. A hostile store can ask for 2^31, which takes a day.
MAX_ITERATIONS = 10_000_000


def read_pkcs12(data: bytes, passwords: Sequence[str]) -> Iterator[Item]:
    """The keys and certificates of a store by alias (friendlyName) or number.

    ``passwords`` are tried in their order after the empty one. Where none opens the store, what lies in the
    clear stays, and a ``password`` problem says that there is more.
    """
    try:
        store = survey(data)
    except ValueError as error:
        yield ProblemItem("", "unparseable", f"the PKCS#12 store is not well-formed: {error}")
        return
    for number, bag in enumerate(store.bags, 1):
        yield _item(bag.alias or str(number), bag.certificate)
    if store.encrypted:
        yield from _read_encrypted(data, passwords, store)


def _item(position: str, certificate: bytes | None) -> Item:
    if certificate is None:
        return KeyItem(position)
    try:
        return CertificateItem(position, read_certificate(certificate))
    except ValueError as error:
        return ProblemItem(position, "unparseable", str(error))


def _read_encrypted(data: bytes, passwords: Sequence[str], store: Store) -> Iterator[Item]:
    """What the bags in the clear have not shown already."""
    if store.iterations > MAX_ITERATIONS:
        reason = f"its key derivation takes {store.iterations} iterations, at most {MAX_ITERATIONS} are done"
        yield ProblemItem("", "unparseable", reason)
        return
    opened = next(filter(None, (_open(data, password) for password in ("", *passwords))), None)
    if opened is None:
        yield ProblemItem("", "password", _refusal(passwords, store))
        return
    seen = {bag.certificate for bag in store.bags}
    if opened.key is not None and None not in seen:
        yield KeyItem("key")
    entries = [entry for entry in (opened.cert, *opened.additional_certs) if entry is not None]
    for number, entry in enumerate(entries, len(store.bags) + 1):
        der = entry.certificate.public_bytes(library.Encoding.DER)
        if der not in seen:
            yield _item((entry.friendly_name or b"").decode("utf-8", "replace") or str(number), der)


def _open(data: bytes, password: str) -> library.PKCS12KeyAndCertificates | None:
    """The store as cryptography opens it with this password; None where it does not."""
    try:
        return library.load_pkcs12(data, password.encode("utf-8", "surrogatepass") if password else None)
    except library.REFUSALS:
        return None


def _refusal(passwords: Sequence[str], store: Store) -> str:
    """Why the store stays shut: cryptography does not tell a wrong password from a cipher that it lacks."""
    tried = f"none of {len(passwords)} passwords opens it" if passwords else "it needs a password and none is given"
    if store.legacy_cipher:
        return tried + ", or this host's OpenSSL lacks its old cipher (RC2 or 3DES): write the store anew"
    return tried
