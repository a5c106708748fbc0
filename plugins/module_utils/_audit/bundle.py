# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bundle: evidence, findings and coverage of one run as one packed, versioned string.

Base64 of zlib-deflated JSON (RFC 4648, RFC 1950): {format, version, module, collection_version, collected_at,
judged_at, policy, evidence, findings, coverage, summary, ...}. One string, because large structures are what Ansible
is slow at.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from .json_stream import encode

FORMAT = "sre.preflight/bundle"
VERSION = 1
MAX_BYTES = 2 << 30
"""More than this unpacked is refused: it is no bundle of ours."""
_CHUNK = 1 << 16


class BundleError(ValueError):
    """A text that is not a bundle this version reads, and what to do about it."""


def pack(document: Mapping[str, Any]) -> str:
    """Packs a document; iterators in it become arrays, one item at a time (see json_stream)."""
    # Level 1: inventories are mostly digests, which do not deflate; higher levels only cost time.
    deflate = zlib.compressobj(1)
    packed = bytearray()
    pending: list[str] = []
    size = 0
    for piece in encode({"format": FORMAT, "version": VERSION, **document}):
        pending.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            packed += deflate.compress("".join(pending).encode())
            pending.clear()
            size = 0
    packed += deflate.compress("".join(pending).encode())
    packed += deflate.flush()
    return base64.b64encode(packed).decode()


def unpack(text: str | bytes) -> dict[str, Any]:
    """The document of a bundle. Raises BundleError where it is cut short, damaged or of another version."""
    try:
        packed = base64.b64decode(text if isinstance(text, bytes) else str(text).encode("ascii"), validate=False)
    except (binascii.Error, UnicodeEncodeError):
        raise BundleError("it is cut short or no bundle at all (not base64); save it again") from None
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(packed, MAX_BYTES)
    except zlib.error:
        raise BundleError("it is damaged or no bundle at all (not deflated JSON); save it again") from None
    del packed
    if not inflate.eof:
        size = f"it unpacks to more than {MAX_BYTES >> 30} GiB" if inflate.unconsumed_tail else "it is cut short"
        raise BundleError(f"{size}; save it again")
    try:
        document = json.loads(plain)
    except ValueError:
        raise BundleError("it does not hold JSON; save it again") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BundleError(f"it is no bundle of this collection (its format is not {FORMAT})")
    if document.get("version") != VERSION:
        raise BundleError(
            f"it has version {document.get('version')!r}, this collection reads version {VERSION}; "
            "audit again, or judge it with the collection that wrote it"
        )
    return document
