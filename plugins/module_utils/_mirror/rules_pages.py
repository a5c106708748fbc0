# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on pages as a whole: read, there, of the Simple API, well formed. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterator

from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, unknown
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
    names_of,
    on_mirror,
    on_pages,
    verdict,
)
from .evidence import PageFetch
from .facts import MirrorFacts, PageFacts
from .violations import (
    ANCHOR_TEXT,
    ANCHOR_WITHOUT_HREF,
    BAD_VALUE,
    DUPLICATE,
    ENCODING,
    FOREIGN_ANCHOR,
    FORM,
    MISSING_KEY,
    WRONG_TYPE,
)


@RULES.rule(
    "index-unread",
    title="The mirror could not be asked anything",
    rationale="A mirror that does not answer the audit answers no client either, and nothing of it is known to be "
    "good.",
    remediation="Mend what the reason says: the name, the network, the certificate or the login; then audit again.",
    references=(INCIDENT,),
    severity=FAILS,
)
@on_mirror
def index_unread(mirror: MirrorFacts, context: Context) -> Verdict:
    return PASS


@RULES.rule(
    "project-unread",
    title="Projects could not be read from the mirror",
    rationale="What was not seen is not known to be good. A client that meets the same answer installs nothing: pip "
    "and uv stop at 401, 403 and 5xx.",
    remediation="Mend what the reasons say, or give the login that clients have; then audit again.",
    references=(INCIDENT,),
    severity=FAILS,
)
@on_mirror
def project_unread(mirror: MirrorFacts, context: Context) -> Verdict:
    unread = {
        page.name: page.fetch.complaint
        for page in mirror.answers
        if not page.fetch.ok and page.fetch.status != 404 and page.fetch.kind != "foreign"
    }
    if not unread:
        return PASS
    shown = "; ".join(f"{name}: {reason}" for name, reason in list(unread.items())[:3])
    return unknown(
        f"{mirror.location}: {len(unread)} of {len(mirror.answers)} pages could not be read: {shown}",
        evidence={"count": len(unread), "of": len(mirror.answers), "complaints": dict(list(unread.items())[:50])},
    )


@RULES.rule(
    "project-missing",
    title="Projects are not on the mirror",
    rationale="What is not on the mirror cannot be installed from it by any client. Projects that the upstream does "
    "not have either are not counted.",
    remediation="Let the mirror take in the projects, or warm its cache with them.",
    references=(INCIDENT,),
    severity=FAILS,
)
@on_mirror
def project_missing(mirror: MirrorFacts, context: Context) -> Verdict:
    answers = [page for page in mirror.answers if page.way == "current"]
    return verdict(mirror, "project", ((page.name, _missing(mirror, page)) for page in answers), len(answers))


def _missing(mirror: MirrorFacts, page: PageFacts) -> Complaint:
    if page.fetch.status != 404:
        return None
    upstream = mirror.upstream.answers.get(page.project)
    if upstream is not None and upstream.fetch.status == 404:
        return None
    return "not found (404)" + (", though the upstream has it" if page.theirs is not None else "")


@RULES.rule(
    "page-not-simple",
    title="What is served is no page of the Simple API",
    rationale="A login form or a directory listing with status 200 is taken for a project without files: pip says that "
    "it found no versions, uv that there are none, and nobody is told why.",
    remediation="Serve the page itself; turn directory listings off, and answer 401 where a login is wanted.",
    references=(SPEC, "bandersnatch's sample nginx.conf, autoindex on"),
    severity=FAILS,
)
@on_mirror
def page_not_simple(mirror: MirrorFacts, context: Context) -> Verdict:
    read = [page for page in mirror.answers if page.fetch.ok]
    return verdict(mirror, "page", ((page.name, None if page.is_page else _instead(page)) for page in read), len(read))


def _instead(page: PageFacts) -> str:
    if page.violations(FORM):
        return "a form that asks for a password"
    if page.violations(FOREIGN_ANCHOR):
        return f"a directory listing or the like: {first_of(page.violations(FOREIGN_ANCHOR))}"
    return first_of(page.violations("not-a-page", WRONG_TYPE)) or "neither HTML nor JSON"


@RULES.rule(
    "page-empty",
    title="Projects without any file",
    rationale="A valid page without links looks healthy to every monitor, and every client says that there is no such "
    "version. Pages that are empty upstream too are not counted.",
    remediation="Synchronise the project anew.",
    references=("bandersnatch issues 140 and 659",),
    severity=FAILS,
)
@on_pages
def page_empty(page: PageFacts, context: Context) -> Complaint:
    if page.files or (page.theirs is not None and not page.theirs.files):
        return None
    return f"no file, {len(page.theirs.files)} upstream" if page.theirs else "no file"


@RULES.rule(
    "page-rejected",
    title="Clients reject the page as malformed",
    rationale="Where a key that the JSON has to have is missing or has another type, uv rejects the whole page and "
    "finds no version at all; pip drops the file or stops.",
    remediation="Let the mirror emit the keys that PEP 691 requires, with their types.",
    references=(f"{SPEC}, JSON", "PEP 691"),
    severity=FAILS,
)
@on_pages
def page_rejected(page: PageFacts, context: Context) -> Complaint:
    told = page.violations(MISSING_KEY, WRONG_TYPE)
    # Those have rules of their own.
    return first_of([each for each in told if not each.partition(":")[0].endswith((".hashes", ".upload-time"))])


@RULES.rule(
    "page-encoding-wrong",
    title="Bytes of the page are not what its charset says",
    rationale="A client that decodes strictly cannot read the page, others see other names and hashes than were meant.",
    remediation="Serve pages as UTF-8, and say so in the Content-Type.",
    references=(f"{SPEC}, HTML",),
    severity=UNVERIFIED,
)
@on_pages
def page_encoding_wrong(page: PageFacts, context: Context) -> Complaint:
    return first_of(page.violations(ENCODING))


@RULES.rule(
    "anchor-malformed",
    title="Anchors are not those of files",
    rationale="An anchor's text has to be the file's name, and its link has to lead there. pip takes the name from the "
    "link, others from the text; uv takes it from the URL: they install different files or none.",
    remediation="Emit one anchor a file, whose text is the file's name.",
    references=(f"{SPEC}, HTML", "PEP 503"),
    severity=WRONG,
)
@on_pages
def anchor_malformed(page: PageFacts, context: Context) -> Complaint:
    return first_of(page.violations(ANCHOR_TEXT, ANCHOR_WITHOUT_HREF, FOREIGN_ANCHOR, DUPLICATE))


@RULES.rule(
    "link-broken",
    title="Links to files are no URLs",
    rationale="A link that cannot be joined with the page's address, or a wrong base, leads nowhere: the file cannot "
    "be installed, or the client takes an older version without a word.",
    remediation="Emit absolute links, or links relative to the page's own address.",
    references=(f"{SPEC}, HTML and JSON",),
    severity=WRONG,
)
@on_pages
def link_broken(page: PageFacts, context: Context) -> Complaint:
    broken = [*page.violations(BAD_VALUE, at=".url"), *page.violations(BAD_VALUE, at=".href")]
    return first_of([*broken, *page.violations(BAD_VALUE, at="base")])


@RULES.rule(
    "formats-differ",
    title="HTML and JSON say different things",
    rationale="Old clients read the HTML, current ones the JSON. Where the two disagree on files, hashes, "
    "requires-python or yanked, the same command installs different versions on different hosts.",
    remediation="Generate both formats from the same data, at the same time.",
    references=(f"{SPEC}, JSON",),
    severity=WRONG,
)
@on_mirror
def formats_differ(mirror: MirrorFacts, context: Context) -> Verdict:
    pairs = list(_pairs(mirror))
    if not pairs:
        return NOT_APPLICABLE
    return verdict(mirror, "project", ((name, _difference(one, other)) for name, one, other in pairs), len(pairs))


def _pairs(mirror: MirrorFacts) -> Iterator[tuple[str, PageFetch, PageFetch]]:
    read = {(page.project, page.way): page.evidence for page in mirror.pages}
    for (project, way), current in read.items():
        other = read.get((project, "html"))
        if way == "current" and other is not None and current.format != other.format:
            yield project, current, other


def _difference(one: PageFetch, other: PageFetch) -> Complaint:
    """What the two pages say of the same files, as far as HTML can say it."""
    said = [
        {
            file.filename: (
                file.hashes.get("sha256"),
                file.requires_python or None,
                file.yanked,
                bool(file.core_metadata),
            )
            for file in page.page.files
        }
        for page in (one, other)
    ]
    differing = sorted(name for name in {*said[0], *said[1]} if said[0].get(name) != said[1].get(name))
    return f"{len(differing)} files differ ({names_of(differing)})" if differing else None


@RULES.rule(
    "api-version-missing",
    title="Pages do not say which version of the API they follow",
    rationale="Without pypi:repository-version a client cannot tell a page that lacks a feature from one that is too "
    "new. pip and uv read such a page all the same; JSON without it is rejected as malformed.",
    remediation="Emit the meta element pypi:repository-version.",
    references=(f"{SPEC}, versioning", "PEP 629"),
    severity=SLOWER,
)
@on_pages
def api_version_missing(page: PageFacts, context: Context) -> Complaint:
    return "none is declared" if page.page.api_version is None else None
