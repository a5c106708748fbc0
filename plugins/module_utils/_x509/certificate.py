# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One certificate as the inventory knows it: what RFC 5280 says about it and where it was seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .._audit.instant import format_instant, parse_instant

COLUMNS = (
    "fingerprint_sha256",
    "subject",
    "issuer",
    "serial_number",
    "not_before",
    "not_after",
    "is_ca",
    "self_issued",
    "names",
    "subject_key_identifier",
    "authority_key_identifier",
    "rotator",
    "locations",
)


class Certificate:
    """A distinct certificate (by the SHA-256 of its DER) and its locations.

    Slots and not a dict: an inventory of 100,000 has to stay under 300 MB on a managed host.
    ``names`` are the subjectAltName's dNSNames, iPAddresses and URIs (the CN where there is no
    subjectAltName), ``self_issued`` says that subject and issuer are the same DER, ``rotator`` names the
    tool that renews it where the target said so.
    """

    __slots__ = COLUMNS

    def __init__(
        self,
        fingerprint_sha256: str,
        subject: str,
        issuer: str,
        serial_number: str,
        not_before: datetime,
        not_after: datetime,
        is_ca: bool,
        self_issued: bool,
        names: tuple[str, ...],
        subject_key_identifier: str | None,
        authority_key_identifier: str | None,
        *,
        rotator: str | None = None,
        locations: list[str] | None = None,
    ) -> None:
        self.fingerprint_sha256 = fingerprint_sha256
        self.subject = subject
        self.issuer = issuer
        self.serial_number = serial_number
        self.not_before = not_before
        self.not_after = not_after
        self.is_ca = is_ca
        self.self_issued = self_issued
        self.names = names
        self.subject_key_identifier = subject_key_identifier
        self.authority_key_identifier = authority_key_identifier
        self.rotator = rotator
        self.locations = locations if locations is not None else []

    def lifespan_used(self, now: datetime) -> float:
        """Percent of notBefore..notAfter that has passed at ``now``; 0 before it, over 100 once expired.

        A certificate without a positive lifespan (notAfter at or before notBefore) counts as used up.
        """
        lifespan = (self.not_after - self.not_before).total_seconds()
        if lifespan <= 0:
            return 100.0
        return max(0.0, 100.0 * (now - self.not_before).total_seconds() / lifespan)

    def to_row(self) -> list[Any]:
        """The values of COLUMNS as plain JSON."""
        row = [getattr(self, column) for column in COLUMNS]
        row[4], row[5], row[8] = format_instant(self.not_before), format_instant(self.not_after), list(self.names)
        return row

    @classmethod
    def from_row(cls, row: list[Any]) -> Certificate:
        """The inverse of to_row. Raises ValueError on a row that is not one."""
        if len(row) != len(COLUMNS):
            raise ValueError(f"a certificate row has {len(COLUMNS)} values, this one {len(row)}")
        values = dict(zip(COLUMNS, row))
        values["not_before"], values["not_after"] = parse_instant(row[4]), parse_instant(row[5])
        values["names"] = tuple(row[8])
        return cls(**values)
