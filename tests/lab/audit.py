# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m tests.lab.audit [OPTIONS OF ansible-playbook]``: starts the embedded lab and audits it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .embedded import EmbeddedLab, embedded_lab
from .process import Process, StartError

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).parents[2]
PLAYBOOK = REPOSITORY / "playbooks" / "audit.yml"
REPORT = REPOSITORY / "build" / "report"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of ansible-playbook, 130 after Ctrl-C, 1 where the lab cannot be started."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab.audit",
        description="Audit the embedded lab: a small package index, with real servers on loopback.",
        epilog="Further options go to ansible-playbook.",
        allow_abbrev=False,
    )
    parser.add_argument("--report", type=Path, default=REPORT, help="directory of the report (default: build/report)")
    known, options = parser.parse_known_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    began = time.monotonic()
    try:
        with embedded_lab(announce=say) as lab:
            ready = time.monotonic() - began
            say(f"Auditing {len(lab.pods)} pods and their controller; the lab was ready in {ready:.1f} s ...")
            return run_playbook(lab, known.report.absolute(), options)
    except StartError as error:
        print(f"preflight: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; the lab is stopped.")
        return 128 + signal.SIGINT


def run_playbook(lab: EmbeddedLab, report: Path, options: Sequence[str]) -> int:
    """Runs the playbook on our own output; it is stopped with us."""
    forget_last_report(report)
    variables = json.dumps({"preflight_report_directory": str(report)})
    command = ["-m", "ansible", "playbook", "-i", str(lab.inventory), "-e", variables, str(PLAYBOOK), *options]
    environment = ansible_environment(lab, verbose=any(option.startswith(("-v", "--verbose")) for option in options))
    process = Process(
        [sys.executable, *command],
        output=sys.stdout,
        environment=environment,
        directory=Path.cwd(),
        grace=0,  # ansible-core's own handling of TERM ends in tracebacks now and then
        remove=[lab.directory],
    )
    try:
        return process.wait()
    finally:
        process.stop()


def forget_last_report(directory: Path) -> None:
    """Every lab is another one: comparing it with the last would tell nothing, and an old page could mislead."""
    for name in ("preflight.json", "preflight.html", "preflight_plan.yml"):
        (directory / name).unlink(missing_ok=True)


def ansible_environment(lab: EmbeddedLab, *, verbose: bool) -> dict[str, str]:
    """Ours, with the lab's settings of Ansible in the place of the user's."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    temporary = lab.directory / "ansible"
    temporary.mkdir()
    environment |= {
        "ANSIBLE_CONFIG": str(Path(__file__).with_name("ansible.cfg")),
        "ANSIBLE_HOME": str(temporary),
        "ANSIBLE_REMOTE_TEMP": str(temporary),
        "TMPDIR": str(temporary),
        # Seen once: Python's warning about a random string (such as ...5in...) that was tried as a literal on the way.
        "PYTHONWARNINGS": "ignore::SyntaxWarning",
    }
    if verbose:
        environment["ANSIBLE_STDOUT_CALLBACK"] = "default"
    return environment


def say(line: str) -> None:
    """Prints at once: ansible-playbook writes to the same terminal."""
    print(line, flush=True)


def _terminate(_number: int, _frame: object) -> NoReturn:
    """So that TERM stops the lab as Ctrl-C does."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
