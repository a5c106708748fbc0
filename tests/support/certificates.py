# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates, keys and CRLs made for the tests, by cryptography 36 as well as by the newest.

>>> authority = make_ca(common_name="Lab CA")
>>> leaf = make_leaf(issuer=authority, names=["vault.example.com", "10.0.0.1", "spiffe://lab/vault"])
>>> leaf.pem + authority.pem, leaf.key_pem, leaf.der
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Union

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=timezone.utc)
NOT_AFTER = datetime(2027, 1, 1, tzinfo=timezone.utc)
CA_NOT_AFTER = datetime(2036, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Made:
    """One certificate with its private key, as objects, PEM texts (bytes) and DER."""

    certificate: Any
    key: Any
    pem: bytes
    key_pem: bytes
    der: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, lowercase hex: what the inventory calls the certificate."""
        return hashlib.sha256(self.der).hexdigest()


Issuer = Union[Made, tuple]  # a Made, or a (certificate, key) pair of cryptography's objects


def make_key(kind: str = "ec") -> Any:
    """A private key: ``ec`` (P-256) and ``ed25519`` are new each time, ``rsa`` (2048) is made once a process."""
    if kind == "rsa":
        return _rsa_key()
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())


@lru_cache(maxsize=1)
def _rsa_key() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def make_ca(*, common_name: str = "Test CA", not_after: datetime = CA_NOT_AFTER, **more: Any) -> Made:
    """A certificate authority; self-signed unless ``issuer`` is given. For the rest see make_leaf."""
    return make_leaf(common_name=common_name, not_after=not_after, is_ca=True, **more)


def make_leaf(
    *,
    common_name: str | None = "leaf.example.com",
    issuer: Issuer | None = None,
    not_before: datetime = NOT_BEFORE,
    not_after: datetime = NOT_AFTER,
    names: Sequence[str] = (),
    is_ca: bool = False,
    key_kind: str = "ec",
    key: Any = None,
    serial_number: int | None = None,
    subject: x509.Name | None = None,
    extensions: Sequence[tuple] = (),
    key_identifiers: bool = True,
) -> Made:
    """A certificate signed by ``issuer``, or by itself.

    ``names`` become the subjectAltName: IP addresses, URIs (with ``://``), the rest DNS names.
    ``subject`` takes a whole x509.Name in place of ``common_name`` (which may be None: an empty subject).
    ``extensions`` are more (extension, critical) pairs.
    """
    key = key or make_key(key_kind)
    subject = subject if subject is not None else make_name(common_name)
    issuer_certificate, issuer_key = _pair(issuer)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_certificate.subject if issuer_certificate else subject)
        .public_key(key.public_key())
        .serial_number(serial_number or x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if key_identifiers:
        signer = (issuer_key or key).public_key()
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([general_name(n) for n in names]), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return _made(_sign(builder, issuer_key or key), key)


def make_name(common_name: str | None, **more: str) -> x509.Name:
    """A Name of a CN and of more attributes by NameOID's names (``ORGANIZATION_NAME="Lab"``)."""
    attributes = [x509.NameAttribute(getattr(NameOID, oid), value) for oid, value in more.items()]
    if common_name is not None:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def general_name(text: str) -> x509.GeneralName:
    """The GeneralName that a text stands for: an IP address, a URI (with ``://``) or a DNS name."""
    if "://" in text:
        return x509.UniformResourceIdentifier(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def make_crl(
    issuer: Issuer,
    *,
    this_update: datetime = NOT_BEFORE,
    next_update: datetime = NOT_AFTER,
    serial_numbers: Sequence[int] = (),
) -> bytes:
    """A certificate revocation list of ``issuer`` as PEM (as DER: pem_to_der)."""
    certificate, key = _pair(issuer)
    builder = x509.CertificateRevocationListBuilder().issuer_name(certificate.subject)
    builder = builder.last_update(this_update).next_update(next_update)
    for number in serial_numbers:
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(this_update).build()
        builder = builder.add_revoked_certificate(entry)
    return _sign(builder, key).public_bytes(serialization.Encoding.PEM)


def to_pem(der: bytes, label: str = "CERTIFICATE") -> bytes:
    """DER as one PEM block (RFC 7468) of that label."""
    text = base64.b64encode(der)
    lines = b"".join(text[start : start + 64] + b"\n" for start in range(0, len(text), 64))
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label.encode(), lines, label.encode())


def pem_to_der(pem: bytes) -> bytes:
    """The DER of the first block of a PEM text."""
    body = pem.split(b"-----")[2]
    return base64.b64decode(body)


def _pair(issuer: Issuer | None) -> tuple:
    if issuer is None:
        return None, None
    return (issuer.certificate, issuer.key) if isinstance(issuer, Made) else issuer


def _sign(builder: Any, key: Any) -> Any:
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _made(certificate: Any, key: Any) -> Made:
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Made(
        certificate=certificate,
        key=key,
        pem=certificate.public_bytes(serialization.Encoding.PEM),
        key_pem=key_pem,
        der=certificate.public_bytes(serialization.Encoding.DER),
    )
