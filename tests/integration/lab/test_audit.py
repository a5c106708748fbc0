# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make audit` on the embedded lab: what it prints, what it finds, and that nothing is left of it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.lab.process import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[3]
GONE_WITHIN = 120.0
# As a shell starts it in the foreground: a run in the background would ignore Ctrl-C.
MAIN = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("tests.lab.audit", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Place:
    """Where a run works: a folder that is not the repository, and all of its temporary files below one directory."""

    folder: Path

    @property
    def temporary(self) -> Path:
        return self.folder / "t"

    def start(self, *options: str, output: int = subprocess.PIPE, **variables: str) -> subprocess.Popen[str]:
        self.temporary.mkdir()
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, "--report", "report", *options],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(self.temporary), **variables},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def left(self) -> list[str]:
        """The temporary files that are there, and the processes that were told of one."""
        return [*map(str, self.temporary.iterdir()), *self.processes()]

    def wait_until_clean(self) -> None:
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not self.left(), within=GONE_WITHIN, what="everything to be gone")
        assert self.left() == []

    def processes(self) -> list[str]:
        commands = []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue  # it has just ended, or is none of ours
            if str(self.temporary) in command:
                commands.append(command)
        return commands


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    place: Place
    code: int
    output: str

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.place.folder / "report" / "preflight.json").read_text())
        return report


@contextlib.contextmanager
def new_place() -> Iterator[Place]:
    """Not pytest's tmp_path: ansible-core makes a socket there, whose path may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        yield Place(Path(folder))


@pytest.fixture
def place() -> Iterator[Place]:
    with new_place() as place:
        yield place


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with new_place() as place:
        with place.start() as process:
            output, _errors = process.communicate()
        yield Run(place, process.returncode, output)


def test_ends_well_and_leaves_nothing(run: Run) -> None:
    assert run.code == 0, run.output
    assert run.place.left() == []


def test_says_what_starts_and_ends_with_the_summary(run: Run) -> None:
    lines = run.output.splitlines()
    assert re.fullmatch(r"Starting OpenBao \d\S+ on 127\.0\.0\.1:\d+ \.\.\.", lines[0])
    assert re.fullmatch(r"Auditing 5 pods and their controller; the lab was ready in \d+\.\d s \.\.\.", lines[1])
    assert lines[2].startswith("FAIL  4 critical, ")
    assert lines[-2] == f"HTML report: {run.place.folder}/report/preflight.html"
    assert lines[-1].startswith("The lab is gone, and its inventory with it; `make remediate` starts another ")
    assert "\x1b" not in run.output


def test_the_whole_lab_is_covered(run: Run) -> None:
    coverage = run.report["coverage"]
    assert (coverage["hosts_expected"], coverage["hosts_reported"], coverage["hosts_unknown"]) == (6, 6, [])
    assert coverage["targets_evaluated"] == coverage["targets_expected"] >= 13
    assert coverage["unknown_targets"] == []


def test_finds_what_is_late_and_nothing_else(run: Run) -> None:
    found = {
        (finding["rule"], finding["severity"], finding["resource"]["name"], host)
        for finding in run.report["findings"]
        for host in finding["hosts"]
        if finding["severity"] != "low"  # roots of this machine's own trust store
    }
    assert {each for each in found if each[0].startswith("certificate.")} == {
        ("certificate.renewal-due", "critical", "simple.packages.lab.internal", "web-2"),
        ("certificate.renewal-due", "critical", "search.packages.lab.internal", "search-1"),
        ("certificate.renewal-due", "medium", "vault.lab.internal", "localhost"),
        ("certificate.renewal-due", "medium", "deployer", "localhost"),
    }
    assert {each for each in found if each[1] in ("critical", "high") and each[0].startswith("vault.")} == {
        ("vault.lease-backlog-overflow", "critical", "services/", "localhost"),
        ("vault.crl-overflow", "high", "services/", "localhost"),
        ("vault.auto-tidy-disabled", "high", "services/", "localhost"),
        ("vault.crl-auto-rebuild-off", "high", "services/", "localhost"),
        ("vault.role-generates-leases", "high", "services/roles/service", "localhost"),
    }


def test_finds_what_the_fallback_lacks(run: Run) -> None:
    severe = {each["rule"]: each for each in run.report["findings"] if each["severity"] in ("critical", "high")}
    assert {rule for rule in severe if rule.startswith("mirror.")} == {
        "mirror.files-missing",
        "mirror.index-old",
        "mirror.requires-python-missing",
        "mirror.resolution-differs",
        "mirror.yanked-lost",
    }
    assert " last changed 19d ago " in severe["mirror.index-old"]["message"]
    (mirror,) = run.report["mirrors"]
    assert (mirror["projects_read"], mirror["projects"], mirror["formats"]) == (4, 4, ["html"])
    assert {"requires-python", "yanked", "JSON", "project-status"} <= set(mirror["lacks"])


def test_says_which_project_installs_a_wrong_version_on_which_python(run: Run) -> None:
    said = " ".join(run.output.split())
    told = [
        "pip on Python 3.9 and 3.13 installs lantern 1.2 from the mirror, 1.3 from the upstream",
        "pip on Python 3.9 installs spindle 2.0 from the mirror, 1.4 from the upstream",
        "pip on Python 3.9 fails to install quarry from the mirror, and installs 1.1 from the upstream",
    ]
    page = (run.place.folder / "report" / "preflight.html").read_text()
    for sentence in told:
        assert sentence in said
        assert f"{sentence}." in page
    assert run.report["resolutions"]["outcomes"] == {"wrong_version": 3, "fails": 1, "dearer": 3, "same": 1}


def test_the_plan_makes_the_fallback_a_cache_of_the_index(run: Run) -> None:
    (entry,) = [each for each in run.report["plan"] if each["role"] == "package_mirror"]
    (mirror,) = run.report["mirrors"]
    assert entry["target"] == {"kind": "mirror", "url": mirror["url"]}
    assert entry["settings"]["projects"] == ["harbor", "lantern", "quarry", "spindle"]
    assert entry["settings"]["upstream_url"] != mirror["url"]
    assert len(entry["findings"]) == sum(each["rule"].startswith("mirror.") for each in run.report["findings"])
    assert "3 wrong versions, 1 failed install, 3 slower installs of 8 -> none" in " ".join(run.output.split())


def test_the_backlog_is_told_with_its_date_and_its_remedy(run: Run) -> None:
    findings = {finding["rule"]: finding for finding in run.report["findings"]}
    backlog = findings["vault.lease-backlog-overflow"]
    assert backlog["outage_at"] is not None
    assert backlog["remediation"]["role"] == "vault_tidy"
    assert backlog["remediation"]["settings"]
    assert re.fullmatch(r"vault://127\.0\.0\.1:\d+/services/", backlog["locations"][0])


def test_the_plan_mends_the_backlog_and_says_how(run: Run) -> None:
    (entry,) = [each for each in run.report["plan"] if each["role"] == "vault_tidy"]
    findings = {finding["id"]: finding for finding in run.report["findings"]}
    assert {findings[each]["rule"] for each in entry["findings"]} == {
        "vault.lease-backlog-overflow",
        "vault.crl-overflow",
        "vault.auto-tidy-disabled",
        "vault.crl-auto-rebuild-off",
        "vault.crl-near-limit",
        "vault.role-generates-leases",
    }
    (mount,) = run.report["mounts"]
    target = {key: entry["target"][key] for key in ("address", "cluster_id", "namespace")}
    assert target == {key: mount[key] for key in ("address", "cluster_id", "namespace")}
    assert target["cluster_id"]
    assert (entry["host"], entry["target"]["mount"]) == ("localhost", mount["path"])
    live = {"config/auto-tidy": mount["settings"]["auto_tidy"], "config/crl": mount["settings"]["crl_config"]}
    live |= {f"roles/{name}": role for name, role in mount["settings"]["roles"].items()}
    for path, values in entry["settings"].items():
        assert entry["found"][path] == {key: live[path].get(key) for key in values}
        assert entry["found"][path] != values
    assert entry["effect"]["peak_bytes_after"] == mount["recommended"]["peak_bytes"]
    assert entry["effect"]["peak_bytes_before"] > mount["crl"]["limit_bytes"]
    assert "until then it stays a risk" in " ".join(run.output.split())


def test_the_plan_lies_beside_the_report_as_variables(run: Run) -> None:
    path = run.place.folder / "report" / "preflight_plan.yml"
    assert f"YAML plan: {path}" in run.output
    assert f"-e preflight_plan_path={path}" in run.output
    plan = yaml.safe_load(path.read_text())["preflight_plan"]
    assert plan["entries"] == run.report["plan"]
    assert plan["judged_at"] == run.report["judged_at"]
    page = (run.place.folder / "report" / "preflight.html").read_text()
    assert f"-e preflight_plan_path={path} --check" in page


def test_no_secret_is_in_what_it_prints_and_writes(run: Run) -> None:
    page = (run.place.folder / "report" / "preflight.html").read_text()
    plan = (run.place.folder / "report" / "preflight_plan.yml").read_text()
    for text in (run.output, json.dumps(run.report), page, plan):
        assert "PRIVATE KEY" not in text
        assert not re.search(r"\bs\.[A-Za-z0-9]{24}\b", text)  # a root token


@pytest.mark.full
def test_a_terminal_gets_colour(place: Place) -> None:
    ours, theirs = pty.openpty()
    with place.start(output=theirs, TERM="xterm-256color") as process:
        os.close(theirs)
        output = read_terminal(ours)
        assert process.wait(GONE_WITHIN) == 0, output
    assert "\x1b[" in output
    assert "HTML report: " in output


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_all(place: Place, number: signal.Signals, code: int) -> None:
    with place.start() as process:
        wait_for_playbook(place, process)
        process.send_signal(number)
        output, _errors = process.communicate(timeout=GONE_WITHIN)
    assert process.returncode == code, output
    assert "Traceback" not in output
    place.wait_until_clean()
    assert not (place.folder / "report").exists()


def test_nothing_outlives_a_kill(place: Place) -> None:
    with place.start() as process:
        wait_for_playbook(place, process)
        process.kill()
        process.communicate(timeout=GONE_WITHIN)
    place.wait_until_clean()


def test_a_lab_that_cannot_start_is_one_clear_line(place: Place) -> None:
    with place.start(PREFLIGHT_BAO="/no/such/bao") as process:
        output, _errors = process.communicate()
    assert process.returncode == 1
    assert output == "preflight: PREFLIGHT_BAO names '/no/such/bao', which is no program\n"
    assert place.left() == []


@pytest.mark.full
def test_options_go_to_ansible_playbook(place: Place) -> None:
    with place.start("--extra-vars", "preflight_enforce=true", "-v") as process:
        output, _errors = process.communicate()
    assert process.returncode == 2
    assert "Preflight says fail: 12 findings at severity high or worse" in output
    assert "PLAY RECAP" in output


def wait_for_playbook(place: Place, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Starting OpenBao")
    assert process.stdout.readline().startswith("Auditing ")
    wait_until(
        lambda: any("playbook" in command and "-i" in command for command in place.processes()),
        within=GONE_WITHIN,
        what="ansible-playbook to run",
    )


def read_terminal(descriptor: int) -> str:
    """All that is written to a pseudo-terminal until the last writer has closed it."""
    content = b""
    with os.fdopen(descriptor, "rb", buffering=0) as terminal:
        while True:
            try:
                piece = terminal.read(65536)
            except OSError:  # EIO, Linux's end of file here
                piece = b""
            if not piece:
                return content.decode()
            content += piece
