# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Feeds the parser of a mirror's pages with what libFuzzer makes of HTML and JSON, and all that follows with the page.

An input is the charset that the page is said to have, which may be empty, a line feed, and the page.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import atheris

from tests.fuzz.engine import fuzz

with atheris.instrument_imports(include=["ansible_collections.sre.preflight", "html.parser", "packaging"]):
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.client import Answer
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.environment import environment
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.evidence import Fetch, PageFetch
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.formats import HTML_TYPE, JSON_TYPE
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.resolution import resolve
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.root import read_root
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.simple_api import parse
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.violations import MAX_OF_A_KIND
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.wanted import wanted
    from tests.support.mirrors import MIRROR, collected_of, file_entry, json_page, verdicts

if TYPE_CHECKING:
    from ansible_collections.sre.preflight.plugins.module_utils._mirror.model import File, ProjectPage

URL = f"{MIRROR}demo/"
GOOD = parse(json.dumps(json_page()).encode(), url=URL)
UPSTREAM = PageFetch(Fetch(URL, 200, {"content-type": JSON_TYPE}), GOOD.format, "0", 1, GOOD.page)
WHERE = [environment("3.9", "manylinux_2_28_x86_64")]
DEMO = wanted("demo")
KINDS = 12
DETAIL = 200
FIELDS = len(file_entry("x"))


def try_one(data: bytes) -> None:
    """The page keeps what the model promises, comes back from the evidence, and is judged without a crash."""
    charset, _newline, body = data.partition(b"\n")
    parsed = parse(body, url=URL, charset=charset.decode("latin-1") or None)
    check_page(parsed.page, len(body))
    page = PageFetch(
        Fetch(URL, 200, {"content-type": JSON_TYPE if parsed.format == "json" else HTML_TYPE}),
        parsed.format,
        "1",
        len(body),
        parsed.page,
    )
    assert PageFetch.from_json(json.loads(json.dumps(page.to_json()))) == page
    found = verdicts(collected_of({"current": page}, upstream=UPSTREAM))
    crashed = [each["message"] for each in found.values() if "failed: " in each["message"]]
    assert not crashed, crashed
    resolve(DEMO, WHERE, GOOD.page, parsed.page)
    check_root(body)


def check_page(page: ProjectPage, length: int) -> None:
    """Whatever was read is of the model's types, and bounded by what was sent."""
    for file in page.files:
        check_file(file)
    # No file without its own few bytes: an anchor is <a href=x.whl>, an entry {"filename":"","url":""}.
    assert len(page.files) <= length
    assert page.last_serial is None or isinstance(page.last_serial, int)
    assert page.versions is None or all(isinstance(each, str) for each in page.versions)
    assert all(each.kind and each.place and len(each.detail) <= DETAIL for each in page.violations)
    assert len(page.violations) <= MAX_OF_A_KIND * KINDS * FIELDS


def check_file(file: File) -> None:
    """One file, whatever the page said of it."""
    assert isinstance(file.filename, str)
    assert isinstance(file.url, str)
    assert all(isinstance(name, str) and digest == digest.lower() for name, digest in file.hashes.items())
    assert file.size is None or (file.size >= 0 and not isinstance(file.size, bool))
    assert file.yanked or file.yanked_reason is None
    assert file.requires_python is None or isinstance(file.requires_python, str)


def check_root(body: bytes) -> None:
    """The same bytes as a root page: names, each once and in order, or a reason."""
    root = read_root(Answer(MIRROR, 200, {}, body))
    assert (root.names is None) == bool(root.reason)
    assert root.names is None or list(root.names) == sorted(set(root.names))


if __name__ == "__main__":
    fuzz("mirror_page", try_one, runs=5_000)
