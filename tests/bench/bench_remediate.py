# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook ``remediate`` over many mounts on which nothing is left to do.

``python -m tests.bench.bench_remediate [MOUNTS]``
"""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from tests.bench.measure import median_seconds, table
from tests.lab.openbao import OpenBao
from tests.lab.pki import LOCAL_NAMES, lab_ca, lab_certificate
from tests.support.remediating import Site, growing_mount


def main(mounts: int = 20) -> None:
    authority = lab_ca()
    certificate = lab_certificate(authority, LOCAL_NAMES, age=timedelta(days=1))
    with OpenBao(certificate=certificate, authority=authority) as server, tempfile.TemporaryDirectory() as directory:
        names = tuple(f"pki{number}" for number in range(mounts))
        for name in names:
            growing_mount(server, name, revoked=3, leased=3)
        site = Site(server, Path(directory), names)
        site.audit()
        once = site.remediate()
        if once.returncode:
            raise RuntimeError(once.stdout)

        def again() -> None:
            output = site.remediate().stdout
            if output.count("already as planned") != mounts:
                raise RuntimeError(output)

        seconds = median_seconds(again)
    print(table("Remediation", [(f"{mounts} mounts with nothing to do", f"{seconds:.1f} s", "60 s")]))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
