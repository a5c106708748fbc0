# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate revocation lists (RFC 5280 section 5): when they are from and how long they are good for."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import Any

from .._audit.instant import format_instant
from . import library
from .der import INTEGER, flaw, span
from .names import read_name


def read_crl(der: bytes) -> dict[str, Any]:
    """One CRL as {issuer, this_update, next_update or None, entries, bytes, fingerprint_sha256}.

    Issuer as RFC 4514 text, instants as text, ``bytes`` the size of the DER. The entries are counted, not read.
    Raises ValueError with the reason in words.
    """
    try:
        crl = library.x509.load_der_x509_crl(der)
        this_update, next_update = _dates(crl)
        entries = len(crl)
    except library.REFUSALS as error:
        raise ValueError(f"the CRL is not well-formed: {flaw(der, error)}") from None
    return {
        "issuer": read_name(der[slice(*issuer_span(der))]).text,
        "this_update": format_instant(this_update),
        "next_update": None if next_update is None else format_instant(next_update),
        "entries": entries,
        "bytes": len(der),
        "fingerprint_sha256": hashlib.sha256(der).hexdigest(),
    }


def _dates(crl: library.x509.CertificateRevocationList) -> tuple[datetime, datetime | None]:
    """thisUpdate and nextUpdate, aware; cryptography has them so from 42 on."""
    if hasattr(crl, "last_update_utc"):
        return crl.last_update_utc, crl.next_update_utc
    this_update, next_update = crl.last_update, crl.next_update
    return this_update.replace(tzinfo=timezone.utc), next_update and next_update.replace(tzinfo=timezone.utc)


def issuer_span(der: bytes) -> tuple[int, int]:
    """Where the issuer of a TBSCertList starts and ends: after an optional version and the signature's algorithm."""
    position = span(der, span(der, 0)[0])[0]
    if der[position] == INTEGER:
        position = span(der, position)[1]
    position = span(der, position)[1]
    return position, span(der, position)[1]
