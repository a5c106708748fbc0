# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading 100,000 PEM files, beside the bare loop that any program needs and beside ``openssl x509``.

``python -m tests.bench.bench_files [FILES]``

Every measurement is a process of its own, warm (the files are read once before, the imports are done), the two
alternating; medians of 5. What the imports take, once a run and not for each file, stands beside it.
On a busy machine the ratio of the processor's time says more than that of the clock's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "build" / "collections")]

ROUNDS = 5
OPENSSL_FILES = 200
MAX_RATIO = 1.5
MAX_MEGABYTES = 300


def bare(corpus: str) -> int:
    """Read, split, DER, both dates, SHA-256: what no audit of files can do without."""
    import base64
    import hashlib

    from cryptography import x509

    found = {}
    for directory, _names, files in os.walk(corpus):
        for name in files:
            with open(os.path.join(directory, name), "rb") as stream:
                data = stream.read()
            for block in data.split(b"-----BEGIN CERTIFICATE-----")[1:]:
                der = base64.b64decode(block.split(b"-----END CERTIFICATE-----")[0])
                certificate = x509.load_der_x509_certificate(der)
                dates = certificate.not_valid_before_utc, certificate.not_valid_after_utc
                found[hashlib.sha256(der).digest()] = dates
    return len(found)


def ours(corpus: str) -> int:
    """collect_files: the bare loop's work, and names, identifiers, locations, problems."""
    from ansible_collections.sre.preflight.plugins.module_utils._files.collect import collect_files
    from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory

    inventory = Inventory()
    collect_files([corpus], inventory)
    if inventory.problems:
        raise SystemExit(f"the corpus has problems: {inventory.problems[:3]}")
    return len(inventory.certificates)


def openssl(corpus: str) -> int:
    """A shell loop over ``openssl x509``: a process for each file."""
    loop = 'for file in "$1"/*.pem; do openssl x509 -in "$file" -noout -dates -fingerprint -sha256; done'
    done = subprocess.run(["sh", "-c", loop, "sh", corpus], capture_output=True, text=True, check=True)
    return done.stdout.count("ingerprint=")


def measure(what: str, corpus: Path) -> dict[str, Any]:
    """Runs one of the functions above in a process of its own: seconds by the clock and of the processor, seconds
    of the imports, megabytes at the peak, certificates."""
    command = [sys.executable, __file__, "--run", what, "--corpus", str(corpus)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def run(what: str, corpus: str) -> None:
    """What measure() starts. An empty directory comes first: that takes as long as the imports do."""
    function = {"bare": bare, "ours": ours, "openssl": openssl}[what]
    began = time.perf_counter()
    if what != "openssl":
        with tempfile.TemporaryDirectory() as empty:
            function(empty)
    started, started_cpu = time.perf_counter(), time.process_time()
    certificates = function(corpus)
    ended, ended_cpu = time.perf_counter(), time.process_time()
    measured = {
        "seconds": ended - started,
        "cpu": ended_cpu - started_cpu,
        "imports": started - began,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "certificates": certificates,
    }
    print(json.dumps(measured))


def small_corpus(corpus: Path, count: int) -> Path:
    """The first files of the corpus as one flat directory, for the shell."""
    directory = corpus.parent / "openssl"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for file in sorted(corpus.rglob("*.pem"))[:count]:
        shutil.copy(file, directory)
    return directory


def compare(count: int) -> bool:
    """Prints the table; whether the targets are met."""
    from tests.bench.pem_corpus import make_corpus

    corpus = make_corpus(count)
    measure("bare", corpus)
    rounds = [(measure("bare", corpus), measure("ours", corpus)) for _round in range(ROUNDS)]
    for pair in rounds:
        assert all(run["certificates"] == count for run in pair), pair
    theirs, our = (
        {key: statistics.median(pair[side][key] for pair in rounds) for key in pair[side]} for side in (0, 1)
    )
    few = min(OPENSSL_FILES, count)
    small = small_corpus(corpus, few)
    shell_seconds = statistics.median(measure("openssl", small)["seconds"] for _round in range(ROUNDS)) / few * count
    ratio = our["seconds"] / theirs["seconds"]
    whole_ratio = (our["seconds"] + our["imports"]) / (theirs["seconds"] + theirs["imports"])
    print(f"{count:,} PEM files, medians of {ROUNDS}")
    titles = ("seconds", "files/s", "of bare", "CPU s", "of bare", "peak MB", "imports s")
    print(f"{'':24}" + "".join(f"{title:>10}" for title in titles))
    for label, side in (("bare loop", theirs), ("collect_files", our)):
        clock = f"{side['seconds']:10.2f}{count / side['seconds']:10,.0f}{side['seconds'] / theirs['seconds']:10.2f}"
        cpu = f"{side['cpu']:10.2f}{side['cpu'] / theirs['cpu']:10.2f}"
        print(f"{label:24}{clock}{cpu}{side['megabytes']:10.0f}{side['imports']:10.2f}")
    label = f"openssl x509 (from {few})"
    print(f"{label:24}{shell_seconds:10.0f}{count / shell_seconds:10,.0f}{shell_seconds / theirs['seconds']:10.1f}")
    met: bool = ratio <= MAX_RATIO and our["megabytes"] < MAX_MEGABYTES
    target = f"target: at most {MAX_RATIO} of bare, under {MAX_MEGABYTES} MB: {'met' if met else 'MISSED'}"
    print(f"{target} ({ratio:.2f}; {whole_ratio:.2f} with the imports on both sides)")
    return met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="?", type=int, default=100_000, help="how many files (default 100000)")
    parser.add_argument("--run", choices=["bare", "ours", "openssl"], help=argparse.SUPPRESS)
    parser.add_argument("--corpus", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run(options.run, options.corpus)
    elif not compare(options.files):
        sys.exit(1)


if __name__ == "__main__":
    main()
