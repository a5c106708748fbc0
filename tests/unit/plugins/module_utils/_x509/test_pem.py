# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM text split into blocks: what RFC 7468 allows, what people do to it, and what an attacker would."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._x509.pem import Block, blocks, decode
from tests.support.certificates import to_pem

ONE, TWO = to_pem(b"first" * 30), to_pem(b"second" * 30)


def bodies(data: bytes) -> list[bytes | None]:
    return [None if block.problem else decode(block.body) for block in blocks(data)]


BOTH = [b"first" * 30, b"second" * 30]


@pytest.mark.parametrize(
    "data",
    [
        ONE + TWO,
        (ONE + TWO).replace(b"\n", b"\r\n"),
        (ONE + TWO).replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + ONE + b"\n\n" + TWO,
        b"Bag Attributes\n  friendlyName: x\nsubject=/CN=a\n" + ONE + b"issuer=/CN=b -----\n" + TWO + b"tail",
        b"".join(b"  \t" + line + b"\n" for line in (ONE + TWO).splitlines()),
        ONE.rstrip() + TWO.rstrip(),
        ONE + b"# -----BEGIN CERTIFICATE-----\n# commented out\n" + TWO,
        ONE + b"see -----BEGIN CERTIFICATE----- for more\n" + TWO,
        ONE + b"-----BEGIN \nno label\n-----BEGIN " + b"x" * 100 + b"-----\n" + TWO,
        ONE.replace(b"\n", b" ") + b"\n" + TWO.replace(b"\n", b" "),
        ONE + TWO.replace(b"-----\n", b"-----\nComment: made\n by hand\nOrder: 2\n\n", 1),
    ],
)
def test_both_are_read(data: bytes) -> None:
    assert bodies(data) == BOTH


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (ONE[:-30], "before the next block"),
        (ONE.replace(b"END CERTIFICATE", b"END X509 CRL"), "END line is not that of a CERTIFICATE"),
        (ONE.replace(b"-----END CERTIFICATE-----", b"-----"), "dashes where its END"),
        (b"-----BEGIN CERTIFICATE-----\n" * 1, "before the next block"),
        (ONE.replace(b"-----END CERTIFICATE-----", b"-----END CERTIFICATE----"), "END line is not that"),
    ],
)
def test_a_bad_frame_does_not_hide_its_neighbours(bad: bytes, reason: str) -> None:
    first, broken, last = blocks(TWO + bad + TWO)
    assert (first.problem, last.problem) == (None, None)
    assert (first.number, broken.number, last.number) == (1, 2, 3)
    assert broken.problem is not None
    assert reason in broken.problem
    assert broken.body == b""


def test_the_last_block_cut_short() -> None:
    whole, cut = blocks(ONE + TWO[:-40])
    assert whole.problem is None
    assert cut == Block(2, "CERTIFICATE", b"", "it has no END line: the file is cut short")


@pytest.mark.parametrize("data", [b"", b"text", b"\0" * 1000, b"-----BEGIN", b"-----BEGIN A", b"-----END A-----"])
def test_no_block(data: bytes) -> None:
    assert list(blocks(data)) == []


def test_labels() -> None:
    data = to_pem(b"a", "TRUSTED CERTIFICATE") + to_pem(b"b", "EC PRIVATE KEY") + to_pem(b"c", "X509 CRL")
    assert [block.label for block in blocks(data)] == ["TRUSTED CERTIFICATE", "EC PRIVATE KEY", "X509 CRL"]


@pytest.mark.parametrize(
    "body", [b"QUJD!QUJD", b"QU!!JD==", b"!!!!QUJD", b"QUI=!!!!", b"QU!=", b"QUJ", b"\xff\xfe", b"a: b\n!!!\n", b"Q"]
)
def test_bad_base64(body: bytes) -> None:
    with pytest.raises(ValueError, match="it is not base64"):
        decode(body)


@pytest.mark.parametrize(
    "line",
    [
        b"-----BEGIN\n",
        b"-----BEGIN ",
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\n",
        b"-" * 64,
        b" " * 63 + b"\n",
        b"-----BEGIN CERTIFICATE-----\na: b\n",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    ],
)
def test_time_grows_with_size_and_memory_does_not(line: bytes) -> None:
    size = 400_000
    durations = []
    for factor in (1, 4):
        data = line * (factor * size // len(line))
        started = time.process_time()
        for _block in blocks(data):
            pass
        durations.append(time.process_time() - started)
    assert durations[1] < 12 * durations[0] + 0.05  # 16 times, were it quadratic
    tracemalloc.start()
    for _block in blocks(data):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size


def test_headers_without_end_are_linear_too() -> None:
    body = b"a: b\n" * 200_000 + b"!"
    started = time.process_time()
    with pytest.raises(ValueError, match="not base64"):
        decode(body)
    assert time.process_time() - started < 2
