# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One certificate in memory: the bare loop (DER, dates, SHA-256), read_certificate, and cryptography's own objects.

    PYTHONPATH=.:build/collections python tests/bench/bench_read_certificate.py

CPU time a certificate, medians of 9 rounds over 200 different certificates.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cryptography import x509

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "build" / "collections")]

from ansible_collections.sre.preflight.plugins.module_utils._x509.certificate_reader import (  # noqa: E402
    read_certificate,
)
from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import read_items  # noqa: E402
from tests.bench.measure import table  # noqa: E402
from tests.support.certificates import make_ca, make_leaf, to_pem  # noqa: E402

COUNT = 200
ROUNDS = 9
MAX_MICROSECONDS = 25


def bare(der: bytes) -> object:
    certificate = x509.load_der_x509_certificate(der)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc, hashlib.sha256(der).hexdigest()


def with_cryptography(der: bytes) -> object:
    """The fields of a Certificate, all by cryptography."""
    certificate = x509.load_der_x509_certificate(der)
    extensions = certificate.extensions
    return (
        bare(der),
        certificate.serial_number,
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        [str(name.value) for name in extensions.get_extension_for_class(x509.SubjectAlternativeName).value],
        extensions.get_extension_for_class(x509.BasicConstraints).value.ca,
        extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex(),
        extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier.hex(),
    )


def microseconds(run: Callable[[bytes], object], certificates: list[bytes]) -> float:
    """Median CPU time of one call."""
    rounds = []
    for _round in range(ROUNDS):
        started = time.process_time()
        for certificate in certificates:
            run(certificate)
        rounds.append((time.process_time() - started) / len(certificates) * 1e6)
    return statistics.median(rounds)


def main() -> None:
    authority = make_ca(common_name="Lab CA")
    hosts = [f"host-{number}.example.com" for number in range(COUNT)]
    ders = [make_leaf(issuer=authority, common_name=host, names=[host, "10.0.0.1"]).der for host in hosts]
    read = microseconds(read_certificate, ders)
    rows = [
        ("", "us a certificate", "target"),
        ("bare: DER, dates, SHA-256", f"{microseconds(bare, ders):.1f}", ""),
        ("read_certificate", f"{read:.1f}", f"at most {MAX_MICROSECONDS}"),
        ("read_items (from PEM)", f"{microseconds(read_items, [to_pem(der) for der in ders]):.1f}", ""),
        ("the same by cryptography's objects", f"{microseconds(with_cryptography, ders):.1f}", ""),
    ]
    print(table(f"Certificates in memory, medians of {ROUNDS} rounds", rows))
    sys.exit(read > MAX_MICROSECONDS)


if __name__ == "__main__":
    main()
