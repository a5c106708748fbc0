# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tiny wheels and sdists that pip and uv install, and how a page of an index lists them.

>>> wheel("demo", "2.0", requires_python=">=3.10").listed(requires_python=None)

What the file says in its METADATA and what the page says of it are apart on purpose: mirrors confuse them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

SAME = object()
"""The page says what METADATA says."""


@dataclass(frozen=True)
class Built:
    """A file of a project. ``metadata`` is its METADATA or PKG-INFO."""

    project: str
    filename: str
    content: bytes
    metadata: str
    requires_python: str | None

    def listed(self, requires_python: Any = SAME, **said: Any) -> Listed:
        """The file as a page lists it; ``said`` are fields of Listed."""
        known = self.requires_python if requires_python is SAME else requires_python
        # The upstream offers the METADATA of wheels alone.
        offered = self.filename.endswith(".whl")
        return replace(Listed(self, requires_python=known, core_metadata=offered), **said)


@dataclass(frozen=True)
class Listed:
    """What a page says of a file. ``yanked`` is a reason ("" for none given) or None.

    ``core_metadata``: whether the page offers its METADATA apart. ``hashes``: None for the true SHA-256.
    """

    built: Built
    requires_python: str | None = None
    yanked: str | None = None
    core_metadata: bool = True
    hashes: Mapping[str, str] | None = None
    upload_time: str = "2026-01-02T03:04:05.000000Z"
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of the file in JSON."""

    @property
    def filename(self) -> str:
        return self.built.filename

    @property
    def digests(self) -> Mapping[str, str]:
        return {"sha256": sha256(self.built.content)} if self.hashes is None else self.hashes

    @property
    def metadata_digests(self) -> Mapping[str, str] | None:
        """Those of the METADATA that is offered apart."""
        return {"sha256": sha256(self.built.metadata.encode())} if self.core_metadata else None


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(
    project: str,
    version: str,
    tags: str = "py3-none-any",
    *,
    build: str = "",
    requires_python: str | None = None,
    requires: tuple[str, ...] = (),
) -> Built:
    """A wheel with one module. ``build`` is its build tag."""
    stem = f"{project.replace('-', '_')}-{version}"
    metadata = _metadata(project, version, requires_python, requires)
    members = {
        f"{project.replace('-', '_')}.py": f'__version__ = "{version}"\n',
        f"{stem}.dist-info/METADATA": metadata,
        f"{stem}.dist-info/WHEEL": _wheel_file(tags, build),
    }
    record = f"{stem}.dist-info/RECORD"
    members[record] = "".join(map(_recorded, members.items())) + f"{record},,\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), text)
    filename = "-".join(part for part in (stem, build, tags) if part) + ".whl"
    return Built(project, filename, buffer.getvalue(), metadata, requires_python)


def sdist(
    project: str,
    version: str,
    *,
    requires_python: str | None = None,
    extension: str = ".tar.gz",
    builds: bool = True,
) -> Built:
    """A source distribution. Where it does not ``build`` it fails like one that is not made for this Python.

    Its build backend lies within, so that pip and uv need nothing else; pip before 20.0 runs its setup.py.
    """
    stem = f"{project}-{version}"
    metadata = _metadata(project, version, requires_python, ())
    refusal = "" if builds else 'raise SystemExit("this release is not made for this Python")\n'
    members = {
        "PKG-INFO": metadata,
        "pyproject.toml": _PYPROJECT,
        "backend.py": refusal + _BACKEND.format(project=project.replace("-", "_"), version=version, metadata=metadata),
    }
    return Built(project, stem + extension, _archive(stem, members, extension), metadata, requires_python)


def legacy_sdist(project: str, version: str, *, requires_python: str | None = None, builds: bool = True) -> Built:
    """A source distribution of old: setup.py alone, which pip before 20.0 runs with the setuptools that it finds."""
    stem = f"{project}-{version}"
    refusal = "" if builds else 'raise SystemExit("this release is not made for this Python")\n'
    called = f"setup(name={project!r}, version={version!r}, py_modules=[], python_requires={requires_python!r})\n"
    setup = f"{refusal}from setuptools import setup\n{called}"
    metadata = _metadata(project, version, requires_python, ())
    content = _archive(stem, {"PKG-INFO": metadata, "setup.py": setup}, ".tar.gz")
    return Built(project, f"{stem}.tar.gz", content, metadata, requires_python)


_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

_BACKEND = """\
import os
import zipfile

METADATA = {metadata!r}
STEM = "{project}-{version}"
WHEEL = "Wheel-Version: 1.0\\nGenerator: preflight\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"


def prepare_metadata_for_build_wheel(directory, config_settings=None):
    folder = os.path.join(directory, STEM + ".dist-info")
    os.mkdir(folder)
    for name, text in (("METADATA", METADATA), ("WHEEL", WHEEL)):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    return STEM + ".dist-info"


def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = STEM + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as archive:
        for member, text in (("METADATA", METADATA), ("WHEEL", WHEEL), ("RECORD", "")):
            archive.writestr(STEM + ".dist-info/" + member, text)
    return name
"""


def _metadata(project: str, version: str, requires_python: str | None, requires: tuple[str, ...]) -> str:
    # Before 2.2 nothing that an sdist says is sure, so that clients build it to learn what it is (PEP 643).
    lines = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    return "\n".join([*lines, *(f"Requires-Dist: {each}" for each in requires), ""])


def _wheel_file(tags: str, build: str) -> str:
    interpreters, abis, platforms = (part.split(".") for part in tags.split("-"))
    expanded = [f"Tag: {i}-{a}-{p}" for i in interpreters for a in abis for p in platforms]
    head = ["Wheel-Version: 1.0", "Generator: preflight", "Root-Is-Purelib: true"]
    return "\n".join([*head, *expanded, *([f"Build: {build}"] if build else []), ""])


def _recorded(member: tuple[str, str]) -> str:
    name, text = member
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(text)}\n"


def _archive(stem: str, members: Mapping[str, str], extension: str) -> bytes:
    buffer = io.BytesIO()
    if extension == ".zip":
        with zipfile.ZipFile(buffer, "w") as zipped:
            for name, text in members.items():
                zipped.writestr(zipfile.ZipInfo(f"{stem}/{name}", (2026, 1, 2, 3, 4, 6)), text)
        return buffer.getvalue()
    mode: Any = {".tar.gz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}[extension]
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, text in members.items():
            member = tarfile.TarInfo(f"{stem}/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()
