# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Feeds read_items with what libFuzzer makes of real files: no exception may leave it, whatever the bytes are."""

from __future__ import annotations

import atheris

from tests.fuzz.engine import fuzz

with atheris.instrument_imports(include=["ansible_collections.sre.preflight"]):
    from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import CertificateItem, read_items


def try_one(data: bytes) -> None:
    """Every item must survive the way through the evidence and back."""
    for item in read_items(data, passwords=["a"]):
        if isinstance(item, CertificateItem):
            row = item.certificate.to_row()
            assert type(item.certificate).from_row(row).to_row() == row


if __name__ == "__main__":
    fuzz("reader", try_one, runs=80_000)
