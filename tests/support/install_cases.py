# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What real clients are asked to install from mirrors, and mirrors of nginx that have one flaw each.

The projects are small, and each is there for one feature of the Simple API that decides what is installed.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.index_cases import File, s, w
from tests.support.index_files import Listed
from tests.support.mirror_servers import NginxMirror
from tests.support.package_index import Dist, Project

_FILES: dict[str, tuple[File, ...]] = {
    "plain": (w("1.0"), w("2.0")),
    "later": (w("1.0"), w("2.0", needs=">=3.12")),
    "withdrawn": (w("1.0"), w("2.0", yanked="It deletes what it should keep")),
    "source": (s("1.0"), s("2.0", needs=">=3.99", builds=False)),
}
REQUIREMENTS: dict[str, tuple[str, ...]] = {
    "3.9": ("plain", "later", "withdrawn", "withdrawn==2.0", "source"),
    "3.13": ("plain", "later"),
}
"""By Python."""


def shop() -> dict[str, Project]:
    """The projects, as a copy of one's own."""
    return copy.deepcopy(_made())


@functools.cache
def _made() -> dict[str, Project]:
    """Once, for an archive made again is another file by its times."""
    return {name: _project(name, files) for name, files in _FILES.items()}


def _project(name: str, files: tuple[File, ...]) -> Project:
    return Project(name, [_dist(each.listed(name)) for each in files], [each.version for each in files])


def _dist(listed: Listed) -> Dist:
    entry: dict[str, Any] = {
        "filename": listed.filename,
        "hashes": dict(listed.digests),
        "requires-python": listed.requires_python,
        "size": len(listed.built.content),
        "upload-time": listed.upload_time,
        "yanked": False if listed.yanked is None else listed.yanked or True,
        "core-metadata": dict(listed.metadata_digests) if listed.metadata_digests else False,
    }
    said = {key: value for key, value in entry.items() if value is not None}
    return Dist(listed.filename, listed.built.content, listed.built.metadata.encode(), said)


class Flaw(NamedTuple):
    """``change`` edits each file's entry before pages are made of it, ``damage`` what nginx then serves."""

    change: Callable[[dict[str, Any]], object] | None = None
    damage: Callable[[Path], object] | None = None
    options: Mapping[str, Any] = {}
    requirements: tuple[str, ...] = ("plain", "later")

    def mirror(self) -> NginxMirror:
        """nginx with pages in both formats, and this flaw."""
        projects = shop()
        for project in projects.values():
            for dist in project.dists if self.change else ():
                self.change(dist.entry)
        return NginxMirror(projects, damage=self.damage, **self.options)


def _without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda entry: entry.pop(key, None)


def _with(key: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda entry: entry.update({key: value})


def _metadata_hash(entry: dict[str, Any]) -> None:
    if entry.get("core-metadata"):
        entry["core-metadata"] = {"sha256": "0" * 64}


def _pages(web: Path, pattern: str) -> Iterator[Path]:
    """The pages of projects, and not the root."""
    return (web / "simple").glob(f"*/index.{pattern}")


def _replaced(pattern: str, old: str, new: str) -> Callable[[Path], None]:
    def damage(web: Path) -> None:
        for page in _pages(web, pattern):
            page.write_text(re.sub(old, new, page.read_text()))

    return damage


def _served(text: str) -> Callable[[Path], None]:
    """The same instead of every page."""

    def damage(web: Path) -> None:
        for page in _pages(web, "*"):
            page.write_text(text)

    return damage


def _empty(web: Path) -> None:
    for page in _pages(web, "*html"):
        page.write_text(re.sub(r"<a .*</a>", "", page.read_text()))
    for page in _pages(web, "v1_json"):
        page.write_text(json.dumps({**json.loads(page.read_text()), "files": []}))


def _cut(web: Path) -> None:
    """As a full disk leaves them."""
    for page in _pages(web, "*"):
        page.write_text(page.read_text()[:150])


def _newest_lost(web: Path) -> None:
    for page in _pages(web, "*html"):
        page.write_text(re.sub(r"<a [^>]*-2\.0.*</a>", "", page.read_text()))
    for page in _pages(web, "v1_json"):
        document = json.loads(page.read_text())
        files = [each for each in document["files"] if "-2.0" not in each["filename"]]
        page.write_text(json.dumps({**document, "versions": ["1.0"], "files": files}))


def _deleted(pattern: str) -> Callable[[Path], None]:
    def damage(web: Path) -> None:
        for file in (web / "files").glob(pattern):
            file.unlink()

    return damage


def _files_damaged(web: Path) -> None:
    for file in (web / "files").glob("*.whl"):
        file.write_bytes(file.read_bytes() + b"x")


LOGIN = "<html><body><form action='/login'><input name='user'><input type='password' name='pass'></form></body></html>"
NOWHERE = "http://127.0.0.1:9/files/"
"""The port of the service discard, where nobody listens: an upstream that is away."""

FLAWS: dict[str, Flaw] = {
    "requires-python lost": Flaw(_without("requires-python")),
    "requires-python lost in HTML": Flaw(damage=_replaced("*html", r' data-requires-python="[^"]*"', "")),
    "requires-python too strict": Flaw(_with("requires-python", ">=3.99")),
    "requires-python too lax": Flaw(_with("requires-python", ">=3.6")),
    "requires-python invalid": Flaw(_with("requires-python", "py3")),
    "yanked lost": Flaw(_with("yanked", False), requirements=("plain", "withdrawn")),
    "all yanked": Flaw(_with("yanked", True), requirements=("plain", "withdrawn")),
    "metadata not served": Flaw(damage=_deleted("*.metadata")),
    "metadata of another hash": Flaw(_metadata_hash),
    "metadata not offered": Flaw(_without("core-metadata")),
    "another hash": Flaw(_with("hashes", {"sha256": "0" * 64})),
    "no hash": Flaw(_with("hashes", {})),
    "hashes left out": Flaw(_without("hashes")),
    "hash malformed": Flaw(_with("hashes", {"sha256": "none"})),
    "size lost": Flaw(_without("size")),
    "size malformed": Flaw(_with("size", "many")),
    "upload time lost": Flaw(_without("upload-time")),
    "upload time empty": Flaw(_with("upload-time", "")),
    "files not served": Flaw(damage=_deleted("*.whl")),
    "files damaged": Flaw(damage=_files_damaged),
    "files on a host that is away": Flaw(damage=_replaced("*", r"\.\./\.\./files/", NOWHERE)),
    "links that lead past the files": Flaw(damage=_replaced("*", r"\.\./\.\./files/", "../files/")),
    "pages empty": Flaw(damage=_empty),
    "pages cut off": Flaw(damage=_cut),
    "a login page": Flaw(damage=_served(LOGIN)),
    "the newest version not yet there": Flaw(damage=_newest_lost),
    "JSON called application/json": Flaw(options={"json_type": "application/json"}),
    "JSON called text/html": Flaw(options={"json_type": "text/html"}),
}
