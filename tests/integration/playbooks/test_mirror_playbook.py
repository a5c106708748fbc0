# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook mirror: it brings a mirror up and reports, and is the freshness check of a schedule."""

from __future__ import annotations

import json

import pytest

from tests.support.mirror_role import HostNginx, upstream_of
from tests.support.package_index import demo_index

pytestmark = pytest.mark.full


def test_a_mirror_is_brought_up_and_found_behind_when_it_is() -> None:
    projects = demo_index()
    with upstream_of(projects) as (pages, _files), HostNginx() as nginx:
        own = {
            "package_mirror_upstream_url": pages.url,
            "package_mirror_projects": ["demo"],
            "package_mirror_fresh_for": "1h",
            "package_mirror_audit": False,  # the playbook audits after all hosts
        }
        hosts = {"mirror1": {**nginx.variables, **own}}
        report = ("-e", f"preflight_report_directory={nginx.directory}")
        completed = nginx.play("sre.preflight.mirror", hosts, *report)
        assert completed.returncode == 0, completed.stdout + completed.stderr
        projects["demo"].add("2.1")
        behind = nginx.play("sre.preflight.mirror", hosts, *report, "--tags", "audit")
        assert behind.returncode == 2, behind.stdout + behind.stderr
        findings = json.loads((nginx.directory / "preflight.json").read_text())["findings"]
    assert "Bring the mirror up" not in behind.stdout
    failing = [each["rule"] for each in findings if each["status"] == "fail"]
    assert failing == ["mirror.files-missing", "mirror.versions-missing"]
