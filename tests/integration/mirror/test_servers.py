# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real mirrors: what the audit says of each is what it lacks."""

from __future__ import annotations

import urllib.request

import pytest

from tests.integration.mirror.test_faults import audit, rules_of
from tests.support.mirror_catalogue import SERVERS
from tests.support.mirror_lacks import LACKS, OURS
from tests.support.mirror_servers import NginxMirror
from tests.support.package_index import demo_index
from tests.support.simple_index import IndexServer

pytestmark = pytest.mark.full


def test_every_column_of_the_table_is_seen() -> None:
    """What the role makes is audited in test_full.py."""
    assert {*SERVERS, OURS} == set(LACKS)


@pytest.mark.parametrize("name", SERVERS)
def test_what_a_mirror_lacks(name: str) -> None:
    with IndexServer(demo_index()) as upstream, SERVERS[name](demo_index(), upstream.url) as mirror:
        result = audit(mirror.url, upstream, timeout=30.0)
    assert [each for each in result["findings"] if each["status"] == "unknown"] == []
    assert set(rules_of(result)) == set(LACKS[name])


def test_a_mirror_of_2021_behind_nginx() -> None:
    """Static HTML without requires-python: pip of its time chooses what cannot run, and gives up."""
    projects = demo_index()
    for project in projects.values():
        for dist in project.dists:
            dist.entry.pop("requires-python", None)
    with IndexServer(demo_index()) as upstream, NginxMirror(projects) as mirror:
        result = audit(mirror.url, upstream, requirements=["demo"], pythons=["3.8"])
    assert rules_of(result)["requires-python-missing"]["severity"] == "high"
    (resolution,) = result["resolutions"]
    assert resolution["upstream_file"] == "demo-1.1-py3-none-any.whl"
    assert resolution["clients"] == {"pip": "dearer", "pip_legacy": "fails", "uv": "dearer"}


def test_a_file_that_nginx_serves_damaged() -> None:
    with IndexServer(demo_index()) as upstream, NginxMirror(demo_index()) as mirror:
        file = mirror.directory / "web" / "files" / "demo-2.0-py3-none-any.whl"
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        (mirror.directory / "web" / "files" / "demo-1.0-py3-none-any.whl.metadata").unlink()
        rules = rules_of(audit(mirror.url, upstream, file_sample=7))
        assert urllib.request.urlopen(f"{mirror.origin}/files/{file.name}", timeout=5).status == 200
    assert rules["file-hash-wrong"]["evidence"]["complaints"] == {file.name: "another sha256"}
