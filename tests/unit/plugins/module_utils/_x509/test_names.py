# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Distinguished names: cryptography's rfc4514_string is the oracle wherever it has an answer."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._x509.names import lone_common_name, read_name
from tests.support import asn1

TEXTS = [
    "plain",
    " leading",
    "trailing ",
    "  both  ",
    "#hash",
    "in#side",
    'a,b+c"d\\e<f>g;h=i',
    "nul\0byte",
    "münchen 東京 🚀",
    "line\nbreak",
    "x" * 64,
    "\\",
    "#",
    ",",
    " a",
    "a\u00a0",
]
OIDS = [
    NameOID.COMMON_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.LOCALITY_NAME,
    NameOID.STATE_OR_PROVINCE_NAME,
    NameOID.STREET_ADDRESS,
    NameOID.DOMAIN_COMPONENT,
    NameOID.USER_ID,
    NameOID.EMAIL_ADDRESS,
    NameOID.SERIAL_NUMBER,
    x509.ObjectIdentifier("2.999.1.5"),
    x509.ObjectIdentifier("1.3.6.1.4.1.311.60.2.1.1"),
]

# cryptography 36 shows the attributes of an RDN in the random order of a set: no oracle for those.
ORACLE_KEEPS_ORDER = hasattr(x509.Certificate, "not_valid_before_utc")


def agrees(name: x509.Name) -> None:
    encoded = name.public_bytes()
    # Through a certificate and back: encoding sorts the attributes of an RDN.
    oracle = x509.load_der_x509_certificate(asn1.certificate(subject=encoded)).subject
    assert read_name(encoded).text == oracle.rfc4514_string()
    short_way_agrees(encoded)


def short_way_agrees(encoded: bytes) -> None:
    common_name = lone_common_name(encoded)
    assert common_name is None or read_name(encoded) == (f"CN={common_name}", common_name)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", [_ASN1Type.UTF8String, _ASN1Type.BMPString, _ASN1Type.UniversalString])
def test_texts(text: str, kind: _ASN1Type) -> None:
    if kind is _ASN1Type.BMPString and not all(ord(character) < 0x10000 for character in text):
        text = text.encode("ascii", "ignore").decode()
    agrees(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text, kind)]))


@pytest.mark.parametrize("oid", OIDS, ids=lambda oid: oid.dotted_string)
def test_attribute_types(oid: x509.ObjectIdentifier) -> None:
    agrees(x509.Name([x509.NameAttribute(oid, "value", _ASN1Type.UTF8String)]))


def test_order_and_multi_valued_rdns() -> None:
    first = x509.RelativeDistinguishedName(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab, Inc.")]
    )
    second = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    name = x509.Name([first, second])
    if ORACLE_KEEPS_ORDER:
        agrees(name)
    assert read_name(name.public_bytes()).text == r"CN=a,C=DE+O=Lab\, Inc."


def test_the_empty_name() -> None:
    assert read_name(asn1.name()) == ("", None)


def test_the_common_name_is_the_most_specific_one_and_not_escaped() -> None:
    encoded = asn1.name([("2.5.4.3", asn1.UTF8, b"first")], [("2.5.4.3", asn1.PRINTABLE, b"a, b")])
    assert read_name(encoded) == (r"CN=a\, b,CN=first", "a, b")


@pytest.mark.parametrize(
    ("tag", "contents", "expected"),
    [
        (asn1.T61, "münchen".encode("latin-1"), "CN=münchen"),
        (asn1.T61, "münchen".encode(), "CN=münchen"),
        (asn1.PRINTABLE, b"b\xe9la", "CN=béla"),
        (asn1.BMP, b"\x00a\x00", "CN=\\00a\\00"),
        (asn1.UTF8, b"", "CN="),
        (asn1.UTF8, b" ", "CN=\\ "),
        (asn1.BIT_STRING, b"\x00\x0f", "CN=#000f"),
        (asn1.SEQUENCE, b"", "CN=#"),
    ],
)
def test_values_that_cryptography_refuses_are_readable(tag: int, contents: bytes, expected: str) -> None:
    encoded = asn1.name([("2.5.4.3", tag, contents)])
    assert read_name(encoded).text == expected
    short_way_agrees(encoded)


@pytest.mark.parametrize("tag", [asn1.UTF8, asn1.PRINTABLE])
def test_the_short_way_for_a_plain_common_name(tag: int) -> None:
    encoded = asn1.name([("2.5.4.3", tag, b"*.a-1.example.com")])
    assert lone_common_name(encoded) == "*.a-1.example.com"
    short_way_agrees(encoded)


@pytest.mark.parametrize(
    "attributes",
    [
        [("2.5.4.10", asn1.UTF8, b"a")],
        [("2.5.4.3", asn1.UTF8, b"a"), ("2.5.4.10", asn1.UTF8, b"b")],
        [("2.5.4.3", asn1.BMP, b"ab")],
        [("2.5.4.3", asn1.BIT_STRING, b"ab")],
        [("2.5.4.3", asn1.UTF8, b"a,b")],
        [("2.5.4.3", asn1.UTF8, b"x" * 200)],
    ],
)
def test_names_that_the_short_way_leaves_alone(attributes: list[tuple[str, int, bytes]]) -> None:
    assert lone_common_name(asn1.name(attributes)) is None
    assert lone_common_name(asn1.name(*([attribute] for attribute in attributes))) is None


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(OIDS), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=16)
            ),
            min_size=1,
            max_size=3,
            unique=True,
        ),
        max_size=4,
    )
)
def test_any_name_agrees_with_cryptography(rdns: list[list[tuple[x509.ObjectIdentifier, str]]]) -> None:
    most = 3 if ORACLE_KEEPS_ORDER else 1
    name = x509.Name(
        [
            x509.RelativeDistinguishedName(
                [x509.NameAttribute(oid, text, _ASN1Type.UTF8String) for oid, text in attributes[:most]]
            )
            for attributes in rdns
        ]
    )
    # cryptography 36 escapes a lone blank twice; the newest once, as RFC 4514 has it.
    assume(all(attribute.value != " " for attribute in name))
    agrees(name)
