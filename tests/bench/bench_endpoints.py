# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading 2,000 TLS endpoints, beside a bare thread-pool loop, sslyze and one openssl s_client after another.

    PYTHONPATH=.:build/collections python tests/bench/bench_endpoints.py [ENDPOINTS]

One nginx (EC P-256) stands for servers of five ports each, at addresses of their own in 127.0.0.0/8, as no server gets
more than five connections at once. With a delay, a proxy of its own process holds every connection back before it
passes it on. Every measurement is a process of its own; the sides alternate; medians of 3.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "build" / "collections")]

ROUNDS = 3
PORTS_A_SERVER = 5
FIRST_PORT = 20000
DELAY = 0.2
# Judged by the first: 320 a second leave two cores idle, nginx and the proxy included, so that concurrency alone
# sets the bound. What the others ask for (640 and 1,280 a second) is more than the CPU gives without any delay.
CONNECTIONS = (64, 128, 256)
SSLYZE = ROOT / "build" / "venvs" / "sslyze" / "bin" / "python"
SSLYZE_ENDPOINTS = 100
OPENSSL_ENDPOINTS = 50
MAX_RATIO = 1.4
MIN_OF_BOUND = 0.9


def server_addresses(count: int) -> list[str]:
    """The address of each server."""
    return [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(count)]


def addresses_of(count: int, first_port: int) -> list[tuple[str, int]]:
    """So many endpoints, those of a server next to each other."""
    servers = server_addresses(-(-count // PORTS_A_SERVER))
    return [(server, port) for server in servers for port in range(first_port, first_port + PORTS_A_SERVER)][:count]


def bare(endpoints: list[tuple[str, int]], connections: int) -> int:
    """Connect, handshake, chain, SHA-256 in a thread pool: what no scan can do without."""
    import hashlib
    import ssl
    from concurrent.futures import ThreadPoolExecutor

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def read(endpoint: tuple[str, int]) -> list[str]:
        with socket.create_connection(endpoint, timeout=10) as plain, context.wrap_socket(plain) as tls:
            chain = tls._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
            return [hashlib.sha256(each.public_bytes(2)).hexdigest() for each in chain]

    with ThreadPoolExecutor(connections) as pool:
        return sum(len(chain) == 2 for chain in pool.map(read, endpoints))


def ours(endpoints: list[tuple[str, int]], connections: int) -> int:
    """collect_endpoints into an inventory."""
    from ansible_collections.sre.preflight.plugins.module_utils._tls.collect import collect_endpoints
    from ansible_collections.sre.preflight.plugins.module_utils._tls.target import parse_endpoint
    from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory

    inventory = Inventory()
    parsed = [parse_endpoint(f"{host}:{port}") for host, port in endpoints]
    collect_endpoints(parsed, inventory, max_connections=connections, timeout=30)
    if inventory.problems:
        raise SystemExit(f"not every endpoint was read: {inventory.problems[:3]}")
    return sum(len(source["certificates"]) == 2 for source in inventory.sources)


def sslyze(endpoints: list[tuple[str, int]], _connections: int) -> int:
    """sslyze's scan of the certificates alone."""
    from sslyze import ScanCommand, Scanner, ServerNetworkLocation, ServerScanRequest

    scanner = Scanner()
    scanner.queue_scans(
        ServerScanRequest(
            ServerNetworkLocation("localhost", port, address), scan_commands={ScanCommand.CERTIFICATE_INFO}
        )
        for address, port in endpoints
    )
    results = (result.scan_result.certificate_info.result for result in scanner.get_results())
    return sum(len(each.certificate_deployments[0].received_certificate_chain) == 2 for each in results)


def openssl(endpoints: list[tuple[str, int]], _connections: int) -> int:
    """One s_client after another."""
    command = ["openssl", "s_client", "-showcerts", "-connect"]
    outputs = (
        subprocess.run([*command, f"{host}:{port}"], stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
        for host, port in endpoints
    )
    return sum(output.count(b"BEGIN CERTIFICATE") == 2 for output in outputs)


SIDES = {"bare": bare, "ours": ours, "sslyze": sslyze, "openssl": openssl}


def measure(side: str, endpoints: list[tuple[str, int]], connections: int = 0) -> dict[str, Any]:
    """Runs a side in a process of its own: seconds, its own CPU seconds, megabytes at the peak."""
    python = str(SSLYZE) if side == "sslyze" else sys.executable
    done = subprocess.run(
        [python, __file__, "--run", side, "--connections", str(connections)],
        input=json.dumps(endpoints),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise SystemExit(f"{side} failed: {done.stderr[-2000:]}")
    outcome: dict[str, Any] = json.loads(done.stdout)
    if outcome["read"] != len(endpoints):
        raise SystemExit(f"{side} read {outcome['read']} of {len(endpoints)} endpoints")
    return outcome


def run(side: str, connections: int) -> None:
    """What measure() starts. One endpoint goes first, for the sake of the imports: the certificates' rate is asked."""
    endpoints = [tuple(each) for each in json.load(sys.stdin)]
    SIDES[side](endpoints[:1], 1)
    before = time.process_time()
    started = time.perf_counter()
    read = SIDES[side](endpoints, connections)
    seconds = time.perf_counter() - started
    cpu = time.process_time() - before
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"read": read, "seconds": seconds, "cpu": cpu, "rss": megabytes}))


def medians(sides: list[str], endpoints: list[tuple[str, int]], connections: int) -> list[dict[str, float]]:
    """The median of each number of each side, the sides taking turns."""
    rounds = [[measure(side, endpoints, connections) for side in sides] for _round in range(ROUNDS)]
    return [
        {key: statistics.median(each[index][key] for each in rounds) for key in rounds[0][index]}
        for index in range(len(sides))
    ]


@contextlib.contextmanager
def delayed(upstream_port: int, servers: list[str], first_port: int) -> Iterator[None]:
    """The delay proxy, listening on PORTS_A_SERVER ports of every server."""
    last_port = first_port + PORTS_A_SERVER - 1
    command = [sys.executable, str(Path(__file__).with_name("delay_proxy.py")), str(DELAY), str(upstream_port)]
    with subprocess.Popen(
        [*command, str(first_port), str(last_port), *servers], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline() != "ready\n":
                raise SystemExit("the delay proxy did not start")
            yield
        finally:
            process.terminate()


def row(what: str, count: int, outcome: dict[str, float], ratio: float) -> None:
    rate, cpu = count / outcome["seconds"], 1000 * outcome["cpu"] / count
    print(f"{what:40}{outcome['seconds']:9.2f}{rate:10,.0f}{cpu:10.2f}{outcome['rss']:9.0f}{ratio:10.2f}")


def header(title: str, ratio: str) -> None:
    print(f"\n{title}\n{'':40}{'seconds':>9}{'a second':>10}{'CPU ms':>10}{'peak MB':>9}{ratio:>10}")


def without_delay(count: int) -> bool:
    """Prints the table of endpoints that answer at once; whether the target is met."""
    endpoints = addresses_of(count, FIRST_PORT)
    connections = CONNECTIONS[-1]
    bare_run, our_run = medians(["bare", "ours"], endpoints, connections)
    (sslyze_run,) = medians(["sslyze"], endpoints[:SSLYZE_ENDPOINTS], 0)
    (openssl_run,) = medians(["openssl"], endpoints[:OPENSSL_ENDPOINTS], 0)
    base = bare_run["seconds"] / count
    ratio = our_run["seconds"] / count / base
    header(f"{count:,} TLS endpoints without delay, {connections} connections, medians of {ROUNDS}", "of bare")
    row("bare thread-pool loop", count, bare_run, 1)
    row("collect_endpoints", count, our_run, ratio)
    for what, few, outcome in (
        (f"sslyze, certificates (of {SSLYZE_ENDPOINTS})", SSLYZE_ENDPOINTS, sslyze_run),
        (f"openssl s_client in turn (of {OPENSSL_ENDPOINTS})", OPENSSL_ENDPOINTS, openssl_run),
    ):
        row(what, few, outcome, outcome["seconds"] / few / base)
    print(f"target: at most {MAX_RATIO} of bare: {'met' if ratio <= MAX_RATIO else 'MISSED'}")
    return ratio <= MAX_RATIO


def with_delay(count: int, first_port: int) -> bool:
    """Prints the table of endpoints that answer after DELAY seconds; whether the target is met."""
    endpoints = addresses_of(count, first_port)
    header(f"The same after {DELAY * 1000:.0f} ms of delay; the bound is connections / {DELAY} s", "of bound")
    shares = []
    for connections in CONNECTIONS:
        bound = count / (connections / DELAY)
        for what, outcome in zip(
            ("bare thread-pool loop", "collect_endpoints"),
            medians(["bare", "ours"], endpoints, connections),
            strict=True,
        ):
            row(f"{what}, {connections} connections", count, outcome, bound / outcome["seconds"])
        shares.append(bound / outcome["seconds"])
    met = shares[0] >= MIN_OF_BOUND
    print(f"target: at least {MIN_OF_BOUND} with {CONNECTIONS[0]} connections: {'met' if met else 'MISSED'}")
    return met


def compare(count: int) -> bool:
    """Starts the servers and prints both tables; whether all targets are met."""
    from tests.support.certificates import make_ca, make_leaf
    from tests.support.system_servers import Nginx

    authority = make_ca()
    chain = [make_leaf(issuer=authority, names=["localhost"]), authority]
    servers = server_addresses(-(-count // PORTS_A_SERVER))
    delayed_port = FIRST_PORT + PORTS_A_SERVER
    listen = [f"{server}:{FIRST_PORT}-{delayed_port - 1}" for server in servers]
    with Nginx(chain, listen=listen) as nginx, delayed(nginx.ports[0], servers, delayed_port):
        measure("bare", addresses_of(count, FIRST_PORT), CONNECTIONS[-1])  # warm
        return all([without_delay(count), with_delay(count, delayed_port)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoints", nargs="?", type=int, default=2000, help="how many endpoints (default 2000)")
    parser.add_argument("--run", choices=list(SIDES), help=argparse.SUPPRESS)
    parser.add_argument("--connections", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2])
    if options.run:
        run(options.run, options.connections)
    elif not compare(options.endpoints):
        sys.exit(1)


if __name__ == "__main__":
    main()
