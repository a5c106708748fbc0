# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warming, against an index on loopback in the place of the mirror, and what it leaves for monitors."""

from __future__ import annotations

import io
import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import preflight_mirror
import pytest
from preflight_mirror import asking, looking, status, warming
from preflight_mirror.choosing import targets
from preflight_mirror.requirements import Needed

from tests.support.index_files import wheel
from tests.support.index_server import IndexServer
from tests.support.package_index import demo_index
from tests.support.simple_index import IndexServer as FullIndex
from tests.support.simple_index import Page

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
PROGRAM = Path(preflight_mirror.__file__).parents[1]


def warmed(url: str, *needed: Needed, verified: set[str] | None = None) -> dict[str, warming.Project]:
    where = url.split("/")[2]
    mirror = warming.Mirror(
        asking.Server(at=where), url, ["json", "html"], targets(["3.11"], []), set() if verified is None else verified
    )
    return {each.name: each for each in warming.warm(mirror, needed)}


def test_what_it_depends_on_is_warmed_too() -> None:
    files = [
        wheel("app", "1.0", requires=("lib<2", "deep; extra == 'more'")).listed(),
        wheel("lib", "1.5", requires=("leaf",)).listed(core_metadata=False),
        wheel("lib", "2.0").listed(),
        wheel("leaf", "1.0").listed(),
        wheel("deep", "1.0").listed(),
    ]
    with IndexServer(files) as index:
        plain = warmed(index.url, Needed("app"))
        assert {name: list(each.files) for name, each in plain.items()} == {
            "app": ["app-1.0-py3-none-any.whl"],
            "leaf": ["leaf-1.0-py3-none-any.whl"],
            "lib": ["lib-1.5-py3-none-any.whl"],
        }
        assert "/files/app/app-1.0-py3-none-any.whl.metadata" in index.requests
        assert "deep" in warmed(index.url, Needed("app", "", frozenset({"more"})))
        assert not any(each.problems for each in plain.values())


@pytest.mark.parametrize(
    ("needed", "problem"),
    [
        (Needed("nobody"), "its page as application/vnd.pypi.simple.v1+json: status 404: not found"),
        (Needed("app", "==9"), "no file fits app==9"),
        (Needed("wrong"), "wrong-1.0-py3-none-any.whl: has the sha256 "),
        (Needed("gone"), "gone-1.0-py3-none-any.whl: status 404"),
    ],
)
def test_what_is_not_there_is_named(needed: Needed, problem: str) -> None:
    files = [
        wheel("app", "1.0").listed(),
        wheel("wrong", "1.0").listed(hashes={"sha256": "0" * 64}),
        wheel("gone", "1.0").listed(more={"url": "../../files/gone/no-such-file.whl"}),
    ]
    with IndexServer(files) as index:
        (project,) = warmed(index.url, needed).values()
    assert project.problems[0].startswith(problem)


def test_a_file_on_another_host_is_a_problem() -> None:
    with FullIndex(demo_index(), files_url="http://192.0.2.1/files/") as index:
        (project,) = warmed(index.url, Needed("demo")).values()
    assert project.problems == ["demo-2.0-py3-none-any.whl: lies on another host, 192.0.2.1"]


def test_an_upstream_is_looked_at() -> None:
    projects = demo_index()
    with FullIndex(projects, files_url="http://192.0.2.1/files/") as index:
        found = looking.look(asking.Server(timeout=1.0), index.url, ["demo", "nobody"])
        assert looking.look(asking.Server(timeout=1.0), index.url, [])["missing"] == {}
    assert found["formats"] == ["json", "html"]
    assert found["hosts"] == sorted(["http://192.0.2.1", "https://example.org", index.origin])
    assert found["missing"] == {"nobody": "status 404"}
    with IndexServer() as empty, pytest.raises(asking.AskError, match="nobody: status 404"):
        looking.look(asking.Server(), empty.url, ["nobody"])


def test_an_upstream_with_html_alone() -> None:
    def html(asked: Any, page: Page) -> Page:
        return Page(406) if "json" in asked.headers["Accept"].split(",")[0] else page

    with FullIndex(demo_index(), fault=html) as index:
        assert looking._formats(asking.Server(), f"{index.url}demo/") == ["html"]


def project(name: str, *problems: str, current: bool = True) -> warming.Project:
    return warming.Project(name, current=current, problems=list(problems))


def test_the_status_says_since_when_a_page_is_old() -> None:
    before = status.made([project("demo"), project("old")], {}, [], NOW, "1d")
    assert (before["ok"], before["stale"]) == (True, [])
    projects = [project("demo"), project("old", current=False), project("new", "gone", current=False)]
    at = NOW + timedelta(days=1)
    assert status.made(projects[:2], before, [], at, "1d")["ok"]
    after = status.made(projects, before, [], at + timedelta(seconds=1), "1d")
    assert after["problems"] == {
        "new": ["gone"],
        "old": ["its page was last compared with the upstream's at 2026-11-24T12:00:00+00:00"],
    }
    assert (after["ok"], after["stale"], after["projects"]) == (False, ["new", "old"], 3)


def test_the_program_warms_and_leaves_its_status(tmp_path: Path, capsys: Any) -> None:
    namespace: dict[str, Any] = {"__name__": "program"}
    exec(compile((PROGRAM / "__main__.py").read_text(), "__main__.py", "exec"), namespace)
    with IndexServer([wheel("app", "1.0").listed()]) as index:
        settings = {
            "url": index.url,
            "local_address": index.url.split("/")[2],
            "formats": ["json"],
            "projects": ["App", "nobody"],
            "requirements_paths": [],
            "pythons": [],
            "platforms": [],
            "stale_after": "1d",
            "status_path": str(tmp_path / "warm.json"),
        }
        (tmp_path / "settings.json").write_text(json.dumps(settings))
        assert namespace["main"](["warm", str(tmp_path / "settings.json")]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("nobody: its page as application/vnd.pypi.simple.v1+json: status 404")
    assert said.out == "2 projects, 1 files, 1 with problems\n"
    assert status.read(str(tmp_path / "warm.json"))["problems"].keys() == {"nobody"}
    assert os.stat(tmp_path / "warm.json").st_mode & 0o777 == 0o644


def test_during_an_outage_what_an_earlier_run_saw_stands(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    namespace: dict[str, Any] = {"__name__": "program"}
    exec(compile((PROGRAM / "__main__.py").read_text(), "__main__.py", "exec"), namespace)
    upstream = "http://127.0.0.1:1/simple/"
    known = {"upstream_url": upstream, "formats": ["html"], "hosts": ["http://192.0.2.1"]}
    (tmp_path / "settings.json").write_text(json.dumps(known))
    question = {
        "upstream_url": upstream,
        "upstream_ca_path": "",
        "projects": ["demo"],
        "requirements_paths": [],
        "known_path": str(tmp_path / "settings.json"),
    }
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(question)))
    assert namespace["main"](["look"]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert (seen["formats"], seen["hosts"], seen["projects"]) == (["html"], ["http://192.0.2.1"], ["demo"])
    assert "refused" in seen["away"]
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({**question, "known_path": str(tmp_path / "none")})))
    assert namespace["main"](["look"]) == 1
    assert namespace["main"](["dance"]) == 2
