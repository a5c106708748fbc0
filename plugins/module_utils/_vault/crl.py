# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CRL as the evidence has it: its size, its dates, and the history of revocations that its entries are."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from .._x509 import library
from .._x509.crl import read_crl
from .._x509.crl_entries import read_runs
from .days import DAY, day_names


def read_history(der: bytes, revoked: dict[int, str] | None = None, *, day: timedelta = DAY) -> dict[str, Any]:
    """{bytes, entries, this_update, next_update, crl_number, issuer, revocation_days, newest_revocation}.

    revocation_days: [day, entries revoked on it] in the order of these days, which are ``day`` long;
    newest_revocation: an instant or None. ``revoked`` gets the day of each serial number where it is given. Raises
    ValueError with the reason in words.
    """
    header = read_crl(der)
    days = _Days(day)
    counts: Counter[str] = Counter()
    newest = b""
    for run in read_runs(der):
        names = [days[date[: days.digits]] for date in run.dates]
        counts.update(names)
        newest = max(newest, *run.dates)
        if revoked is not None:
            revoked.update(zip(run.serial_numbers, names))
    return {
        "bytes": header["bytes"],
        "entries": header["entries"],
        "this_update": header["this_update"],
        "next_update": header["next_update"],
        "crl_number": _crl_number(der),
        "issuer": header["issuer"],
        "revocation_days": [[name, counts[name]] for name in sorted(counts)],
        "newest_revocation": _instant(newest) if newest else None,
    }


class _Days(dict[bytes, str]):
    """The day of each revocation date, worked out once for all of a day."""

    def __init__(self, day: timedelta) -> None:
        super().__init__()
        self.digits = 8 if day == DAY else 14
        self._named = day_names(day)

    def __missing__(self, digits: bytes) -> str:
        name = self[digits] = self._named(_instant(digits))
        return name


def _instant(digits: bytes) -> str:
    """``YYYYMMDD`` and perhaps ``HHMMSS``, as the evidence writes instants. Raises ValueError on anything else."""
    if not digits[:14].isdigit():  # cryptography took blanks for zeros before it had a parser of its own
        raise ValueError(f"the CRL is not well-formed: {digits.decode(errors='replace')!r} is no date")
    year, rest = digits[:4].decode(), digits[4:14].ljust(10, b"0").decode()
    month, day, hour, minute, second = (rest[start : start + 2] for start in range(0, 10, 2))
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"


def _crl_number(der: bytes) -> int | None:
    """RFC 5280, 5.2.3. Raises ValueError where the extensions are not well-formed."""
    try:
        extensions = library.x509.load_der_x509_crl(der).extensions
        number: int = extensions.get_extension_for_class(library.x509.CRLNumber).value.crl_number
    except library.x509.ExtensionNotFound:
        return None
    except library.REFUSALS as error:
        raise ValueError(f"the CRL is not well-formed: {error}") from None
    return number
