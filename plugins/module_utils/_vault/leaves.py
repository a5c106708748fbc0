# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates that a mount has issued: their dates, as cohorts for the forecast."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from .._audit.instant import format_instant, parse_instant
from .._x509.certificate_reader import read_certificate
from . import errors
from .days import DAY, day_names
from .errors import RequestError
from .leaf_cache import Leaf, LeafCache
from .parts import Parts
from .pem import der_of_pem
from .serials import number, stored

PAGE = 2000
CHUNK = 50
"""How many single certificates are read as one task of the pool."""
PAGES_FROM = 200
"""From so many certificates on, pages of LIST certs/detailed are cheaper than single reads."""
EXPIRED_HORIZON = timedelta(days=90)
MAX_MISSING = 5000
"""How many revoked certificates that are not in the CRL are read at most."""


class Read(NamedTuple):
    """A certificate that was read singly: then it is known too when it was revoked, if it was."""

    leaf: Leaf
    revoked_at: str | None


class Batch(NamedTuple):
    """Leaves by serial number as listed, and what could not be read."""

    leaves: dict[str, Leaf]
    failed: list[RequestError]


def choose(serials: Sequence[str], mode: str, sample: int) -> list[str]:
    """The serial numbers to read, in the storage's order.

    They are random (RFC 5280, 4.1.2.2), so the first in order are a random sample, and the same again next time.
    """
    if mode == "none":
        return []
    ordered = sorted(serials, key=stored)
    return ordered[:sample] if mode == "sample" else ordered


def read_leaves(
    parts: Parts, wanted: list[str], listed: Sequence[str], *, detailed: bool, cache: LeafCache, mount_key: str
) -> dict[str, Leaf]:
    """The leaves in ``wanted``, from the cache or the server; failures become one problem.

    ``listed`` are all certificates of the mount, of which pages of a detailed listing are made where ``detailed``
    says that the product has it. A certificate that is gone meanwhile is left out.
    """
    known = cache.load(mount_key) if wanted else {}
    unread = [serial for serial in wanted if serial not in known]
    batch = Batch({}, [])
    if unread:
        batch = _read(parts, unread, wanted, listed, detailed)
        parts.tell_once("leaves", batch.failed, len(unread))
        cache.save(mount_key, batch.leaves, listed=listed)
    return {serial: leaf for serial in wanted for leaf in (known.get(serial) or batch.leaves.get(serial),) if leaf}


def _read(parts: Parts, unread: list[str], wanted: list[str], listed: Sequence[str], detailed: bool) -> Batch:
    # A certificate in a page costs a tenth of a single read.
    if not detailed or len(unread) < PAGES_FROM or len(unread) * 10 < len(wanted):
        return read_singly(parts, unread)
    ordered = sorted(listed, key=stored)
    found: dict[str, Leaf] = {}
    try:
        for page in _pages(parts, ordered[: ordered.index(unread[-1]) + 1]):
            found.update(page)
    except RequestError as error:
        if error.kind != errors.UNSUPPORTED:
            return Batch(found, [error])
    leaves = {serial: found[serial] for serial in unread if serial in found}
    # Reconciled with the plain listing: what a page left out, or could not show, is read by itself.
    rest = read_singly(parts, [serial for serial in unread if serial not in leaves])
    leaves.update(rest.leaves)
    return Batch(leaves, rest.failed)


def _pages(parts: Parts, ordered: list[str]) -> Iterator[dict[str, Leaf]]:
    """The detailed listing of these serials in pages; one that the server cannot make is empty.

    Where a page starts is known from the plain listing, so that pages can be had at once, and nothing hinges on the
    form of the last key of a page.
    """
    starts = ["", *(stored(ordered[index - 1]) for index in range(PAGE, len(ordered), PAGE))]
    # The first alone: it shows whether there are such pages at all.
    for some in (starts[:1], starts[1:]):
        for result in parts.attempt([functools.partial(_page, parts, start) for start in some]):
            if not isinstance(result, RequestError):
                yield result
            elif result.kind not in (errors.REFUSED, errors.SERVER_ERROR):  # a 400 is one unparseable certificate
                raise result


def _page(parts: Parts, after: str) -> dict[str, Leaf]:
    info = parts.listing("certs/detailed", after=after, limit=PAGE).get("key_info") or {}
    leaves = {}
    for serial, row in info.items():
        try:
            leaves[serial] = Leaf(_instant(row["not_before"]), _instant(row["not_after"]), str(row.get("issuer") or ""))
        except (KeyError, TypeError, ValueError):
            continue  # it is read by itself
    return leaves


def _instant(text: str) -> str:
    # What OpenBao writes is what we write; anything else is parsed.
    return text if len(text) == 20 and text[19] == "Z" else format_instant(parse_instant(text))


def read_singly(parts: Parts, serials: list[str]) -> Batch:
    """These certificates, one request each."""
    batch = Batch({}, [])
    for serial, result in _each(parts, serials):
        if isinstance(result, Read):
            batch.leaves[serial] = result.leaf
        elif result.kind not in errors.ABSENT:
            batch.failed.append(result)
    return batch


def _each(parts: Parts, serials: list[str]) -> Iterator[tuple[str, Read | RequestError]]:
    chunks = [serials[start : start + CHUNK] for start in range(0, len(serials), CHUNK)]
    for results in parts.transport.map(lambda chunk: [(serial, _single(parts, serial)) for serial in chunk], chunks):
        yield from results


def _single(parts: Parts, serial: str) -> Read | RequestError:
    path = f"cert/{serial}"
    try:
        data = parts.read(path)
        certificate = read_certificate(der_of_pem(data.get("certificate")))
        revoked_at = data.get("revocation_time_rfc3339")
        return Read(
            Leaf(
                format_instant(certificate.not_before),
                format_instant(certificate.not_after),
                certificate.issuer,
                certificate.is_ca,
            ),
            format_instant(parse_instant(revoked_at)) if revoked_at else None,
        )
    except RequestError as error:
        return error
    except ValueError as error:
        return RequestError(errors.UNREADABLE, parts.prefix + path, str(error))


def summarise(
    leaves: dict[str, Leaf], *, mode: str, expected: int | None, now: datetime, day: timedelta = DAY
) -> dict[str, Any]:
    """The evidence's ``leaves``: {mode, read, expected, expired, by_day, ...}; days are ``day`` long."""
    instant, oldest = format_instant(now), format_instant(now - EXPIRED_HORIZON)
    days: Counter[tuple[str, str]] = Counter()
    expired = 0
    named = day_names(day)
    for leaf in leaves.values():
        expired += leaf.not_after <= instant
        if leaf.not_after > oldest:
            days[named(leaf.not_before), named(leaf.not_after)] += 1
    return {
        **nothing_read(mode, expected),
        "read": len(leaves),
        "expired": expired,
        "by_day": [[issued, expires, days[issued, expires]] for issued, expires in sorted(days)],
    }


def nothing_read(mode: str = "none", expected: int | None = None) -> dict[str, Any]:
    """The evidence's ``leaves`` where none was read."""
    return {
        "mode": mode,
        "read": 0,
        "expected": expected,
        "expired": 0,
        "by_day": [],
        "end_entities": {},
        "revoked_unexpired_missing_from_crl": None,
        "newest_revocation_missing_from_crl": None,
    }


def revoked_by_day(
    entries: Mapping[int, str], leaves: Mapping[str, Leaf], *, day: timedelta = DAY
) -> list[list[Any]] | None:
    """A CRL's ``revoked_by_day``: [day revoked, day of notAfter or None where it is not known, count].

    ``entries`` has the day of revocation by serial number. None where no notAfter is known.
    """
    named = day_names(day)
    expiries = {number(serial): named(leaf.not_after) for serial, leaf in leaves.items()}
    counts = Counter((revoked, expiries.get(serial)) for serial, revoked in entries.items())
    if all(expires is None for _revoked, expires in counts):
        return None
    return [[*dates, counts[dates]] for dates in sorted(counts, key=lambda dates: (dates[0], dates[1] or ""))]


def missing_from_crl(
    parts: Parts, revoked: list[str], in_crl: Container[Any], leaves: dict[str, Leaf], now: datetime
) -> dict[str, Any]:
    """{revoked_unexpired_missing_from_crl, newest_revocation_missing_from_crl}: what a frozen CRL shows.

    ``revoked`` was listed before the CRLs were read, so a revocation in between is no false alarm. Those whose dates
    ``leaves`` does not know are read, MAX_MISSING of them: beyond that the count is the least that it can be. The
    newest revocation is that of at most MAX_MISSING.
    """
    instant = format_instant(now)
    missing = sorted(serial for serial in revoked if number(serial) not in in_crl)
    known = [serial for serial in missing if serial in leaves and leaves[serial].not_after > instant]
    unknown = [serial for serial in missing if serial not in leaves]
    unexpired = {}
    failed = []
    for serial, result in _each(parts, known[:MAX_MISSING] + unknown[:MAX_MISSING]):
        if isinstance(result, RequestError):
            failed.append(result)
        elif result.leaf.not_after > instant:
            unexpired[serial] = result.revoked_at
    parts.tell_once("revoked", [error for error in failed if error.kind not in errors.ABSENT], len(missing))
    return {
        "revoked_unexpired_missing_from_crl": len(unexpired.keys() | set(known)),
        "newest_revocation_missing_from_crl": max((each for each in unexpired.values() if each), default=None),
    }
