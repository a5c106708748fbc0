# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that compare a page with the upstream's. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .._audit.instant import format_duration, parse_instant
from .._audit.policy import Setting
from .._audit.rule import Context, Verdict
from .asking import (
    FAILS,
    INCIDENT,
    RULES,
    SLOWER,
    SPEC,
    UNVERIFIED,
    WRONG,
    Complaint,
    names_of,
    on_comparison,
    on_mirror,
    some,
)
from .facts import MirrorFacts, PageFacts
from .model import File, ProjectPage
from .specifiers import specifier_parts

MAX_MIRROR_LAG = Setting(
    "max_mirror_lag", "duration", "1d", "time after its upload that a file may still be missing from the mirror"
)


def _both(page: PageFacts, theirs: ProjectPage) -> Iterator[tuple[File, File]]:
    """Each file that both list: ours, and theirs."""
    known = {each.filename: each for each in theirs.files}
    return ((each, known[each.filename]) for each in page.files if each.filename in known)


@RULES.rule(
    "requires-python-missing",
    title="requires-python is missing",
    rationale="The fallback of 2021. pip up to 20.2 chooses a version that cannot run and gives up. Current pip and "
    "uv learn it from a wheel's metadata and try older versions, at a cost; of sdists they build the wrong version "
    "first, and fail.",
    remediation="Use a mirror that emits data-requires-python and requires-python, and synchronise it anew.",
    references=(INCIDENT, "PEP 503", "bandersnatch issue 68"),
    severity=WRONG,
)
@on_comparison
def requires_python_missing(page: PageFacts, theirs: ProjectPage) -> Complaint:
    lost = (ours for ours, their in _both(page, theirs) if their.requires_python and not ours.requires_python)
    return some(lost, len(page.files), "lack it")


@RULES.rule(
    "requires-python-differs",
    title="requires-python is another than upstream",
    rationale="A client filters by this value before anything else: with another one it takes a version that cannot "
    "run, or leaves out the one that the upstream would have given.",
    remediation="Synchronise the project anew; let the mirror pass the value on unchanged.",
    references=(f"{SPEC}, requires-python",),
    severity=WRONG,
)
@on_comparison
def requires_python_differs(page: PageFacts, theirs: ProjectPage) -> Complaint:
    return some(
        (ours for ours, their in _both(page, theirs) if ours.requires_python and _means_other(ours, their)),
        len(page.files),
        "have another one",
    )


def _means_other(ours: File, theirs: File) -> bool:
    one, other = (specifier_parts(each.requires_python or "") for each in (ours, theirs))
    return one != other or (one is None and ours.requires_python != theirs.requires_python)


@RULES.rule(
    "hash-differs",
    title="Files have another hash than upstream",
    rationale="Another file lies under the same name. Installs from a lock file fail, all others install what nobody "
    "upstream has published.",
    remediation="Find out where the file came from before anything installs it; then synchronise the project anew.",
    references=(f"{SPEC}, hashes",),
    severity=FAILS,
)
@on_comparison
def hash_differs(page: PageFacts, theirs: ProjectPage) -> Complaint:
    other = (
        ours
        for ours, their in _both(page, theirs)
        if any(their.hashes.get(name, digest) != digest for name, digest in ours.hashes.items())
    )
    return some(other, len(page.files), "differ")


@RULES.rule(
    "yanked-lost",
    title="Yanked files are not marked",
    rationale="A withdrawn version looks like any other: every client installs it. A mirror must not carry a yanked "
    "file without the mark.",
    remediation="Synchronise the project anew; use a mirror that emits yanked.",
    references=(f"{SPEC}, yanked", "PEP 592"),
    severity=WRONG,
)
@on_comparison
def yanked_lost(page: PageFacts, theirs: ProjectPage) -> Complaint:
    lost = (ours for ours, their in _both(page, theirs) if their.yanked and not ours.yanked)
    return some(lost, len(page.files), "are yanked upstream alone")


@RULES.rule(
    "yanked-stale",
    title="Files are marked as yanked that no longer are",
    rationale="The mark can be taken back upstream. Clients leave out what they would get from the upstream, and "
    "install an older version, or fail where nothing else fits.",
    remediation="Synchronise the project anew.",
    references=("PEP 592",),
    severity=WRONG,
)
@on_comparison
def yanked_stale(page: PageFacts, theirs: ProjectPage) -> Complaint:
    stale = (ours for ours, their in _both(page, theirs) if ours.yanked and not their.yanked)
    return some(stale, len(page.files), "are yanked here alone")


@RULES.rule(
    "yanked-reason-lost",
    title="Why a file was yanked is not said",
    rationale="pip and uv show the reason when a yanked version is pinned; without it nobody learns of the "
    "vulnerability that made it be withdrawn.",
    remediation="Use a mirror that passes the reason on in both formats.",
    references=("PEP 592",),
    severity=SLOWER,
)
@on_comparison
def yanked_reason_lost(page: PageFacts, theirs: ProjectPage) -> Complaint:
    lost = (
        ours
        for ours, their in _both(page, theirs)
        if ours.yanked and their.yanked_reason and ours.yanked_reason != their.yanked_reason
    )
    return some(lost, len(page.files), "lack the reason")


@RULES.rule(
    "core-metadata-missing",
    title="Metadata files are not offered",
    rationale="Without them pip and uv read a wheel's metadata by range requests, or download the whole wheel, for "
    "every candidate that they look at: resolving takes many times longer. Without its hash metadata is not verified.",
    remediation="Let the mirror keep and advertise the .metadata files.",
    references=("PEP 658", "PEP 714"),
    severity=SLOWER,
)
@on_comparison
def core_metadata_missing(page: PageFacts, theirs: ProjectPage) -> Complaint:
    lost = (
        ours
        for ours, their in _both(page, theirs)
        if their.core_metadata
        and (not ours.core_metadata or (ours.core_metadata is True and their.core_metadata is not True))
    )
    return some(lost, len(page.files), "lack it, or its hash")


@RULES.rule(
    "versions-missing",
    title="The list of versions is missing or incomplete",
    rationale="Tools that list versions read it from the JSON; without it they guess from file names, or show "
    "nothing. pip and uv do not read it to install.",
    remediation="Let the mirror emit versions, as API version 1.1 requires.",
    references=(f"{SPEC}, versions", "PEP 700"),
    severity=SLOWER,
)
@on_comparison
def versions_missing(page: PageFacts, theirs: ProjectPage) -> Complaint:
    if not page.is_json or theirs.versions is None:
        return None
    if page.page.versions is None:
        return "no list"
    lost = sorted(set(theirs.versions) - set(page.page.versions))
    return f"lacks {len(lost)} ({names_of(lost)})" if lost else None


@RULES.rule(
    "size-missing",
    title="Sizes are missing or other than upstream",
    rationale="Clients cannot say how much they will download. A size that differs from the upstream's is that of "
    "another file. A missing one broke nothing in pip and uv.",
    remediation="Let the mirror emit the size, as API version 1.1 requires.",
    references=(f"{SPEC}, size", "PEP 700"),
    severity=SLOWER,
)
@on_comparison
def size_missing(page: PageFacts, theirs: ProjectPage) -> Complaint:
    if not page.is_json:
        return None
    other = (ours for ours, their in _both(page, theirs) if their.size is not None and ours.size != their.size)
    return some(other, len(page.files), "lack it or differ")


@RULES.rule(
    "upload-time-missing",
    title="Upload times are missing or other than upstream",
    rationale="With a cut-off date pip stops, uv and PDM find no version at all, and Poetry takes every file for old "
    "enough: whoever waits some days before trusting a release cannot install, or is not protected.",
    remediation="Use a mirror that emits upload-time in JSON.",
    references=(f"{SPEC}, upload-time", "uv issues 12449 and 18847"),
    severity=UNVERIFIED,
)
@on_comparison
def upload_time_missing(page: PageFacts, theirs: ProjectPage) -> Complaint:
    if not page.is_json:
        return None
    other = (
        ours
        for ours, their in _both(page, theirs)
        if their.upload_time and ours.upload_time != their.upload_time and _uploaded(ours) != _uploaded(their)
    )
    return some(other, len(page.files), "lack it or differ")


@RULES.rule(
    "provenance-missing",
    title="Provenance is missing",
    rationale="Who verifies attestations cannot do so with files from this mirror. The parsers of pip and uv do not "
    "read the key.",
    remediation="Use a mirror that passes provenance on, and keeps the files that it points to.",
    references=(f"{SPEC}, provenance", "PEP 740"),
    severity=SLOWER,
)
@on_comparison
def provenance_missing(page: PageFacts, theirs: ProjectPage) -> Complaint:
    lost = (ours for ours, their in _both(page, theirs) if their.provenance and not ours.provenance)
    return some(lost, len(page.files), "lack it")


@RULES.rule(
    "project-status-lost",
    title="The project's status is another than upstream",
    rationale="Nobody learns from this mirror that a project is archived, deprecated or quarantined. Of the clients "
    "only uv audit reads it.",
    remediation="Use a mirror that passes project-status on.",
    references=(f"{SPEC}, project status markers", "PEP 792"),
    severity=SLOWER,
)
@on_comparison
def project_status_lost(page: PageFacts, theirs: ProjectPage) -> Complaint:
    ours, their = page.page.project_status or "active", theirs.project_status or "active"
    return f"{ours} here, {their} upstream" if ours != their else None


@RULES.rule(
    "serial-behind",
    title="Pages are behind the upstream's",
    rationale="A lower serial is an older page: what was released, yanked or removed since is not known here. The "
    "fallback of 2020 was weeks old, and nobody noticed.",
    remediation="Look why the synchronisation stopped: a full disk, a stopped timer, a failed run.",
    references=("warehouse issue 8568",),
    severity=UNVERIFIED,
)
@on_comparison
def serial_behind(page: PageFacts, theirs: ProjectPage) -> Complaint:
    ours, their = page.page.last_serial, theirs.last_serial
    return f"serial {ours}, {their} upstream" if ours is not None and their is not None and ours < their else None


@RULES.rule(
    "files-missing",
    title="Files that the upstream has are missing",
    rationale="Clients install an older version than they would from the upstream, or fail on a pinned one. Files "
    "that were uploaded within max_mirror_lag are not counted; one without an upload time is.",
    remediation="Look why the synchronisation stopped or failed, and run it.",
    references=("warehouse issue 8568", "bandersnatch issue 2046"),
    severity=WRONG,
    settings=(MAX_MIRROR_LAG,),
)
@on_mirror
def files_missing(mirror: MirrorFacts, context: Context) -> Verdict:
    def check(page: PageFacts, theirs: ProjectPage) -> Complaint:
        return _lacking(page, theirs, context)

    return on_comparison(check)(mirror, context)


def _lacking(page: PageFacts, theirs: ProjectPage, context: Context) -> Complaint:
    ours = {each.filename for each in page.files}
    latest = context.now - context.policy[MAX_MIRROR_LAG.name]
    lacking = [(each, _uploaded(each)) for each in theirs.files if each.filename not in ours]
    overdue = [(each, at) for each, at in lacking if at is None or at < latest]
    if not overdue:
        return None
    since = min((at for _each, at in overdue if at is not None), default=None)
    told = f", since {format_duration(context.now - since)}" if since else ""
    return f"{some((each for each, _at in overdue), len(theirs.files), 'are missing')}{told}"


def _uploaded(file: File) -> datetime | None:
    """The instant to the second, however it is written; None where there is none."""
    try:
        return parse_instant(file.upload_time or "")
    except ValueError:
        return None


@RULES.rule(
    "files-surplus",
    title="Files that the upstream no longer has",
    rationale="What was removed upstream may have been malware or broken; clients still install it from here. An "
    "index of one's own with files of the same projects shows up here too.",
    remediation="Find out why the upstream removed them, and remove them here.",
    references=(f"{SPEC}",),
    severity=UNVERIFIED,
)
@on_comparison
def files_surplus(page: PageFacts, theirs: ProjectPage) -> Complaint:
    known = {each.filename for each in theirs.files}
    return some((each for each in page.files if each.filename not in known), len(page.files), "are not upstream")
