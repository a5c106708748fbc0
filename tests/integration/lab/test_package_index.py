# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's index and its fallback, as pip and a strict parser of the Simple API see them."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.package_index import PackageIndex, package_index

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = "application/vnd.pypi.simple.v1+json"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    with package_index(tmp_path_factory.mktemp("index") / "fallback") as running:
        yield running


def installed(url: str, project: str, python: str) -> str:
    """The version that pip would install for that Python; empty where it finds none."""
    options = [
        "--dry-run",
        "--quiet",
        "--no-deps",
        "--ignore-installed",
        "--isolated",
        "--no-cache-dir",
        "--report",
        "-",
    ]
    which = ["--only-binary=:all:", "--python-version", python, "--target", "/nonexistent", "--index-url", url]
    command = [sys.executable, "-m", "pip", "install", *options, *which, project]
    completed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if completed.returncode:
        assert "No matching distribution found" in completed.stderr, completed.stderr
        return ""
    (only,) = json.loads(completed.stdout)["install"]
    return str(only["metadata"]["version"])


@pytest.mark.parametrize(
    ("project", "python", "upstream", "mirror"),
    [
        ("spindle", "3.9", "1.4", "2.0"),
        ("spindle", "3.13", "3.0", "3.0"),
        ("lantern", "3.9", "1.3", "1.2"),
        ("harbor", "3.13", "1.0", "1.0"),
    ],
)
def test_pip_installs_what_the_report_says(
    index: PackageIndex, project: str, python: str, upstream: str, mirror: str
) -> None:
    assert installed(index.upstream_url, project, python) == upstream
    assert installed(index.mirror_url, project, python) == mirror


def page(url: str, accept: str) -> tuple[str, bytes]:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=10) as response:
        return response.headers["Content-Type"], response.read()


def test_the_upstream_has_all_that_the_api_has_and_its_files_elsewhere(index: PackageIndex) -> None:
    kind, body = page(f"{index.upstream_url}spindle/", JSON)
    spindle = json.loads(body)
    assert (kind, spindle["meta"]["api-version"]) == (JSON, "1.4")
    fields = {"requires-python", "yanked", "core-metadata", "size", "upload-time", "provenance", "hashes"}
    assert all(fields <= set(file) for file in spindle["files"])
    assert {file["yanked"] for file in spindle["files"]} == {False, "It deletes what it should keep"}
    assert json.loads(page(f"{index.upstream_url}harbor/", JSON)[1])["project-status"] == {"status": "archived"}
    for file in spindle["files"]:
        assert json.loads(page(file["provenance"], JSON)[1])["version"] == 1
    assert {urllib.parse.urlsplit(file["url"]).port for file in spindle["files"]}.isdisjoint(
        {urllib.parse.urlsplit(url).port for url in (index.upstream_url, index.mirror_url)}
    )


def test_the_fallback_has_links_and_hashes_and_nothing_else(index: PackageIndex) -> None:
    kind, body = page(f"{index.mirror_url}spindle/", JSON)
    assert kind == "text/html"
    assert body.count(b"#sha256=") == 4
    assert b"data-" not in body
    lantern = page(f"{index.mirror_url}lantern/", JSON)[1]
    assert b"lantern-1.2-" in lantern
    assert b"lantern-1.3-" not in lantern


def test_nothing_is_served_afterwards(tmp_path: Path) -> None:
    with package_index(tmp_path / "fallback") as ended:
        assert page(ended.mirror_url, JSON)[0] == "text/html"
    for url in (ended.mirror_url, ended.upstream_url):
        with pytest.raises(OSError, match="refused"):
            page(url, JSON)
