# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers do wrong: the audit says so, bounded in time and memory, and the rest goes on."""

from __future__ import annotations

import gzip
import os
import socket
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.contract import run
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.module_utils._mirror.audit import DOMAIN
from ansible_collections.sre.preflight.plugins.module_utils._mirror.collect import COLLECT_OPTIONS
from tests.support.package_index import demo_index
from tests.support.simple_index import JSON, TEXT, Asked, Fault, IndexServer, Page

NOW = parse_instant("2026-11-24T12:00:00Z")
PAGE = "/simple/demo/"


def audit(mirror_url: str, upstream: IndexServer | None = None, **more: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in COLLECT_OPTIONS.items()}
    given = {"mirror_url": mirror_url, "projects": ["demo", "zope-demo"], "file_sample": 3, "timeout": 5.0}
    upstream_url = upstream.url if upstream else None
    params = {**defaults, **given, "upstream_url": upstream_url, **more}
    return run(DOMAIN, params, check_mode=False, clock=lambda: NOW)


def rules_of(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["rule"].removeprefix("mirror."): finding for finding in result["findings"]}


def judged(fault: Fault, **more: Any) -> dict[str, dict[str, Any]]:
    """The findings on a mirror with that fault, whose upstream is well."""
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index(), fault=fault) as mirror:
        return rules_of(audit(mirror.url, upstream, **more))


def on_page(page: Page, *, path: str = PAGE) -> Fault:
    """Answers one page with that."""
    return lambda asked, good: page if asked.path == path else good


LISTING = (
    b"<html><head><title>Index of /demo/</title></head><body><a href='../'>../</a><a href='index.html'>x</a></body>"
)
LOGIN = b"<html><body><form action='/login'><input name=user><input type='password' name=pass></form></body></html>"
ANCHOR = "<a href='demo-1.0.tar.gz'>demo-1.0.tar.gz</a> é ".encode()
BOMB = gzip.compress(b"0" * (32 << 20))


@pytest.mark.parametrize(
    ("page", "rule", "status", "words"),
    [
        (Page(200, {"Content-Type": "text/plain"}, b"It works!"), "page-not-simple", "fail", "neither HTML nor JSON"),
        (Page(200, {"Content-Type": JSON}, b'{"files": ['), "page-not-simple", "fail", "it is not JSON"),
        (Page(200, {"Content-Type": TEXT}, LISTING), "page-not-simple", "fail", "a directory listing or the like"),
        (Page(200, {"Content-Type": TEXT}, LOGIN), "page-not-simple", "fail", "a form that asks for a password"),
        (Page(200, {"Content-Type": TEXT}, b"<html></html>"), "page-empty", "fail", "no file, 5 upstream"),
        (Page(200, {"Content-Type": f"{TEXT}; charset=klingon"}, ANCHOR), "page-encoding-wrong", "fail", "'klingon'"),
        (Page(200, {"Content-Type": f"{TEXT}; charset=ascii"}, ANCHOR), "page-encoding-wrong", "fail", "not ascii"),
        (Page(200, {"Content-Type": f"{TEXT}; charset=utf-16"}, ANCHOR), "page-encoding-wrong", "fail", "not utf-16"),
        (
            Page(200, {"Content-Type": JSON, "Content-Encoding": "gzip"}, BOMB),
            "project-unread",
            "unknown",
            "larger than",
        ),
        (Page(200, {"Content-Type": JSON, "Content-Encoding": "gzip"}, b"{}"), "project-unread", "unknown", "gzip"),
        (Page(302, {"Location": PAGE}), "project-unread", "unknown", "more than 5 redirects"),
        (Page(302, {"Location": "http://[bad/"}), "project-unread", "unknown", "what is no URL"),
        (Page(302, {"Location": "http://192.0.2.1/"}), "upstream-dependency", "fail", "redirects to http://192.0.2.1/"),
        (Page(404), "project-missing", "fail", "not found (404), though the upstream has it"),
        (Page(500), "project-unread", "unknown", "demo: status 500"),
        (Page(403), "project-unread", "unknown", "demo: status 403"),
        (Page(429, {"Retry-After": "3600"}), "project-unread", "unknown", "refuses more requests for 3600 s (429)"),
        (Page(drop=True), "project-unread", "unknown", "no connection"),
        (Page(endless=b"X-More: x\r\n", drip=0.3), "project-unread", "unknown", "no answer within 2 s"),
        (Page(200, {"Content-Type": JSON}, b" " * 100, drip=0.5), "project-unread", "unknown", "no answer within 2 s"),
    ],
    ids=lambda value: value if isinstance(value, str) and "-" in value else None,
)
def test_one_bad_page_is_told_and_the_rest_goes_on(page: Page, rule: str, status: str, words: str) -> None:
    rules = judged(on_page(page), max_page_bytes=1 << 20, timeout=2.0, retries=1)
    finding = rules[rule]
    assert finding["status"] == status
    assert words in finding["message"]
    assert "zope-demo" not in finding["evidence"]["complaints"]


def test_a_page_that_asks_for_patience_is_asked_again() -> None:
    with IndexServer(demo_index()) as upstream:
        asked_before: list[str] = []

        def busy(asked: Asked, good: Page) -> Page:
            if asked.path == PAGE and not asked_before:
                asked_before.append(asked.path)
                return Page(429, {"Retry-After": "1"})
            return good

        with IndexServer(demo_index(), fault=busy) as mirror:
            rules = rules_of(audit(mirror.url, upstream))
    assert asked_before
    assert rules == {}


def test_a_server_that_is_not_there_is_unknown_and_soon_given_up() -> None:
    with IndexServer(demo_index()) as mirror:
        gone = mirror.url
    result = audit(gone, retries=0)
    assert rules_of(result)["index-unread"]["status"] == "unknown"
    assert "Connection refused" in rules_of(result)["index-unread"]["message"]
    assert not [each for each in result["findings"] if each["status"] == "fail"]
    assert result["coverage"]["targets_evaluated"] == 0


def test_an_upstream_that_is_not_there_makes_only_comparisons_unknown() -> None:
    with IndexServer(demo_index()) as upstream:
        gone = upstream
    with IndexServer(demo_index()) as mirror:
        rules = rules_of(audit(mirror.url, gone, retries=0))
    assert {each["status"] for each in rules.values()} == {"unknown"}
    assert "the upstream does not answer" in rules["files-missing"]["message"]


@pytest.mark.parametrize("role", ["mirror", "upstream"])
def test_ten_connections_and_never_more(role: str) -> None:
    ten_at_once = threading.Event()

    def wait_for_ten(asked: Asked, good: Page) -> Page:
        """Nobody is answered before ten are there."""
        if asked.path.startswith("/simple/demo"):
            if slow.now >= 10:
                ten_at_once.set()
            ten_at_once.wait(5)
        return good

    with IndexServer(demo_index(), fault=wait_for_ten) as slow, IndexServer(demo_index()) as quick:
        mirror, upstream = (slow, quick) if role == "mirror" else (quick, slow)
        audit(mirror.url, upstream, projects=["demo", *(f"demo-{number}" for number in range(60))])
        assert (slow.most_at_once, slow.most_connections) == (10, 10)
        assert quick.most_connections <= 10


def test_the_login_stays_at_its_own_origin() -> None:
    """A redirect to another host of the mirror, and a link to one, come without it."""
    with IndexServer(demo_index()) as files, IndexServer(demo_index(), files_url=files.files_url) as mirror:
        audit(mirror.url, token="s3cret", mirror_hosts=[files.origin.partition("://")[2]])
        assert {asked.headers.get("Authorization") for asked in mirror.requests} == {"Bearer s3cret"}
        assert {asked.headers.get("Authorization") for asked in files.requests} == {None}


def labelled(kind: str) -> Fault:
    """Calls every page in JSON something else."""

    def fault(asked: Asked, good: Page) -> Page:
        if good.headers.get("Content-Type") == JSON:
            good.headers["Content-Type"] = kind
        return good

    return fault


def dropping(name: str, *, paths: str = "/simple/") -> Fault:
    """Leaves one header out."""

    def fault(asked: Asked, good: Page) -> Page:
        if asked.path.startswith(paths):
            good.headers.pop(name, None)
        return good

    return fault


def always(kind: str) -> Fault:
    """Answers everything with the one format, as a static server does."""

    def fault(asked: Asked, good: Page) -> Page:
        if asked.path.startswith("/simple/") and good.status in (200, 304, 406):
            accept = {**asked.headers, "Accept": kind}
            accept.pop("If-None-Match", None)
            with IndexServer(demo_index()) as other:
                good = other._good(Asked(asked.method, asked.path, accept))
                good.body = good.body.replace(other.origin.encode(), asked_origin(asked).encode())
        return good

    return fault


def asked_origin(asked: Asked) -> str:
    return f"http://{asked.headers['Host']}"


def ignoring(path: str, **page: Any) -> Fault:
    return lambda asked, good: Page(**page) if asked.path == path else good


def caching(value: str) -> Fault:
    def fault(asked: Asked, good: Page) -> Page:
        if asked.path == PAGE and "Cache-Control" in good.headers:
            good.headers["Cache-Control"] = value
        return good

    return fault


def head_refused(asked: Asked, good: Page) -> Page:
    return Page(405) if asked.method == "HEAD" else good


def no_range(asked: Asked, good: Page) -> Page:
    if "Range" in asked.headers:
        good.headers.pop("Cache-Control", None)  # the server takes ranges of what has one
    return good


def never_304(asked: Asked, good: Page) -> Page:
    return Page(200, good.headers, b"{}") if good.status == 304 else good


def metadata_lost(asked: Asked, good: Page) -> Page:
    return Page(404) if asked.path.endswith(".metadata") else good


def metadata_changed(asked: Asked, good: Page) -> Page:
    return Page(200, good.headers, good.body + b"x") if asked.path.endswith(".metadata") else good


def file_changed(asked: Asked, good: Page) -> Page:
    is_file = asked.path.startswith("/files/") and not asked.path.endswith(".metadata") and "Range" not in asked.headers
    return Page(200, good.headers, good.body + b"x") if is_file and asked.method == "GET" else good


def file_lost(asked: Asked, good: Page) -> Page:
    return Page(404) if asked.path.startswith("/files/") and not asked.path.endswith(".metadata") else good


def latest_alias(asked: Asked, good: Page) -> Page:
    if "latest+json" in asked.headers["Accept"]:
        good.headers["Content-Type"] = asked.headers["Accept"]
    return good


def never_406(asked: Asked, good: Page) -> Page:
    return Page(200, {"Content-Type": TEXT, "Vary": "Accept"}, b"<html></html>") if good.status == 406 else good


NO_PROJECT = "/simple/preflight-audit-has-no-such-project/"


@pytest.mark.parametrize(
    ("fault", "expected", "severity", "words"),
    [
        (labelled("application/json"), "content-type-wrong", "critical", "json as application/json"),
        (labelled(TEXT), "content-type-wrong", "critical", "json as text/html"),
        (dropping("Content-Type"), "content-type-wrong", "critical", "json as nothing"),
        (dropping("Vary"), "vary-missing", "high", "no Vary: Accept"),
        (dropping("Cache-Control"), "page-cache-control-missing", "low", "no Cache-Control"),
        (dropping("Cache-Control", paths="/files/"), "file-cache-control-missing", "low", "no Cache-Control"),
        (dropping("ETag"), "page-revalidation-impossible", "low", "neither ETag nor Last-Modified"),
        (never_304, "page-revalidation-impossible", "low", "answered with 200, not 304"),
        (caching("max-age=601"), "page-kept-too-long", "medium", "max-age=601 (allowed: 600 s)"),
        (always(JSON), "html-missing", "high", "text/html is answered with json"),
        (always(TEXT), "json-missing", "low", "JSON alone is answered with html"),
        (latest_alias, "latest-unresolved", "low", "latest JSON"),
        (never_406, "not-acceptable-answered", "low", "instead of 406"),
        (ignoring("/simple/DEMO/", status=404), "name-not-redirected", "low", "/simple/DEMO/: status 404"),
        (ignoring("/simple/demo", status=404), "slash-not-redirected", "low", "/simple/demo: status 404"),
        (ignoring(NO_PROJECT, status=200), "unknown-project-answered", "medium", "status 200 instead of 404"),
        (
            ignoring(NO_PROJECT, status=302, headers={"Location": "http://192.0.2.1/simple/x/"}),
            "unknown-project-forwarded",
            "high",
            "redirects to http://192.0.2.1/simple/x/",
        ),
        (head_refused, "page-head-refused", "low", "status 405"),
        (head_refused, "file-head-refused", "low", "status 405"),
        (no_range, "range-refused", "low", "status 200 instead of 206"),
        (metadata_lost, "metadata-unserved", "critical", "status 404"),
        (metadata_changed, "metadata-hash-wrong", "critical", "another sha256"),
        (file_changed, "file-hash-wrong", "critical", "another sha256"),
        (file_changed, "file-size-wrong", "medium", "listed"),
        (file_lost, "file-unserved", "critical", "status 404"),
        (ignoring("/simple/", status=404), "root-unusable", "low", "status 404"),
    ],
)
def test_how_the_mirror_answers(fault: Fault, expected: str, severity: str, words: str) -> None:
    finding = judged(fault)[expected]
    assert (finding["status"], finding["severity"]) == ("fail", severity)
    assert words in finding["message"]


def test_preferences_are_told_apart_from_formats() -> None:
    def regular_expression(asked: Asked, good: Page) -> Page:
        """A map as in bandersnatch's sample: whoever names JSON gets it."""
        if asked.path == PAGE and JSON in asked.headers["Accept"] and good.headers.get("Content-Type") != JSON:
            return always(JSON)(asked, good)
        return good

    finding = judged(regular_expression)["preference-ignored"]
    assert finding["evidence"]["complaints"] == {"HTML before JSON": "gets json"}


def test_an_old_root_page_and_missing_projects() -> None:
    def stale(asked: Asked, good: Page) -> Page:
        if asked.path == "/simple/":
            good.headers["Last-Modified"] = "Thu, 05 Nov 2026 12:00:00 GMT"
        return good

    with IndexServer(demo_index()) as upstream, IndexServer(demo_index(), fault=stale) as mirror:
        del mirror.projects["zope-demo"]
        result = audit(mirror.url, upstream, projects=[], sample=2)
    rules = rules_of(result)
    assert "last changed 19d ago (allowed: 2d)" in rules["index-old"]["message"]
    assert "lacks 1 projects that the upstream has: zope-demo" in rules["projects-missing"]["message"]
    assert result["sample"]["bad"] == ["zope-demo"]
    assert result["sample"]["bad_percent_at_most"] == pytest.approx(97.47, abs=0.01)


def test_a_sample_that_cannot_be_drawn_is_unknown() -> None:
    with IndexServer(demo_index(), fault=ignoring("/simple/", status=503)) as mirror:
        rules = rules_of(audit(mirror.url, sample=5, retries=0))
    assert rules["audit-hindered"]["status"] == "unknown"
    assert "sample: the root page cannot be drawn from: status 503" in rules["audit-hindered"]["message"]


def test_backends_are_asked_apart_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two addresses of one name on one port: each is judged, and what differs between them is told."""
    named = "mirror.invalid"
    lesser = demo_index()
    for dist in lesser["demo"].dists:
        dist.entry.pop("requires-python")
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index()) as one:
        port = int(one.origin.rpartition(":")[2])
        one.files_url = f"http://{named}:{port}/files/"
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.1", "127.0.0.2")]
        really = socket.getaddrinfo

        def resolved(host: str, *more: Any, **options: Any) -> list[Any]:
            return found if host == named else really(host, *more, **options)

        monkeypatch.setattr(socket, "getaddrinfo", resolved)
        with IndexServer(lesser, address=("127.0.0.2", port), files_url=one.files_url) as other:
            result = audit(f"http://{named}:{port}/simple/", upstream, mirror_addresses="all")
            assert one.requests
            assert {asked.headers["Host"] for asked in other.requests} == {f"{named}:{port}"}
    assert [row["address"] for row in result["mirrors"]] == ["127.0.0.1", "127.0.0.2"]
    assert rules_of(result)["backends-disagree"]["evidence"]["pages"] == ["demo", "demo (as old clients get it)"]
    lacking = [each for each in result["findings"] if each["rule"] == "mirror.requires-python-missing"]
    assert [each["resource"]["location"] for each in lacking] == [f"http://{named}:{port}/simple/@127.0.0.2"]


def test_a_cache_that_cannot_be_used_is_told(tmp_path: Any) -> None:
    directory = tmp_path / "cache"
    directory.mkdir()
    with IndexServer(demo_index()) as mirror:
        rules = rules_of(audit(mirror.url, cache_path=str(directory)))
        broken = tmp_path / "broken"
        broken.write_bytes(b"no database" * 1000)
        again = rules_of(audit(mirror.url, cache_path=str(broken)))
    assert "cache_path: cannot be used" in rules["audit-hindered"]["message"]
    assert "audit-hindered" not in again
    assert os.path.getsize(broken) > 0
