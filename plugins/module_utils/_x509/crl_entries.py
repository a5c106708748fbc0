# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a CRL (RFC 5280 section 5.1.2.6), a million of them in about a second.

Entries whose lengths are alike follow one another by the hundred, since serial numbers are random: a regular
expression finds such a run, and ``struct`` takes it apart. An object for each entry, as cryptography makes them, takes
three times as long.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from .crl import issuer_span
from .der import SEQUENCE, span

_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
# So many entries are held as Python objects at once; a longer repeat would need as much memory again.
_MAX_RUN = 4096


class Run(NamedTuple):
    """Entries that follow one another: serial numbers, and revocation dates as ``YYYYMMDDHHMMSSZ``."""

    serial_numbers: list[int]
    dates: list[bytes]


class _Shape(NamedTuple):
    """Finds entries with the same lengths throughout, and takes them apart into serial number and date."""

    pattern: re.Pattern[bytes]
    fields: struct.Struct
    is_utc_time: bool


def read_runs(der: bytes) -> Iterator[Run]:
    """All entries of a CRL that was found well-formed (read_crl), in its order."""
    position, end = _entries(der)
    view = memoryview(der)
    while position < end:
        shape = _shape_at(der, position)
        found = shape.pattern.match(der, position, end)
        if found is None:  # then it was not well-formed
            raise ValueError(f"the CRL is not well-formed: an entry is expected at byte {position}")
        numbers, dates = zip(*shape.fields.iter_unpack(view[position : found.end()]))
        position = found.end()
        yield Run([int.from_bytes(number, "big", signed=True) for number in numbers], _full_years(dates, shape))


def _entries(der: bytes) -> tuple[int, int]:
    """Where the entries start and end: after issuer, thisUpdate and an optional nextUpdate."""
    position, limit = span(der, issuer_span(der)[1])[1], span(der, span(der, 0)[0])[1]
    if position < limit and der[position] in (_UTC_TIME, _GENERALIZED_TIME):
        position = span(der, position)[1]
    if position < limit and der[position] == SEQUENCE:
        return span(der, position)
    return limit, limit


def _shape_at(der: bytes, position: int) -> _Shape:
    """The shape of the entry there: a SEQUENCE of an INTEGER, a time and perhaps extensions."""
    end = span(der, position)[1]
    number, date_at = span(der, span(der, position)[0])
    date, extensions_at = span(der, date_at)
    extensions = span(der, extensions_at)[0] if extensions_at < end else end
    heads = der[position:number], der[date_at:date], der[extensions_at:extensions]
    return _shape(heads, (date_at - number, extensions_at - date, end - extensions))


@functools.lru_cache(maxsize=256)
def _shape(heads: tuple[bytes, ...], lengths: tuple[int, ...]) -> _Shape:
    """From tags and lengths, and the lengths of the contents after each."""
    entry = b"".join(re.escape(head) + b".{%d}" % length for head, length in zip(heads, lengths))
    padding = [f"{len(head)}x" for head in heads]
    fields = f"{padding[0]}{lengths[0]}s{padding[1]}{lengths[1]}s{padding[2]}{lengths[2]}x"
    pattern = re.compile(b"(?:%s){1,%d}" % (entry, _MAX_RUN), re.DOTALL)
    return _Shape(pattern, struct.Struct(fields), heads[1][0] == _UTC_TIME)


def _full_years(dates: tuple[bytes, ...], shape: _Shape) -> list[bytes]:
    """A UTCTime has two digits for the year, of 1950 to 2049 (RFC 5280 section 4.1.2.5.1)."""
    if not shape.is_utc_time:
        return list(dates)
    return [(b"20" if date < b"5" else b"19") + date for date in dates]
