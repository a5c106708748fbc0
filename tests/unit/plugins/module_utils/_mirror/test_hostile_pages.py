# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages that are made to take the parser's time or memory: neither grows faster than the page."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._mirror.releases import MAX_FILENAME, read_names
from ansible_collections.sre.preflight.plugins.module_utils._mirror.simple_api import parse

URL = "https://mirror.example.com/simple/demo/"
READ = """
import sys
from ansible_collections.sre.preflight.plugins.module_utils._mirror.client import Answer
from ansible_collections.sre.preflight.plugins.module_utils._mirror.root import read_root
from ansible_collections.sre.preflight.plugins.module_utils._mirror.simple_api import parse
start, piece, end = sys.argv[1:]
body = (start + piece * (3_000_000 // len(piece)) + end).encode()
parse(body, url="https://mirror.example.com/simple/demo/")
read_root(Answer("https://mirror.example.com/simple/", 200, {}, body))
"""


@pytest.mark.parametrize(
    ("start", "piece", "end"),
    [
        ("<html>", "<a ", ""),
        ("<html>", "<!--x>", ""),
        ("<html>", "<![CDATA[ >", ""),
        ("<html>", "<![CDATA[ >", "]>"),
        ("<html>", "<![if >", ""),
        ("<html>", "</a ", ""),
        ("<html>", "<a href='x", ""),
    ],
)
def test_an_end_that_never_comes_takes_no_hours(start, piece, end):
    """A second or two; and far more than the limit where it is looked for from every place anew."""
    subprocess.run([sys.executable, "-c", READ, start, piece, end], check=True, timeout=100)


def test_what_is_never_closed_hides_no_file_before_it():
    page = parse(b"<a href=d-1.whl>d-1.whl</a>" + b"<!--x>" * 300, url=URL).page
    assert [each.filename for each in page.files] == ["d-1.whl"]


def test_some_unclosed_comments_hide_no_file_after_them():
    """As html.parser reads them, and pip with it."""
    page = parse(b"<!--x>" * 50 + b"<a href=d-1.whl>d-1.whl</a>", url=URL).page
    assert [each.filename for each in page.files] == ["d-1.whl"]


def test_the_first_base_counts_and_no_other():
    page = parse(b"<base href=/a/><base href=b/><a href=d-1.whl>d-1.whl</a>", url=URL).page
    assert page.files[0].url == "https://mirror.example.com/a/d-1.whl"


def test_a_base_that_would_make_every_link_long_is_told_and_left_out():
    page = parse(b"<base href='" + b"a/" * 2000 + b"'><a href=d-1.whl>d-1.whl</a>", url=URL).page
    assert [(each.kind, each.place, each.detail) for each in page.violations] == [
        ("bad-value", "base", "has 4000 characters")
    ]
    assert page.files[0].url == f"{URL}d-1.whl"


def test_names_that_stand_for_millions_of_tags_are_none():
    many = [".".join(f"{letter}{number}" for number in range(20)) for letter in "abc"]
    crossed = f"demo-1-{'-'.join(many)}.whl"
    assert len(crossed) <= MAX_FILENAME
    assert read_names("demo", [crossed, "demo-1" + "-a" * 200 + ".tar.gz", "demo-1.0.tar.gz"]).keys() == {
        "demo-1.0.tar.gz"
    }


@pytest.mark.parametrize("charset", ["idna", "punycode", "unicode_escape", "zlib", "a\0b", "klingon"])
def test_charsets_that_no_server_means_are_not_known(charset):
    page = parse(b"<a href=d-1.whl>d-1.whl</a>", url=URL, charset=charset).page
    assert [(each.kind, each.detail) for each in page.violations] == [
        ("encoding", f"the charset {charset!r} is not known")
    ]
    assert len(page.files) == 1
