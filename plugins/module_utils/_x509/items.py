# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a file or a store was found to hold: certificates, CRLs, that there is a key, and what cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Union

if TYPE_CHECKING:
    from .certificate import Certificate


class CertificateItem(NamedTuple):
    """A certificate. Positions are "" for an only item, else a 1-based number or a keystore's alias."""

    position: str
    certificate: Certificate


class CrlItem(NamedTuple):
    """A CRL: {issuer, this_update, next_update or None, entries, bytes, fingerprint_sha256}."""

    position: str
    crl: dict[str, Any]


class KeyItem(NamedTuple):
    """A private key was there; nothing of it is kept."""

    position: str


class ProblemItem(NamedTuple):
    """Something that cannot be read: kind ``unparseable`` or ``password``, and the reason in words."""

    position: str
    kind: str
    reason: str


Item = Union[CertificateItem, CrlItem, KeyItem, ProblemItem]
