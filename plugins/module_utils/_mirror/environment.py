# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python on a platform: the tags of the wheels that it takes, best first, and the values of its markers.

packaging knows the tags of the host that it runs on; here they are those of another. Sources: the PyPA specification
platform compatibility tags (PEP 425, 600, 656) and the order of packaging.tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from .._audit.policy import OptionError
from . import library

if TYPE_CHECKING:
    from .library import Tag

GLIBC_ALIASES = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
"""PEP 600: the older names, by the minor version of glibc 2."""
WINDOWS = {"win32": "x86", "win_amd64": "AMD64", "win_arm64": "ARM64"}
PYTHON_FIX = "is no Python that can be asked for; write '2.7' or '3.5' and later, such as '3.12', '3.12.4' or '3.14t'"
PLATFORM_FIX = (
    "is no platform that can be asked for; name the C library or the system with its version and the machine, such as "
    "manylinux_2_28_x86_64, musllinux_1_2_aarch64, macosx_14_0_arm64 or win_amd64"
)


@dataclass(frozen=True)
class Environment:
    """CPython ``python`` on ``platform``, as they were written; ``version`` is complete, so that 3.9 is 3.9.0.

    ``tags`` are ranks, 0 the best; ``markers`` the variables of the specification dependency specifiers.
    """

    python: str
    platform: str
    version: tuple[int, int, int]
    tags: Mapping[Tag, int] = field(compare=False, repr=False)
    markers: Mapping[str, str] = field(compare=False, repr=False)

    @property
    def full_version(self) -> str:
        """``3.9.0``: what requires-python is held against, as pip and uv do with --python-version 3.9."""
        return ".".join(map(str, self.version))


@dataclass(frozen=True)
class _Platform:
    tags: tuple[str, ...]
    os_name: str
    sys_platform: str
    system: str
    machine: str


@lru_cache(maxsize=256)
def environment(python: str, platform: str) -> Environment:
    """What that Python takes on that platform. Raises OptionError, also where packaging is missing."""
    library.require_packaging()
    matched = re.fullmatch(r"([23])\.([0-9]{1,2})(?:\.([0-9]{1,3}))?(t?)", python)
    if not matched:
        raise OptionError.of("pythons", python, PYTHON_FIX)
    version = (int(matched[1]), int(matched[2]), int(matched[3] or 0))
    if version[:2] != (2, 7) and version < (3, 5, 0):
        raise OptionError.of("pythons", python, f"{PYTHON_FIX} (in quotes: YAML reads 3.10 as 3.1)")
    if matched[4] and version < (3, 13, 0):
        raise OptionError.of("pythons", python, "has no free-threaded build; leave out the t, or name 3.13t and later")
    where = _platform(platform)
    ranks: dict[Tag, int] = {}
    for tag in _tags(version, matched[4], where):
        ranks.setdefault(tag, len(ranks))
    return Environment(python, platform, version, ranks, _markers(version, where))


def _tags(version: tuple[int, int, int], threads: str, where: _Platform) -> Iterator[Tag]:
    interpreter = f"cp{version[0]}{version[1]}"
    abi = interpreter + threads
    if version < (3, 8, 0):
        # PEP 3149: pymalloc is in the name up to 3.7, the width of Unicode up to 3.2 (wide on Linux).
        abi += "mu" if version[0] == 2 and where.system == "Linux" else "m"
    for tag in library.cpython_tags(version[:2], [abi], where.tags):
        # Free-threaded builds take no abi3 (PEP 703); packaging 23.2 does not know that.
        if not (threads and tag.abi == "abi3"):
            yield tag
    yield from library.compatible_tags(version[:2], interpreter, where.tags)


def _markers(version: tuple[int, int, int], where: _Platform) -> dict[str, str]:
    full = ".".join(map(str, version))
    return {
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": where.os_name,
        "platform_machine": where.machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": where.system,
        "platform_version": "",
        "python_full_version": full,
        "python_version": f"{version[0]}.{version[1]}",
        "sys_platform": "linux2" if where.system == "Linux" and version[0] == 2 else where.sys_platform,
        "extra": "",
    }


def _platform(name: str) -> _Platform:
    if name in WINDOWS:
        return _Platform((name,), "nt", "win32", "Windows", WINDOWS[name])
    for aliased, alias in GLIBC_ALIASES.items():
        name = re.sub(rf"^{alias}_", f"manylinux_2_{aliased}_", name)
    matched = re.fullmatch(r"(manylinux|musllinux|macosx)_([0-9]{1,2})_([0-9]{1,2})_([a-z0-9_]+)", name)
    if not matched:
        raise OptionError.of("platforms", name, PLATFORM_FIX)
    kind, release, machine = matched[1], (int(matched[2]), int(matched[3])), matched[4]
    tags = {"manylinux": _manylinux, "musllinux": _musllinux, "macosx": _macosx}[kind](release, machine)
    if not tags:
        raise OptionError.of("platforms", name, PLATFORM_FIX)
    if kind == "macosx":
        return _Platform(tags, "posix", "darwin", "Darwin", machine)
    # What was built on the host itself goes first, as in packaging from 24.1 on. No index takes such wheels.
    return _Platform((f"linux_{machine}", *tags), "posix", "linux", "Linux", machine)


def _manylinux(release: tuple[int, int], machine: str) -> tuple[str, ...]:
    """PEP 600: every older glibc too, down to the first that the machine had."""
    if release[0] != 2:
        return ()
    oldest = 5 if machine in {"x86_64", "i686"} else 17
    tags = []
    for minor in range(release[1], oldest - 1, -1):
        tags.append(f"manylinux_2_{minor}_{machine}")
        if minor in GLIBC_ALIASES:
            tags.append(f"{GLIBC_ALIASES[minor]}_{machine}")
    return tuple(tags)


def _musllinux(release: tuple[int, int], machine: str) -> tuple[str, ...]:
    """PEP 656."""
    return tuple(f"musllinux_{release[0]}_{minor}_{machine}" for minor in range(release[1], -1, -1))


def _macosx(release: tuple[int, int], machine: str) -> tuple[str, ...]:
    return tuple(library.mac_platforms(release, machine)) if machine in {"arm64", "x86_64"} else ()
