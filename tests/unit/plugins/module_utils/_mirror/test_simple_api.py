# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lenient parser: it reads whatever a mirror emits, and names what is wrong with it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._mirror.simple_api import parse
from tests.support.mirrors import file_entry, json_page

URL = "https://mirror.example.com/simple/demo/"


def of_json(document):
    return parse(json.dumps(document).encode(), url=URL)


def of_html(text):
    return parse(text.encode(), url=URL)


def told(parsed):
    return [(each.kind, each.place) for each in parsed.page.violations]


def test_json_with_everything():
    status = {"status": "archived", "reason": "moved"}
    page = json_page(file_entry("demo-1.0.tar.gz", yanked="bad", **{"gpg-sig": True}), **{"project-status": status})
    parsed = of_json(page)
    assert parsed.format == "json"
    assert told(parsed) == []
    assert (parsed.page.name, parsed.page.api_version, parsed.page.project_status) == ("demo", "1.4", "archived")
    assert (parsed.page.versions, parsed.page.last_serial) == (("1.0", "1.1"), 7)
    (file,) = parsed.page.files
    assert file.url == "https://mirror.example.com/files/demo-1.0.tar.gz"
    assert (file.yanked, file.yanked_reason, file.gpg_sig, file.size) == (True, "bad", True, 1000)
    assert file.core_metadata == {"sha256": "ab" * 32}


def test_html_with_everything():
    parsed = of_html(
        '<!DOCTYPE html><meta name="pypi:repository-version" content="1.4">'
        '<meta name="pypi:project-status" content="quarantined"><base href="/other/">'
        '<a href="files/demo-1.0.tar.gz#sha256=AB12" data-requires-python="&gt;=3.6" data-yanked="bad"'
        ' data-gpg-sig="true" data-core-metadata="sha256=CD34" data-provenance="https://p/">demo-1.0.tar.gz</a>'
        '<a href="demo-1.1.zip" data-yanked data-dist-info-metadata>demo-1.1.zip</a><!--SERIAL 12-->'
    )
    assert told(parsed) == []
    page, (first, second) = parsed.page, parsed.page.files
    assert (page.api_version, page.project_status, page.last_serial, page.name) == ("1.4", "quarantined", 12, None)
    assert first.url == "https://mirror.example.com/other/files/demo-1.0.tar.gz"
    assert (first.hashes, first.requires_python, first.gpg_sig) == ({"sha256": "ab12"}, ">=3.6", True)
    assert (first.yanked, first.yanked_reason, first.core_metadata) == (True, "bad", {"sha256": "cd34"})
    assert (second.yanked, second.yanked_reason, second.core_metadata, second.hashes) == (True, None, True, {})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"hashes": None}, ("missing-key", "files[0].hashes")),
        ({"hashes": "sha256"}, ("wrong-type", "files[0].hashes")),
        ({"hashes": {"sha256": "xyz"}}, ("bad-value", "files[0].hashes")),
        ({"filename": None}, ("missing-key", "files[0].filename")),
        ({"url": None}, ("missing-key", "files[0].url")),
        ({"url": "http://[bad/x.whl"}, ("bad-value", "files[0].url")),
        ({"size": "12"}, ("wrong-type", "files[0].size")),
        ({"size": True}, ("wrong-type", "files[0].size")),
        ({"size": -1}, ("bad-value", "files[0].size")),
        ({"upload-time": ""}, ("bad-value", "files[0].upload-time")),
        ({"upload-time": "2026-11-01"}, ("bad-value", "files[0].upload-time")),
        ({"yanked": ""}, ("bad-value", "files[0].yanked")),
        ({"yanked": 1}, ("wrong-type", "files[0].yanked")),
        ({"requires-python": 3}, ("wrong-type", "files[0].requires-python")),
        ({"core-metadata": "yes"}, ("wrong-type", "files[0].core-metadata")),
        ({"core-metadata": {"sha256": "?"}}, ("bad-value", "files[0].core-metadata")),
        ({"gpg-sig": "true"}, ("wrong-type", "files[0].gpg-sig")),
    ],
)
def test_one_bad_value_is_told_and_the_rest_is_read(change, expected):
    entry = {**file_entry("demo-1.0.tar.gz"), **change}
    entry = {key: value for key, value in entry.items() if value is not None}
    parsed = of_json(json_page(entry, file_entry("demo-1.1.tar.gz")))
    assert told(parsed) == [expected]
    assert parsed.page.files[-1].filename == "demo-1.1.tar.gz"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], ("wrong-type", "page")),
        ({**json_page(), "files": {}}, ("wrong-type", "files")),
        ({**json_page(), "files": [3]}, ("wrong-type", "files[0]")),
        ({**json_page(), "versions": "1.0"}, ("wrong-type", "versions")),
        ({**json_page(), "versions": [1]}, ("wrong-type", "versions")),
        ({**json_page(), "meta": {}}, ("missing-key", "meta.api-version")),
        (json_page(name=None), ("missing-key", "name")),
        (json_page(file_entry("a.whl"), file_entry("a.whl")), ("duplicate", "files[1].filename")),
    ],
)
def test_bad_documents(document, expected):
    assert expected in told(of_json(document))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<a href="demo-1.0.whl">demo-1.0-py3.whl</a>', ("anchor-text", "anchor[0]")),
        ("<a>demo-1.0.whl</a>", ("anchor-without-href", "anchor[0]")),
        ('<a href="../">../</a>', ("foreign-anchor", "anchor[0]")),
        ('<a href="d.whl" data-requires-python=">=3">d.whl</a>', ("unescaped", "anchor[0].data-requires-python")),
        ('<a href="d.whl" data-core-metadata="sha256">d.whl</a>', ("bad-value", "anchor[0].data-core-metadata")),
        ('<a href="http://[bad/d.whl">d.whl</a>', ("bad-value", "anchor[0].href")),
        ('<base href="http://[bad/"><a href="d.whl">d.whl</a>', ("bad-value", "base")),
        ('<html><input type="password"></html>', ("form", "line 1")),
        ('<a href="d.whl">d.whl</a><a href="d.whl">d.whl</a>', ("duplicate", "anchor[1]")),
    ],
)
def test_html_that_is_wrong(text, expected):
    assert expected in told(of_html(text))


def test_bytes_that_are_neither():
    parsed = parse(b"It works!", url=URL)
    assert (parsed.format, told(parsed)) == (None, [("not-a-page", "page")])


@pytest.mark.parametrize(("charset", "kind"), [(None, "encoding"), ("latin-1", None), ("klingon", "encoding")])
def test_charsets(charset, kind):
    parsed = parse(b'<a href="d\xe9.whl">d\xe9.whl</a>', url=URL, charset=charset)
    assert [each.kind for each in parsed.page.violations if each.kind == "encoding"] == ([kind] if kind else [])
    assert len(parsed.page.files) == 1


def test_many_violations_of_a_kind_are_bounded():
    entries = [{**file_entry(f"demo-{number}.whl"), "hashes": 1, "size": ""} for number in range(500)]
    assert len(of_json(json_page(*entries)).page.violations) == 100


@settings(max_examples=300)
@given(st.binary(max_size=300), st.sampled_from([b"", b"{", b"<", b"<a href=", b'{"files": [', b"<![", b"<!--"]))
def test_any_bytes_give_a_page(body, start):
    parse(start + body, url=URL)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = [*file_entry("x"), "gpg-sig"]


@settings(max_examples=300)
@given(
    st.dictionaries(st.sampled_from(KEYS), JSON_VALUES), st.dictionaries(st.sampled_from([*json_page()]), JSON_VALUES)
)
def test_any_value_at_any_key_gives_a_page(entry, page):
    of_json({**json_page({**file_entry("demo-1.0.whl"), **entry}), **page})


@settings(max_examples=200)
@given(st.text(alphabet="<>/a=\"' href-daty!&#;[]x", max_size=200))
def test_any_markup_gives_a_page(text):
    of_html(f'<a href="demo-1.0.whl">demo-1.0.whl</a>{text}')


@pytest.mark.parametrize(
    ("written", "read"), [(7, 7), ("7", 7), ("seven", None), (True, None), ([7], None), (None, None)]
)
def test_a_serial_is_read_however_it_is_written(written: object, read: object) -> None:
    """bandersnatch 8 writes a text, and no client looks."""
    parsed = of_json(json_page(meta={"api-version": "1.1", "_last-serial": written}))
    assert parsed.page.last_serial == read
    assert parsed.page.violations == ()
