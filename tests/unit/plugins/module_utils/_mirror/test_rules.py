# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules mirror.*: each at and around what it objects to, and never better for a page that says less."""

from __future__ import annotations

import copy
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import SEVERITIES
from ansible_collections.sre.preflight.plugins.module_utils._mirror.evidence import (
    Fetch,
    MetadataProbe,
    PageFetch,
    ProjectEvidence,
)
from ansible_collections.sre.preflight.plugins.module_utils._mirror.facts import Asked
from tests.support.mirrors import (
    MIRROR,
    UPSTREAM,
    collected_of,
    failures,
    fetched,
    file_entry,
    json_page,
    verdicts,
)
from tests.support.package_index import html_page

WHEEL, SDIST = "demo-1.1-py3-none-any.whl", "demo-1.0.tar.gz"
GOOD = json_page()


def changed(**more):
    """The page whose wheel is described otherwise."""
    return json_page(file_entry(SDIST), file_entry(WHEEL, **more))


def python(requires):
    """The page whose wheel needs that Python."""
    return changed(**{"requires-python": requires})


def test_a_good_page_fails_nothing():
    assert failures(GOOD, GOOD) == {}


@pytest.mark.parametrize(
    ("ours", "theirs", "rule", "words"),
    [
        (changed(**{"requires-python": None}), GOOD, "requires-python-missing", "1 of 2 files lack it (demo-1.1-"),
        (changed(**{"requires-python": ">=3.8"}), GOOD, "requires-python-differs", "1 of 2 files have another one"),
        (changed(**{"requires-python": "py3"}), GOOD, "requires-python-invalid", "have an invalid one"),
        (changed(hashes={"sha256": "00"}), GOOD, "hash-differs", "1 of 2 files differ"),
        (changed(hashes={}), GOOD, "hashes-missing", "1 of 2 files have none"),
        (changed(hashes=None), GOOD, "hashes-key-absent", "files[1].hashes: is missing"),
        (changed(hashes={"sha256": "no"}), GOOD, "hashes-malformed", "no hexadecimal digest"),
        (GOOD, changed(yanked="broken"), "yanked-lost", "1 of 2 files are yanked upstream alone"),
        (changed(yanked=True), GOOD, "yanked-stale", "1 of 2 files are yanked here alone"),
        (changed(yanked=True), changed(yanked="broken"), "yanked-reason-lost", "1 of 2 files lack the reason"),
        (changed(yanked=""), GOOD, "yanked-malformed", "files[1].yanked"),
        (changed(**{"core-metadata": None}), GOOD, "core-metadata-missing", "1 of 2 files lack it, or its hash"),
        (changed(**{"core-metadata": {"sha256": "?"}}), GOOD, "core-metadata-malformed", "no hexadecimal digest"),
        (changed(size=None), GOOD, "size-missing", "1 of 2 files lack it or differ"),
        (changed(size=None), GOOD, "api-version-overstated", "1 of 2 files have no size, with 1.4"),
        (changed(size=-5), GOOD, "size-malformed", "files[1].size: -5"),
        (changed(**{"upload-time": None}), GOOD, "upload-time-missing", "1 of 2 files lack it or differ"),
        (changed(**{"upload-time": ""}), GOOD, "upload-time-malformed", "files[1].upload-time: ''"),
        (changed(provenance=None), GOOD, "provenance-missing", "1 of 2 files lack it"),
        (json_page(versions=None), GOOD, "versions-missing", "demo: no list"),
        (json_page(versions=["1.0"]), GOOD, "versions-missing", "lacks 1 (1.1)"),
        (json_page(meta={"api-version": "2.0"}), GOOD, "api-version-unsupported", "'2.0'"),
        (json_page(meta={"api-version": "1.2"}), GOOD, "api-version-understated", "1.2 with provenance"),
        (json_page(meta={"api-version": "1.4", "_last-serial": 6}), GOOD, "serial-behind", "serial 6, 7 upstream"),
        (json_page(meta={"api-version": "1.4"}), GOOD, "serial-missing", "none of 1 pages has a serial"),
        (GOOD, json_page(**{"project-status": {"status": "archived"}}), "project-status-lost", "active here, archived"),
        (GOOD, json_page(**{"project-status": {"status": "quarantined"}}), "quarantined-files-offered", "upstream"),
        (json_page(file_entry(SDIST)), GOOD, "files-missing", "1 of 2 files are missing (demo-1.1-"),
        (GOOD, json_page(file_entry(SDIST)), "files-surplus", "1 of 2 files are not upstream"),
        (json_page(files=[]), GOOD, "page-empty", "no file, 2 upstream"),
        (changed(filename=None), GOOD, "page-rejected", "files[1].filename: is missing"),
        (changed(url="http://[bad/"), GOOD, "link-broken", "files[1].url"),
        (changed(url="https://files.example.org/x/demo.whl"), GOOD, "upstream-dependency", "1 of 2 files at https://files"),
        (b"<a href='demo-1.0.whl'>demo.whl</a>", GOOD, "anchor-malformed", "anchor[0]"),
        (b"<a href='demo-1.0.whl'>demo-1.0.whl</a>", GOOD, "api-version-missing", "none is declared"),
        (b"<a href='d-1.whl' data-requires-python='>=3'>d-1.whl</a>", GOOD, "requires-python-unescaped", ">=3"),
        (b"<a href='d\xff.whl'>d\xff.whl</a>", GOOD, "page-encoding-wrong", "not utf-8"),
        (b"<input type=password>", GOOD, "page-not-simple", "asks for a password"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else None,
)  # fmt: skip
def test_what_fails(ours, theirs, rule, words):
    messages = failures(ours, theirs)
    assert words in messages[rule]


@pytest.mark.parametrize(
    ("ours", "theirs", "rule"),
    [
        (python("<4,>=3.9"), python(">=3.9, <4"), "requires-python-differs"),
        (python(">=3.6.*"), python(">=3.6.*"), "requires-python-invalid"),
        (json_page(files=[]), json_page(files=[]), "page-empty"),
        (json_page(meta={"api-version": "1.0"}, versions=None), GOOD, "api-version-overstated"),
        (json_page(**{"project-status": {"status": "active"}}), GOOD, "project-status-lost"),
        (changed(url="https://mirror.example.com:443/x/demo.whl"), GOOD, "upstream-dependency"),
    ],
)  # fmt: skip
def test_what_does_not_fail(ours, theirs, rule):
    assert rule not in failures(ours, theirs)


@pytest.mark.parametrize(("uploaded", "missing"), [("2026-11-23T12:00:00Z", False), ("2026-11-23T11:59:59Z", True)])
def test_files_may_lag_for_a_day(uploaded, missing):
    theirs = json_page(*GOOD["files"], file_entry("demo-2.0.tar.gz", **{"upload-time": uploaded}))
    assert ("files-missing" in failures(GOOD, theirs)) is missing
    assert "files-missing" not in failures(GOOD, theirs, max_mirror_lag="2d")


@pytest.mark.parametrize(
    ("listed", "inside", "wrong"), [(">=3.9", ">=3.9", False), (None, ">=3.9", True), (None, None, False)]
)
def test_the_page_against_the_metadata(listed, inside, wrong):
    page = fetched(json.dumps(GOOD).encode(), MIRROR)
    evidence = collected_of({"current": page})
    probe = MetadataProbe(WHEEL, Fetch(MIRROR, 200), {}, {}, inside, listed)
    evidence.projects = [ProjectEvidence("demo", {"mirror": {"current": page}}, {"mirror": (probe,)})]
    assert ("requires-python-contradicts-metadata" in verdicts(evidence)) is wrong


@pytest.mark.parametrize(("files", "expected"), [(19, None), (20, "fail")])
def test_no_requires_python_anywhere_needs_no_upstream(files, expected):
    page = json_page(*(file_entry(f"demo-{number}.tar.gz", **{"requires-python": None}) for number in range(files)))
    found = verdicts(collected_of({"current": fetched(json.dumps(page).encode(), MIRROR)}))
    assert found.get("requires-python-nowhere", {}).get("status") == expected


def test_formats_that_differ():
    html = fetched(b"<a href='/f/demo-1.0.tar.gz'>demo-1.0.tar.gz</a>", MIRROR)
    found = verdicts(collected_of({"current": fetched(json.dumps(GOOD).encode(), MIRROR), "html": html}))
    assert "2 files differ (demo-1.0.tar.gz, demo-1.1-py3-none-any.whl)" in found["formats-differ"]["message"]


def test_backends_that_disagree():
    good = fetched(json.dumps(GOOD).encode(), MIRROR)
    other = fetched(json.dumps(changed(yanked=True)).encode(), MIRROR)
    assert "backends-disagree" not in verdicts(collected_of({"current": good}, {"current": good}))
    found = verdicts(collected_of({"current": good}, {"current": other}))["backends-disagree"]
    assert (found["status"], found["evidence"]["pages"]) == ("fail", ["demo"])


@pytest.mark.parametrize(
    ("url", "fails"), [("http://mirror.example.com/", True), ("http://127.0.0.1/", False), (MIRROR, False)]
)
def test_plain_http(url, fails):
    found = verdicts(collected_of({"current": fetched(json.dumps(GOOD).encode(), MIRROR)}, url=url))
    assert ("not-https" in found) is fails


@pytest.mark.parametrize(
    ("changed_at", "expected"),
    [
        ("Sun, 22 Nov 2026 12:00:00 GMT", None),
        ("Sun, 22 Nov 2026 11:59:59 GMT", "fail"),
        (None, "unknown"),
        ("?", "unknown"),
    ],
)
def test_the_age_of_the_root_page(changed_at, expected):
    root = {"status": 200, "projects": 1, "reason": None, "last_modified": changed_at}
    found = verdicts(collected_of({"current": fetched(json.dumps(GOOD).encode(), MIRROR)}, root=root))
    assert found.get("index-old", {}).get("status") == expected


@pytest.mark.parametrize(("said", "fails"), [
    ("max-age=600", False), ("max-age=601", True), ("public, immutable, max-age=31536000", True),
    ("no-cache, max-age=9999", False),
])  # fmt: skip
def test_how_long_pages_are_kept(said, fails):
    page = fetched(json.dumps(GOOD).encode(), MIRROR, **{"cache-control": said})
    assert ("page-kept-too-long" in verdicts(collected_of({"current": page}))) is fails


def test_an_upstream_page_that_was_not_read_makes_the_comparison_unknown():
    ours = fetched(json.dumps(GOOD).encode(), MIRROR)
    evidence = collected_of({"current": ours}, upstream=fetched(json.dumps(GOOD).encode(), UPSTREAM))
    unread = PageFetch(Fetch(UPSTREAM, 503))
    evidence.projects.append(ProjectEvidence("other", {"mirror": {"current": ours}, "upstream": {"current": unread}}))
    found = verdicts(evidence)["requires-python-missing"]
    assert (found["status"], "other could not be compared" in found["message"]) == ("unknown", True)


OLD = f'<a href="{WHEEL}">{WHEEL}</a>'


@pytest.mark.parametrize(
    ("current", "old", "severity", "words"),
    [
        (GOOD, None, "high", "fails (the page is json, and served as application/vnd"),  # for pip of 2019 alone
        (changed(hashes=None), OLD, "critical", "fails (uv rejects the page, for files[1].hashes is missing"),
        (json_page(file_entry(SDIST)), OLD, "high", "wrong_version (version 1.0 instead of 1.1"),
        (changed(yanked=True, hashes=None), OLD, "critical", "wrong_version"),  # and uv fails
        (changed(**{"core-metadata": None}), OLD, "low", "dearer"),
    ],
)
def test_what_would_be_installed(current, old, severity, words):
    pages = {"current": fetched(json.dumps(current).encode(), MIRROR)}
    if old is not None:
        pages["html"] = fetched(old.encode(), MIRROR, "text/html")
    evidence = collected_of(pages, upstream=fetched(json.dumps(GOOD).encode(), UPSTREAM))
    evidence.asked = Asked(("demo",), ("3.9",), ("manylinux_2_28_x86_64",))
    found = verdicts(evidence)["resolution-differs"]
    assert (found["status"], found["severity"]) == ("fail", severity)
    assert words in found["message"]


def paths(value, at=()):
    """Every field of a document. A whole file is none: without one that is malformed a page is the better."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(value, dict):
            yield (*at, key)
        yield from paths(inner, (*at, key))


def without(document, path):
    changed_document = copy.deepcopy(document)
    inner = changed_document
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed_document


def worst(found):
    """0 where nothing is wrong, more the worse it is."""
    ranks = [
        len(SEVERITIES) - SEVERITIES.index(each["severity"]) for each in found.values() if each["status"] == "fail"
    ]
    return max(ranks, default=0)


@settings(max_examples=150)
@given(st.data())
def test_removing_any_field_never_makes_the_verdict_better(data):
    """Not of a good page, and not of one that has lost some already."""
    theirs = fetched(json.dumps(GOOD).encode(), UPSTREAM)
    page, before = copy.deepcopy(GOOD), 0
    for _step in range(data.draw(st.integers(1, 5))):
        remaining = sorted(paths(page), key=str)
        if not remaining:
            break
        page = without(page, data.draw(st.sampled_from(remaining)))
        after = worst(verdicts(collected_of({"current": fetched(json.dumps(page).encode(), MIRROR)}, upstream=theirs)))
        assert after >= before
        before = after


@pytest.mark.parametrize("path", sorted(paths(GOOD), key=str), ids=str)
def test_every_field_of_a_good_page_is_missed(path):
    harmless = [("files", index, key) for index in (0, 1) for key in ("yanked",)]
    found = failures(without(GOOD, path), GOOD)
    assert bool(found) is (path not in harmless)


GOOD_HTML = html_page(GOOD)
PIECES = re.compile(r"<meta[^>]*>|<a [^>]*>[^<]*</a>|<!--[^>]*-->| [a-z-]+=\"[^\"]*\"|#sha256=[0-9a-f]+")


def pieces(text):
    """The places of all that HTML says: elements, their attributes, hashes, the serial."""
    found = [match.span() for match in PIECES.finditer(text)]
    inner = [(start + 1 + each.start(), start + 1 + each.end())
             for start, end in found for each in PIECES.finditer(text[start + 1 : end])]  # fmt: skip
    deepest = [(start + 1 + each.start(), start + 1 + each.end())
               for start, end in inner for each in PIECES.finditer(text[start + 1 : end])]  # fmt: skip
    return sorted({*found, *inner, *deepest})


def worst_of_html(text):
    theirs = fetched(html_page(GOOD).encode(), UPSTREAM)
    return worst(verdicts(collected_of({"current": fetched(text.encode(), MIRROR)}, upstream=theirs)))


@settings(max_examples=150)
@given(st.data())
def test_removing_anything_from_html_never_makes_the_verdict_better(data):
    text, before = GOOD_HTML, worst_of_html(GOOD_HTML)
    for _step in range(data.draw(st.integers(1, 5))):
        # A whole file is none, as above.
        remaining = [(start, end) for start, end in pieces(text) if not text.startswith("<a ", start)]
        if not remaining:
            break
        start, end = data.draw(st.sampled_from(remaining))
        text = text[:start] + text[end:]
        after = worst_of_html(text)
        assert after >= before, text
        before = after


@pytest.mark.parametrize(("start", "end"), pieces(GOOD_HTML), ids=str)
def test_every_piece_of_a_good_page_in_html_is_missed(start, end):
    assert worst_of_html(GOOD_HTML) == 0
    assert worst_of_html(GOOD_HTML[:start] + GOOD_HTML[end:]) > 0
