# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collecting a mount with many certificates from a real OpenBao, beside its own health check; and a large CRL.

``python -m tests.bench.bench_vault_collect [CERTIFICATES] [CRL_ENTRIES]``

On a busy machine the processor's time says more than the clock's: the server's share of it is not in ours.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import getrandbits
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "build" / "collections")]

from ansible_collections.sre.preflight.plugins.module_utils._vault import collect as collect_module  # noqa: E402
from ansible_collections.sre.preflight.plugins.module_utils._vault.crl import read_history  # noqa: E402
from ansible_collections.sre.preflight.plugins.module_utils._x509.der import span  # noqa: E402
from tests.bench.measure import median_seconds, table  # noqa: E402
from tests.lab.fill import Batch, fill  # noqa: E402
from tests.lab.openbao import OpenBao  # noqa: E402
from tests.lab.pki import LOCAL_NAMES, lab_ca, lab_certificate  # noqa: E402
from tests.lab.pki_mount import PkiMount  # noqa: E402
from tests.support.asn1 import integer, tlv  # noqa: E402

Row = tuple[str, str, str]


def measured(what: str, run: Callable[[], Any], target: str, *, count: int = 0) -> Row:
    started, cpu = time.perf_counter(), time.process_time()
    run()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    rate = f", {count / seconds:,.0f}/s" if count else ""
    return what, f"{seconds:.2f} s (our processor {cpu:.2f} s{rate})", target


def mount_rows(certificates: int) -> list[Row]:
    authority = lab_ca()
    own = lab_certificate(authority, LOCAL_NAMES)
    with tempfile.TemporaryDirectory() as folder, OpenBao(certificate=own, authority=authority) as server:
        ca_file = Path(folder, "ca.pem")
        ca_file.write_bytes(authority.pem)
        mount = PkiMount(server.client).enable()
        mount.generate_root()
        fill(mount, Batch(count=certificates, ttl=timedelta(days=30), revoked=certificates // 10))
        params = {"url": server.url, "token": server.client.token, "ca_cert": str(ca_file), "leaves_sample": 1000}

        def collect(leaves: str, cache: str | None = None) -> Any:
            given = {**params, "leaves": leaves, "leaves_cache_path": cache}
            return collect_module.collect(given, environment={}, now=datetime.now(UTC))

        variables = {"BAO_ADDR": server.url, "BAO_TOKEN": server.client.token, "BAO_CACERT": str(ca_file)}
        check = [server.program(), "pki", "health-check", "-format=json", "pki"]

        def health_check() -> Any:
            return subprocess.run(check, env={**os.environ, **variables}, capture_output=True, check=False)

        theirs = median_seconds(health_check)
        ours = median_seconds(lambda: collect("none"))
        rows = [("all but leaves", f"{ours:.2f} s, health-check {theirs:.2f} s", "1.5 x health-check")]
        rows.append(measured("leaves by pages", lambda: collect("all"), "20,000/s", count=certificates))
        cache = str(Path(folder, "leaves.db"))
        collect("all", cache)
        rows.append(measured("leaves from the cache", lambda: collect("all", cache), "3 s"))
        collect_module.product_of = lambda *_given: "vault"
        rows.append(measured("leaves one by one", lambda: collect("all"), "2,000/s", count=certificates))
        return rows


def large_crl(small: bytes, entries: int) -> bytes:
    """``small`` with so many entries instead of its own; its signature no longer fits."""
    start, end = span(small, 0)
    fields, field_end = span(small, start)
    parts = []
    position = fields
    while position < field_end:
        following = span(small, position)[1]
        parts.append(small[position:following])
        position = following
    dates = [tlv(0x17, f"26{1 + number % 12:02d}{1 + number % 28:02d}120000Z".encode()) for number in range(84)]
    # Serial numbers as the servers make them: 159 bits, so that some are shorter.
    parts[5] = tlv(0x30, *(tlv(0x30, integer(getrandbits(159)), dates[number % 84]) for number in range(entries)))
    return tlv(0x30, tlv(0x30, *parts), small[field_end:end])


def crl_row(entries: int) -> Row:
    from tests.unit.plugins.module_utils._vault.test_crl import NOW, make_crl

    der = large_crl(make_crl({1: NOW}), entries)
    revoked: dict[int, str] = {}
    what, seconds, target = measured(f"CRL of {entries:,} entries", lambda: read_history(der, revoked), "3 s, 400 MB")
    if len(revoked) != entries:
        raise SystemExit(f"{len(revoked)} entries were read")
    return what, f"{seconds}, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB in all", target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("certificates", nargs="?", type=int, default=20_000)
    parser.add_argument("crl_entries", nargs="?", type=int, default=1_000_000)
    given = parser.parse_args()
    rows = [*mount_rows(given.certificates), crl_row(given.crl_entries)]
    print(table(f"A mount of {given.certificates:,} certificates, a tenth of them revoked", rows))


if __name__ == "__main__":
    main()
