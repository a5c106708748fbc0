# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Feeds read_kubeconfig with what libFuzzer makes of YAML and JSON: there are entries, or a reason in words."""

from __future__ import annotations

import atheris

from tests.fuzz.engine import check_reason, fuzz

with atheris.instrument_imports(include=["ansible_collections.sre.preflight"]):
    from ansible_collections.sre.preflight.plugins.module_utils._files.document import DocumentError
    from ansible_collections.sre.preflight.plugins.module_utils._files.kubeconfig import read_kubeconfig
    from ansible_collections.sre.preflight.plugins.module_utils._x509.reader import read_items


def try_one(data: bytes) -> None:
    """What is embedded goes on to the reader of certificates, as in the collector."""
    try:
        entries = read_kubeconfig(data, "/etc/kubernetes/admin.conf")
    except DocumentError as error:
        check_reason(error)
        return
    for entry in entries:
        assert entry.position
        assert sum(each is not None for each in (entry.data, entry.file, entry.problem)) <= 1
        if entry.data is not None:
            read_items(entry.data)


if __name__ == "__main__":
    fuzz("kubeconfig", try_one, runs=40_000)
