# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._files.sniff import (
    DER,
    KEYSTORE,
    KUBECONFIG,
    PEM,
    is_text,
    sniff,
)

BEGIN = b"-----BEGIN CERTIFICATE-----\nMIIB"
CONFIG = b"apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority-data: LS0t\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (BEGIN, PEM),
        (b"\xef\xbb\xbf" + BEGIN, PEM),
        (b"some text\n" + BEGIN, PEM),
        (b"some text\r\n" + BEGIN.replace(b"\n", b"\r\n"), PEM),
        (b"Mac text\r" + BEGIN.replace(b"\n", b"\r"), PEM),
        (b"ca: |\n  " + BEGIN, PEM),
        (b"0 is a digit\n" + BEGIN, PEM),
        (BEGIN + b"\0\0", PEM),
        (b"-----BEGIN TRUSTED CERTIFICATE-----\n", PEM),
        (b"-----BEGIN X509 CRL-----\n", PEM),
        (b"\xff\xfe" + BEGIN.decode().encode("utf-16-le"), PEM),
        (b"\xfe\xff" + BEGIN.decode().encode("utf-16-be"), PEM),
        (b'MARK = "-----BEGIN CERTIFICATE-----"\n', None),
        (b"tar\0\0\0\n" + BEGIN, None),
        (b"\x7fELF\x02\x01\x01\0\n" + BEGIN, None),
        (b"", None),
        (b"0", None),
        (b"-----BEGIN ", None),
        (b"plain text", None),
    ],
)
def test_pem_is_a_boundary_that_begins_a_line_of_text(data: bytes, expected: str | None) -> None:
    assert sniff(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x30\x82\x03\x00\x30\x82\x02\x00", DER),
        (b"\x30\x81\xf0\x30\x81\x90", DER),
        (b"\x30\x83\x10\x00\x00\x30\x82", DER),
        (b"\x30\x80\x06\x09\x2a", DER),
        (b"\x30\x82\x03\x00\x06\x09\x2a", DER),
        (b"\x30\x82\x03\x00\x02\x01\x00", DER),
        (b"\x30\x82\x03\x00\x02\x01\x03", KEYSTORE),
        (b"\x30\x80\x02\x01\x03", KEYSTORE),
        (b"\x30\x82\x03\x00\x0a\x01\x00", None),
        (b"\x30\x82\x03\x00", None),
        (b"\x30\x03\x02\x01\x05", None),
        (b"\xfe\xed\xfe\xed\0\0\0\x02", KEYSTORE),
        (b"\xce\xce\xce\xce\0\0\0\x02", KEYSTORE),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", None),
    ],
)
def test_binary_formats_are_told_by_how_they_begin(data: bytes, expected: str | None) -> None:
    assert sniff(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (CONFIG, KUBECONFIG),
        (CONFIG.replace(b"certificate-authority-data", b"client-certificate"), KUBECONFIG),
        (b'{"kind": "Config", "users": [{"user": {"client-certificate-data": "LS0t"}}]}', KUBECONFIG),
        (CONFIG.replace(b"Config", b"ConfigMap"), None),
        (CONFIG.replace(b"certificate-authority-data", b"server"), None),
        (CONFIG + b"\0", None),
    ],
)
def test_a_kubeconfig_has_its_kind_and_a_key_of_a_certificate(data: bytes, expected: str | None) -> None:
    assert sniff(data) == expected


@pytest.mark.parametrize(("data", "expected"), [(b"text", True), (b"", True), (b"a\0b", False), (b"0\x82", False)])
def test_is_text(data: bytes, expected: bool) -> None:
    assert is_text(data) is expected
