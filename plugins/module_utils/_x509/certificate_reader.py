# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the DER of a certificate to a Certificate, in a few microseconds.

cryptography judges whether the certificate is well-formed and reads its dates. The rest is read from the DER
here: cryptography's own objects for names and extensions take twice as long as all other work on a file,
and it refuses a whole certificate for one odd character in a name.
"""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import datetime, timezone
from socket import inet_ntoa
from typing import Callable, TypeVar

from . import library
from .certificate import Certificate
from .der import flaw, span
from .names import Name, lone_common_name, read_name

MAX_SIZE = 1 << 20  # ten times what TLS implementations take; room for thousands of names

_SUBJECT_KEY_IDENTIFIER = 0x0E
_SUBJECT_ALTERNATIVE_NAME = 0x11
_BASIC_CONSTRAINTS = 0x13
_AUTHORITY_KEY_IDENTIFIER = 0x23
_EXTENSION_OIDS = {
    b"\x06\x03\x55\x1d" + bytes((last,)): last
    for last in (_SUBJECT_KEY_IDENTIFIER, _SUBJECT_ALTERNATIVE_NAME, _BASIC_CONSTRAINTS, _AUTHORITY_KEY_IDENTIFIER)
}
_Value = TypeVar("_Value")
_BOOLEAN = 0x01
_VERSION = 0xA0
_UNIQUE_IDS = (0x81, 0x82)
_EXTENSIONS = 0xA3
_KEY_IDENTIFIER = 0x80
_TEXT_NAMES = (0x82, 0x86)  # dNSName, uniformResourceIdentifier
_IP_ADDRESS = 0x87

# A fleet has few issuers and many subjects: an issuer's name is formatted once, and held once.
_CACHE_SIZE = 4096
_issuers: dict[bytes, Name] = {}
_identifiers: dict[bytes, str] = {}


def read_certificate(der: bytes) -> Certificate:
    """The Certificate in ``der`` (RFC 5280), which may not have anything before or after it.

    Raises ValueError with the reason in words when it is not well-formed. Odd content which hides neither
    dates nor identity is kept: a dNSName with bytes beyond ASCII has them as ``\\xNN``.
    """
    if len(der) > MAX_SIZE:
        raise ValueError(f"the certificate has {len(der)} bytes, at most {MAX_SIZE} are read")
    try:
        not_before, not_after = _load_dates(der)
    except library.REFUSALS as error:
        raise ValueError(f"the certificate is not well-formed: {flaw(der, error)}") from None
    serial_number, issuer_der, subject_der, first, end = _read_fields(der)
    issuer = _issuers.get(issuer_der) or _remember(_issuers, issuer_der, read_name)
    common_name = lone_common_name(subject_der)
    if common_name is not None:
        subject = "CN=" + common_name
    else:
        subject, common_name = _issuers.get(subject_der) or read_name(subject_der)
    extensions = _read_extensions(der, first, end)
    if _SUBJECT_ALTERNATIVE_NAME in extensions:
        names = _read_general_names(extensions[_SUBJECT_ALTERNATIVE_NAME])
    else:
        names = () if common_name is None else (common_name,)
    # By position, in the order of COLUMNS: keywords take twice the time.
    return Certificate(
        hashlib.sha256(der).hexdigest(),
        subject,
        issuer.text,
        serial_number,
        not_before,
        not_after,
        extensions.get(_BASIC_CONSTRAINTS, b"")[2:5] == b"\x01\x01\xff",
        issuer_der == subject_der,
        names,
        _read_identifier(extensions.get(_SUBJECT_KEY_IDENTIFIER)),
        _read_authority(extensions.get(_AUTHORITY_KEY_IDENTIFIER)),
    )


def _load_utc(der: bytes) -> tuple[datetime, datetime]:
    certificate = library.x509.load_der_x509_certificate(der)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _load_naive(der: bytes) -> tuple[datetime, datetime]:
    """Before cryptography 42, which has no aware dates."""
    certificate = library.x509.load_der_x509_certificate(der)
    return (
        certificate.not_valid_before.replace(tzinfo=timezone.utc),
        certificate.not_valid_after.replace(tzinfo=timezone.utc),
    )


_load_dates: Callable[[bytes], tuple[datetime, datetime]] = _load_utc if library.HAS_AWARE_DATES else _load_naive


def _remember(cache: dict[bytes, _Value], encoded: bytes, read: Callable[[bytes], _Value]) -> _Value:
    if len(cache) >= _CACHE_SIZE:
        cache.clear()
    return cache.setdefault(encoded, read(encoded))


def _read_fields(der: bytes) -> tuple[str, bytes, bytes, int, int]:
    """Serial number, issuer, subject, and where the extensions start and end.

    RFC 5280 section 4.1: version, serialNumber, signature, issuer, validity, subject, key, extensions.
    """
    # Two headers of four bytes each, unless the certificate is tiny or huge: see span.
    position = 8 if der[1] == der[5] == 0x82 else span(der, span(der, 0)[0])[0]
    if der[position] == _VERSION:
        position += 5
    serial_number_at, algorithm_at = span(der, position)
    # These have less than 128 bytes as a rule: then the length is one byte, and a call would take longer than all else.
    issuer_at = algorithm_at + 2 + short if (short := der[algorithm_at + 1]) < 0x80 else span(der, algorithm_at)[1]
    validity_at = issuer_at + 2 + short if (short := der[issuer_at + 1]) < 0x80 else span(der, issuer_at)[1]
    subject_at = validity_at + 2 + short if (short := der[validity_at + 1]) < 0x80 else span(der, validity_at)[1]
    key_at = subject_at + 2 + short if (short := der[subject_at + 1]) < 0x80 else span(der, subject_at)[1]
    serial_number = _serial_number(der[serial_number_at:algorithm_at])
    position = span(der, key_at)[1]
    while der[position] in _UNIQUE_IDS:
        position = span(der, position)[1]
    # Without extensions it is the signature's algorithm that follows.
    first, end = span(der, span(der, position)[0]) if der[position] == _EXTENSIONS else (0, 0)
    return serial_number, der[issuer_at:validity_at], der[subject_at:key_at], first, end


def _serial_number(contents: bytes) -> str:
    """Hex by whole bytes, as OpenSSL and Vault write it; a negative one, which some old CAs gave out, with a minus."""
    if contents[0] < 0x80:
        return contents.lstrip(b"\0").hex() or "00"
    magnitude = -int.from_bytes(contents, "big", signed=True)
    return "-" + magnitude.to_bytes(len(contents), "big").lstrip(b"\0").hex()


def _read_extensions(der: bytes, position: int, end: int) -> dict[int, bytes]:
    """The contents of the extensions that the inventory wants, by the last number of their OID (2.5.29.*)."""
    found: dict[int, bytes] = {}
    while position < end:
        start = position + 2
        short = der[position + 1]
        if short < 0x80:
            position = start + short
        else:
            start, position = span(der, position)
        kind = _EXTENSION_OIDS.get(der[start : start + 5])
        if kind is not None:
            if kind in found:
                raise ValueError(f"the certificate is not well-formed: it has the extension 2.5.29.{kind} twice")
            start = start + 8 if der[start + 5] == _BOOLEAN else start + 5
            start = start + 2 if der[start + 1] < 0x80 else span(der, start)[0]
            found[kind] = der[start:position]
    return found


def _read_general_names(value: bytes) -> tuple[str, ...]:
    """dNSNames, iPAddresses and URIs of a subjectAltName (RFC 5280 section 4.2.1.6), in their order."""
    position, end = _outer_span(value, "subjectAltName")
    names = []
    while position < end:
        tag = value[position]
        start, position = _inner_span(value, position, "subjectAltName")
        if tag in _TEXT_NAMES:
            names.append(value[start:position].decode("ascii", "backslashreplace"))
        elif tag == _IP_ADDRESS:
            names.append(_address(value[start:position]))
    return tuple(names)


def _address(packed: bytes) -> str:
    """An iPAddress as text; what is neither IPv4 nor IPv6 as ``#`` and hex."""
    if len(packed) == 4:
        return inet_ntoa(packed)
    return str(ipaddress.IPv6Address(packed)) if len(packed) == 16 else "#" + packed.hex()


def _read_identifier(value: bytes | None) -> str | None:
    """A subjectKeyIdentifier as hex."""
    if value is None:
        return None
    if value[:2] == b"\x04\x14" and len(value) == 22:  # a SHA-1: the usual
        return value[2:].hex()
    start, end = _inner_span(value, 0, "subjectKeyIdentifier")
    return value[start:end].hex()


def _read_authority(value: bytes | None) -> str | None:
    """The keyIdentifier of an authorityKeyIdentifier, which also may name issuer and serial number instead."""
    if value is None:
        return None
    known = _identifiers.get(value)
    if known is not None:
        return known
    start, end = _outer_span(value, "authorityKeyIdentifier")
    if start == end or value[start] != _KEY_IDENTIFIER:
        return None
    start, end = _inner_span(value, start, "authorityKeyIdentifier")
    return _remember(_identifiers, value, lambda extension: extension[start:end].hex())


def _outer_span(value: bytes, extension: str) -> tuple[int, int]:
    """Start and end of the contents of an extension's SEQUENCE."""
    if value[:1] != b"\x30":
        raise ValueError(f"the certificate is not well-formed: its {extension} is no SEQUENCE")
    return _inner_span(value, 0, extension)


def _inner_span(value: bytes, position: int, extension: str) -> tuple[int, int]:
    """`span` for an extension's contents, into which cryptography has not looked yet."""
    try:
        start, end = span(value, position)
    except IndexError:
        start, end = position, len(value) + 1
    if end > len(value):
        raise ValueError(f"the certificate is not well-formed: its {extension} is cut short")
    return start, end
