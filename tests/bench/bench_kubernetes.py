# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the Secrets of a real API server, beside the typed list without pages that the same client offers.

``python -m tests.bench.bench_kubernetes [TLS_SECRETS] [OTHER_SECRETS]``

Both sides run in a process of their own, so that the memory is theirs, with the import of the client in it. Other
Secrets are of a type that holds no certificate: they must cost next to nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "build" / "collections")]

from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.collect import (  # noqa: E402
    COLLECT_OPTIONS,
    collect,
)
from tests.bench.measure import Outcome, run_measured, table  # noqa: E402
from tests.lab.kubernetes import Kubernetes  # noqa: E402
from tests.lab.kubernetes_client import KubernetesClient  # noqa: E402
from tests.lab.pki import now  # noqa: E402
from tests.support import cluster_objects as make  # noqa: E402
from tests.support.certificates import make_ca, make_leaf  # noqa: E402

WRITERS = 8
TYPED = "typed, without pages"
OURS = "kubernetes_audit"


def fill(cluster: Kubernetes, tls: int, others: int) -> None:
    """RSA, and each with its chain: 5.3 KB as the API carries it."""
    authority = make_ca(key_kind="rsa")
    begin = now()

    def manifest(number: int) -> dict:
        if number >= tls:
            return make.secret("default", f"other-{number}", {"release": b"x" * 4000}, "helm.sh/release.v1")
        leaf = make_leaf(
            issuer=authority,
            names=[f"s{number}.example.com"],
            key_kind="rsa",
            not_before=begin,
            not_after=begin.replace(year=begin.year + 1),
        )
        return make.tls_secret("default", f"tls-{number}", leaf, chain=authority.pem)

    admin = cluster.api_server.directory / "admin.pem"
    port, ca_pem = cluster.api_server.ports[0], cluster.authorities.cluster.pem

    def write(numbers: range) -> None:
        client = KubernetesClient(port=port, ca_pem=ca_pem, cert_file=str(admin))
        for number in numbers:
            client.create(manifest(number))
        client.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, (range(start, tls + others, WRITERS) for start in range(WRITERS))))


def read(how: str, kubeconfig: str) -> int:
    """What the measured processes do; returns how many certificates they have in hand."""
    if how == OURS:
        given = {name: option.get("default") for name, option in COLLECT_OPTIONS.items()}
        collected = collect({**given, "kubeconfig": kubeconfig, "resources": ["secrets"]}, {}, datetime.now(UTC))
        return len(collected.secrets)
    from kubernetes import client, config

    config.load_kube_config(kubeconfig)
    found = client.CoreV1Api().list_secret_for_all_namespaces(field_selector="type=kubernetes.io/tls")
    return len(found.items)


def measured(how: str, kubeconfig: Path, expected: int) -> Outcome:
    """The best of three: what disturbs a run only makes it slower."""
    command = [sys.executable, __file__, "--read", how, str(kubeconfig)]
    runs = [run_measured(command, env=dict(os.environ)) for _round in range(3)]
    for each in runs:
        if int(each.output.split()[-1]) != expected:
            raise SystemExit(f"{how}: {each.output}")
    return min(runs, key=lambda each: each.seconds)


def bench(tls: int, others: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Kubernetes(announce=print) as cluster:
        fill(cluster, tls, others)
        cluster.apply(*make.shipped())
        kubeconfig = Path(folder, "kubeconfig")
        kubeconfig.write_text(json.dumps(cluster.kubeconfig(cluster.service_account("preflight-audit", "preflight"))))
        typed, ours = (measured(how, kubeconfig, tls) for how in (TYPED, OURS))
    rows = [
        (TYPED, f"{typed.seconds:.2f} s, {typed.peak_mib:.0f} MiB", ""),
        (OURS, f"{ours.seconds:.2f} s, {ours.peak_mib:.0f} MiB", "2 s, 130 MB"),
        ("ratio", f"{ours.seconds / typed.seconds:.2f}, {ours.peak_mib / typed.peak_mib:.2f}", "below 1"),
    ]
    print(table(f"{tls:,} TLS Secrets and {others:,} others", rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tls_secrets", nargs="?", type=int, default=10_000)
    parser.add_argument("other_secrets", nargs="?", type=int, default=0)
    parser.add_argument("--read", nargs=2, metavar=("HOW", "KUBECONFIG"), help="what a measured process does")
    given = parser.parse_args()
    if given.read:
        print(read(*given.read))
    else:
        bench(given.tls_secrets, given.other_secrets)


if __name__ == "__main__":
    main()
