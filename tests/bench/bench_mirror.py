# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit of a mirror: 1,000 projects on local servers, one large page, and the root page of a large index.

    PYTHONPATH=.:build/collections python tests/bench/bench_mirror.py [--projects 1000]

Mirror and upstream are nginx (a package of the system); each project has 40 files.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "build" / "collections")]

from tests.bench.measure import median_seconds, run_measured, table  # noqa: E402
from tests.support.mirror_servers import NginxMirror  # noqa: E402
from tests.support.mirrors import MIRROR, UPSTREAM, collected_of, fetched, file_entry, json_page, verdicts  # noqa: E402
from tests.support.package_index import Project, html_page  # noqa: E402
from tests.support.runs import environment  # noqa: E402

FILES = 40
LARGE = 10_000
LISTED = 736_000
MODULE = "ansible_collections.sre.preflight.plugins.modules.mirror_audit"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=1000)
    count = parser.parse_args().projects
    print(table(f"mirror_audit, {count} projects", [*audit_rows(count), *page_rows(), *root_rows()]))


def audit_rows(count: int) -> list[tuple[str, str, str]]:
    """The module over local servers, the second time with what it kept."""
    projects = {name: project_of(name) for name in (f"project-{number}" for number in range(count))}
    rows = []
    with NginxMirror(projects) as mirror, NginxMirror(projects) as upstream, tempfile.TemporaryDirectory() as kept:
        arguments = {
            "mirror_url": mirror.url,
            "upstream_url": upstream.url,
            "projects": list(projects),
            "cache_path": f"{kept}/pages.sqlite",
        }
        given = Path(kept) / "arguments.json"
        given.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
        received = []
        for what in ("first run", "second run"):
            outcome = run_measured(
                [sys.executable, "-m", MODULE, str(given)],
                env=environment(PYTHONPATH=str(ROOT / "build" / "collections")),
            )
            traffic = json.loads(outcome.output)["traffic"]
            received.append(traffic["bytes"])
            cost = f"{outcome.seconds:.1f} s, {outcome.peak_mib:.0f} MiB, {traffic['requests']} requests"
            rows.append((what, f"{cost}, {traffic['bytes'] / 1e6:.1f} MB", "20 s, 250 MiB"))
        rows.append(("bytes of the second run", f"{100 * received[1] / received[0]:.1f} %", "10 %"))
    return rows


def project_of(name: str) -> Project:
    """A project whose files are all one and the same: their pages are what is measured."""
    project = Project(name)
    first = project.add("1.0")
    for number in range(1, FILES):
        dist = project.add(f"1.{number}")
        dist.content, dist.metadata = first.content, first.metadata
        dist.entry.update({key: first.entry[key] for key in ("hashes", "size", "core-metadata")})
    return project


def page_rows() -> list[tuple[str, str, str]]:
    """Parsing and judging one large page."""
    names = (f"demo-{number // 4}.{number % 4}-cp311-cp311-manylinux_2_17_x86_64.whl" for number in range(LARGE))
    page = json_page(*({**file_entry(name), "url": f"https://mirror.example.com/{'0' * 120}/{name}"} for name in names))
    texts = {"JSON": json.dumps(page).encode(), "HTML": html_page(page).encode()}
    upstream = fetched(texts["JSON"], UPSTREAM)

    def judged(body: bytes) -> Any:
        return verdicts(collected_of({"current": fetched(body, MIRROR)}, upstream=upstream))

    rows = []
    for (name, body), target in zip(texts.items(), ("400 ms", "1200 ms"), strict=True):
        seconds = median_seconds(lambda body=body: judged(body))
        rows.append((f"{len(body) / 1e6:.1f} MB of {name}", f"{1000 * seconds:.0f} ms", target))
    return rows


READ_ROOT = """
import sys, time
from ansible_collections.sre.preflight.plugins.module_utils._mirror.client import Answer
from ansible_collections.sre.preflight.plugins.module_utils._mirror.root import read_root
body = open(sys.argv[1], "rb").read()
started = time.perf_counter()
root = read_root(Answer("https://mirror.example.com/simple/", 200, {}, body))
print(f"{time.perf_counter() - started:.1f} s, {len(root.names)} projects", end="")
"""


def root_rows() -> list[tuple[str, str, str]]:
    """Reading the root page of a large index, in a process of its own."""
    names = [f"project-{number}-name" for number in range(LISTED)]
    bodies = {
        "JSON": json.dumps({"projects": [{"name": name, "_last-serial": 1} for name in names]}).encode(),
        "HTML": b"<html>" + "".join(f'<a href="/simple/{name}/">{name}</a><br/>\n' for name in names).encode(),
    }
    rows = []
    for form, body in bodies.items():
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            outcome = run_measured(
                [sys.executable, "-c", READ_ROOT, file.name],
                env=environment(PYTHONPATH=str(ROOT / "build" / "collections")),
            )
        rows.append((f"root page in {form}", f"{outcome.output}, {outcome.peak_mib:.0f} MiB", "5 s, 500 MiB"))
    return rows


if __name__ == "__main__":
    main()
