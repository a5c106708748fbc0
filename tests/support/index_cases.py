# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of an index, and the file that pip and uv choose from each: a table for the chooser and for its oracles."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._mirror.choosing import BUILD, HASH, NOTHING
from tests.support.index_files import SAME, Listed, sdist, sha256, wheel

LINUX = "manylinux_2_28_x86_64"
MAC = "macosx_14_0_arm64"
WINDOWS = "win_amd64"
FAILURES = (NOTHING, BUILD, HASH)
NO_FILE = -1
NO_HASH = "0" * 64


@dataclass(frozen=True)
class File:
    """A file of a case, whose project it learns from the table. ``of`` makes it, ``said`` is for the page."""

    of: Any
    version: str
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)

    def listed(self, project: str) -> Listed:
        return self.of(project, self.version, *self.arguments, **self.options).listed(**self.said)


def w(version: str, tags: str = "py3-none-any", *, build: str = "", needs: str | None = None, **said: Any) -> File:
    """A wheel whose METADATA ``needs`` a Python; ``page`` is what the page says instead."""
    said["requires_python"] = said.pop("page", SAME)
    return File(wheel, version, (tags,), {"build": build, "requires_python": needs}, said)


def s(version: str, *, needs: str | None = None, builds: bool = True, extension: str = ".tar.gz", **said: Any) -> File:
    """A source distribution, in the same way."""
    said["requires_python"] = said.pop("page", SAME)
    return File(sdist, version, (), {"requires_python": needs, "builds": builds, "extension": extension}, said)


@dataclass(frozen=True)
class Case:
    """``pip`` is the file that pip chooses, without the project's name, or its failure; ``uv`` that of uv, where it
    differs. uv is not asked about a requirement with hashes: it checks them only when it installs."""

    title: str
    files: tuple[File, ...]
    pip: str
    uv: str = ""
    versions: str = ""
    python: str = "3.9"
    platform: str = LINUX
    hash_of: int | None = None
    """The file whose hash is asked for, or NO_FILE."""
    project: str = ""

    @property
    def listed(self) -> list[Listed]:
        return [each.listed(self.project) for each in self.files]

    @property
    def requirement(self) -> str:
        if self.hash_of is None:
            return self.project + self.versions
        digest = NO_HASH if self.hash_of == NO_FILE else sha256(self.listed[self.hash_of].built.content)
        return f"{self.project}{self.versions} --hash=sha256:{digest}"

    def filename(self, expected: str) -> str | None:
        """The whole name of an expected file; None for a failure."""
        if expected in FAILURES:
            return None
        stem = self.project.replace("-", "_") if expected.endswith(".whl") else self.project
        return f"{stem}-{expected}"


ANY1, ANY2 = "1.0-py3-none-any.whl", "2.0-py3-none-any.whl"
OLD = w("1.0")
_CASES = (
    # Versions
    Case("the newest version, wherever it stands", (w("1.9"), w("1.10"), w("1.2")), "1.10-py3-none-any.whl"),
    Case("an epoch", (w("2.0"), w("1!1.0")), "1!1.0-py3-none-any.whl"),
    Case("a local version is newer", (w("1.0+cpu"), OLD), "1.0+cpu-py3-none-any.whl", versions="==1.0"),
    Case("a post release", (w("1.0.post1"), OLD), "1.0.post1-py3-none-any.whl"),
    Case("a version that is none is passed over", (s("notaversion"), OLD), ANY1),
    Case("an upper limit", (w("2.0"), OLD), ANY1, versions="<2"),
    Case("a compatible release", (w("2.0"), w("1.4.9"), w("1.4.2")), "1.4.9-py3-none-any.whl", versions="~=1.4.2"),
    Case("an exclusion", (w("2.0"), OLD), ANY1, versions="!=2.0"),
    Case("a version that is not there", (OLD,), NOTHING, versions=">=3"),
    Case("arbitrary equality", (w("2.0"), OLD), ANY1, versions="===1.0"),
    # Pre-releases
    Case("a pre-release is passed over", (w("2.0b1"), OLD), ANY1),
    Case("a development release is passed over", (w("2.0.dev1"), OLD), ANY1),
    Case("nothing but pre-releases", (w("2.0a1"), w("2.0b1")), "2.0b1-py3-none-any.whl"),
    Case("no final one matches", (w("2.0b1"), OLD), "2.0b1-py3-none-any.whl", versions=">=1.5"),
    Case("a pre-release is named", (w("2.0b1"), OLD), "2.0b1-py3-none-any.whl", ANY1, versions=">=0.9b1"),
    Case("a pre-release is excluded", (w("2.0b2"), w("2.0b1"), OLD), ANY1, versions="!=2.0b1"),
    Case("the final one does not fit", (w("2.0b1"), w("1.0", "cp38-none-win32")), "2.0b1-py3-none-any.whl"),
    Case("the final one is yanked", (w("2.0b1"), w("1.0", yanked="")), NOTHING, "2.0b1-py3-none-any.whl"),
    # Tags
    Case("no wheel for the platform", (w("2.0", "cp39-cp39-win_amd64"), OLD), ANY1),
    Case("a wheel for another Python", (w("2.0", "cp310-cp310-manylinux_2_17_x86_64"), OLD), ANY1),
    Case(
        "the more special wheel",
        (w("2.0"), w("2.0", "cp39-cp39-manylinux2014_x86_64"), w("2.0", "cp39-abi3-manylinux2014_x86_64")),
        "2.0-cp39-cp39-manylinux2014_x86_64.whl",
    ),
    Case(
        "the newer C library",
        (w("2.0", "cp39-cp39-manylinux_2_17_x86_64"), w("2.0", "cp39-cp39-manylinux_2_28_x86_64")),
        "2.0-cp39-cp39-manylinux_2_28_x86_64.whl",
    ),
    Case("a C library too new", (w("2.0", "cp39-cp39-manylinux_2_31_x86_64"), OLD), ANY1),
    Case("an older stable ABI", (w("2.0", "cp36-abi3-manylinux1_x86_64"), OLD), "2.0-cp36-abi3-manylinux1_x86_64.whl"),
    Case("a stable ABI too new", (w("2.0", "cp310-abi3-manylinux1_x86_64"), OLD), ANY1),
    Case("several tags in one", (w("2.0", "py2.py3-none-any"), OLD), "2.0-py2.py3-none-any.whl"),
    Case("a wheel for Python 2", (w("2.0", "py2-none-any"), OLD), ANY1),
    Case("musl is not glibc", (w("2.0", "cp39-cp39-musllinux_1_2_x86_64"), OLD), ANY1),
    Case(
        "musl",
        (w("2.0", "cp39-cp39-musllinux_1_1_x86_64"), OLD),
        "2.0-cp39-cp39-musllinux_1_1_x86_64.whl",
        platform="musllinux_1_2_x86_64",
    ),
    Case(
        "a universal wheel of an older macOS",
        (w("2.0", "cp312-cp312-macosx_11_0_universal2"), w("2.0", "cp312-cp312-macosx_10_9_x86_64"), OLD),
        "2.0-cp312-cp312-macosx_11_0_universal2.whl",
        python="3.12",
        platform=MAC,
    ),
    Case("a macOS too new", (w("2.0", "cp312-cp312-macosx_15_0_arm64"), OLD), ANY1, python="3.12", platform=MAC),
    Case(
        "Windows",
        (w("2.0", "cp312-cp312-win_amd64"), w("2.0", "cp312-cp312-win32"), OLD),
        "2.0-cp312-cp312-win_amd64.whl",
        python="3.12",
        platform=WINDOWS,
    ),
    Case("the greater build tag", (w("1.0", build="9"), w("1.0", build="10"), OLD), "1.0-10-py3-none-any.whl"),
    Case(
        "the tags before the build tag",
        (w("1.0", build="3"), w("1.0", "cp39-cp39-manylinux_2_17_x86_64")),
        "1.0-cp39-cp39-manylinux_2_17_x86_64.whl",
    ),
    Case("a wheel with a broken name", (w("2.0", build="x"), OLD), ANY1),
    # Wheels and source distributions
    Case("a wheel before the source of its version", (s("2.0"), w("2.0")), ANY2),
    Case("the newer source before the older wheel", (s("2.0"), OLD), "2.0.tar.gz"),
    Case("source alone", (s("2.0"), s("1.0")), "2.0.tar.gz"),
    Case("the last of equals", (s("2.0"), s("2.0", extension=".zip")), "2.0.zip", "2.0.tar.gz"),
    Case("an archive that uv does not take", (s("2.0", extension=".tar.bz2"), OLD), "2.0.tar.bz2", ANY1),
    # Yanked
    Case("a yanked version is passed over", (w("2.0", yanked="broken"), OLD), ANY1),
    Case("a yanked version is pinned", (w("2.0", yanked=""), OLD), ANY2, versions="==2.0"),
    Case("a yanked version is pinned by ===", (w("2.0", yanked=""), OLD), ANY2, versions="===2.0"),
    Case("a yanked version and more specifiers", (w("2.0", yanked=""), OLD), ANY2, NOTHING, versions="==2.0,>=1"),
    Case("a prefix is no pin", (w("2.0", yanked=""), OLD), NOTHING, versions="==2.*"),
    Case("all is yanked", (w("2.0", yanked=""), w("1.0", yanked="")), NOTHING),
    Case("one file of a version is yanked", (w("2.0", yanked=""), s("2.0")), "2.0.tar.gz", ANY2, versions="==2.0"),
    # Requires-Python on the page
    Case("for a newer Python", (w("2.0", needs=">=3.10"), OLD), ANY1),
    Case("just for this Python", (w("2.0", needs=">=3.9"), OLD), ANY2),
    Case("for a later patch", (w("2.0", needs=">=3.9.2"), OLD), ANY1),
    Case("the patch is given", (w("2.0", needs=">=3.9.2"), OLD), ANY2, python="3.9.18"),
    Case("for older Pythons", (w("2.0", needs="<3.9"), OLD), ANY1, ANY2),
    Case("not for this Python", (w("2.0", needs=">=3.6,!=3.9.*"), OLD), ANY1, ANY2),
    Case("above this Python", (w("2.0", needs=">3.9"), OLD), ANY1),
    Case("a value that is none", (w("2.0", page="py3"), OLD), ANY2, ANY1),
    Case("a star after an order", (w("2.0", page=">=3.10.*"), OLD), ANY2, ANY1),
    Case("an empty value", (w("2.0", page=""), OLD), ANY2),
    Case("the source for a newer Python", (s("2.0", needs=">=3.10", builds=False), OLD), ANY1),
    Case("nothing for this Python", (w("2.0", needs=">=3.10"),), NOTHING),
    # Requires-Python missing on the page, or wrong
    Case("missing, so that METADATA decides", (w("2.0", needs=">=3.10", page=None), OLD), ANY1),
    Case("missing, and no METADATA apart", (w("2.0", needs=">=3.10", page=None, core_metadata=False), OLD), ANY1),
    Case("missing, of several versions", (*(w(f"2.{n}", needs=">=3.10", page=None) for n in range(3)), OLD), ANY1),
    Case("missing, and in METADATA too", (w("2.0", page=None), OLD), ANY2),
    Case("missing, for older Pythons", (w("2.0", needs="<3.9", page=None), OLD), ANY1, ANY2),
    Case("METADATA has a star after an order", (w("2.0", needs=">=3.10.*", page=None), OLD), ANY2, ANY1),
    Case("too strict", (w("2.0", page=">=3.10"), OLD), ANY1),
    Case("too lax", (w("2.0", needs=">=3.10", page=">=3.6"), OLD), ANY1),
    Case("missing, of a source", (s("2.0", needs=">=3.10", builds=False, page=None), s("1.0")), BUILD),
    Case(
        "missing, of a source whose METADATA is offered",
        (s("2.0", needs=">=3.10", builds=False, page=None, core_metadata=True), s("1.0")),
        "1.0.tar.gz",
        BUILD,
    ),
    Case(
        "missing, of a source beside a wheel",
        (
            w("2.0", "cp310-cp310-win32", needs=">=3.10", page=None),
            s("2.0", needs=">=3.10", builds=False, page=None),
            OLD,
        ),
        BUILD,
        ANY1,
    ),
    Case("the wheel decides for its version", (w("2.0", needs=">=3.10", page=None), s("2.0"), OLD), ANY1),
    # Hashes
    Case("the file with the hash", (w("2.0", hashes={"sha256": NO_HASH}), OLD), ANY1, hash_of=1),
    Case("the page gives no hashes", (w("1.0", hashes={}),), ANY1, versions="==1.0", hash_of=0),
    Case("no file has the hash", (w("1.0"),), HASH, versions="==1.0", hash_of=NO_FILE),
    Case("a yanked one has the hash", (w("1.0", build="2"), w("1.0", yanked="")), ANY1, versions="==1.0", hash_of=1),
)
CASES = tuple(replace(case, project=f"case-{number}") for number, case in enumerate(_CASES))
"""Each with a project of its own, so that one index holds them all."""
