# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast a mount is filled, and how fast a backlog of leases drains, on each pairing of server and storage.

    PYTHONPATH=.:build/collections python tests/bench/bench_drain.py [--pairing NAME]... [--sizes 500,2000,5000]

Without auto_rebuild each revocation builds the CRL anew: it lists and reads all that is revoked, which takes
`a + b x entries` seconds, so that a backlog of n takes `a x n + b x n^2 / 2`. Measured for each size of the CRL:
revocations one after the other, leases whose token is revoked (the server's own workers), and the same with
auto_rebuild. The last lines of each pairing are least-squares fits of a and b to the leases, by the clock and by the
server's CPU time, which a busy machine changes little.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "build" / "collections")]

from tests.lab.fill import Batch, fill, revoke_many  # noqa: E402
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, start_pairing  # noqa: E402
from tests.lab.pki import LOCAL_NAMES, lab_ca, lab_certificate  # noqa: E402
from tests.lab.pki_mount import PkiMount  # noqa: E402
from tests.lab.process import wait_until  # noqa: E402
from tests.lab.vault import Vault  # noqa: E402
from tests.lab.vault_server import VaultServer  # noqa: E402

DAY = timedelta(days=1)
BACKLOG = timedelta(minutes=1)  # old: a role of its own, whose leases are counted
SIZES = (500, 1000, 2500, 5000)
PROBES = 30  # revocations that are timed at each size
LATER = 200  # the same with auto_rebuild
FILL = 2000
DRAINED_WITHIN = 600.0


def seconds(run: Callable[[], object]) -> float:
    """The wall time of one run."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def lease(mount: PkiMount, count: int) -> Callable[[], None]:
    """Leases so many, below a token of their own; what it returns revokes that token and waits until all are gone."""
    service = mount.client.child()
    batch = Batch(count=count, ttl=DAY, age=BACKLOG, lease=True)
    fill(mount, batch, issuer=service)

    def drain() -> None:
        mount.client.write("auth/token/revoke", token=service.token)
        prefix = f"sys/leases/lookup/{mount.path}/issue/{batch.role}"
        wait_until(lambda: not mount.client.keys(prefix), within=DRAINED_WITHIN, what="the drain")

    return drain


def fill_rates(mount: PkiMount) -> None:
    """Prints certificates a second."""
    for name, batch in (
        ("plain", Batch(count=FILL, ttl=DAY)),
        ("leased", Batch(count=FILL // 2, ttl=DAY, lease=True)),
    ):
        taken = seconds(lambda batch=batch: fill(mount, batch))  # type: ignore[misc]
        print(f"  fill, {name:6}           {batch.count / taken:8.0f} a second")


def cpu_seconds(server: VaultServer) -> float:
    """What the server's process, and its Consul's, have used so far."""
    pids = [server.pid]
    if isinstance(server, Vault) and server.consul is not None:
        pids.append(server.consul.pid)
    ticks = 0
    for pid in pids:
        # proc(5): utime and stime, the 14th and 15th field; the 2nd stands in parentheses and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass
class Point:
    """At a CRL of so many entries: revocations a second, and what one leased one takes in seconds."""

    entries: float
    single: float
    leased: float
    leased_cpu: float
    with_auto_rebuild: float
    load: float

    def __str__(self) -> str:
        return (
            f"  {self.entries:7.0f} entries: one by one {self.single:6.1f} a second, leases {1 / self.leased:6.1f} "
            f"({1000 * self.leased_cpu:5.0f} ms of CPU each), leases with auto_rebuild {self.with_auto_rebuild:6.0f}; "
            f"load {self.load:.1f}"
        )


def measure(server: VaultServer, mount: PkiMount, size: int) -> Point:
    """Brings the CRL to that size and measures there."""
    have = len(mount.client.keys(f"{mount.path}/certs/revoked"))
    (certificates,) = fill(mount, Batch(count=size - have + PROBES, ttl=DAY))
    serials = [each.serial_number for each in certificates]
    revoke_many(mount, serials[PROBES:])
    single = [seconds(lambda serial=serial: mount.revoke(serial)) for serial in serials[:PROBES]]  # type: ignore[misc]
    drain = lease(mount, PROBES)
    before = cpu_seconds(server)
    leased = seconds(drain)
    used = cpu_seconds(server) - before
    mount.client.write(f"{mount.path}/config/crl", auto_rebuild=True)
    later = seconds(lease(mount, LATER))
    mount.client.write(f"{mount.path}/config/crl", auto_rebuild=False)
    return Point(
        entries=size + 1.5 * PROBES,
        single=1 / statistics.fmean(single),
        leased=leased / PROBES,
        leased_cpu=used / PROBES,
        with_auto_rebuild=LATER / later,
        load=os.getloadavg()[0],
    )


def report(name: str, server: VaultServer, sizes: list[int]) -> None:
    """One pairing's part."""
    mount = PkiMount(server.client).enable()
    mount.generate_root()
    fill_rates(mount)
    points = []
    for size in sizes:
        points.append(measure(server, mount, size))
        print(points[-1], flush=True)
    for what, values in (
        ("wall", [point.leased for point in points]),
        ("CPU", [point.leased_cpu for point in points]),
    ):
        slope, intercept = statistics.linear_regression([point.entries for point in points], values)
        print(f"  {name}, {what}: a = {intercept * 1000:.1f} ms, b = {slope * 1e6:.1f} us", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="fill and drain rates of the lab's Vault servers")
    parser.add_argument("--pairing", action="append", choices=PAIRINGS)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    options = parser.parse_args()
    authority = lab_ca()
    certificate = lab_certificate(authority, LOCAL_NAMES)
    for name in options.pairing or [OPENBAO_RAFT]:
        started = time.perf_counter()
        with start_pairing(name, certificate=certificate, authority=authority) as server:
            print(f"{name}: started in {time.perf_counter() - started:.1f} s", flush=True)
            report(name, server, [int(size) for size in options.sizes.split(",")])


if __name__ == "__main__":
    main()
