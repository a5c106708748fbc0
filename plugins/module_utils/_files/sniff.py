# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the first bytes of a file say it is, so that a walk opens everything but parses only certificates."""

from __future__ import annotations

import re

PEM = "pem"
DER = "der"
KEYSTORE = "keystore"
KUBECONFIG = "kubeconfig"

_BEGIN = b"-----BEGIN "
_BEGIN_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
# RFC 7468, section 2: the boundary begins a line. A source file that only quotes it is no certificate.
_BOUNDARY = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n])[ \t]*-----BEGIN [^-\r\n]{1,64}-----")
# Java's JKS and JCEKS (sun.security.provider.JavaKeyStore, com.sun.crypto.provider.JceKeyStore).
_JAVA_MAGIC = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
# Windows' text editors write UTF-16, whose every other byte is NUL: with these, "-----B" in either byte order.
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF16_BEGIN = b"-\0-\0-\0-\0-\0B"
_KUBECONFIG_KEY = re.compile(rb"(?:client-certificate|certificate-authority)(?:-data)?[\"']?[ \t]*:")
_KUBECONFIG_KIND = re.compile(rb"[\"']?\bkind[\"']?[ \t]*:[ \t]*[\"']?Config\b")
# What the outer SEQUENCE begins with: SEQUENCE (certificate, CRL), INTEGER (PKCS#12, keys), OID (PKCS#7).
_INNER_TAGS = (0x30, 0x02, 0x06)
_PKCS12_VERSION = b"\x02\x01\x03"  # RFC 7292, section 4: version INTEGER {v3(3)}


def sniff(data: bytes) -> str | None:
    """PEM, DER, KEYSTORE or KUBECONFIG by content; None for everything else.

    ``data`` is a file or its beginning. A boundary behind a NUL byte does not count: programs and archives
    carry certificates among much else.
    """
    if data.startswith(_BEGIN_CERTIFICATE):
        return PEM
    if data.startswith(_BEGIN):
        return PEM if _BOUNDARY.match(data) else None
    if data[:1] == b"0":
        return _sniff_der(data)
    if data[:4] in _JAVA_MAGIC:
        return KEYSTORE
    begin = data.find(_BEGIN)
    if begin >= 0 and data.find(b"\0", 0, begin) < 0 and _BOUNDARY.search(data):
        return PEM
    if data[:2] in _UTF16 and _UTF16_BEGIN in data:
        return PEM
    if _KUBECONFIG_KEY.search(data) and _KUBECONFIG_KIND.search(data) and b"\0" not in data:
        return KUBECONFIG
    return None


def is_text(data: bytes) -> bool:
    """Whether this beginning of a file may go on to a PEM block: text so far."""
    return b"\0" not in data and data[:1] != b"0"


def _sniff_der(data: bytes) -> str | None:
    """DER or KEYSTORE where a SEQUENCE with a long or indefinite length begins (X.690, 8.1.3)."""
    length = data[1] if len(data) > 1 else 0
    if not 0x80 <= length <= 0x84:
        return PEM if _BOUNDARY.search(data) and b"\0" not in data else None
    start = 2 + (length & 0x7F)
    if data[start : start + 3] == _PKCS12_VERSION:
        return KEYSTORE
    return DER if len(data) > start and data[start] in _INNER_TAGS else None
