# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CRL as the evidence has it: its size, its dates, and the history of revocations that its entries are."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

from .._audit.instant import format_instant
from .._x509 import library
from .._x509.crl import read_crl
from .days import DAY, day_names


def read_history(der: bytes, revoked: dict[int, str] | None = None, *, day: timedelta = DAY) -> dict[str, Any]:
    """{bytes, entries, this_update, next_update, crl_number, issuer, revocation_days, newest_revocation}.

    revocation_days: [day, entries revoked on it] in the order of these days, which are ``day`` long;
    newest_revocation: an instant or None. ``revoked`` gets the day of each serial number where it is given. Raises
    ValueError with the reason in words.
    """
    header = read_crl(der)
    crl = library.x509.load_der_x509_crl(der)
    revocation_date = _utc if library.HAS_AWARE_DATES else _naive
    days: dict[datetime, str] = {}
    counts: Counter[str] = Counter()
    named = day_names(day)
    try:
        for entry in crl:
            instant = revocation_date(entry)
            if instant not in days:
                days[instant] = named(instant.isoformat())
            counts[days[instant]] += 1
            if revoked is not None:
                revoked[entry.serial_number] = days[instant]
        number = _crl_number(crl)
    except library.REFUSALS as error:
        raise ValueError(f"the CRL is not well-formed: {error}") from None
    return {
        "bytes": header["bytes"],
        "entries": header["entries"],
        "this_update": header["this_update"],
        "next_update": header["next_update"],
        "crl_number": number,
        "issuer": header["issuer"],
        "revocation_days": [[name, counts[name]] for name in sorted(counts)],
        "newest_revocation": format_instant(max(days)) if days else None,
    }


def _utc(entry: Any) -> datetime:
    instant: datetime = entry.revocation_date_utc
    return instant


def _naive(entry: Any) -> datetime:
    instant: datetime = entry.revocation_date
    return instant.replace(tzinfo=timezone.utc)


def _crl_number(crl: Any) -> int | None:
    """RFC 5280, 5.2.3."""
    try:
        number: int = crl.extensions.get_extension_for_class(library.x509.CRLNumber).value.crl_number
    except library.x509.ExtensionNotFound:
        return None
    return number
