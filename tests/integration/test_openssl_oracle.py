# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The openssl command and Java's keytool as oracles: what they read and write, we read the same."""

from __future__ import annotations

import base64
import random
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import certifi
import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from ansible_collections.sre.preflight.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.sre.preflight.plugins.module_utils._x509.certificate_reader import read_certificate
from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import (
    CertificateItem,
    CrlItem,
    KeyItem,
    ProblemItem,
    read_items,
)
from tests.support.certificates import make_ca, make_crl, make_leaf

pytestmark = [
    pytest.mark.full,
    pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning"),
]

TRUST_STORES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path(certifi.where()))
GENERATED = 300
ALPHABET = "abc ÄÖü東京🚀,+\"\\<>;=#'/.-_*@ \t"


class Facts(NamedTuple):
    """What the openssl command says of one certificate."""

    fingerprint: str
    serial_number: str
    not_before: datetime
    not_after: datetime
    subject: str
    issuer: str


def openssl_facts(der: bytes) -> Facts:
    # RFC2253 with UTF-8 left as it is; dates in the order of ISO 8601.
    command = (
        "openssl x509 -inform DER -noout -fingerprint -sha256 -serial -startdate -enddate -subject -issuer "
        "-nameopt RFC2253,-esc_msb,utf8 -dateopt iso_8601"
    )
    output = subprocess.run(command.split(), input=der, capture_output=True, check=True).stdout.decode()
    found = re.fullmatch(
        r"(?s)sha256 Fingerprint=(\S+)\nserial=(\S+)\nnotBefore=([^\n]+)\nnotAfter=([^\n]+)\n"
        r"subject=(.*)\nissuer=(.*)\n",
        output,
    )
    assert found is not None, output
    fingerprint, serial_number, not_before, not_after, subject, issuer = found.groups()
    return Facts(
        fingerprint.replace(":", "").lower(),
        serial_number.lower(),
        _instant(not_before),
        _instant(not_after),
        _normalised(subject),
        _normalised(issuer),
    )


def our_facts(certificate: Certificate) -> Facts:
    return Facts(
        certificate.fingerprint_sha256,
        certificate.serial_number,
        certificate.not_before,
        certificate.not_after,
        _normalised(certificate.subject),
        _normalised(certificate.issuer),
    )


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=UTC)


def _normalised(name: str) -> str:
    """Both ways to write one RFC 4514 name as one: names of attribute types, and control characters in hex.

    RFC 4514 names nine attribute types; openssl knows more, and writes the others as numbers with their DER.
    """
    for keyword, dotted in KEYWORDS.items():
        name = re.sub(rf"(^|,|\+){keyword}=", rf"\g<1>{dotted}=", name)
    return re.sub(r"\\([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), name)


KEYWORDS = {
    "emailAddress": "1.2.840.113549.1.9.1",
    "serialNumber": "2.5.4.5",
    "organizationIdentifier": "2.5.4.97",
    "jurisdictionC": "1.3.6.1.4.1.311.60.2.1.3",
    "businessCategory": "2.5.4.15",
    "postalCode": "2.5.4.17",
    "street": "STREET",
    "title": "2.5.4.12",
    "GN": "2.5.4.42",
    "SN": "2.5.4.4",
    "dnQualifier": "2.5.4.46",
}


def generated_certificates(count: int) -> list[bytes]:
    """Certificates with random names of all string types and dates from 1950 to 9999; the same ones every run."""
    source = random.Random(20211)
    key = make_ca().key
    kinds = [_ASN1Type.UTF8String, _ASN1Type.BMPString, _ASN1Type.UniversalString]
    oids = [
        NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.LOCALITY_NAME,
        NameOID.STATE_OR_PROVINCE_NAME, NameOID.DOMAIN_COMPONENT, NameOID.USER_ID, NameOID.EMAIL_ADDRESS,
        NameOID.STREET_ADDRESS, NameOID.SERIAL_NUMBER,
    ]  # fmt: skip

    def name() -> x509.Name:
        rdns = []
        for _rdn in range(source.randint(1, 5)):
            kind = source.choice(kinds)
            text = "".join(source.choice(ALPHABET) for _character in range(source.randint(1, 15)))
            text = text.replace("🚀", "*") if kind is _ASN1Type.BMPString else text
            # Blanks alone are written in two ways; a # alone openssl does not escape, as RFC 4514 asks.
            rdns.append(x509.NameAttribute(source.choice(oids), text if text.strip() not in ("", "#") else "x", kind))
        return x509.Name(rdns)

    made = []
    for _certificate in range(count):
        start = datetime(1950, 1, 1, tzinfo=UTC) + timedelta(seconds=source.randrange(200 * 31_000_000))
        end = min(start.timestamp() + source.randrange(10 ** source.randint(1, 11)), 253402300799)
        authority = make_ca(subject=name(), key=key)
        leaf = make_leaf(
            subject=name(), issuer=authority, key=key, not_before=start,
            not_after=datetime.fromtimestamp(end, UTC), serial_number=source.getrandbits(159) + 1,
        )  # fmt: skip
        made.append(leaf.der)
    return made


def stored_certificates() -> list[bytes]:
    """The certificates of the machine's and of certifi's trust store, not cut up by us; openssl counts them."""
    made: set[bytes] = set()
    for store in TRUST_STORES:
        command = ["openssl", "storeutl", "-noout", "-text", "-certs", str(store)]
        expected = subprocess.run(command, capture_output=True, check=True).stdout.count(b"Certificate:\n")
        items = read_items(store.read_bytes())
        assert len(items) == expected > 100
        assert all(isinstance(item, CertificateItem) for item in items)
        pems = re.findall(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", store.read_bytes(), re.DOTALL)
        made.update(base64.b64decode(pem) for pem in pems)
    return sorted(made)


def test_trust_stores_agree_with_openssl() -> None:
    differing = [(openssl_facts(der), our_facts(read_certificate(der))) for der in stored_certificates()]
    assert len(differing) > 120
    assert [pair for pair in differing if pair[0] != pair[1]] == []


def test_odd_names_and_dates_agree_with_openssl() -> None:
    differing = [(openssl_facts(der), our_facts(read_certificate(der))) for der in generated_certificates(GENERATED)]
    assert [pair for pair in differing if pair[0] != pair[1]] == []


def test_openssl_reads_its_crl_as_we_do(tmp_path: Path) -> None:
    (tmp_path / "crl.pem").write_bytes(make_crl(make_ca(common_name="Lab CA"), serial_numbers=range(1, 40)))
    command = (
        "openssl crl -in crl.pem -noout -issuer -lastupdate -nextupdate -fingerprint -sha256 -text -dateopt iso_8601"
    )
    output = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True).stdout.decode()
    (item,) = read_items((tmp_path / "crl.pem").read_bytes())
    assert isinstance(item, CrlItem)
    fingerprint = re.search(r"SHA2-?256 Fingerprint=(\S+)", output)
    assert fingerprint is not None
    assert item.crl["fingerprint_sha256"] == fingerprint[1].replace(":", "").lower()
    assert item.crl["entries"] == output.count("Serial Number:")
    assert "lastUpdate=" + item.crl["this_update"].replace("T", " ") in output
    assert "nextUpdate=" + item.crl["next_update"].replace("T", " ") in output


def test_what_openssl_writes_as_pkcs7_and_trusted_certificate(tmp_path: Path) -> None:
    authority = make_ca()
    leaf = make_leaf(issuer=authority)
    (tmp_path / "all.pem").write_bytes(leaf.pem + authority.pem)
    for command in (
        "openssl crl2pkcs7 -nocrl -certfile all.pem -out out.p7b",
        "openssl crl2pkcs7 -nocrl -certfile all.pem -outform DER -out out.p7b",
    ):
        subprocess.run(command.split(), cwd=tmp_path, check=True)
        items = read_items((tmp_path / "out.p7b").read_bytes())
        assert [i.certificate.fingerprint_sha256 for i in items if isinstance(i, CertificateItem)] == [
            leaf.fingerprint,
            authority.fingerprint,
        ]
    trust = ["openssl", "x509", "-in", "all.pem", "-trustout", "-addtrust", "serverAuth", "-setalias", "a", "-out"]
    subprocess.run([*trust, "t.pem"], cwd=tmp_path, check=True)
    text = (tmp_path / "t.pem").read_bytes()
    assert b"TRUSTED" in text
    (item,) = read_items(text)
    assert isinstance(item, CertificateItem)
    assert item.certificate.fingerprint_sha256 == leaf.fingerprint


@pytest.mark.parametrize("kind", ["JKS", "JCEKS", "PKCS12"])
def test_what_keytool_writes(tmp_path: Path, kind: str) -> None:
    authority = make_ca()
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    common = ["-keystore", "s", "-storetype", kind, "-storepass", "changeit", "-noprompt"]
    make_key = ["-genkeypair", "-alias", "vault", "-keyalg", "EC", "-dname", "CN=Vault, O=Lab", "-keypass", "changeit"]
    for arguments in (["-importcert", "-alias", "root", "-file", "ca.pem"], make_key):
        subprocess.run(["keytool", *arguments, *common], cwd=tmp_path, check=True, capture_output=True)
    exported = subprocess.run(
        ["keytool", "-exportcert", "-alias", "vault", *common], cwd=tmp_path, check=True, capture_output=True
    ).stdout
    items = read_items((tmp_path / "s").read_bytes(), passwords=["changeit"])
    certificates = {i.position: i.certificate for i in items if isinstance(i, CertificateItem)}
    assert set(certificates) == {"root", "vault"}
    assert certificates["root"].fingerprint_sha256 == authority.fingerprint
    assert certificates["vault"] is not None
    assert our_facts(certificates["vault"]) == openssl_facts(exported)
    assert [i.position for i in items if isinstance(i, KeyItem)] != []
    assert [i for i in items if isinstance(i, ProblemItem)] == []


def test_a_secret_key_of_keytool_hides_only_what_follows(tmp_path: Path) -> None:
    common = ["-keystore", "s", "-storetype", "JCEKS", "-storepass", "changeit", "-keypass", "changeit", "-noprompt"]
    secret = ["keytool", "-genseckey", "-alias", "aes", "-keyalg", "AES", "-keysize", "256"]
    subprocess.run([*secret, *common], cwd=tmp_path, check=True, capture_output=True)
    (problem,) = read_items((tmp_path / "s").read_bytes(), passwords=["changeit"])
    assert isinstance(problem, ProblemItem)
    assert "secret key" in problem.reason
