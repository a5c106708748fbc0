# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules in processes of their own, forked from one that has imported them: importing takes longer than most runs.

This file is also that one. It reads requests, one JSON a line: {name, arguments, environment}; and answers each with
{stdout, stderr}.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from typing import IO, Any

MODULES = "ansible_collections.sre.preflight.plugins.modules."
TIMEOUT = 120
"""Seconds that a module may take; it is killed then."""


@functools.cache
def _parent(path: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, __file__]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    return process


def run_forked(name: str, arguments: dict[str, Any], environment: dict[str, str]) -> tuple[str, str]:
    """(stdout, stderr) of a module that is given these ``ANSIBLE_MODULE_ARGS``; one at a time."""
    parent = _parent(environment["PYTHONPATH"])
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(json.dumps({"name": name, "arguments": arguments, "environment": environment}) + "\n")
    parent.stdin.flush()
    answer = json.loads(parent.stdout.readline())
    return answer["stdout"], answer["stderr"]


def _answer(request: dict[str, Any]) -> dict[str, str]:
    module = importlib.import_module(MODULES + request["name"])
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if child == 0:
            _become(module.main, request, stdout, stderr)
        _pid, status = os.waitpid(child, 0)
        return {"stdout": _read(stdout), "stderr": _read(stderr) or f"it ended with the status {status}"}


def _become(main: Any, request: dict[str, Any], stdout: IO[bytes], stderr: IO[bytes]) -> None:
    """The module's run, as ``python -m`` would do it; it ends the process."""
    os.dup2(stdout.fileno(), 1)
    os.dup2(stderr.fileno(), 2)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["name"]]
    sys.stdin = io.TextIOWrapper(io.BytesIO(json.dumps({"ANSIBLE_MODULE_ARGS": request["arguments"]}).encode()))
    signal.alarm(TIMEOUT)
    try:
        main()
    finally:
        if sys.exc_info()[0] not in (None, SystemExit):
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)
