# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many PEM files with distinct certificates, made once and kept under build/bench.

One certificate is signed; the others are its DER with another serial number and other names of the same length.
Their signatures are wrong, which no reader of expiry dates looks at.
"""

from __future__ import annotations

import base64
import os
from datetime import timedelta
from pathlib import Path

from tests.support.certificates import NOT_BEFORE, Made, make_ca, make_leaf

BUILD = Path(__file__).parents[2] / "build" / "bench"
PER_DIRECTORY = 1000
_SERIAL = 0x5A00000000000000000000000000000000000000
_NAME = "service-0000000.lab.example.com"


def make_corpus(count: int) -> Path:
    """The directory of ``count`` PEM files, 1,000 to a directory, one certificate each."""
    done = BUILD / f"pem-{count}"
    if done.is_dir():
        return done
    making = BUILD / f"pem-{count}.{os.getpid()}"
    authority = make_ca(common_name="Bench CA")
    leaf = make_leaf(
        common_name=_NAME,
        names=[_NAME, "10.20.30.40"],
        issuer=authority,
        serial_number=_SERIAL,
        key_kind="rsa",
        not_after=NOT_BEFORE + timedelta(days=365),
    )
    for start in range(0, count, PER_DIRECTORY):
        directory = making / f"{start // PER_DIRECTORY:04d}"
        directory.mkdir(parents=True)
        for number in range(start, min(start + PER_DIRECTORY, count)):
            (directory / f"service-{number:07d}.pem").write_bytes(_variant(leaf, number))
    making.rename(done)
    return done


def _variant(leaf: Made, number: int) -> bytes:
    der = leaf.der.replace(_SERIAL.to_bytes(20, "big"), (_SERIAL + number).to_bytes(20, "big"))
    der = der.replace(_NAME.encode(), f"service-{number:07d}.lab.example.com".encode())
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
