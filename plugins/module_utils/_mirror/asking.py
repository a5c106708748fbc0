# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every rule ``mirror.*`` does alike: it looks at all pages (or files) of a mirror and names those it objects to.

One finding a rule and mirror: a mirror that lacks a field lacks it on every page.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Optional

from .._audit.rule import NOT_APPLICABLE, PASS, Check, Context, Registry, Verdict, fail, unknown
from .evidence import Fetch, FileProbe, MetadataProbe
from .facts import MirrorFacts, PageFacts
from .model import File, ProjectPage

RULES = Registry("mirror", subject="mirror")

# The severity of a rule is that of the harm.
FAILS = "critical"
"""Installs with current clients fail."""
WRONG = "high"
"""A client installs something else than from the upstream, or some clients fail."""
UNVERIFIED = "medium"
"""What is installed is not checked, or a client knows less than it should."""
SLOWER = "low"
"""Clients take longer, or a feature that few use is missing."""

SPEC = "PyPA specification, simple repository API"
INCIDENT = "Outage report of 2021-04-05, third remediation"
RFC9110 = "RFC 9110, HTTP semantics"

_IN_MESSAGE = 3
_IN_EVIDENCE = 50

Complaint = Optional[str]
"""What is wrong with one thing, in words; None where nothing is."""
PageCheck = Callable[[PageFacts, Context], Complaint]


def on_mirror(check: Check) -> Check:
    """Decorator: unknown where the mirror could not be asked anything."""

    @functools.wraps(check)
    def asked(mirror: MirrorFacts, context: Context) -> Verdict:
        if mirror.problem is not None:
            return unknown(f"{mirror.location} could not be asked: {mirror.problem}")
        return check(mirror, context)

    return asked


def on_pages(check: PageCheck) -> Check:
    """Decorator: the check of one page, over all pages that could be read."""

    @functools.wraps(check)
    def judged(mirror: MirrorFacts, context: Context) -> Verdict:
        if not mirror.pages:
            return unknown(f"{mirror.location}: no project's page could be read")
        told = ((page.name, check(page, context)) for page in mirror.pages)
        return verdict(mirror, "page", told, len(mirror.pages))

    return on_mirror(judged)


def on_comparison(check: Callable[[PageFacts, ProjectPage], Complaint]) -> Check:
    """Decorator: the check of one page against the upstream's; unknown where there is nothing to compare with."""

    @functools.wraps(check)
    def judged(mirror: MirrorFacts, context: Context) -> Verdict:
        if mirror.upstream.problem is not None:
            return unknown(f"{mirror.location} could not be compared: {mirror.upstream.problem}")
        pairs = [(page, page.theirs) for page in mirror.pages if page.theirs is not None]
        if not pairs:
            return unknown(f"{mirror.location}: no page could be read both here and upstream")
        result = verdict(mirror, "page", ((page.name, check(page, theirs)) for page, theirs in pairs), len(pairs))
        left = [name for name, answer in mirror.upstream.answers.items() if answer.fetch.status != 404]
        left = [name for name in left if name not in mirror.upstream.pages]
        if result is PASS and left:
            return unknown(f"{mirror.location}: {names_of(left)} could not be compared: not read upstream")
        return result

    return on_mirror(judged)


def on_files(check: Callable[[FileProbe], Complaint]) -> Check:
    """Decorator: the check of one sampled file, over all of them; not applicable where none was sampled."""

    @functools.wraps(check)
    def judged(mirror: MirrorFacts, context: Context) -> Verdict:
        if not mirror.files:
            return NOT_APPLICABLE
        told = ((file.filename, check(file)) for file in mirror.files)
        return verdict(mirror, "sampled file", told, len(mirror.files))

    return on_mirror(judged)


def on_metadata(check: Callable[[MetadataProbe, File | None], Complaint]) -> Check:
    """Decorator: the check of one metadata file and what the upstream lists under that name, over all metadata files.

    Not applicable where the pages advertise none.
    """

    @functools.wraps(check)
    def judged(mirror: MirrorFacts, context: Context) -> Verdict:
        probes = list(mirror.metadata)
        if not probes:
            return NOT_APPLICABLE
        told = ((each.filename, check(each, mirror.upstream.file(name, each.filename))) for name, each in probes)
        return verdict(mirror, "metadata file", told, len(probes))

    return on_mirror(judged)


def on_probe(name: str) -> Callable[[Callable[[MirrorFacts, Fetch, Mapping[str, Any]], Complaint]], Check]:
    """Decorator: the check of one try (reader.Reader.probes); unknown where no project had a page to try it on."""

    def wrap(check: Callable[[MirrorFacts, Fetch, Mapping[str, Any]], Complaint]) -> Check:
        @functools.wraps(check)
        def judged(mirror: MirrorFacts, context: Context) -> Verdict:
            if mirror.index["probed"] is None:
                return unknown(f"{mirror.location}: no project's page could be read")
            probe = mirror.probe(name)
            if probe is None:
                return NOT_APPLICABLE
            fetch, more = probe
            if fetch.status is None and fetch.kind != "foreign":
                return unknown(f"{mirror.location}: {fetch.url} was not answered: {fetch.complaint}")
            complaint = check(mirror, fetch, more)
            if complaint is None:
                return PASS
            evidence = {"url": fetch.url, "status": fetch.status, "content_type": fetch.content_type}
            return fail(f"{mirror.location}: {complaint}", evidence=evidence)

        return on_mirror(judged)

    return wrap


def verdict(mirror: MirrorFacts, noun: str, told: Iterable[tuple[str, Complaint]], of: int, **more: Any) -> Verdict:
    """Fails with the complaints, the first few in the message, more of them in the evidence; ``more`` is fail()'s."""
    complaints = [(name, complaint) for name, complaint in told if complaint is not None]
    if not complaints:
        return PASS
    shown = "; ".join(f"{name}: {complaint}" for name, complaint in complaints[:_IN_MESSAGE])
    rest = f"; and {len(complaints) - _IN_MESSAGE} more" if len(complaints) > _IN_MESSAGE else ""
    plural = noun if of == 1 else f"{noun}s"
    return fail(
        f"{mirror.location}, {len(complaints)} of {of} {plural}: {shown}{rest}",
        evidence={"count": len(complaints), "of": of, "complaints": dict(complaints[:_IN_EVIDENCE])},
        **more,
    )


def some(files: Iterable[File], of: int, what: str) -> Complaint:
    """``3 of 12 files WHAT (a.whl, b.whl, ...)``; None without any."""
    names = [each.filename for each in files]
    return f"{len(names)} of {of} files {what} ({names_of(names)})" if names else None


def names_of(names: list[str]) -> str:
    """The first few of many names."""
    return ", ".join(names[:_IN_MESSAGE]) + (", ..." if len(names) > _IN_MESSAGE else "")


def first_of(violations: list[str]) -> Complaint:
    """The first violation, and how many more there are."""
    if not violations:
        return None
    return violations[0] + (f" (and {len(violations) - 1} more)" if len(violations) > 1 else "")
