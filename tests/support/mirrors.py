# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence of a mirror made of pages as bytes, and the verdicts on it, without any server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._mirror import audit, domain
from ansible_collections.sre.preflight.plugins.module_utils._mirror.collect import Collected
from ansible_collections.sre.preflight.plugins.module_utils._mirror.evidence import Fetch, PageFetch, ProjectEvidence
from ansible_collections.sre.preflight.plugins.module_utils._mirror.formats import HTML_TYPE, JSON_TYPE
from ansible_collections.sre.preflight.plugins.module_utils._mirror.simple_api import parse

NOW = parse_instant("2026-11-24T12:00:00Z")
MIRROR, UPSTREAM = "https://mirror.example.com/simple/", "https://index.example.org/simple/"
GOOD_HEADERS = {"vary": "Accept", "etag": '"1"', "cache-control": "max-age=600"}


def file_entry(filename: str, /, **more: Any) -> dict[str, Any]:
    """A file of a JSON page with all that there is; None leaves a key out."""
    entry = {
        "filename": filename,
        "url": f"../../files/{filename}",
        "hashes": {"sha256": hashlib.sha256(filename.encode()).hexdigest()},
        "requires-python": ">=3.9",
        "size": 1000,
        "upload-time": "2026-11-01T10:00:00Z",
        "yanked": False,
        "core-metadata": {"sha256": "ab" * 32},
        "provenance": f"https://mirror.example.com/integrity/{filename}",
        **more,
    }
    return {key: value for key, value in entry.items() if value is not None}


def json_page(*files: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A project's page in JSON, at API version 1.4."""
    page = {
        "meta": {"api-version": "1.4", "_last-serial": 7},
        "name": "demo",
        "versions": ["1.0", "1.1"],
        "files": list(files) or [file_entry("demo-1.0.tar.gz"), file_entry("demo-1.1-py3-none-any.whl")],
        **more,
    }
    return {key: value for key, value in page.items() if value is not None}


def fetched(body: bytes, base: str, kind: str | None = None, **headers: str) -> PageFetch:
    """The page that these bytes are, as the collector would have it."""
    url = f"{base}demo/"
    parsed = parse(body, url=url)
    kind = kind or (JSON_TYPE if parsed.format == "json" else HTML_TYPE)
    fetch = Fetch(url, 200, {**GOOD_HEADERS, "content-type": kind, **headers})
    return PageFetch(fetch, parsed.format, hashlib.sha256(body).hexdigest(), len(body), parsed.page)


def collected_of(
    *mirrors: Mapping[str, PageFetch], upstream: PageFetch | None = None, name: str = "demo", **index: Any
) -> Collected:
    """The evidence of one project, by the ways of asking, at each address; ``index`` changes what is said of those."""
    keys = ["mirror", *(f"mirror@192.0.2.{number}" for number in range(2, len(mirrors) + 1))]
    pages = dict(zip(keys, mirrors))
    indexes = [{**_index(key, "mirror", MIRROR), **index} for key in keys]
    if upstream is not None:
        pages["upstream"] = {"current": upstream}
        indexes.append(_index("upstream", "upstream", UPSTREAM))
    return Collected(indexes=indexes, projects=[ProjectEvidence(name, pages)])


def verdicts(collected: Collected, **policy: Any) -> dict[str, dict[str, Any]]:
    """What does not pass, by the rule's name."""
    settings = Policy.from_options(audit.SETTINGS, policy)
    mirrors = domain.facts_of(collected)
    found = domain.judge(collected, mirrors, settings, NOW, Coverage(), False)
    return {finding.rule.removeprefix("mirror."): finding.to_json() for finding in found}


def failures(ours: bytes | dict[str, Any], theirs: dict[str, Any] | None = None, **policy: Any) -> dict[str, str]:
    """The messages of what fails on one page, with the upstream's page beside it where there is one."""
    body = ours if isinstance(ours, bytes) else json.dumps(ours).encode()
    upstream = None if theirs is None else fetched(json.dumps(theirs).encode(), UPSTREAM)
    found = verdicts(collected_of({"current": fetched(body, MIRROR)}, upstream=upstream), **policy)
    return {rule: each["message"] for rule, each in found.items() if each["status"] == "fail"}


def _index(key: str, role: str, url: str) -> dict[str, Any]:
    root = {"status": 200, "format": "json", "projects": 1, "serial": 9, "digest": "", "reason": None}
    return {
        "key": key,
        "role": role,
        "url": url,
        "address": key.partition("@")[2] or None,
        "hosts": [],
        "problem": None,
        "root": {**root, "last_modified": None},
        "probed": "demo",
        "probes": {},
        "files": [],
    }
