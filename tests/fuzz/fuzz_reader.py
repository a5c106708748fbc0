# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Feeds read_items with what libFuzzer makes of real files: no exception may leave it, whatever the bytes are.

    PYTHONPATH=.:build/collections python tests/fuzz/fuzz_reader.py [SECONDS]

It starts from a corpus of every format, made anew each time, and ends after SECONDS (60 by default).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "build" / "collections")]

with atheris.instrument_imports(include=["ansible_collections.sre.preflight"]):
    from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import CertificateItem, read_items

MAX_LENGTH = 4096
SECONDS_AN_INPUT = 10


def try_one(data: bytes) -> None:
    """Every item must survive the way through the evidence and back."""
    for item in read_items(data, passwords=["a"]):
        if isinstance(item, CertificateItem):
            row = item.certificate.to_row()
            assert type(item.certificate).from_row(row).to_row() == row


def corpus() -> dict[str, bytes]:
    """A file of each format."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    from tests.support import keystores
    from tests.support.certificates import make_ca, make_crl, make_leaf, pem_to_der

    authority = make_ca()
    leaf = make_leaf(issuer=authority, names=["a.example", "10.0.0.1", "::1", "spiffe://lab/a"])
    encryption = BestAvailableEncryption(b"a")
    clear = keystores.pfx(keystores.clear_content(keystores.certificate_bag(leaf.der, "a"), keystores.key_bag()))
    entries = keystores.key_entry("a", b"key", [leaf.der, authority.der]), keystores.trusted_entry("b", leaf.der)
    return {
        "pem": leaf.pem + leaf.key_pem + authority.pem,
        "utf16": b"\xff\xfe" + leaf.pem.decode().encode("utf-16-le"),
        "der": leaf.der,
        "crl": pem_to_der(make_crl(authority, serial_numbers=[1, 2])),
        "jks": keystores.keystore(*entries),
        "jceks": keystores.keystore(*entries, keystores.secret_entry("c"), magic=keystores.JCEKS_MAGIC),
        "pfx": clear,
        "ber": keystores.indefinite(clear),
        "pkcs12": pkcs12.serialize_key_and_certificates(b"a", leaf.key, leaf.certificate, None, encryption),
    }


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as directory:
        for name, data in corpus().items():
            (Path(directory) / name).write_bytes(data)
        limits = [f"-max_total_time={seconds}", f"-max_len={MAX_LENGTH}", f"-timeout={SECONDS_AN_INPUT}"]
        artifacts = f"-artifact_prefix={tempfile.gettempdir()}/preflight-fuzz-"
        atheris.Setup([sys.argv[0], directory, artifacts, *limits], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
