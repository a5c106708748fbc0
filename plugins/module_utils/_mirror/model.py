# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a page of the Simple API says, HTML and JSON alike (PyPA specification, simple repository API, up to 1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Union

CoreMetadata = Union[Mapping[str, str], bool, None]
"""Hashes of the metadata file by algorithm; True or False where only its existence is said; None where nothing is."""


@dataclass(frozen=True)
class Violation:
    """One value that the specification does not allow: what kind, where in the page, and what was found."""

    kind: str
    place: str
    detail: str


@dataclass(frozen=True)
class File:
    """One file of a project.

    ``url`` is absolute and has no fragment. ``hashes`` are digests by algorithm, as the page has them, in lower case.
    ``size`` is in bytes, ``upload_time`` as the page has it, ``gpg_sig`` None where nothing is said.
    """

    filename: str
    url: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    requires_python: str | None = None
    yanked: bool = False
    yanked_reason: str | None = None
    core_metadata: CoreMetadata = None
    size: int | None = None
    upload_time: str | None = None
    provenance: str | None = None
    gpg_sig: bool | None = None


@dataclass(frozen=True)
class ProjectPage:
    """One project's page; what it does not say is None."""

    name: str | None = None
    api_version: str | None = None
    files: tuple[File, ...] = ()
    versions: tuple[str, ...] | None = None
    project_status: str | None = None
    last_serial: int | None = None
    violations: tuple[Violation, ...] = ()
