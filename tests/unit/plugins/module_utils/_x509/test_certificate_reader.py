# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates from DER: against cryptography's own objects, at the edges of dates, and with odd content."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ansible_collections.sre.preflight.plugins.module_utils._x509.certificate_reader import read_certificate
from tests.support import asn1
from tests.support.certificates import make_ca, make_leaf, make_name

NAMES = ["vault.example.com", "*.example.com", "10.0.0.1", "2001:db8::1", "spiffe://lab/vault"]


def san(*general_names: bytes) -> bytes:
    return asn1.extension("2.5.29.17", asn1.tlv(asn1.SEQUENCE, *general_names))


def test_every_field_of_a_leaf_agrees_with_cryptography() -> None:
    authority = make_ca(common_name="Lab CA")
    leaf = make_leaf(issuer=authority, names=NAMES, serial_number=0x0A1B2C)
    read = read_certificate(leaf.der)
    identifiers = leaf.certificate.extensions
    subject_key = identifiers.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    authority_key = identifiers.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert read.to_row() == [
        hashlib.sha256(leaf.der).hexdigest(),
        "CN=leaf.example.com",
        "CN=Lab CA",
        "0a1b2c",
        "2026-01-01T00:00:00Z",
        "2027-01-01T00:00:00Z",
        False,
        False,
        NAMES,
        subject_key.hex(),
        authority_key.hex(),
        None,
        [],
    ]


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
def test_authority(kind: str) -> None:
    read = read_certificate(make_ca(common_name="Root", key_kind=kind).der)
    assert (read.is_ca, read.self_issued, read.names) == (True, True, ("Root",))
    assert read.subject_key_identifier == read.authority_key_identifier


def test_a_path_length_does_not_hide_the_authority() -> None:
    constraints = asn1.extension("2.5.29.19", asn1.tlv(asn1.SEQUENCE, b"\x01\x01\xff", asn1.integer(3)), critical=True)
    assert read_certificate(asn1.certificate(extensions=[constraints])).is_ca


def test_version_1_has_no_extensions() -> None:
    read = read_certificate(asn1.certificate())
    assert (read.is_ca, read.names) == (False, ("leaf.example.com",))
    assert read.subject_key_identifier is None
    assert read.authority_key_identifier is None


def test_unique_identifiers_are_stepped_over() -> None:
    identifiers = b"\x81\x02\x00\x55\x82\x02\x00\x66"
    der = asn1.certificate(unique_identifiers=identifiers, extensions=[san(asn1.tlv(0x82, b"a.b"))])
    assert read_certificate(der).names == ("a.b",)


@pytest.mark.parametrize("issuer_size", [1, 130, 300])
@pytest.mark.parametrize("subject_size", [1, 130, 300, 66_000])
def test_lengths_of_one_and_of_more_bytes(issuer_size: int, subject_size: int) -> None:
    issuer, subject, dns_name = "i" * issuer_size, "s" * subject_size, "d" * subject_size
    names = san(asn1.tlv(0x82, dns_name.encode()), asn1.tlv(0x82, b"a.b"))
    for extensions in ([], [names]):
        read = read_certificate(
            asn1.certificate(issuer=asn1.common_name(issuer), subject=asn1.common_name(subject), extensions=extensions)
        )
        assert (read.issuer, read.subject, read.serial_number) == (f"CN={issuer}", f"CN={subject}", "1234")
        assert read.names == ((dns_name, "a.b") if extensions else (subject,))


@pytest.mark.parametrize(
    ("serial_number", "expected"),
    [(1, "01"), (0x7F, "7f"), (0x80, "80"), (0x1234, "1234"), (2**159 - 1, "7f" + 19 * "ff"), (-2, "-02")],
)
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_serial_numbers(serial_number: int, expected: str) -> None:
    assert read_certificate(asn1.certificate(serial_number=asn1.integer(serial_number))).serial_number == expected


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        (asn1.UTC_TIME, b"491231235959Z", datetime(2049, 12, 31, 23, 59, 59)),
        (asn1.UTC_TIME, b"500101000000Z", datetime(1950, 1, 1)),
        (asn1.UTC_TIME, b"991231235959Z", datetime(1999, 12, 31, 23, 59, 59)),
        (asn1.UTC_TIME, b"000101000000Z", datetime(2000, 1, 1)),
        (asn1.UTC_TIME, b"240229120000Z", datetime(2024, 2, 29, 12)),
        (asn1.GENERALIZED_TIME, b"99991231235959Z", datetime(9999, 12, 31, 23, 59, 59)),
        (asn1.GENERALIZED_TIME, b"20500101000000Z", datetime(2050, 1, 1)),
        (asn1.GENERALIZED_TIME, b"18991231235959Z", datetime(1899, 12, 31, 23, 59, 59)),
    ],
)
def test_dates(tag: int, text: bytes, expected: datetime) -> None:
    read = read_certificate(asn1.certificate(not_before=asn1.tlv(tag, text), not_after=asn1.tlv(tag, text)))
    assert read.not_before == read.not_after == expected.replace(tzinfo=timezone.utc)


def test_an_end_before_the_start_is_kept() -> None:
    read = read_certificate(asn1.certificate(not_after=asn1.tlv(asn1.UTC_TIME, b"250101000000Z")))
    assert read.not_after < read.not_before


@pytest.mark.parametrize("text", [b"230229000000Z", b"261301000000Z", b"x" * 13, b""])
def test_dates_that_are_none(text: bytes) -> None:
    with pytest.raises(ValueError, match="not well-formed"):
        read_certificate(asn1.certificate(not_after=asn1.tlv(asn1.UTC_TIME, text)))


@pytest.mark.parametrize("text", [b"2601010000Z", b"260101010000+0100"])
def test_dates_that_only_ber_allows_are_refused_or_right(text: bytes) -> None:
    """cryptography 36 takes them, the newest does not."""
    der = asn1.certificate(not_before=asn1.tlv(asn1.UTC_TIME, text))
    try:
        x509.load_der_x509_certificate(der)
    except ValueError:
        with pytest.raises(ValueError, match="invalid value in Time::UtcTime"):
            read_certificate(der)
    else:
        assert read_certificate(der).not_before == datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_the_year_0_is_a_reason_and_no_crash() -> None:
    with pytest.raises(ValueError, match="not well-formed"):
        read_certificate(asn1.certificate(not_before=asn1.tlv(asn1.GENERALIZED_TIME, b"00000101000000Z")))


def test_names_beyond_ascii_and_of_other_kinds() -> None:
    names = san(
        asn1.tlv(0x81, b"mail@example.com"),
        asn1.tlv(0x82, "münchen.example".encode()),
        asn1.tlv(0x87, b"\x0a\x00\x00"),
        asn1.tlv(0x87, b"\x0a\x00\x00\x01"),
        asn1.tlv(0x88, b"\x2a\x03"),
        asn1.tlv(0x86, b"https://a.example/"),
    )
    read = read_certificate(asn1.certificate(extensions=[names]))
    assert read.names == (r"m\xc3\xbcnchen.example", "#0a0000", "10.0.0.1", "https://a.example/")


def test_a_subject_alternative_name_without_our_kinds_does_not_fall_back_to_the_cn() -> None:
    assert read_certificate(asn1.certificate(extensions=[san(asn1.tlv(0x81, b"a@b.example"))])).names == ()


def test_self_issued_compares_the_encoded_names() -> None:
    printable = asn1.name([(asn1.COMMON_NAME, asn1.PRINTABLE, b"same")])
    read = read_certificate(asn1.certificate(subject=printable, issuer=asn1.common_name("same")))
    assert read.subject == read.issuer == "CN=same"
    assert not read.self_issued
    assert read_certificate(asn1.certificate(subject=printable, issuer=printable)).self_issued


def test_an_empty_subject() -> None:
    read = read_certificate(asn1.certificate(subject=asn1.name(), extensions=[san(asn1.tlv(0x82, b"a.b"))]))
    assert (read.subject, read.names) == ("", ("a.b",))
    assert read_certificate(asn1.certificate(subject=asn1.name())).names == ()


def test_an_extension_inside_of_another_is_not_mistaken_for_one() -> None:
    decoy = asn1.extension("1.3.6.1.4.1.99999.1", san(asn1.tlv(0x82, b"decoy.example")))
    read = read_certificate(asn1.certificate(extensions=[decoy, san(asn1.tlv(0x82, b"true.example")), decoy]))
    assert read.names == ("true.example",)


def test_an_authority_key_identifier_by_issuer_and_serial_number() -> None:
    value = asn1.tlv(asn1.SEQUENCE, asn1.tlv(0xA1, b""), asn1.tlv(0x82, b"\x01"))
    read = read_certificate(asn1.certificate(extensions=[asn1.extension("2.5.29.35", value)]))
    assert read.authority_key_identifier is None


@pytest.mark.parametrize(
    ("extensions", "reason"),
    [
        ([san(), san()], "2.5.29.17 twice"),
        ([asn1.extension("2.5.29.17", b"\x30\x05\x82\x03a")], "subjectAltName is cut short"),
        ([asn1.extension("2.5.29.17", b"\x30\x03\x82\x05a")], "subjectAltName is cut short"),
        ([asn1.extension("2.5.29.17", b"\x30\x01\x82")], "subjectAltName is cut short"),
        ([asn1.extension("2.5.29.17", b"")], "subjectAltName is no SEQUENCE"),
        ([asn1.extension("2.5.29.14", b"\x04\x14abc")], "subjectKeyIdentifier is cut short"),
        ([asn1.extension("2.5.29.14", b"")], "subjectKeyIdentifier is cut short"),
        ([asn1.extension("2.5.29.35", b"\x30\x02\x80\x14")], "authorityKeyIdentifier is cut short"),
        ([asn1.extension("2.5.29.35", b"\x05\x00")], "authorityKeyIdentifier is no SEQUENCE"),
    ],
)
def test_broken_extensions(extensions: list[bytes], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_certificate(asn1.certificate(extensions=extensions))


@pytest.mark.parametrize(
    ("der", "reason"),
    [
        (b"", "cut short"),
        (b"\x30\x03abc", "not well-formed"),
        (make_leaf().der[:-1], "it is cut short: [0-9]+ bytes are announced"),
        (make_leaf().der + b"\n", "1 bytes follow it"),
        (asn1.certificate(version=asn1.tlv(asn1.CONTEXT, asn1.integer(3))), "3 is not a valid X509 version"),
        (
            asn1.certificate(version=asn1.tlv(asn1.CONTEXT, asn1.integer(0))),
            "encoded default in TbsCertificate::version",
        ),
        (asn1.certificate(serial_number=asn1.tlv(asn1.INTEGER, b"")), "invalid value in TbsCertificate::serial"),
    ],
)
def test_what_is_no_certificate(der: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_certificate(der)


def test_null_parameters_of_an_ecdsa_signature_follow_cryptography() -> None:
    """Old Java writes them, cryptography refuses them from 49 on: with the reason, not with a crash."""
    der = asn1.certificate(signature_parameters=b"\x05\x00")
    try:
        x509.load_der_x509_certificate(der)
    except ValueError:
        with pytest.raises(ValueError, match="not well-formed"):
            read_certificate(der)
    else:
        assert read_certificate(der).subject == "CN=leaf.example.com"


def test_many_issuers_do_not_pile_up() -> None:
    from ansible_collections.sre.preflight.plugins.module_utils._x509 import certificate_reader

    for number in range(certificate_reader._CACHE_SIZE + 10):
        read = read_certificate(asn1.certificate(issuer=asn1.common_name(f"CA {number}")))
        assert read.issuer == f"CN=CA {number}"
    assert len(certificate_reader._issuers) <= certificate_reader._CACHE_SIZE


def test_the_issuer_is_held_once() -> None:
    authority = make_ca(common_name="Shared CA", subject=make_name("Shared CA", ORGANIZATION_NAME="Lab"))
    first, second = (read_certificate(make_leaf(issuer=authority).der) for _each in range(2))
    assert first.issuer is second.issuer
    assert first.authority_key_identifier is second.authority_key_identifier


def test_reading_leaves_the_der_as_it_is() -> None:
    leaf = make_leaf(names=NAMES)
    assert leaf.certificate.public_bytes(Encoding.DER) == leaf.der
    assert read_certificate(leaf.der).fingerprint_sha256 == leaf.fingerprint
