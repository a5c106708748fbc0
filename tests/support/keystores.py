# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keystores by hand: Java's JKS and JCEKS, and PKCS#12 as no library would write it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.support import asn1

if TYPE_CHECKING:
    from collections.abc import Sequence

PBES2 = "1.2.840.113549.1.5.13"
PBE_SHA1_RC2_40 = "1.2.840.113549.1.12.1.6"
JKS_MAGIC, JCEKS_MAGIC = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"


def trusted_entry(alias: str, der: bytes, *, kind: str = "X.509") -> bytes:
    """A trusted certificate."""
    return _number(2) + _text(alias) + bytes(8) + _certificate(der, kind)


def key_entry(alias: str, protected_key: bytes, chain: Sequence[bytes]) -> bytes:
    """A private key (as protected as the caller likes) with its chain."""
    certificates = b"".join(_certificate(der, "X.509") for der in chain)
    key = _number(len(protected_key)) + protected_key
    return _number(1) + _text(alias) + bytes(8) + key + _number(len(chain)) + certificates


def secret_entry(alias: str, serialised: bytes = b"\xac\xed\0\5sr\0") -> bytes:
    """A JCEKS secret key: an object in Java's serialisation."""
    return _number(3) + _text(alias) + bytes(8) + serialised


def keystore(*entries: bytes, password: str = "changeit", magic: bytes = JKS_MAGIC, version: int = 2) -> bytes:
    """A whole keystore with its digest."""
    body = magic + _number(version) + _number(len(entries)) + b"".join(entries)
    return body + hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _certificate(der: bytes, kind: str) -> bytes:
    return _text(kind) + _number(len(der)) + der


def pfx(*contents: bytes, mac: bytes = b"") -> bytes:
    """A PKCS#12 store (RFC 7292) of the given ContentInfos."""
    safe = asn1.tlv(asn1.SEQUENCE, *contents)
    return asn1.tlv(asn1.SEQUENCE, asn1.integer(3), _data_content(safe), mac)


def clear_content(*bags: bytes) -> bytes:
    """A ContentInfo of bags in the clear."""
    return _data_content(asn1.tlv(asn1.SEQUENCE, *bags))


def encrypted_content(*, iterations: int = 2048, scheme: str = PBES2) -> bytes:
    """A ContentInfo which claims to be encrypted with so many iterations; there is nothing inside."""
    content = asn1.tlv(
        asn1.SEQUENCE, asn1.oid("1.2.840.113549.1.7.1"), encryption(iterations, scheme), asn1.tlv(0x80, bytes(32))
    )
    encrypted = asn1.tlv(asn1.SEQUENCE, asn1.integer(0), content)
    return asn1.tlv(asn1.SEQUENCE, asn1.oid("1.2.840.113549.1.7.6"), asn1.tlv(asn1.CONTEXT, encrypted))


def certificate_bag(der: bytes, alias: str | None = None) -> bytes:
    """A CertBag."""
    wrapped = asn1.tlv(asn1.CONTEXT, asn1.tlv(asn1.OCTET_STRING, der))
    certificate = asn1.tlv(asn1.SEQUENCE, asn1.oid("1.2.840.113549.1.9.22.1"), wrapped)
    return _bag("1.2.840.113549.1.12.10.1.3", certificate, alias)


def key_bag(alias: str | None = None, *, iterations: int = 2048) -> bytes:
    """A PKCS8ShroudedKeyBag which holds no key."""
    key = asn1.tlv(asn1.SEQUENCE, encryption(iterations, PBES2), asn1.tlv(asn1.OCTET_STRING, bytes(32)))
    return _bag("1.2.840.113549.1.12.10.1.2", key, alias)


def encryption(iterations: int, scheme: str) -> bytes:
    """An AlgorithmIdentifier with salt and iterations as PKCS#12's own schemes have them, or as PBES2 has."""
    parameters = asn1.tlv(asn1.SEQUENCE, asn1.tlv(asn1.OCTET_STRING, bytes(8)), asn1.integer(iterations))
    if scheme == PBES2:
        derivation = asn1.tlv(asn1.SEQUENCE, asn1.oid("1.2.840.113549.1.5.12"), parameters)
        cipher = asn1.tlv(asn1.SEQUENCE, asn1.oid("2.16.840.1.101.3.4.1.42"), asn1.tlv(asn1.OCTET_STRING, bytes(16)))
        parameters = asn1.tlv(asn1.SEQUENCE, derivation, cipher)
    return asn1.tlv(asn1.SEQUENCE, asn1.oid(scheme), parameters)


def mac_data(iterations: int) -> bytes:
    """A MacData that fits nothing."""
    digest = asn1.tlv(asn1.SEQUENCE, asn1.tlv(asn1.SEQUENCE, asn1.oid("1.3.14.3.2.26")), asn1.tlv(4, bytes(20)))
    return asn1.tlv(asn1.SEQUENCE, digest, asn1.tlv(asn1.OCTET_STRING, bytes(8)), asn1.integer(iterations))


def _data_content(contents: bytes) -> bytes:
    wrapped = asn1.tlv(asn1.CONTEXT, asn1.tlv(asn1.OCTET_STRING, contents))
    return asn1.tlv(asn1.SEQUENCE, asn1.oid("1.2.840.113549.1.7.1"), wrapped)


def _bag(kind: str, value: bytes, alias: str | None) -> bytes:
    attributes = b""
    if alias is not None:
        text = asn1.tlv(asn1.SET, asn1.tlv(asn1.BMP, alias.encode("utf-16-be")))
        attributes = asn1.tlv(asn1.SET, asn1.tlv(asn1.SEQUENCE, asn1.oid("1.2.840.113549.1.9.20"), text))
    return asn1.tlv(asn1.SEQUENCE, asn1.oid(kind), asn1.tlv(asn1.CONTEXT, value), attributes)


def indefinite(der: bytes) -> bytes:
    """The outermost element of DER as BER of indefinite length."""
    start = 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)
    return der[:1] + b"\x80" + der[start:] + b"\0\0"
