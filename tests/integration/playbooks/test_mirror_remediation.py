# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a report on a fallback like that of 2021 to one that installs what its upstream does, on a real nginx."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.package_index import PYTHONS, package_index, write_fallback
from tests.lab.process import wait_until
from tests.support.mirror_role import HostNginx, ask
from tests.support.runs import run_playbook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.full
STATIC = "static.conf"


@pytest.fixture
def nginx() -> Iterator[HostNginx]:
    with HostNginx() as server:
        yield server


def reload(nginx: HostNginx) -> None:
    subprocess.run([*nginx.command, "-s", "reload"], check=True, timeout=30)
    wait_until(lambda: ask(nginx.url).status == 200, within=10, what="nginx to serve the fallback")


def run(playbook: str, nginx: HostNginx, hosts: dict[str, Any], *arguments: str) -> str:
    inventory = {"all": {"vars": {"ansible_connection": "local"}, "hosts": hosts}}
    completed = run_playbook(playbook, nginx.directory, *arguments, inventory=inventory, COLUMNS="300")
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def test_the_plan_mends_the_fallback(nginx: HostNginx, tmp_path: Path) -> None:
    static = nginx.conf.with_name(STATIC)
    with package_index(tmp_path / "unused") as index:
        write_fallback(index.projects, nginx.directory / "fallback")
        listen = f"listen 127.0.0.1:{nginx.ports[0]};"
        static.write_text(f"server {{ {listen} root {nginx.directory}/fallback; }}\n")
        reload(nginx)
        auditor = {
            "preflight_mirror_url": nginx.url,
            "preflight_mirror_upstream_url": index.upstream_url,
            "preflight_mirror_requirements": list(index.projects),
            "preflight_mirror_pythons": list(PYTHONS),
        }
        served = {name: value for name, value in nginx.variables.items() if name != "package_mirror_strategy"}
        hosts = {"auditor": auditor, "mirror": served}
        report, plan = tmp_path / "preflight.json", tmp_path / "preflight_plan.yml"
        audit = ("-e", f"preflight_report_directory={tmp_path}", "-e", "preflight_hosts=auditor")
        before = run("sre.preflight.audit", nginx, hosts, *audit)
        static.unlink()  # what answered there makes way, as the plan's needs say
        run("sre.preflight.remediate", nginx, hosts, "-e", f"preflight_plan_path={plan}")
        after = run("sre.preflight.audit", nginx, hosts, *audit)
    assert "pip on Python 3.9 installs spindle 2.0 from the mirror, 1.4 from the upstream" in before
    assert " from the mirror, " not in after
    found = json.loads(report.read_text())
    assert found["resolutions"]["outcomes"] == {"same": 8}
    assert [each["rule"] for each in found["findings"] if each["severity"] in ("critical", "high")] == []
    gone = {each["rule"] for each in found["comparison"]["gone"]}
    assert {"mirror.requires-python-missing", "mirror.yanked-lost", "mirror.resolution-differs"} <= gone
    assert found["plan"] == []
