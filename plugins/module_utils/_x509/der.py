# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tag, length, value: as much of DER (ITU-T X.690) as certificates and keystores need, and BER made into DER."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30
CONTEXT_0 = 0xA0
CONTEXT_1 = 0xA1

_CONSTRUCTED = 0x20
# BER has to be taken apart and put together again; no honest store comes near to these.
_MAX_DEPTH = 64
_MAX_BER_SIZE = 4 << 20


# How cryptography words what its ASN.1 parser found: kind, and the last place of its location.
_PARSE_ERROR = re.compile(r'ParseError \{ kind: (\w+).*?(?:"([^"]+)"\])? \}$')


class Element(NamedTuple):
    """One value: its tag byte, where it starts (at the tag), where its contents start and where they end."""

    tag: int
    position: int
    start: int
    end: int


def read_element(data: bytes, position: int, limit: int | None = None) -> Element:
    """The element at ``position``; its end may not pass ``limit`` (the end of the data by default).

    Raises ValueError on what is not DER: indefinite lengths, lengths with needless bytes, long-form tags (no
    format here has them), contents that are cut short.
    """
    limit = len(data) if limit is None else limit
    element = peek_element(data, position, limit)
    length, size = element.end - element.start, element.start - position - 2
    if data[position + 1] == 0x80 or (size and (length < 0x80 or length >> (8 * (size - 1)) == 0)):
        raise ValueError(f"it is not DER: the length at byte {position + 1} is not the shortest form")
    if element.end > limit:
        raise ValueError(f"it is cut short: {element.end} bytes are announced, {limit} are there")
    return element


def peek_element(data: bytes, position: int, limit: int) -> Element:
    """Like read_element, but BER, and contents that go on past the limit, are taken too.

    An indefinite length ends at the limit. Raises ValueError where there is no whole header.
    """
    if position + 2 > limit:
        raise ValueError(f"it is cut short at byte {position}")
    tag, length, start = data[position], data[position + 1], position + 2
    if tag & 0x1F == 0x1F:
        raise ValueError(f"it is not DER: a long-form tag at byte {position}")
    if length == 0x80:
        return Element(tag, position, start, limit)
    if length > 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[position + 2 : start], "big")
        if start > limit:
            raise ValueError(f"it is cut short at byte {position}")
    return Element(tag, position, start, start + length)


def children(data: bytes, parent: Element) -> Iterator[Element]:
    """The elements inside a constructed element. Raises ValueError as read_element does."""
    position = parent.start
    while position < parent.end:
        child = read_element(data, position, parent.end)
        yield child
        position = child.end


def flaw(data: bytes, error: Exception) -> str:
    """Why cryptography refuses ``data`` with ``error``, in plain words."""
    try:
        end = read_element(data, 0).end
    except ValueError as plain:
        return str(plain)
    if end != len(data):
        return f"{len(data) - end} bytes follow it"
    parse_error = _PARSE_ERROR.search(str(error))
    if parse_error is None:
        return str(error)
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", parse_error[1]).lower()
    return f"{kind} in {parse_error[2]}" if parse_error[2] else kind


def span(data: bytes, position: int) -> tuple[int, int]:
    """Start and end of the contents at ``position``: read_element for DER that was already found well-formed.

    It does not look whether the end is inside the data; IndexError where there is not even a length.
    """
    length = data[position + 1]
    if length < 0x80:
        return position + 2, position + 2 + length
    if length == 0x82:  # 256 to 65535 bytes, as a certificate and its key have: int.from_bytes takes twice the time
        return position + 4, position + 4 + (data[position + 2] << 8 | data[position + 3])
    start = position + 2 + (length & 0x7F)
    return start, start + int.from_bytes(data[position + 2 : start], "big")


def integer(data: bytes, element: Element) -> int:
    """The value of an INTEGER. Raises ValueError on another tag."""
    if element.tag != INTEGER or element.start == element.end:
        raise ValueError(f"an INTEGER is expected at byte {element.position}")
    return int.from_bytes(data[element.start : element.end], "big", signed=True)


def object_identifier(data: bytes, element: Element) -> bytes:
    """The encoded numbers of an OBJECT IDENTIFIER. Raises ValueError on another tag."""
    if element.tag != OBJECT_IDENTIFIER:
        raise ValueError(f"an OBJECT IDENTIFIER is expected at byte {element.position}")
    return data[element.start : element.end]


def as_der(data: bytes) -> bytes:
    """DER as it is; BER, told by its indefinite length, with definite lengths and its string segments joined.

    Bouncy Castle writes PKCS#12 and S/MIME tools write PKCS#7 as BER. Raises ValueError on what is neither.
    """
    if data[1:2] != b"\x80":
        return data
    if len(data) > _MAX_BER_SIZE:
        raise ValueError(f"it is BER of {len(data)} bytes, at most {_MAX_BER_SIZE} are read")
    return _convert(data, 0, len(data), _MAX_DEPTH)[0]


def _convert(data: bytes, position: int, limit: int, depth: int) -> tuple[bytes, int]:
    """One element as DER, and the position after it."""
    if depth == 0:
        raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")
    tag, _position, start, end = peek_element(data, position, limit)
    indefinite = data[position + 1] == 0x80
    if end > limit or (indefinite and not tag & _CONSTRUCTED):
        raise ValueError(f"it is cut short or not BER at byte {position}")
    if not tag & _CONSTRUCTED:
        return _encode(tag, data[start:end]), end
    parts = []
    while not _ends(data, start, end, indefinite):
        part, start = _convert(data, start, end, depth - 1)
        parts.append(part)
    if tag == OCTET_STRING | _CONSTRUCTED:
        tag, parts = OCTET_STRING, [part[span(part, 0)[0] :] for part in parts]
    return _encode(tag, b"".join(parts)), start + 2 if indefinite else end


def _ends(data: bytes, position: int, end: int, indefinite: bool) -> bool:
    """Whether the contents end here: at their known end or at the two zero bytes of an indefinite length."""
    if not indefinite:
        return position >= end
    if position + 2 > end:
        raise ValueError("it is cut short: the end of an indefinite length is missing")
    return data[position : position + 2] == b"\0\0"


def _encode(tag: int, contents: bytes) -> bytes:
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + contents
