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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .embedded import EmbeddedLab, embedded_lab
from .process import Process, StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

REPOSITORY = Path(__file__).parents[2]
PLAYBOOK = REPOSITORY / "playbooks" / "audit.yml"
REPORT = REPOSITORY / "build" / "report"


@dataclass(frozen=True)
class Options:
    """Where the report goes, and what else ansible-playbook is given."""

    report: Path
    ansible: Sequence[str]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of ansible-playbook; see with_lab."""
    description = "Audit the embedded lab: a small package index, with real servers on loopback."
    code = with_lab("audit", description, audit, arguments)
    if code == 0:
        say("The lab is gone, and its inventory with it; `make remediate` starts another and carries out its plan.")
    return code


def audit(lab: EmbeddedLab, options: Options) -> int:
    """Every lab is another one: comparing it with the last would tell nothing, and an old page could mislead."""
    for name in ("preflight.json", "preflight.html", "preflight_plan.yml"):
        (options.report / name).unlink(missing_ok=True)
    return run_playbook(lab, options)


def with_lab(
    name: str,
    description: str,
    act: Callable[[EmbeddedLab, Options], int],
    arguments: Sequence[str] | None,
    *,
    policies: Sequence[str] = (),
) -> int:
    """What ``act`` returns, 130 after Ctrl-C, 1 where the lab cannot be started.

    ``policies`` are what the controller's token may do beside the audit.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m tests.lab.{name}",
        description=description,
        epilog="Further options go to ansible-playbook.",
        allow_abbrev=False,
    )
    parser.add_argument("--report", type=Path, default=REPORT, help="directory of the report (default: build/report)")
    known, options = parser.parse_known_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    began = time.monotonic()
    try:
        with embedded_lab(announce=say, policies=policies) as lab:
            ready = time.monotonic() - began
            say(f"Auditing {len(lab.pods)} pods and their controller; the lab was ready in {ready:.1f} s ...")
            return act(lab, Options(known.report.absolute(), options))
    except StartError as error:
        print(f"preflight: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; the lab is stopped.")
        return 128 + signal.SIGINT


def run_playbook(
    lab: EmbeddedLab,
    options: Options,
    *,
    playbook: Path = PLAYBOOK,
    variables: Mapping[str, str] | None = None,
    more: Sequence[str] = (),
) -> int:
    """Runs the playbook on our own output; it is stopped with us."""
    extra = json.dumps({"preflight_report_directory": str(options.report), **(variables or {})})
    command = ["-m", "ansible", "playbook", "-i", str(lab.inventory), "-e", extra, str(playbook)]
    verbose = any(option.startswith(("-v", "--verbose")) for option in options.ansible)
    process = Process(
        [sys.executable, *command, *more, *options.ansible],
        output=sys.stdout,
        environment=ansible_environment(lab, verbose=verbose),
        directory=Path.cwd(),
        grace=0,  # ansible-core's own handling of TERM ends in tracebacks now and then
        remove=[lab.directory],
    )
    try:
        return process.wait()
    finally:
        process.stop()


def ansible_environment(lab: EmbeddedLab, *, verbose: bool) -> dict[str, str]:
    """Ours, with the lab's settings of Ansible in the place of the user's."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    temporary = lab.directory / "ansible"
    temporary.mkdir(exist_ok=True)
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
