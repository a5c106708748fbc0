# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a certificate is for a host (RFC 9525, which replaced RFC 6125)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def matches(names: Sequence[str], host: str) -> bool:
    """Whether one of ``names`` (dNSNames, IP addresses, URIs as a Certificate has them) is for ``host``.

    An IP address matches only as an address, in whatever form it is written (``::1``, ``[::1]``, ``0:0::1``).
    A name matches without regard to case or a trailing dot, an IDN as its A-labels; ``*`` stands for exactly one
    whole label, the left-most, of a name with at least three (RFC 9525 section 6.3 and CA practice).
    """
    address = _address(host)
    if address is not None:
        return any(_address(name) == address for name in names)
    wanted = _labels(host)
    return bool(wanted) and any(_label_match(_labels(name), wanted) for name in names)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a literal stands for; a zone (``fe80::1%eth0``) is no part of a certificate."""
    literal = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return ipaddress.ip_address(literal.partition("%")[0])
    except ValueError:
        return None


def _labels(name: str) -> list[str]:
    """The labels of a DNS name in lowercase A-label form; [] where it has an empty one or is no name."""
    labels = name[:-1].split(".") if name.endswith(".") else name.split(".")
    try:
        ascii_labels = [label if label.isascii() else label.encode("idna").decode("ascii") for label in labels]
    except UnicodeError:
        return []
    return [label.lower() for label in ascii_labels] if all(ascii_labels) else []


def _label_match(pattern: list[str], wanted: list[str]) -> bool:
    if pattern[:1] == ["*"]:
        return len(pattern) >= 3 and len(pattern) == len(wanted) and pattern[1:] == wanted[1:]
    return pattern == wanted
