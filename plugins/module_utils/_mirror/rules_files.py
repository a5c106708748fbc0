# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on files, on the root page and on age. Pure: no I/O, no clock."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from .._audit.instant import format_duration, format_instant
from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail, unknown
from .asking import (
    FAILS,
    INCIDENT,
    RFC9110,
    RULES,
    SLOWER,
    SPEC,
    UNVERIFIED,
    WRONG,
    Complaint,
    names_of,
    on_files,
    on_metadata,
    on_mirror,
)
from .evidence import FileProbe, MetadataProbe
from .facts import MirrorFacts
from .model import File
from .specifiers import specifier_parts

MAX_MIRROR_AGE = Setting(
    "max_mirror_age", "duration", "2d", "time since the mirror last changed, from which on it counts as stuck"
)


@RULES.rule(
    "metadata-unserved",
    title="Metadata files are advertised and not there",
    rationale="pip and uv trust the mark and ask for the .metadata file. Where it is not there they fail, though the "
    "wheel itself is well.",
    remediation="Serve the .metadata files, or do not advertise them.",
    references=("PEP 658", "tuna issues 2397 and 2415", "proxpi issue 23"),
    severity=FAILS,
)
@on_metadata
def metadata_unserved(probe: MetadataProbe, theirs: File | None) -> Complaint:
    return probe.unserved


@RULES.rule(
    "metadata-hash-wrong",
    title="Metadata files have another hash than advertised",
    rationale="pip and uv compare the .metadata file with the hash on the page, and fail where they differ.",
    remediation="Synchronise the project anew; look for what rewrites the files.",
    references=("PEP 658", f"{SPEC}, core metadata"),
    severity=FAILS,
)
@on_metadata
def metadata_hash_wrong(probe: MetadataProbe, theirs: File | None) -> Complaint:
    return f"another {names_of(probe.wrong_digests)}" if probe.wrong_digests else None


@RULES.rule(
    "requires-python-contradicts-metadata",
    title="requires-python contradicts the file's metadata",
    rationale="A client filters by the page and then checks the metadata: where the page says less, it goes through "
    "versions that cannot run; where it says more, it never sees one that could. What the upstream says as well is not "
    "counted.",
    remediation="Synchronise the project anew; let the mirror pass requires-python on unchanged.",
    references=(f"{SPEC}, requires-python", "warehouse issue 18482"),
    severity=WRONG,
)
@on_metadata
def requires_python_contradicts_metadata(probe: MetadataProbe, theirs: File | None) -> Complaint:
    if not probe.fetch.ok or (theirs is not None and theirs.requires_python == probe.listed_requires_python):
        return None
    listed, inside = probe.listed_requires_python or "", probe.requires_python or ""
    if specifier_parts(listed) == specifier_parts(inside):
        return None
    return f"{listed or 'nothing'} on the page, {inside or 'nothing'} in the metadata"


@RULES.rule(
    "file-unserved",
    title="Files are listed and not there",
    rationale="A page that lists what cannot be fetched makes every client choose that file and then fail.",
    remediation="Synchronise the project anew; look for relative links that lead past the files.",
    references=("bandersnatch issue 2046",),
    severity=FAILS,
)
@on_files
def file_unserved(file: FileProbe) -> Complaint:
    return file.unserved


@RULES.rule(
    "file-hash-wrong",
    title="Files have another hash than listed",
    rationale="Every client compares what it downloaded with the hash on the page, and refuses the file. A dry run "
    "does not show it.",
    remediation="Remove the file, find out what damaged or exchanged it, and synchronise the project anew.",
    references=(f"{SPEC}, hashes",),
    severity=FAILS,
)
@on_files
def file_hash_wrong(file: FileProbe) -> Complaint:
    return f"another {names_of(file.wrong_digests)}" if file.wrong_digests else None


@RULES.rule(
    "file-size-wrong",
    title="Files have another size than listed",
    rationale="A file that is shorter than listed is cut off, and one that is longer is another one. Clients show a "
    "wrong progress; without a hash they install it.",
    remediation="Synchronise the project anew.",
    references=(f"{SPEC}, size",),
    severity=UNVERIFIED,
)
@on_files
def file_size_wrong(file: FileProbe) -> Complaint:
    if file.size is None or file.listed_size in (None, file.size):
        return None
    return f"{file.size} bytes, {file.listed_size} listed"


@RULES.rule(
    "range-refused",
    title="Files cannot be fetched in part",
    rationale="Where there are no .metadata files, uv and pip's fast-deps read a wheel's metadata by range requests; "
    "without those they download whole wheels to resolve, and an interrupted download begins anew.",
    remediation="Answer range requests with 206.",
    references=(f"{RFC9110}, section 14",),
    severity=SLOWER,
)
@on_files
def range_refused(file: FileProbe) -> Complaint:
    return f"status {file.part.status} instead of 206" if file.part.ok and file.part.status != 206 else None


@RULES.rule(
    "file-head-refused",
    title="HEAD is refused for files",
    rationale="uv asks by HEAD whether a file can be fetched in part before it does so; where that is refused it "
    "downloads whole wheels to resolve.",
    remediation="Answer HEAD as GET, without the body.",
    references=(f"{RFC9110}, section 9.3.2",),
    severity=SLOWER,
)
@on_files
def file_head_refused(file: FileProbe) -> Complaint:
    served = file.part.ok or (file.whole is not None and file.whole.ok)
    return file.head.complaint if served and not file.head.ok else None


@RULES.rule(
    "file-cache-control-missing",
    title="Files do not say how long they may be kept",
    rationale="A file of an index never changes. Without Cache-Control a cache in between asks for it anew, and the "
    "mirror carries the load of every build.",
    remediation="Send Cache-Control: max-age=365000000, immutable with files.",
    references=("uv documentation, caching", "RFC 8246"),
    severity=SLOWER,
)
@on_files
def file_cache_control_missing(file: FileProbe) -> Complaint:
    seen = next((each for each in (file.whole, file.part, file.head) if each is not None and each.ok), None)
    return None if seen is None or seen.headers.get("cache-control") else "no Cache-Control"


@RULES.rule(
    "signature-unserved",
    title="Signatures are advertised and not there",
    rationale="gpg-sig says that a .asc file lies beside the file. The upstream no longer has any; a tool that "
    "verifies them fails. pip and uv do not look.",
    remediation="Drop gpg-sig from the pages, or serve the .asc files.",
    references=(f"{SPEC}, gpg-sig", "PEP 503"),
    severity=SLOWER,
)
@on_files
def signature_unserved(file: FileProbe) -> Complaint:
    return None if file.signature is None or file.signature.ok else file.signature.complaint


@RULES.rule(
    "root-unusable",
    title="The root page names no project",
    rationale="pip and uv never read it; whoever mirrors or searches this mirror does, and no sample can be drawn "
    "from it.",
    remediation="Serve the list of all projects at the address of the index.",
    references=(f"{SPEC}, base URL", "PEP 503"),
    severity=SLOWER,
)
@on_mirror
def root_unusable(mirror: MirrorFacts, context: Context) -> Verdict:
    root = mirror.index["root"]
    if root["projects"]:
        return PASS
    return fail(f"{mirror.location}: {root['reason'] or 'no project is named'}", evidence={"status": root["status"]})


@RULES.rule(
    "projects-missing",
    title="Projects that the upstream has are missing",
    rationale="What is not on the mirror cannot be installed during an outage of the upstream. A mirror that is "
    "filtered on purpose is told of as well: compare it by projects instead of by a sample.",
    remediation="Look why the synchronisation stopped or left them out, and run it.",
    references=(INCIDENT, "warehouse issue 8568"),
    severity=UNVERIFIED,
)
@on_mirror
def projects_missing(mirror: MirrorFacts, context: Context) -> Verdict:
    if mirror.root_comparison is None:
        return NOT_APPLICABLE  # only a sample makes the upstream's root page be read
    missing, examples = mirror.root_comparison["missing"], mirror.root_comparison["missing_examples"]
    if not missing:
        return PASS
    return fail(
        f"{mirror.location} lacks {missing} projects that the upstream has: {names_of(examples)}",
        evidence={"missing": missing, "examples": examples, "projects": mirror.index["root"]["projects"]},
    )


@RULES.rule(
    "serial-missing",
    title="Pages do not say how current they are",
    rationale="Without a serial nobody can tell how far the mirror is behind. The fallback of 2020 had none; it was "
    "weeks old on a full disk, and nobody noticed.",
    remediation="Send X-PyPI-Last-Serial, or emit _last-serial in JSON.",
    references=("warehouse issue 8568",),
    severity=SLOWER,
)
@on_mirror
def serial_missing(mirror: MirrorFacts, context: Context) -> Verdict:
    if not mirror.pages:
        return NOT_APPLICABLE
    if any(page.page.last_serial is not None for page in mirror.pages):
        return PASS
    return fail(f"{mirror.location}: none of {len(mirror.pages)} pages has a serial")


@RULES.rule(
    "index-old",
    title="The mirror has not changed for long",
    rationale="An index of many projects changes all the time. One that does not is stuck, on a full disk or a failed "
    "timer, and installs older versions from day to day.",
    remediation="Look why the synchronisation stopped: a full disk, a stopped timer, a failed run.",
    references=("warehouse issue 8568",),
    severity=WRONG,
    settings=(MAX_MIRROR_AGE,),
)
@on_mirror
def index_old(mirror: MirrorFacts, context: Context) -> Verdict:
    try:
        changed = parsedate_to_datetime(mirror.index["root"]["last_modified"] or "")
        age = context.now - changed
    except (TypeError, ValueError):
        if mirror.upstream.problem is None:
            return NOT_APPLICABLE  # how far it is behind is told by comparing the pages
        return unknown(f"{mirror.location}: its root page has no Last-Modified, so its age is not known")
    allowed = context.policy[MAX_MIRROR_AGE.name]
    if age <= allowed:
        return PASS
    return fail(
        f"{mirror.location} last changed {format_duration(age)} ago (allowed: {format_duration(allowed)})",
        evidence={"last_modified": format_instant(changed), "age_seconds": int(age.total_seconds())},
    )
