# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role package_mirror with the strategy pull_through: real nginx, pip and uv, and an upstream that goes away."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.integration.mirror.test_faults import audit, rules_of
from tests.lab.process import wait_until
from tests.support.mirror_role import HostNginx, ask, pip_installs, upstream_of, uv_installs
from tests.support.package_index import demo_index
from tests.support.simple_index import HTML, JSON, TEXT, IndexServer, Page

pytestmark = pytest.mark.full

PROJECTS = ["demo", "zope-demo"]
INSTALLED = {"demo": "VERSION = '2.0'\n", "zope_demo": "VERSION = '1.1'\n"}


class Ready(NamedTuple):
    """A mirror that the role has brought up, and what it is a mirror of."""

    nginx: HostNginx
    pages: IndexServer
    files: IndexServer
    output: str

    def apply(self, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        return self.nginx.apply(*arguments, upstream_url=self.pages.url, **{"projects": PROJECTS, **variables})


@pytest.fixture(scope="module")
def ready() -> Iterator[Ready]:
    with upstream_of() as (pages, files), HostNginx() as nginx:
        completed = nginx.apply(upstream_url=pages.url, projects=PROJECTS)
        assert completed.returncode == 0, completed.stdout + completed.stderr
        yield Ready(nginx, pages, files, completed.stdout)


def test_the_audit_has_nothing_to_complain_of(ready: Ready) -> None:
    result = audit(ready.nginx.url, ready.pages, file_sample=20)
    assert rules_of(result) == {}
    assert "critical and high findings 0 -> 0, unknown checks 72 -> 0" in ready.output


def test_a_second_run_changes_nothing(ready: Ready) -> None:
    completed = ready.apply("--diff")
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "changed=0 " in completed.stdout
    assert "unknown checks 0 -> 0" in completed.stdout


ALL = f"{JSON}, {HTML};q=0.2, {TEXT};q=0.01"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, TEXT),
        ("*/*", TEXT),
        (TEXT, TEXT),
        (JSON, JSON),
        (HTML, HTML),
        (ALL, JSON),
        (f"{JSON};q=0.1, {HTML};q=0.9", HTML),
        (f"{JSON}; q=0.111, {TEXT}; q=0.112", TEXT),
        (f"{JSON};q=0.112, {HTML};q=0.111", JSON),
        (f"{JSON};q=0, {TEXT};q=0.001", TEXT),
        (f"{JSON};odd=1;q=0.1, {TEXT};level=1;q=0.15", TEXT),
        (JSON.upper(), JSON),
        ("text/html;q=0.1, */*", JSON),
        ("application/vnd.pypi.simple.latest+json", JSON),
        ("application/vnd.pypi.simple.latest+html", HTML),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT),
        ("application/vnd.pypi.simple.v2+json", None),
        (f"{JSON};q=0.0, */*;q=0.000", None),
        ("application/json", None),
    ],
)
def test_formats_are_negotiated(ready: Ready, accept: str | None, kind: str | None) -> None:
    answer = ask(f"{ready.nginx.url}demo/", accept)
    assert answer.status == (200 if kind else 406)
    assert answer.headers["content-type"] == kind or kind is None
    assert "Accept" in answer.headers["vary"].split(", ")


def test_pages_are_revalidated_by_clients_and_upstream(ready: Ready) -> None:
    answer = ask(f"{ready.nginx.url}demo/", JSON)
    assert answer.headers["cache-control"] == "max-age=600, public"
    assert ask(f"{ready.nginx.url}demo/", JSON, If_None_Match=answer.headers["etag"]).status == 304
    packed = ask(f"{ready.nginx.url}demo/", JSON, Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding, Accept"


def test_no_request_leaves_the_mirror(ready: Ready) -> None:
    """Whatever the format: pages name neither the upstream nor the host of its files."""
    for accept in (JSON, HTML, TEXT):
        body = ask(f"{ready.nginx.url}demo/", accept).body.decode()
        assert f'"/-/files/127.0.0.1:{ready.files.origin[-5:].strip(":")}/files/demo-2.0' in body
        assert "http://" not in body
    moved = ask(f"{ready.nginx.url}DEMO/", JSON)
    assert (moved.status, moved.headers["location"]) == (301, "/simple/demo/")
    assert ask(ready.nginx.url.rstrip("/"), JSON).headers["location"] == "/simple/"
    assert ask(f"{ready.nginx.url}demo", JSON).headers["location"] == "/simple/demo/"


def test_files_come_in_part_and_may_be_kept(ready: Ready) -> None:
    (file,) = [each for each in ready.nginx.status()["verified"] if each.endswith("demo-2.0-py3-none-any.whl")]
    answer = ask(file, Range="bytes=2-3")
    assert (answer.status, answer.body) == (206, demo_index()["demo"].dists[2].content[2:4])
    assert answer.headers["cache-control"] == "max-age=365000000, public, immutable"
    assert ask(file, method="HEAD").headers["x-cache-status"] == "HIT"
    assert ask(file, method="DELETE").status == 405


def test_it_says_how_it_is(ready: Ready) -> None:
    origin = ready.nginx.url.removesuffix("/simple/")
    assert ask(f"{origin}/-/health").body == b"ok\n"
    status = ask(f"{origin}/-/status")
    assert status.headers["content-type"] == "application/json"
    assert (ready.nginx.status()["ok"], ready.nginx.status()["files"]) == (True, 3)
    ask(f"{ready.nginx.url}demo/?token=secret", JSON, Authorization="Basic c2VjcmV0")
    assert "secret" not in (ready.nginx.directory / "access.log").read_text()


def test_check_mode_writes_nothing() -> None:
    with upstream_of() as (pages, _files), HostNginx() as nginx:
        before = sorted(nginx.directory.rglob("*"))
        completed = nginx.apply("--check", "--diff", upstream_url=pages.url, projects=PROJECTS)
        assert completed.returncode == 0, completed.stdout + completed.stderr
        assert f"+proxy_cache_path {nginx.mirror}/cache/pages" in completed.stdout
        made = {path.name for path in set(nginx.directory.rglob("*")) - set(before)}
    assert made == {"playbook.yml", "inventory.yml"}


BAD = {
    "url": "mirror.example.com",
    "upstream_url": "https://ada:secret@index.example.org/simple/",
    "strategy": "",
    "tls_key": "/etc/ssl/key.pem",
    "listen": ["80; root /etc"],
    "local_address": "192.0.2.1:80",
    "fresh_for": "soon",
    "cache_max_size": "20",
    "file_hosts": ["files.example.org/x"],
    "formats": ["xml"],
    "projects": ["demo==1.0"],
}
WORDS = [
    "package_mirror_url: 'mirror.example.com/' is no address of an index",
    "package_mirror_upstream_url: 'https://...@index.example.org/simple/' is no address of an index",
    "package_mirror_strategy: '' is not known; give pull_through or full",
    "package_mirror_tls_key: is needed with package_mirror_tls_certificate",
    "package_mirror_listen: ['80; root /etc'] is no list of addresses",
    "package_mirror_local_address: '192.0.2.1:80' is no address of loopback",
    "package_mirror_fresh_for: 'soon' is no duration; write it as 10m, 2h or 1d",
    "package_mirror_cache_max_size: '20' is no size",
    "package_mirror_file_hosts: ['files.example.org/x'] holds what is no host",
    "package_mirror_formats: ['xml'] holds what is no format",
    "package_mirror_projects: demo==1.0: no name of a project",
]


def test_bad_variables_are_named_with_what_to_write(tmp_path: Any) -> None:
    nginx = HostNginx()
    nginx.ports, nginx._directory = [1, 2], tmp_path
    completed = nginx.apply(**BAD)
    assert completed.returncode == 2
    assert [words for words in WORDS if words not in completed.stdout] == []
    assert "secret@" not in completed.stdout


def test_a_project_that_nobody_has_is_named(ready: Ready) -> None:
    completed = ready.apply(projects=[*PROJECTS, "nobody"], audit=False)
    assert completed.returncode == 2
    assert (
        "package_mirror_projects: the upstream gives no page of nobody: status 404; remove or rename"
        in completed.stdout
    )


def test_a_configuration_that_nginx_refuses_replaces_nothing(ready: Ready) -> None:
    before = ready.nginx.conf.read_text()
    missing = {"tls_certificate": "/no/such/chain.pem", "tls_key": "/no/such/key.pem"}
    completed = ready.apply(listen=[f"127.0.0.1:{ready.nginx.ports[0]} ssl"], audit=False, **missing)
    assert completed.returncode == 2
    assert "nginx does not take the configuration of the mirror, and the one of before is back: " in completed.stdout
    assert 'cannot load certificate "/no/such/chain.pem"' in completed.stdout
    assert ready.nginx.conf.read_text() == before
    assert [path.name for path in ready.nginx.conf.parent.iterdir()] == [ready.nginx.conf.name]
    assert ask(f"{ready.nginx.url}demo/", JSON).status == 200


def test_what_is_worse_is_rolled_back(ready: Ready) -> None:
    """The host of the files is another one than is said: links would lead to the upstream's."""
    before = ready.nginx.conf.read_text()
    settings = (ready.nginx.mirror / "settings.json").read_text()
    completed = ready.apply(file_hosts=["127.0.0.1:1"], formats=["json", "html"])
    assert completed.returncode == 2
    assert "the audit afterwards is worse than the one before (critical findings 0 -> 1" in completed.stdout
    assert "The configuration of nginx: the one of before is back." in completed.stdout
    assert f"files at {ready.files.origin}" in completed.stdout
    assert ready.nginx.conf.read_text() == before
    assert (ready.nginx.mirror / "settings.json").read_text() == settings
    assert (
        f'"/-/files/{ready.files.origin.removeprefix("http://")}/' in ask(f"{ready.nginx.url}demo/", JSON).body.decode()
    )


def test_the_outage_drill() -> None:
    """What was warmed installs while the upstream and its files are away; what was not is told of in clear words."""
    projects = demo_index()
    with HostNginx() as nginx:
        with upstream_of(projects) as (pages, _files):
            short = {"fresh_for": "1s", "revalidate_for": "1s"}
            warmed = nginx.apply(upstream_url=pages.url, projects=["zope-demo"], audit=False, **short)
            assert warmed.returncode == 0, warmed.stdout + warmed.stderr
            _refuses(pages, nginx)
        with pytest.raises(subprocess.CalledProcessError) as refused:
            pip_installs(nginx.url, "demo")
        assert "504 Server Error: Gateway Time-out for url" in refused.value.stdout + refused.value.stderr
        assert b"this was never fetched through the mirror" in ask(f"{nginx.url}demo/", JSON).body
        assert rules_of(audit(nginx.url, projects=["demo"]))["project-unread"]["message"].endswith("demo: status 504")
        assert pip_installs(nginx.url, "zope-demo") == {"zope_demo": INSTALLED["zope_demo"]}
        assert uv_installs(nginx.url, "zope-demo") == {"zope_demo": INSTALLED["zope_demo"]}
        away = nginx.apply(upstream_url=pages.url, projects=["zope-demo", "demo"], audit=False, **short)
        assert "The upstream is away (" in away.stdout
        assert "not everything would install from it during an outage of the upstream: demo: its page" in away.stdout
        result = audit(nginx.url, projects=["zope-demo"])
        assert [each for each in result["findings"] if each["status"] == "fail"] == []
        assert result["mirrors"][0]["projects_read"] == 1


def test_a_plan_and_a_lock_file_are_enough_under_another_path_with_relative_links() -> None:
    projects = demo_index()
    with IndexServer(projects, files_url="../../files/") as pages, HostNginx() as nginx:
        for dist in projects["demo"].dists:
            dist.entry.pop("provenance", None)
        url = nginx.url.replace("/simple/", "/python/mirror/")
        (nginx.directory / "requirements.txt").write_text("demo<2\n")
        settings = {"strategy": "pull_through", "upstream_url": pages.url, "projects": ["zope-demo"]}
        entry = {"role": "package_mirror", "target": {"kind": "mirror", "url": url}, "settings": settings}
        completed = nginx.apply(
            strategy="",
            url=url.rstrip("/"),
            plan={"preflight_plan": {"entries": [entry]}},
            requirements_paths=[str(nginx.directory / "requirements.txt")],
            audit=False,
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        assert '<a href="/python/mirror/demo/">' in ask(url, TEXT).body.decode()
        moved = ask(f"{url}DEMO/", JSON)
        assert (moved.status, moved.headers["location"]) == (301, "/python/mirror/demo/")
        pages.fault = lambda _asked, _page: Page(503)
        assert pip_installs(url, "demo<2") == {"demo": "VERSION = '1.1'\n"}
        assert uv_installs(url, "demo<2", "zope-demo")["zope_demo"] == INSTALLED["zope_demo"]


def _refuses(pages: IndexServer, nginx: HostNginx) -> None:
    """What the upstream says of itself when it is ill is not what clients get."""
    for fault in (Page(503), Page(429), Page(403), Page(drop=True)):
        pages.fault = lambda _asked, _page, fault=fault: fault
        what = f"a page that is served in spite of {fault.status}"
        wait_until(
            lambda: ask(f"{nginx.url}zope-demo/", JSON).headers["x-cache-status"] == "STALE", within=30, what=what
        )
        assert ask(f"{nginx.url}zope-demo/", JSON).status == 200


def _cache_status(nginx: HostNginx) -> str:
    return ask(f"{nginx.url}zope-demo/", JSON).headers.get("x-cache-status", "")
