# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role package_mirror with the strategy full: real bandersnatch, nginx, pip and uv, an upstream over TLS."""

from __future__ import annotations

import getpass
import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from cryptography import x509

from tests.integration.mirror.test_faults import audit, rules_of
from tests.support.bandersnatch import ROOT, bandersnatch_environment
from tests.support.certificates import make_ca, make_leaf
from tests.support.mirror_lacks import LACKS, OURS
from tests.support.mirror_role import HostNginx, ask, pip_installs, uv_installs
from tests.support.package_index import Project, demo_index
from tests.support.servers import server_context
from tests.support.simple_index import HTML, JSON, TEXT, Asked, IndexServer, Page

pytestmark = pytest.mark.full

ROLE = ROOT / "roles/package_mirror"
NEEDED = ["demo", "app"]
_SIGNS = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
"""Python 3.13 takes no authority without it."""


def projects() -> dict[str, Project]:
    """The demo index, and a project that depends on one of it."""
    app = Project("app", serial=1001)
    app.add("1.0", requires=("zope_demo >= 1.0", "absent; extra == 'more'"))
    return {**demo_index(), "app": app, "unasked": Project("unasked")}


class Ready(NamedTuple):
    """A mirror that the role has brought up, and what it is a mirror of."""

    nginx: HostNginx
    upstream: IndexServer
    ca: Path
    serving: ExitStack
    output: str

    def apply(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return self.nginx.apply(*arguments, **{**role_variables(self.nginx, self.upstream, self.ca), **more})

    def run(self, what: str = "sync", **settings: Any) -> subprocess.CompletedProcess[str]:
        """What the unit runs, as it runs it; ``settings`` are changed for that run alone."""
        unit = (self.nginx.directory / f"preflight-mirror-{what}.service").read_text()
        lines = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)
        command = shlex.split(lines["ExecStart"])
        name, value = lines.get("Environment", f"SSL_CERT_FILE={self.ca}").split("=", 1)
        path = Path(command[-1])
        before = path.read_text()
        path.write_text(json.dumps({**json.loads(before), **settings}))
        try:
            return subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=300, env={name: value, "PATH": "/usr/bin"}
            )
        finally:
            path.write_text(before)

    def status(self) -> tuple[int, dict[str, Any]]:
        """What the mirror says of itself: the status code, and the rest."""
        answer = ask(f"{self.nginx.url.removesuffix('/simple/')}/-/status")
        return answer.status, json.loads(answer.body)

    def versions(self, project: str) -> list[str]:
        """What the mirror lists."""
        return json.loads(ask(f"{self.nginx.url}{project}/", JSON).body)["versions"]

    def url(self, path: str) -> str:
        return f"{self.nginx.url.removesuffix('/simple/')}{path}"


def role_variables(nginx: HostNginx, upstream: IndexServer, ca: Path) -> dict[str, Any]:
    return {
        "strategy": "full",
        "upstream_url": upstream.url,
        "upstream_ca_path": str(ca),
        "audit_ca_path": str(ca),
        "projects": NEEDED,
        "bandersnatch_directory": str(bandersnatch_environment()),
        "sync_user": getpass.getuser(),
        "free_space_min": "1m",
    }


@contextmanager
def upstream_over_tls(directory: Path) -> Iterator[tuple[IndexServer, Path]]:
    authority = make_ca(extensions=[(_SIGNS, True)])
    ca = directory / "ca.pem"
    ca.write_bytes(authority.pem)
    leaf = make_leaf(issuer=authority, names=["127.0.0.1"])
    with IndexServer(projects(), tls=server_context([leaf])) as upstream:
        yield upstream, ca


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    with ExitStack() as serving, HostNginx() as nginx:
        upstream, ca = serving.enter_context(upstream_over_tls(tmp_path_factory.mktemp("upstream")))
        completed = nginx.apply(**role_variables(nginx, upstream, ca))
        assert completed.returncode == 0, completed.stdout + completed.stderr
        yield Ready(nginx, upstream, ca, serving, completed.stdout)


def test_the_audit_complains_of_what_bandersnatch_leaves_out_alone(ready: Ready) -> None:
    result = audit(ready.nginx.url, ready.upstream, ca_path=str(ready.ca), file_sample=20, timeout=30.0)
    assert [each for each in result["findings"] if each["status"] == "unknown"] == []
    assert set(rules_of(result)) == set(LACKS[OURS])
    assert {each["severity"] for each in rules_of(result).values()} == {"low"}
    assert "critical and high findings 0 -> 0" in ready.output


def test_what_is_depended_on_is_mirrored_and_nothing_else(ready: Ready) -> None:
    code, status = ready.status()
    assert (code, status["ok"], status["reasons"]) == (200, True, [])
    assert status["names"] == ["app", "demo", "zope-demo"]
    assert ask(f"{ready.nginx.url}unasked/", JSON).status == 404
    root = json.loads(ask(ready.nginx.url, JSON).body)
    assert root["projects"] == [
        {"name": "app", "_last-serial": 1001},
        {"name": "demo", "_last-serial": 1000},
        {"name": "zope-demo", "_last-serial": 1000},
    ]
    assert root["meta"]["_last-serial"] == status["serial"] == 1001
    assert 0 <= status["age_seconds"] < 3600


def test_a_second_run_changes_nothing(ready: Ready) -> None:
    completed = ready.apply("--diff")
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "changed=0 " in completed.stdout


def test_check_mode_writes_nothing(ready: Ready) -> None:
    with HostNginx() as nginx:
        before = sorted(nginx.directory.rglob("*"))
        completed = nginx.apply("--check", "--diff", **role_variables(nginx, ready.upstream, ready.ca))
        assert completed.returncode == 0, completed.stdout + completed.stderr
        assert "+# What bandersnatch has mirrored of" in completed.stdout
        made = {path.name for path in set(nginx.directory.rglob("*")) - set(before)}
    assert made == {"playbook.yml", "inventory.yml"}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", TEXT),
        (f"{JSON}, {HTML};q=0.2, {TEXT};q=0.01", JSON),
        (f"{JSON};q=0.1, {HTML}", HTML),
        ("application/vnd.pypi.simple.latest+html", HTML),
        ("application/vnd.pypi.simple.v9+json", None),
    ],
)
@pytest.mark.parametrize("page", ["", "demo/"])
def test_formats_are_negotiated(ready: Ready, page: str, accept: str, kind: str | None) -> None:
    answer = ask(ready.nginx.url + page, accept)
    assert answer.status == (200 if kind else 406)
    assert answer.headers["content-type"] == kind or kind is None
    assert "Accept" in answer.headers["vary"].split(", ")


def test_pages_say_their_serial_and_are_revalidated(ready: Ready) -> None:
    answer = ask(f"{ready.nginx.url}app/", JSON)
    assert answer.headers["x-pypi-last-serial"] == "1001"
    assert answer.headers["cache-control"] == "max-age=600, public"
    assert ask(f"{ready.nginx.url}app/", JSON, If_None_Match=answer.headers["etag"]).status == 304
    assert "127.0.0.1" not in answer.body.decode()


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/simple", "/simple/"),
        ("/simple/demo", "/simple/demo/"),
        ("/simple/Django", "/simple/django/"),
        ("/simple/PyYAML/", "/simple/pyyaml/"),
        ("/simple/zope._-Demo_x.y--z", "/simple/zope-demo-x-y-z/"),
        ("/simple/AAAA/", "/simple/aaaA/"),
    ],
)
def test_names_are_normalized(ready: Ready, path: str, location: str) -> None:
    answer = ask(ready.url(path))
    assert (answer.status, answer.headers["location"]) == (301, location)


def test_nothing_but_pages_and_files_is_served(ready: Ready) -> None:
    web = ready.nginx.mirror / "bandersnatch" / "web"
    half = web / "packages" / ".demo-9.whl.abc"
    half.write_bytes(b"half of a file")
    paths = ["/packages/", "/packages/.demo-9.whl.abc", "/simple/demo/versions/", "/simple/demo/index.html"]
    paths += ["/-/told", "/-/page/demo/index.html", "/last-modified", "/pypi/demo/json", "/packages/../last-modified"]
    assert [path for path in paths if ask(ready.url(path)).status != 404] == []
    half.unlink()
    file = ask(ready.url("/packages/demo-2.0-py3-none-any.whl"), Range="bytes=0-1")
    assert (file.status, file.body) == (206, b"PK")
    assert file.headers["cache-control"] == "max-age=365000000, public, immutable"


def test_systemd_takes_the_units(ready: Ready) -> None:
    names = [f"preflight-mirror-{each}" for each in ("sync", "verify", "status")]
    paths = [ready.nginx.directory / f"{name}{suffix}" for name in names for suffix in (".service", ".timer")]
    assert [path for path in paths if not path.is_file()] == []
    program = shutil.which("systemd-analyze")
    if program:
        done = subprocess.run([program, "verify", *paths], capture_output=True, text=True, check=False)
        assert [line for line in done.stderr.splitlines() if "preflight-mirror" in line] == []


def test_nothing_is_fetched_onto_a_disk_that_is_nearly_full(ready: Ready) -> None:
    ready.upstream.projects["demo"].add("2.1")
    ready.upstream.projects["demo"].serial += 100
    asked = len(ready.upstream.requests)
    completed = ready.run(free_space_min="99%")
    assert completed.returncode == 1
    assert "is nearly full" in completed.stderr
    assert len(ready.upstream.requests) == asked
    code, status = ready.status()
    assert (code, status["disk_full"]) == (503, True)
    assert "2.1" not in ready.versions("demo")
    assert ready.run().returncode == 0
    assert ready.status()[0] == 200
    assert "2.1" in ready.versions("demo")


def test_one_broken_project_keeps_no_other_from_being_mirrored(ready: Ready) -> None:
    """bandersnatch goes on from what it did not get done, and looks at nothing else, for as long as that fails."""
    demo, other, app = (ready.upstream.projects[name] for name in ("demo", "zope-demo", "app"))

    def damaged(asked: Asked, page: Page) -> Page:
        return Page(200, page.headers, b"damaged") if asked.path.endswith("demo-2.2-py3-none-any.whl") else page

    ready.upstream.fault = damaged
    for project, version, serial in ((demo, "2.2", 2000), (other, "1.2", 2001)):
        project.add(version)
        project.serial = serial
    assert ready.run().returncode == 1
    code, status = ready.status()
    assert code == 503
    assert "bandersnatch left demo undone" in status["reasons"][0]
    assert "1.2" in ready.versions("zope-demo")
    app.add("1.1", requires=("zope_demo",))
    app.serial = 2002
    assert [ready.run().returncode for _each in range(2)] == [1, 1]
    assert "1.1" in ready.versions("app")
    packages = ready.nginx.mirror / "bandersnatch" / "web" / "packages"
    assert [path.name for path in packages.rglob(".*")] == []
    ready.upstream.fault = None
    assert ready.run().returncode == 0
    assert "2.2" in ready.versions("demo")


def test_verifying_mends_a_damaged_file(ready: Ready) -> None:
    file = ready.nginx.mirror / "bandersnatch" / "web" / "packages" / "demo-2.0-py3-none-any.whl"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"x")
    completed = ready.run("verify")
    assert completed.returncode == 0, completed.stderr
    assert file.read_bytes() == content
    assert ready.status()[1]["runs"]["verify"]["reason"] == ""


def test_an_old_mirror_is_not_well(ready: Ready) -> None:
    assert ready.run("status", max_age="1d").returncode == 0
    (ready.nginx.mirror / "bandersnatch" / "web" / "last-modified").write_text("20261101T10:00:00\n")
    completed = ready.run("status", max_age="1d")
    assert completed.returncode == 1
    assert "it was last synchronized" in completed.stderr
    assert ready.status()[0] == 503
    assert ready.run().returncode == 0


def test_a_project_that_nobody_has_is_told_of(ready: Ready) -> None:
    completed = ready.run(projects=[*NEEDED, "nobody"])
    assert completed.returncode == 1
    assert "nobody: its page as" in completed.stderr
    assert ready.run().returncode == 0
    assert ready.status()[1]["names"] == ["app", "demo", "zope-demo"]


def test_a_project_that_is_no_longer_wanted_is_not_served_as_it_was(ready: Ready) -> None:
    assert ready.run(projects=["app"]).returncode == 0
    assert ask(f"{ready.nginx.url}demo/", JSON).status == 404
    assert ready.run().returncode == 0
    assert ask(f"{ready.nginx.url}demo/", JSON).headers["content-type"] == JSON


def test_the_outage_drill(ready: Ready) -> None:
    """The upstream is stopped; it is the last test."""
    ready.serving.close()
    completed = ready.run()
    assert completed.returncode == 1
    code, status = ready.status()
    assert (code, status["ok"]) == (503, False)
    assert "the last sync failed" in status["reasons"][0]
    for installs in (pip_installs, uv_installs):
        assert set(installs(ready.nginx.url, *NEEDED)) == {"demo", "app", "zope_demo"}
    result = audit(ready.nginx.url, projects=[*NEEDED, "zope-demo"])
    assert {each["severity"] for each in result["findings"] if each["status"] == "fail"} <= {"low"}


BAD: Mapping[str, tuple[Any, str]] = {
    "upstream_url": ("https://index.example.org/root/pypi/", "does not end in /simple/"),
    "bandersnatch_version": ("6.8.0", "is too old; give 8.2.0 or newer"),
    "workers": (20, "is not in 1 to 10"),
    "page_versions": (0, "is too few"),
    "release_files": (False, "package_mirror_files_url: '' is no address"),
    "free_space_min": ("some", "is no size; write it as 10g or 5%"),
    "max_age": ("long", "is no duration"),
    "bandersnatch_settings": ({"allowlist": {"packages": ["demo"]}}, "allowlist is what package_mirror_projects"),
}


def test_bad_variables_are_named_with_what_to_write(ready: Ready) -> None:
    completed = ready.apply("--check", audit=False, **{name: value for name, (value, _words) in BAD.items()})
    assert completed.returncode == 2
    assert [words for _value, words in BAD.values() if words not in completed.stdout] == []


def test_the_role_installs_what_is_tested() -> None:
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    pinned = (ROOT / "tests/requirements/bandersnatch.txt").read_text().splitlines()
    assert f"bandersnatch=={defaults['package_mirror_bandersnatch_version']}" in pinned
