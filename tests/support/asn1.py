# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DER by hand, for certificates and stores that no library would make: odd names, old dates, broken lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, UTF8, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x30, 0x31
PRINTABLE, T61, IA5, UTC_TIME, GENERALIZED_TIME, UNIVERSAL, BMP = 0x13, 0x14, 0x16, 0x17, 0x18, 0x1C, 0x1E
CONTEXT = 0xA0

COMMON_NAME = "2.5.4.3"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"


def tlv(tag: int, *contents: bytes) -> bytes:
    """One element with the shortest length."""
    value = b"".join(contents)
    length = len(value)
    size = b"" if length < 0x80 else length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size) if size else length)) + size + value


def integer(value: int) -> bytes:
    """An INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    encoded = b""
    for number in (first * 40 + second, *rest):
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.insert(0, number & 0x7F | 0x80)
        encoded += bytes(septets)
    return tlv(OID, encoded)


def name(*rdns: Sequence[tuple[str, int, bytes]]) -> bytes:
    """A Name of RDNs, each a list of (dotted OID, string tag, contents)."""
    return tlv(SEQUENCE, *(tlv(SET, *(tlv(SEQUENCE, oid(o), tlv(t, v)) for o, t, v in rdn)) for rdn in rdns))


def common_name(text: str) -> bytes:
    """A Name of one CN, as UTF8String."""
    return name([(COMMON_NAME, UTF8, text.encode())])


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    """One Extension."""
    return tlv(SEQUENCE, oid(dotted), b"\x01\x01\xff" if critical else b"", tlv(OCTET_STRING, value))


def certificate(
    *,
    subject: bytes | None = None,
    issuer: bytes | None = None,
    not_before: bytes = tlv(UTC_TIME, b"260101000000Z"),
    not_after: bytes = tlv(UTC_TIME, b"270101000000Z"),
    serial_number: bytes = integer(0x1234),
    extensions: Sequence[bytes] = (),
    version: bytes | None = None,
    signature_parameters: bytes = b"",
    unique_identifiers: bytes = b"",
) -> bytes:
    """A certificate (RFC 5280 section 4.1) with a P-256 key and a signature that is none."""
    subject = subject if subject is not None else common_name("leaf.example.com")
    algorithm = tlv(SEQUENCE, oid(ECDSA_SHA256), signature_parameters)
    point = b"\0\x04" + bytes(range(64))
    key = tlv(SEQUENCE, tlv(SEQUENCE, oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), tlv(BIT_STRING, point))
    if version is None:
        version = tlv(CONTEXT, integer(2)) if extensions else b""
    body = tlv(
        SEQUENCE,
        version,
        serial_number,
        algorithm,
        issuer if issuer is not None else subject,
        tlv(SEQUENCE, not_before, not_after),
        subject,
        key,
        unique_identifiers,
        tlv(CONTEXT | 3, tlv(SEQUENCE, *extensions)) if extensions else b"",
    )
    return tlv(SEQUENCE, body, algorithm, tlv(BIT_STRING, b"\0" + tlv(SEQUENCE, integer(1), integer(1))))
