# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on what clients and caches in between may keep of a mirror's pages, and for how long. Pure."""

from __future__ import annotations

import re

from .._audit.policy import Setting
from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
from .asking import RFC9110, RULES, SLOWER, UNVERIFIED, WRONG, Complaint, on_mirror, on_pages, verdict
from .evidence import Fetch
from .facts import MirrorFacts, PageFacts
from .rules_http import NEGOTIATION

MAX_PAGE_AGE = Setting("max_page_age", "duration", "10m", "how long clients may keep a project's page unasked")
_MAX_AGE = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,12})")
_NEVER_KEPT = re.compile(r"\bno-(?:cache|store)\b")


@RULES.rule(
    "vary-missing",
    title="Pages vary by Accept and do not say so",
    rationale="A cache between client and mirror keeps the first format that it sees and gives it to everybody: old "
    "pip gets JSON and finds no versions, for as long as the cache keeps it.",
    remediation="Send Vary: Accept with every page.",
    references=(NEGOTIATION, f"{RFC9110}, section 12.5.5", "nexspence issue 191"),
    severity=WRONG,
)
@on_mirror
def vary_missing(mirror: MirrorFacts, context: Context) -> Verdict:
    names = ("accept pip", "accept old pip")
    tried = [(name, probe) for name, probe in ((name, mirror.probe(name)) for name in names) if probe is not None]
    if len({probe[1]["format"] for _name, probe in tried}) < 2:
        return NOT_APPLICABLE
    told = ((name.partition(" ")[2], None if _varies(probe[0]) else "no Vary: Accept") for name, probe in tried)
    return verdict(mirror, "answer", told, len(tried))


def _varies(fetch: Fetch) -> bool:
    named = {each.strip().lower() for each in fetch.headers.get("vary", "").split(",")}
    return bool(named & {"accept", "*"})


@RULES.rule(
    "page-revalidation-impossible",
    title="Pages cannot be revalidated",
    rationale="Without an ETag or Last-Modified that the server honours, pip and uv download a page anew at every "
    "run: 6 MB for a project of 10,000 files.",
    remediation="Send an ETag with pages, and answer 304 to a conditional request.",
    references=(f"{RFC9110}, section 13",),
    severity=SLOWER,
)
@on_mirror
def page_revalidation_impossible(mirror: MirrorFacts, context: Context) -> Verdict:
    probe = mirror.probe("conditional")
    if probe is None:
        if not mirror.index["probes"]:
            return NOT_APPLICABLE
        return fail(f"{mirror.location}: pages have neither ETag nor Last-Modified")
    status = probe[0].status
    if status == 304:
        return PASS
    return fail(f"{mirror.location}: a conditional request is answered with {status}, not 304")


@RULES.rule(
    "page-kept-too-long",
    title="Clients may keep pages for too long",
    rationale="Since 26.2 pip keeps pages for as long as Cache-Control says, as uv does. What was released, or yanked, "
    "meanwhile is not seen by them, nor by any cache in between.",
    remediation="Send Cache-Control: max-age=600 with pages, and never immutable.",
    references=("pip 26.2 release notes", "uv documentation, caching"),
    severity=UNVERIFIED,
    settings=(MAX_PAGE_AGE,),
)
@on_pages
def page_kept_too_long(page: PageFacts, context: Context) -> Complaint:
    said = page.fetch.headers.get("cache-control", "").lower()
    found = _MAX_AGE.search(said)
    longest = context.policy[MAX_PAGE_AGE.name].total_seconds()
    if _NEVER_KEPT.search(said) or not found or int(found.group(1)) <= longest:
        return None
    return f"max-age={found.group(1)} (allowed: {longest:g} s)"


@RULES.rule(
    "page-cache-control-missing",
    title="Pages do not say how long they may be kept",
    rationale="Without Cache-Control a client asks anew every time, and a cache in between guesses: often for a tenth "
    "of the time since the page last changed, which may be weeks.",
    remediation="Send Cache-Control: max-age=600 with pages.",
    references=(f"{RFC9110}, caching in RFC 9111, section 4.2.2",),
    severity=SLOWER,
)
@on_pages
def page_cache_control_missing(page: PageFacts, context: Context) -> Complaint:
    return None if page.fetch.headers.get("cache-control") else "no Cache-Control"
