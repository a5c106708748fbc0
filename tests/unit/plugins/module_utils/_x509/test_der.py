# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Elements of DER, and BER made into DER."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._x509.der import (
    Element,
    as_der,
    children,
    flaw,
    integer,
    object_identifier,
    read_element,
    span,
)
from tests.support import asn1
from tests.support.keystores import indefinite


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_lengths(length: int) -> None:
    data = b"xx" + asn1.tlv(asn1.OCTET_STRING, bytes(length))
    element = read_element(data, 2)
    assert (element.tag, element.position, element.end) == (asn1.OCTET_STRING, 2, len(data))
    assert element.end - element.start == length
    assert span(data, 2) == (element.start, element.end)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut short at byte 0"),
        (b"\x30", "cut short at byte 0"),
        (b"\x30\x05ab", "7 bytes are announced, 4 are there"),
        (b"\x30\x82\x01", "cut short at byte 0"),
        (b"\x30\x84\xff\xff\xff\xff", "cut short"),
        (b"\x30\x81\x7f" + bytes(127), "not the shortest form"),
        (b"\x30\x82\x00\x80" + bytes(128), "not the shortest form"),
        (b"\x30\x80\x00\x00", "not the shortest form"),
        (b"\x3f\x01\x00", "long-form tag"),
    ],
)
def test_what_is_not_der(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_element(data, 0)


def test_a_child_may_not_reach_past_its_parent() -> None:
    data = b"\x30\x03\x04\x05ab" + b"cdefgh"
    with pytest.raises(ValueError, match="cut short"):
        list(children(data, read_element(data, 0)))


def test_values() -> None:
    data = asn1.tlv(asn1.SEQUENCE, asn1.integer(-5), asn1.oid("1.2.840"))
    number, identifier = children(data, read_element(data, 0))
    assert integer(data, number) == -5
    assert object_identifier(data, identifier) == b"\x2a\x86\x48"
    with pytest.raises(ValueError, match="INTEGER"):
        integer(data, identifier)
    with pytest.raises(ValueError, match="OBJECT IDENTIFIER"):
        object_identifier(data, number)
    with pytest.raises(ValueError, match="INTEGER"):
        integer(data, Element(asn1.INTEGER, 0, 2, 2))


def test_ber_with_indefinite_lengths_and_segments() -> None:
    plain = asn1.tlv(asn1.SEQUENCE, asn1.integer(3), asn1.tlv(asn1.OCTET_STRING, b"ab" * 100))
    segments = asn1.tlv(0x24, asn1.tlv(asn1.OCTET_STRING, b"ab" * 50), asn1.tlv(asn1.OCTET_STRING, b"ab" * 50))
    assert as_der(indefinite(asn1.tlv(asn1.SEQUENCE, asn1.integer(3), segments))) == plain
    assert as_der(indefinite(asn1.tlv(asn1.SEQUENCE, asn1.integer(3), indefinite(segments)))) == plain
    assert as_der(plain) is plain


@pytest.mark.parametrize(
    "data",
    [b"\x30\x80", b"\x30\x80\x00", b"\x30\x80\x04\x80", b"\x04\x80\x00\x00", b"\x30\x80" * 1000, b"\x30\x80\x04\x05a"],
)
def test_broken_ber(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut short|not BER|nested"):
        as_der(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_element_or_a_reason(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert all(child.end <= len(data) for child in children(data, read_element(data, 0)))
    with contextlib.suppress(ValueError):
        converted = as_der(b"\x30\x80" + data)
        assert read_element(converted, 0).end == len(converted)


def test_flaws_in_words() -> None:
    whole = asn1.tlv(asn1.SEQUENCE)
    nested = 'error parsing asn1 value: ParseError { kind: InvalidValue, location: ["A::b", "C::d"] }'
    assert flaw(whole, ValueError(nested)) == "invalid value in C::d"
    short = "error parsing asn1 value: ParseError { kind: ShortData { needed: 3 } }"
    assert flaw(whole, ValueError(short)) == "short data"
    assert flaw(whole, ValueError("other")) == "other"
    assert flaw(whole + b"x", ValueError("other")) == "1 bytes follow it"
