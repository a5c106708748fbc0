# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A package index in memory: small real wheels and sdists, and their pages in both formats of the Simple API."""

from __future__ import annotations

import gzip
import hashlib
import html
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UPLOADED = "2026-11-01T10:00:00.000000Z"
API_VERSION = "1.4"


@dataclass
class Dist:
    """One file: its bytes, those of its METADATA, and its entry in a JSON page, without the URL."""

    filename: str
    content: bytes
    metadata: bytes
    entry: dict[str, Any]


@dataclass
class Project:
    """A project with its files; ``status`` is that of PEP 792."""

    name: str
    dists: list[Dist] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    status: str | None = None
    serial: int = 1000

    def add(
        self,
        version: str,
        *,
        requires_python: str | None = ">=3.9",
        sdist: bool = False,
        requires: tuple[str, ...] = (),
        **entry: Any,
    ) -> Dist:
        """Adds a release's file, as current indexes describe it; ``entry`` changes that description."""
        dist = _dist(self.name, version, requires_python, sdist, requires)
        dist.entry.update(entry)
        self.dists.append(dist)
        self.versions.append(version)
        return dist


def demo_index() -> dict[str, Project]:
    """Two projects with every feature: yanked with a reason, requires-python, metadata, provenance, an sdist."""
    demo, other = Project("demo"), Project("zope-demo", status="archived")
    for version in ("1.0", "1.1"):
        demo.add(version, requires_python=">=3.6")
        other.add(version, requires_python=">=3.8")
    demo.add("2.0", requires_python=">=3.11", provenance="https://example.org/integrity/demo-2.0")
    demo.add("1.2", yanked="It deletes what it should keep")
    demo.add("1.1", sdist=True)
    return {"demo": demo, "zope-demo": other}


def json_page(project: Project, files_url: str) -> dict[str, Any]:
    """The project's page as PEP 691 and its successors have it."""
    page: dict[str, Any] = {
        "meta": {"api-version": API_VERSION, "_last-serial": project.serial},
        "name": project.name,
        "versions": sorted(set(project.versions)),
        "files": [{**dist.entry, "url": f"{files_url}{dist.filename}"} for dist in project.dists],
    }
    if project.status:
        page["project-status"] = {"status": project.status}
    return page


def html_page(page: dict[str, Any]) -> str:
    """The same in HTML, as far as HTML can say it."""
    status = page.get("project-status", {}).get("status")
    lines = [
        "<!DOCTYPE html>\n<html>\n<head>",
        f'<meta name="pypi:repository-version" content="{page["meta"]["api-version"]}">',
        f'<meta name="pypi:project-status" content="{status}">' if status else "",
        f"<title>Links for {page['name']}</title>\n</head>\n<body>",
        *(_anchor(entry) for entry in page["files"]),
        f"</body>\n</html>\n<!--SERIAL {page['meta']['_last-serial']}-->",
    ]
    return "\n".join(line for line in lines if line)


def release_json(project: Project, files_url: str) -> dict[str, Any]:
    """The project as Warehouse's JSON API has it (/pypi/NAME/json), as far as bandersnatch reads it."""
    releases: dict[str, list[dict[str, Any]]] = {version: [] for version in project.versions}
    for version, dist in zip(project.versions, project.dists, strict=True):
        releases[version].append(_release_file(dist, files_url))
    return {"info": {"name": project.name}, "last_serial": project.serial, "releases": releases}


def _release_file(dist: Dist, files_url: str) -> dict[str, Any]:
    yanked = dist.entry["yanked"]
    return {
        "filename": dist.filename,
        "url": f"{files_url}{dist.filename}",
        "digests": dist.entry["hashes"],
        "requires_python": dist.entry.get("requires-python"),
        "size": dist.entry["size"],
        "upload_time_iso_8601": dist.entry["upload-time"],
        "yanked": bool(yanked),
        "yanked_reason": yanked if isinstance(yanked, str) else None,
        "core-metadata": dist.entry["core-metadata"],
    }


def root_page(projects: Mapping[str, Project]) -> dict[str, Any]:
    """The list of all projects in JSON, with the serial of each, as Warehouse has it."""
    listed = [{"name": name, "_last-serial": project.serial} for name, project in projects.items()]
    return {"meta": {"api-version": API_VERSION, "_last-serial": 2000}, "projects": listed}


def root_html(names: list[str]) -> str:
    """The same in HTML."""
    anchors = "\n".join(f'<a href="/simple/{name}/">{name}</a><br/>' for name in names)
    return (
        f'<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.4"></head><body>{anchors}</body>'
    )


def _anchor(entry: dict[str, Any]) -> str:
    attributes = {
        "href": entry["url"] + "".join(f"#{name}={digest}" for name, digest in entry.get("hashes", {}).items()),
        "data-requires-python": entry.get("requires-python"),
        "data-provenance": entry.get("provenance"),
    }
    if entry.get("yanked"):
        attributes["data-yanked"] = "" if entry["yanked"] is True else entry["yanked"]
    if isinstance(entry.get("core-metadata"), dict):
        attributes["data-core-metadata"] = "=".join(next(iter(entry["core-metadata"].items())))
    given = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items() if value is not None)
    return f"<a {given}>{entry['filename']}</a><br>"


def _dist(name: str, version: str, requires_python: str | None, sdist: bool, requires: tuple[str, ...] = ()) -> Dist:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if requires_python:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {each}" for each in requires]
    metadata = ("\n".join(lines) + "\n\nA demo.\n").encode()
    stem = name.replace("-", "_")
    filename = f"{stem}-{version}.tar.gz" if sdist else f"{stem}-{version}-py3-none-any.whl"
    content = _sdist(stem, version, metadata) if sdist else _wheel(stem, version, metadata)
    entry: dict[str, Any] = {
        "filename": filename,
        "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
        "requires-python": requires_python,
        "size": len(content),
        "upload-time": UPLOADED,
        "yanked": False,
        "core-metadata": False if sdist else {"sha256": hashlib.sha256(metadata).hexdigest()},
    }
    if requires_python is None:
        del entry["requires-python"]
    return Dist(filename, content, metadata, entry)


def _wheel(stem: str, version: str, metadata: bytes) -> bytes:
    info = f"{stem}-{version}.dist-info"
    wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {f"{stem}.py": f"VERSION = {version!r}\n", f"{info}/METADATA": metadata, f"{info}/WHEEL": wheel}
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 11, 1, 10, 0, 0)), content)
    return stream.getvalue()


def _sdist(stem: str, version: str, metadata: bytes) -> bytes:
    stream = io.BytesIO()
    # The time in gzip's header would make every build another file.
    with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        setup = f"from setuptools import setup\nsetup(name={stem!r}, version={version!r}, py_modules=[])\n".encode()
        for path, content in {"PKG-INFO": metadata, "setup.py": setup}.items():
            entry = tarfile.TarInfo(f"{stem}-{version}/{path}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def dumped(page: dict[str, Any]) -> bytes:
    """A page in JSON as it is sent."""
    return json.dumps(page).encode()
