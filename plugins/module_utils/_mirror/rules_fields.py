# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on what a page says of its files, seen by itself. Pure: no I/O, no clock."""

from __future__ import annotations

import re

from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .asking import (
    FAILS,
    INCIDENT,
    RULES,
    SLOWER,
    SPEC,
    UNVERIFIED,
    WRONG,
    Complaint,
    first_of,
    on_mirror,
    on_pages,
    some,
)
from .facts import MirrorFacts, PageFacts
from .model import File
from .specifiers import specifier_parts
from .violations import BAD_VALUE, MISSING_KEY, UNESCAPED, WRONG_TYPE

QUARANTINED = "quarantined"
ENOUGH_FILES = 20
"""Of so many files that are listed at least one says requires-python, wherever it is known at all."""
_VERSION = re.compile(r"(\d+)\.(\d+)")


def version_of(page: PageFacts) -> tuple[int, int] | None:
    """(1, 4) of the declared version; None where it declares none that can be read."""
    found = _VERSION.fullmatch(page.page.api_version or "")
    return (int(found.group(1)), int(found.group(2))) if found else None


@RULES.rule(
    "hashes-missing",
    title="Files without a hash",
    rationale="Without a hash pip and uv install the file as it comes, damaged or exchanged; only lock files with "
    "hashes of their own still protect, and uv and Poetry cannot lock from this index.",
    remediation="Let the mirror emit the SHA-256 of every file: the fragment #sha256= in HTML, hashes in JSON.",
    references=(f"{SPEC}, hashes", "PEP 503"),
    severity=UNVERIFIED,
)
@on_pages
def hashes_missing(page: PageFacts, context: Context) -> Complaint:
    return some((each for each in page.files if not each.hashes), len(page.files), "have none")


@RULES.rule(
    "hashes-key-absent",
    title="Files in JSON without the key hashes",
    rationale="The key is mandatory, if only with an empty object. uv rejects the whole page without it, so that the "
    "project has no versions; pip accepts it, and nothing is checked.",
    remediation="Let the mirror emit hashes for every file in JSON.",
    references=(f"{SPEC}, JSON", "PEP 691"),
    severity=FAILS,
)
@on_pages
def hashes_key_absent(page: PageFacts, context: Context) -> Complaint:
    return first_of(page.violations(MISSING_KEY, WRONG_TYPE, at=".hashes"))


@RULES.rule(
    "hashes-malformed",
    title="Hashes that are none",
    rationale="A digest that is not hexadecimal cannot match: pip and uv refuse the file, or ignore the hash and check "
    "nothing.",
    remediation="Let the mirror emit digests in hexadecimal.",
    references=(f"{SPEC}, hashes",),
    severity=FAILS,
)
@on_pages
def hashes_malformed(page: PageFacts, context: Context) -> Complaint:
    return first_of(page.violations(BAD_VALUE, at=".hashes"))


@RULES.rule(
    "requires-python-nowhere",
    title="No page says which Python a file needs",
    rationale="The fallback of 2021. pip up to 20.2 chooses a version that cannot run and gives up. Current pip and "
    "uv learn it from a wheel's metadata and try older versions, at a cost; of sdists they build the wrong version "
    "first, and fail.",
    remediation="Use a mirror that emits data-requires-python and requires-python, and synchronise it anew.",
    references=(INCIDENT, "PEP 503", "bandersnatch issue 68"),
    severity=WRONG,
)
@on_mirror
def requires_python_nowhere(mirror: MirrorFacts, context: Context) -> Verdict:
    silent = []
    for way in ("current", "html"):
        files = [file for page in mirror.pages if page.way == way for file in page.files]
        if len(files) >= ENOUGH_FILES and not any(file.requires_python for file in files):
            silent.append((way, len(files)))
    if silent:
        way, count = silent[0]
        clients = "old clients" if way == "html" else "every client"
        return fail(
            f"{mirror.location}: none of {count} files that {clients} sees says which Python it needs",
            evidence={"files": count, "seen_by": way},
        )
    listed = sum(len(page.files) for page in mirror.pages if page.way == "current")
    return PASS if listed >= ENOUGH_FILES else NOT_APPLICABLE


@RULES.rule(
    "requires-python-invalid",
    title="requires-python that is no version specifier",
    rationale="pip takes an invalid value for compatible with everything, PDM skips the file, uv tries to mend it: "
    "three clients, three versions. What the upstream says in the same words is not counted.",
    remediation="Let the mirror pass requires-python on as the upstream has it.",
    references=("PEP 440", "unearth issue 119"),
    severity=WRONG,
)
@on_pages
def requires_python_invalid(page: PageFacts, context: Context) -> Complaint:
    theirs = {each.filename: each.requires_python for each in page.theirs.files} if page.theirs else {}
    return some(
        (each for each in page.files if _is_invalid(each) and theirs.get(each.filename) != each.requires_python),
        len(page.files),
        "have an invalid one",
    )


def _is_invalid(file: File) -> bool:
    return bool(file.requires_python) and specifier_parts(str(file.requires_python)) is None


@RULES.rule(
    "requires-python-unescaped",
    title="requires-python is not escaped in HTML",
    rationale="A bare < or > ends the tag for parsers that are stricter than a browser: the value is cut off or the "
    "link is lost, and a version is installed that cannot run, or none.",
    remediation="Write &lt; and &gt; in data-requires-python.",
    references=(f"{SPEC}, HTML", "PEP 503"),
    severity=UNVERIFIED,
)
@on_pages
def requires_python_unescaped(page: PageFacts, context: Context) -> Complaint:
    return first_of(page.violations(UNESCAPED))


@RULES.rule(
    "yanked-malformed",
    title="yanked is neither a boolean nor a reason",
    rationale="An empty text is no mark to pip, and a reason to others: the clients disagree on whether a withdrawn "
    "version may be installed.",
    remediation="Emit true, false or the reason.",
    references=(f"{SPEC}, yanked", "PEP 592"),
    severity=WRONG,
)
@on_pages
def yanked_malformed(page: PageFacts, context: Context) -> Complaint:
    return first_of(page.violations(BAD_VALUE, at=".yanked"))


@RULES.rule(
    "core-metadata-malformed",
    title="core-metadata is neither a hash nor true or false",
    rationale="A client that cannot read the mark either downloads whole files to learn their dependencies, or checks "
    "the metadata against nothing.",
    remediation="Emit the algorithm and the digest, or true.",
    references=("PEP 658", "PEP 714"),
    severity=UNVERIFIED,
)
@on_pages
def core_metadata_malformed(page: PageFacts, context: Context) -> Complaint:
    return first_of([each for each in page.violations(BAD_VALUE) if "metadata" in each.partition(":")[0]])


@RULES.rule(
    "upload-time-malformed",
    title="upload-time is no instant",
    rationale="An empty text makes uv reject the whole page, so that the project has no versions. Clients with a "
    "cut-off disagree on anything else that is not an instant in UTC.",
    remediation="Emit YYYY-MM-DDTHH:MM:SSZ, or leave the key out.",
    references=(f"{SPEC}, upload-time", "PEP 700"),
    severity=FAILS,
)
@on_pages
def upload_time_malformed(page: PageFacts, context: Context) -> Complaint:
    return first_of(page.violations(BAD_VALUE, WRONG_TYPE, at=".upload-time"))


@RULES.rule(
    "size-malformed",
    title="size is no size",
    rationale="A negative size makes clients that show progress or check space fail, or ignore the entry.",
    remediation="Emit the size in bytes as an integer.",
    references=(f"{SPEC}, size", "PEP 700"),
    severity=UNVERIFIED,
)
@on_pages
def size_malformed(page: PageFacts, context: Context) -> Complaint:
    return first_of(page.violations(BAD_VALUE, at=".size"))


@RULES.rule(
    "api-version-unsupported",
    title="The declared API version is none that clients know",
    rationale="A client that meets another major version has to refuse the page, and one that it cannot parse as well.",
    remediation="Declare the version that the pages follow, such as 1.1.",
    references=(f"{SPEC}, versioning", "PEP 629"),
    severity=WRONG,
)
@on_pages
def api_version_unsupported(page: PageFacts, context: Context) -> Complaint:
    declared, version = page.page.api_version, version_of(page)
    return f"{declared!r}" if declared is not None and (version is None or version[0] != 1) else None


@RULES.rule(
    "api-version-overstated",
    title="Pages declare a newer API version than they follow",
    rationale="From 1.1 on JSON has to have versions, and the size of every file. A client that relies on the declared "
    "version shows no progress or trusts a list that is not there; pip and uv of today are not harmed.",
    remediation="Emit the fields, or declare version 1.0.",
    references=(f"{SPEC}, versioning", "PEP 700"),
    severity=SLOWER,
)
@on_pages
def api_version_overstated(page: PageFacts, context: Context) -> Complaint:
    if not page.is_json or (version_of(page) or (1, 0)) < (1, 1):
        return None
    if page.page.versions is None:
        return f"{page.page.api_version} without versions"
    sizeless = (each for each in page.files if each.size is None)
    return some(sizeless, len(page.files), f"have no size, with {page.page.api_version}")


@RULES.rule(
    "api-version-understated",
    title="Pages declare an older API version than they follow",
    rationale="A client that goes by the declared version ignores what is there: sizes and upload times before 1.1, "
    "provenance before 1.3, the project's status before 1.4.",
    remediation="Declare the version whose fields are emitted.",
    references=(f"{SPEC}, versioning", "PEP 629"),
    severity=SLOWER,
)
@on_pages
def api_version_understated(page: PageFacts, context: Context) -> Complaint:
    version = version_of(page)
    if version is None:
        return None
    needed = {
        "project-status": (1, 4) if page.page.project_status is not None else None,
        "provenance": (1, 3) if any(each.provenance for each in page.files) else None,
        "versions": (1, 1) if page.page.versions is not None else None,
        "size": (1, 1) if any(each.size is not None for each in page.files) else None,
    }
    newer = [name for name, since in needed.items() if since is not None and version < since]
    return f"{page.page.api_version} with {', '.join(newer)}" if newer else None


@RULES.rule(
    "quarantined-files-offered",
    title="Files of a quarantined project are offered",
    rationale="A project is quarantined because it is dangerous. An index must not offer its files: every client would "
    "install them.",
    remediation="Remove the project's files from the mirror, and synchronise it.",
    references=(f"{SPEC}, project status markers", "PEP 792"),
    severity=FAILS,
)
@on_pages
def quarantined_files_offered(page: PageFacts, context: Context) -> Complaint:
    upstream = page.theirs.project_status if page.theirs else None
    if not page.files or QUARANTINED not in (page.page.project_status, upstream):
        return None
    where = "here" if page.page.project_status == QUARANTINED else "upstream"
    return f"quarantined {where}, and {len(page.files)} files are offered"
