# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole flow: the playbook over one host with many files, and the report over many hosts.

``python -m tests.bench.bench_playbook [FILES [HOSTS [CERTIFICATES]]]``
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from tests.bench.measure import run_measured, table
from tests.bench.pem_corpus import make_corpus
from tests.support.inventories import DAY, NOW, add_file, authority, bundle_of, certificate
from tests.support.runs import ROOT, SCRIPTS, environment

WORK = ROOT / "build" / "bench"


def bench_playbook(files: int, threshold: int) -> tuple[float, float]:
    """Seconds and MiB of the playbook over one host that holds so many PEM files.

    The corpus is a year's certificates of one day: with a threshold of 1 percent every one of them is a finding.
    """
    inventory = WORK / "one-host.json"
    paths = [str(make_corpus(files))]
    inventory.write_text(
        json.dumps({"all": {"hosts": {"big": {"ansible_connection": "local", "preflight_paths": paths}}}})
    )
    return _play(inventory, "-e", f"preflight_max_lifespan_used={threshold}")


def bench_report(hosts: int, certificates: int) -> tuple[float, float]:
    """Seconds and MiB of the report alone over so many hosts with so many certificates each."""
    inventory = WORK / "many-hosts.json"
    results = {
        f"host{n:04}": {"preflight_certificate_audit": {"bundle": _bundle(n, certificates)}} for n in range(hosts)
    }
    inventory.write_text(json.dumps({"all": {"hosts": results}}))
    role = {"name": "sre.preflight.audit", "tasks_from": "report"}
    tasks = [{"name": "Report", "ansible.builtin.import_role": role}]
    play = WORK / "report.yml"
    play.write_text(json.dumps([{"name": "Report", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    return _play(inventory, play=play)


def _bundle(host: int, certificates: int) -> str:
    inventory = Inventory()
    ca = authority(f"CA {host % 3}")
    add_file(inventory, "/etc/ca.pem", ca)
    for number in range(certificates - 1):
        name = f"pod{number}.host{host}.example.com"
        used = timedelta(days=number % 90)
        leaf = certificate(name, issuer=ca, not_before=NOW - used, not_after=NOW - used + 100 * DAY)
        add_file(inventory, f"/var/lib/pods/{number}/tls.pem", leaf)
    return bundle_of(inventory)


def _play(inventory: Path, *arguments: str, play: Path = ROOT / "playbooks" / "audit.yml") -> tuple[float, float]:
    report = WORK / "report"
    command = [
        str(SCRIPTS / "ansible-playbook"),
        "-i",
        str(inventory),
        str(play),
        "-e",
        f"preflight_report_directory={report}",
    ]
    for previous in report.glob("*"):
        previous.unlink()
    outcome = run_measured([*command, *arguments], env=environment())
    written = json.loads((report / "preflight.json").read_text())
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in sorted(report.iterdir()))
    print(f"  {len(written['certificates']):,} certificates, {len(written['findings']):,} findings; {sizes}")
    return outcome.seconds, outcome.peak_mib


def main(files: int = 100_000, hosts: int = 100, certificates: int = 1_000) -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    bench_playbook(files, 100)  # warms the page cache
    rows = []
    for what, threshold, target in (("none due", 100, "25 s, 600 MB"), ("every one due", 1, "no target")):
        seconds, peak = bench_playbook(files, threshold)
        rows.append((f"playbook, one host, {files:,} files, {what}", f"{seconds:.1f} s, {peak:.0f} MiB", target))
    seconds, peak = bench_report(hosts, certificates)
    rows.append((f"report, {hosts} hosts x {certificates:,}", f"{seconds:.1f} s, {peak:.0f} MiB", "15 s, 500 MB"))
    print(table("Whole flow (all processes together)", rows))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
