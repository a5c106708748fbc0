# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parser against pypi-simple, which is strict: what it reads, ours reads alike; what it refuses, ours tells of."""

from __future__ import annotations

import json
from typing import Any

import pypi_simple
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._mirror.model import File
from ansible_collections.sre.preflight.plugins.module_utils._mirror.simple_api import parse
from tests.support.package_index import demo_index, html_page, json_page

URL = "https://mirror.example.com/simple/demo/"


def of_ours(file: File) -> tuple[Any, ...]:
    metadata = dict(file.core_metadata) if isinstance(file.core_metadata, dict) else file.core_metadata
    return (
        file.filename, file.url, dict(file.hashes), file.requires_python, file.yanked, file.yanked_reason or "",
        metadata or None, file.size, file.upload_time is not None, file.provenance,
    )  # fmt: skip


def of_theirs(package: pypi_simple.DistributionPackage) -> tuple[Any, ...]:
    metadata = package.metadata_digests or package.has_metadata or None
    return (
        package.filename, package.url, package.digests, package.requires_python, package.is_yanked,
        package.yanked_reason or "", metadata, package.size, package.upload_time is not None, package.provenance_url,
    )  # fmt: skip


def read_by_both(text: str, *, is_json: bool) -> tuple[Any, pypi_simple.ProjectPage]:
    ours = parse(text.encode(), url=URL).page
    if is_json:
        return ours, pypi_simple.ProjectPage.from_json_data(json.loads(text), URL)
    return ours, pypi_simple.ProjectPage.from_html("demo", text, URL)


@pytest.mark.parametrize("name", ["demo", "zope-demo"])
@pytest.mark.parametrize("is_json", [True, False])
@pytest.mark.parametrize("files", ["../../files/", "https://files.example.com/a/b/", "/files/"])
def test_good_pages_are_read_alike(name: str, is_json: bool, files: str) -> None:
    page = json_page(demo_index()[name], files)
    ours, theirs = read_by_both(json.dumps(page) if is_json else html_page(page), is_json=is_json)
    assert ours.violations == ()
    assert [of_ours(each) for each in ours.files] == [of_theirs(each) for each in theirs.packages]
    assert ours.api_version == theirs.repository_version
    assert ours.versions == (tuple(theirs.versions) if theirs.versions is not None else None)
    assert ours.project_status == theirs.status


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "requires-python": st.sampled_from([None, ">=3.6", "", "py3"]),
    # Not null, which pypi-simple refuses, and pip takes for "not yanked" as ours does.
    "yanked": st.sampled_from([True, False, "why", 3, []]),
    "size": st.sampled_from([0, 1, -1, "1", None, True]),
    "upload-time": st.sampled_from(["2026-11-01T10:00:00Z", "", "yesterday", "2026-11-01", 5, None]),
    "hashes": st.sampled_from([{}, {"sha256": "ab"}, {"sha256": 3}, "sha256", None]),
    "core-metadata": st.sampled_from([True, False, {"sha256": "ab"}, "yes", {}, None]),
    "provenance": st.sampled_from([None, "https://example.org/p", 7]),
    "filename": st.sampled_from(["demo-1.0.tar.gz", 5, None]),
    "url": st.sampled_from(["demo-1.0.tar.gz", "/x/demo-1.0.tar.gz", 5, None]),
}


@settings(max_examples=400, deadline=None)
@given(st.fixed_dictionaries({}, optional=VALUES), st.sets(st.sampled_from(["filename", "url", "hashes"])))
def test_what_the_strict_one_refuses_ours_tells_of(change: dict[str, Any], dropped: set[str]) -> None:
    page = json_page(demo_index()["demo"], "../../files/")
    page["files"][0].update(change)
    for key in dropped:
        page["files"][0].pop(key, None)
    text = json.dumps(page)
    ours = parse(text.encode(), url=URL).page
    try:
        theirs = pypi_simple.ProjectPage.from_json_data(json.loads(text), URL)
    except Exception:  # noqa: BLE001 - whatever it refuses with
        assert ours.violations != ()
        return
    if ours.violations == ():
        assert [of_ours(each) for each in ours.files] == [of_theirs(each) for each in theirs.packages]
