# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells by its first tags what a DER structure is."""

from __future__ import annotations

from enum import Enum

from .der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    peek_element,
)
from .pkcs7 import SIGNED_DATA

_PKCS7_DATA = bytes.fromhex("06092a864886f70d010701")
_OBJECT_IDENTIFIER = bytes((OBJECT_IDENTIFIER,))
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18


class Kind(Enum):
    """What a structure is; OTHER is also what is not DER at all."""

    CERTIFICATE = "certificate"
    CRL = "CRL"
    PKCS7 = "PKCS#7"
    PKCS12 = "PKCS#12"
    PRIVATE_KEY = "private key"
    OTHER = "other"


def sniff(data: bytes, position: int) -> tuple[Kind, int]:
    """What begins at ``position`` and where it ends, at most at the end of the data.

    A structure that is cut short is told as well, so that its reader can say so. Looks at a few bytes only.
    """
    try:
        outer = peek_element(data, position, len(data))
        if outer.tag != SEQUENCE:
            return Kind.OTHER, len(data)
        end = min(outer.end, len(data))
        return _kind(data, _siblings(data, outer.start, end), whole=outer.end <= len(data)), end
    except ValueError:
        return Kind.OTHER, len(data)


def _siblings(data: bytes, position: int, end: int) -> list[Element]:
    """The first four elements from ``position`` on, as far as they are there."""
    found: list[Element] = []
    while position < end and len(found) < 4:
        try:
            found.append(peek_element(data, position, end))
        except ValueError:
            break
        position = found[-1].end
    return found


def _kind(data: bytes, parts: list[Element], *, whole: bool) -> Kind:
    tags = [part.tag for part in parts]
    if tags[:1] == [OBJECT_IDENTIFIER] and data.startswith(SIGNED_DATA, parts[0].position):
        return Kind.PKCS7
    if tags[:2] == [INTEGER, SEQUENCE] and data.startswith(_PKCS7_DATA, parts[1].start):
        return Kind.PKCS12
    if whole and _is_private_key(data, parts, tags):
        return Kind.PRIVATE_KEY
    if tags[:1] == [SEQUENCE]:
        return _signed_kind(data, parts[0])
    return Kind.OTHER


def _is_private_key(data: bytes, parts: list[Element], tags: list[int]) -> bool:
    """PKCS#8 (encrypted or plain), SEC 1, PKCS#1 and DSA (RFC 5958, RFC 5915, RFC 8017)."""
    if tags == [SEQUENCE, OCTET_STRING]:
        return data.startswith(_OBJECT_IDENTIFIER, parts[0].start)
    version = data[parts[0].position : parts[0].end] if parts else b""
    if version == b"\x02\x01\x00":
        return tags[1:3] == [SEQUENCE, OCTET_STRING] or tags[1:] == [INTEGER] * 3
    return version == b"\x02\x01\x01" and (tags[1:2] == [OCTET_STRING] or tags[1:3] == [SEQUENCE, OCTET_STRING])


def _signed_kind(data: bytes, body: Element) -> Kind:
    """A certificate or a CRL by the fields of what is signed (RFC 5280 sections 4.1 and 5.1)."""
    if data.startswith(b"\xa0\x03\x02\x01", body.start):
        return Kind.CERTIFICATE
    tags = [part.tag for part in _siblings(data, body.start, min(body.end, len(data)))]
    if tags == [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE]:
        return Kind.CERTIFICATE
    if tags[:1] == [INTEGER]:
        tags = tags[1:]
    if tags[:2] == [SEQUENCE, SEQUENCE] and tags[2:3] in ([_UTC_TIME], [_GENERALIZED_TIME]):
        return Kind.CRL
    return Kind.OTHER
