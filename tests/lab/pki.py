# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's own certificate authority, and what it issues: like tests.support.certificates, with the key usages
that real clients ask for, and dates by how much of the lifespan is used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.certificates import Made, make_ca, make_leaf

if TYPE_CHECKING:
    from collections.abc import Sequence

YEAR = timedelta(days=365)
LOCAL_NAMES = ("localhost", "127.0.0.1")


def now() -> datetime:
    """The present second: certificates know no fractions."""
    return datetime.now(UTC).replace(microsecond=0)


def lab_ca(*, common_name: str = "Lab CA", lifespan: timedelta = 10 * YEAR, age: timedelta = 2 * YEAR) -> Made:
    """A root authority that is ``age`` old."""
    begin = now() - age
    return make_ca(
        common_name=common_name,
        not_before=begin,
        not_after=begin + lifespan,
        extensions=[(key_usage(certificate_authority=True), True)],
    )


def lab_certificate(
    authority: Made,
    names: Sequence[str],
    *,
    lifespan: timedelta = YEAR,
    age: timedelta = timedelta(0),
    client: bool = False,
    subject: x509.Name | None = None,
) -> Made:
    """A server's (or client's) certificate by ``authority``, ``age`` old; the first name is its CN."""
    begin = now() - age
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    return make_leaf(
        issuer=authority,
        common_name=names[0] if names else None,
        names=names,
        subject=subject,
        not_before=begin,
        not_after=begin + lifespan,
        extensions=[(key_usage(), True), (x509.ExtendedKeyUsage([purpose]), False)],
    )


def sign_authority(request_pem: bytes, authority: Made, *, lifespan: timedelta, age: timedelta) -> bytes:
    """The certificate (PEM) of an authority below ``authority``, for a signing request that some server made."""
    request = x509.load_pem_x509_csr(request_pem)
    begin = now() - age
    return (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(authority.certificate.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + lifespan)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(certificate_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(request.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


def key_usage(*, certificate_authority: bool = False) -> x509.KeyUsage:
    """RFC 5280, 4.2.1.3: of an authority, or of an EC leaf."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificate_authority,
        crl_sign=certificate_authority,
        encipher_only=False,
        decipher_only=False,
    )
