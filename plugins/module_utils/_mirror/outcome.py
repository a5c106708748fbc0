# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it means that a client chooses this from the upstream and that from the mirror."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .choosing import BUILD, HASH, NOTHING, Choice, Client
from .environment import Environment
from .model import File
from .releases import Release

SAME = "same"
DEARER = "dearer"
"""The same version, at more cost."""
BUILDS = "builds_from_source"
FAILS = "fails"
WRONG = "wrong_version"
UNKNOWN = "unknown"
NOT_APPLICABLE = "not_applicable"
WORSE = (SAME, UNKNOWN, DEARER, BUILDS, FAILS, WRONG)
"""The outcomes that a client can have, worst last."""


@dataclass(frozen=True)
class Faults:
    """What is known of files of the mirror, by their names.

    ``files`` and ``metadata`` say why a file cannot be installed, by itself or for the METADATA that is offered with
    it; ``digests`` are those of the files that were fetched, by algorithm.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def met_by(self, client: Client, choice: Choice) -> str | None:
        """The first that a client meets on the way to what it chose; None where it meets none."""
        chosen = [choice.release] if choice.release else []
        for each in [*choice.tried, *chosen] if client.reads_core_metadata else ():
            if each.file.core_metadata and each.filename in self.metadata:
                return self.metadata[each.filename]
        return next((fault for fault in map(self._of, chosen) if fault), None)

    def _of(self, release: Release) -> str | None:
        served = self.digests.get(release.filename, {})
        if any(digest != served.get(name, digest) for name, digest in release.file.hashes.items()):
            return f"{release.filename} has another hash than the page says"
        return self.files.get(release.filename)


NO_FAULTS = Faults()


@dataclass(frozen=True)
class Pages:
    """The files of both pages by name, as a client sees them, and what is known of METADATA and of faults.

    ``blind`` is why the client sees nothing of the mirror's page, empty where it does.
    """

    upstream: Mapping[str, File]
    mirror: Mapping[str, File]
    metadata: Mapping[str, str | None]
    faults: Faults = NO_FAULTS
    blind: str = ""

    def requires_python(self, release: Release) -> str | None:
        """The file's own Requires-Python; where METADATA was not read, what the upstream's page says of the file."""
        if release.filename in self.metadata:
            return self.metadata[release.filename]
        return self.upstream.get(release.filename, release.file).requires_python


@dataclass(frozen=True)
class Verdict:
    """A client's outcome, and a sentence for it, which is empty where all is the same."""

    client: Client
    outcome: str
    reason: str
    upstream: Choice
    mirror: Choice


def judge(client: Client, upstream: Choice, mirror: Choice, pages: Pages, environment: Environment) -> Verdict:
    """Compares two choices of one client."""
    outcome, reason = _judge(client, upstream, mirror, pages, environment)
    if outcome != SAME:
        reason = "; ".join([reason, *_differences(upstream, mirror, pages)])
    return Verdict(client, outcome, reason, upstream, mirror)


def _judge(client: Client, upstream: Choice, mirror: Choice, pages: Pages, environment: Environment) -> tuple[str, str]:
    theirs, ours = upstream.release, mirror.release
    fault = pages.faults.met_by(client, mirror)
    if ours is None or fault:
        failure = fault or _failure(client, mirror, pages, environment)
        return (SAME, f"neither installs: {failure}") if theirs is None else (FAILS, failure)
    if theirs is None:
        return WRONG, f"{ours.filename} is installed, and nothing of the upstream's would be"
    if ours.version != theirs.version:
        return WRONG, f"version {ours.version} instead of {theirs.version}"
    if ours.filename not in pages.upstream:
        return WRONG, f"version {ours.version} from a file that is not the upstream's"
    if _other_content(pages.upstream[ours.filename], ours.file):
        return WRONG, f"another file by the name of {ours.filename}"
    return _cost(client, upstream, mirror)


def _cost(client: Client, upstream: Choice, mirror: Choice) -> tuple[str, str]:
    """The same version is installed, from one of the upstream's files."""
    theirs, ours = upstream.release, mirror.release
    if theirs is None or ours is None:
        return SAME, ""
    if theirs.is_wheel and not ours.is_wheel:
        return BUILDS, f"built from {ours.filename} instead of installed from {theirs.filename}"
    if theirs.filename != ours.filename:
        return DEARER, f"{ours.filename} instead of {theirs.filename}"
    in_vain = [each.filename for each in mirror.tried if each.filename not in {one.filename for one in upstream.tried}]
    if in_vain:
        return DEARER, f"{_some(in_vain)} fetched in vain before"
    if client.reads_core_metadata and theirs.file.core_metadata and not ours.file.core_metadata:
        return DEARER, f"the metadata of {ours.filename} is not offered apart, so that the file is fetched for it"
    return SAME, ""


def _failure(client: Client, choice: Choice, pages: Pages, environment: Environment) -> str:
    refused = choice.refused
    if choice.failure == NOTHING or refused is None:
        return pages.blind or "no file fits"
    if choice.failure == HASH:
        return f"{refused.filename} has none of the hashes that are asked for"
    needs = pages.requires_python(refused)
    if choice.failure == BUILD:
        return (
            f"{refused.filename} is built to learn its metadata, and is not made for Python {environment.python} "
            f"(it requires {needs})"
        )
    return f"{client.title} fetches {refused.filename} and gives up: it requires Python {needs}"


def _differences(upstream: Choice, mirror: Choice, pages: Pages) -> list[str]:
    """What the pages say differently of the files that matter."""
    concerned = [upstream.release, mirror.release, mirror.refused, *mirror.tried[:1]]
    filenames = dict.fromkeys(each.filename for each in concerned if each is not None)
    return [text for filename in filenames for text in _difference(filename, pages)]


def _difference(filename: str, pages: Pages) -> list[str]:
    theirs, ours = pages.upstream.get(filename), pages.mirror.get(filename)
    if theirs is None or ours is None:
        lacking = "mirror" if ours is None else "upstream"
        return [f"the {lacking} does not list {filename}"]
    texts = []
    if theirs.requires_python != ours.requires_python:
        texts.append(
            f"requires-python of {filename} is {ours.requires_python or 'missing'} on the mirror "
            f"and {theirs.requires_python or 'missing'} upstream"
        )
    if theirs.yanked != ours.yanked:
        where, other = ("on the mirror", "upstream") if ours.yanked else ("upstream", "on the mirror")
        texts.append(f"{filename} is yanked {where} and not {other}")
    if _other_content(theirs, ours):
        texts.append(f"the hashes of {filename} differ")
    return texts


def _other_content(theirs: File, ours: File) -> bool:
    """An algorithm that both know has given different digests."""
    return any(
        digest.lower() != ours.hashes[name].lower() for name, digest in theirs.hashes.items() if name in ours.hashes
    )


def _some(filenames: list[str]) -> str:
    return filenames[0] if len(filenames) == 1 else f"{filenames[0]} and {len(filenames) - 1} more"
