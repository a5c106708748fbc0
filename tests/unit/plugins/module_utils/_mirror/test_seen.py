# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a client sees of a page, by its format, its Content-Type and what is wrong with it."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._mirror.choosing import LEGACY_PIP, PIP, UV
from ansible_collections.sre.preflight.plugins.module_utils._mirror.evidence import Fetch, PageFetch
from ansible_collections.sre.preflight.plugins.module_utils._mirror.formats import HTML_TYPE, JSON_TYPE, TEXT_TYPE
from ansible_collections.sre.preflight.plugins.module_utils._mirror.seen import seen_by
from tests.support.mirrors import MIRROR, fetched, file_entry, json_page

WHEEL = "demo-1.0-py3-none-any.whl"
JSON_BODY = json.dumps(json_page(file_entry(WHEEL))).encode()
HTML_BODY = f"<a href='{WHEEL}'>{WHEEL}</a>".encode()
LISTING = b"<title>Index of /</title><a href='../'>../</a>"


def page(body=JSON_BODY, kind=JSON_TYPE):
    return fetched(body, MIRROR, kind)


def status(number):
    return PageFetch(Fetch(MIRROR, number))


def entry(**more):
    return page(json.dumps(json_page(file_entry(WHEEL, **more))).encode())


@pytest.mark.parametrize(
    ("client", "current", "old", "expected"),
    [
        (PIP, page(), None, ""),
        (UV, page(HTML_BODY, HTML_TYPE), None, ""),
        (PIP, page(JSON_BODY, "application/json"), None, "the page is json, and served as application/json"),
        (UV, page(JSON_BODY, TEXT_TYPE), None, "the page is json, and served as text/html"),
        (PIP, page(HTML_BODY, JSON_TYPE), None, f"the page is html, and served as {JSON_TYPE}"),
        (PIP, page(b"It works!", TEXT_TYPE), None, "what is served is neither HTML nor JSON"),
        (LEGACY_PIP, page(), page(HTML_BODY, TEXT_TYPE), ""),
        (LEGACY_PIP, page(), page(HTML_BODY, HTML_TYPE), f"the page is html, and served as {HTML_TYPE}"),
        (LEGACY_PIP, page(HTML_BODY, HTML_TYPE), None, ""),
        (LEGACY_PIP, page(), None, f"the page is json, and served as {JSON_TYPE}"),
        (LEGACY_PIP, page(), status(406), "the page is refused (status 406)"),
        (PIP, entry(hashes=None), None, ""),
        (UV, entry(hashes=None), None, "uv rejects the page, for files[0].hashes is missing"),
        (UV, entry(**{"upload-time": ""}), None, "uv rejects the page, for files[0].upload-time ''"),
        (PIP, entry(**{"upload-time": ""}), None, ""),
        (UV, entry(**{"core-metadata": "yes"}), None, ""),
    ],
)
def test_why_a_client_sees_no_file(client, current, old, expected):
    seen = seen_by(client, current, old)
    assert seen.reason == expected
    assert [file.filename for file in seen.page.files] == ([] if expected else [WHEEL])


def test_what_is_not_there_and_what_is_not_known():
    for nothing in (status(404), page(LISTING, TEXT_TYPE)):
        seen = seen_by(PIP, nothing, None)
        assert (seen.page.files, seen.reason) == ((), "")
    assert seen_by(PIP, status(503), None) is None
    assert seen_by(LEGACY_PIP, page(), status(503)) is None
    assert seen_by(PIP, PageFetch(Fetch(MIRROR, None, kind="unreachable", reason="no answer")), None) is None
