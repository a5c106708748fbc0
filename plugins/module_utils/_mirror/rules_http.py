# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on how a mirror answers: formats, redirects, caching, the hosts that it leads to. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .._audit.rule import NOT_APPLICABLE, PASS, Context, Verdict, fail
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
    on_mirror,
    on_pages,
    on_probe,
    verdict,
)
from .connection import Server
from .evidence import Fetch
from .facts import MirrorFacts, PageFacts
from .formats import FORMATS

NEGOTIATION = f"{SPEC}, content types and negotiation"


@RULES.rule(
    "not-https",
    title="The mirror is served over plain HTTP",
    rationale="pip ignores an index over plain HTTP unless the host is named as trusted, uv refuses files from it "
    "that way too, and anybody on the network can exchange what is installed. Loopback addresses are not counted.",
    remediation="Serve the mirror over TLS.",
    references=("pip documentation, --trusted-host",),
    severity=WRONG,
)
def not_https(mirror: MirrorFacts, context: Context) -> Verdict:
    parts = urlsplit(mirror.url)
    if parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return PASS
    return fail(f"{mirror.location} is not encrypted")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@RULES.rule(
    "upstream-dependency",
    title="Installing from the mirror needs another host",
    rationale="A mirror whose pages, links or redirects lead to the upstream looks well until the upstream is away: "
    "then every client fails. Hosts that belong to the mirror are those of mirror_hosts.",
    remediation="Let the mirror serve files itself and rewrite the links; name hosts of its own in mirror_hosts.",
    references=(INCIDENT, "uv issue 19625"),
    severity=FAILS,
)
@on_mirror
def upstream_dependency(mirror: MirrorFacts, context: Context) -> Verdict:
    server = Server("mirror", mirror.url, tuple(mirror.index["hosts"]))
    pages = [(page.name, _leads_away(page, server)) for page in mirror.answers]
    files = [
        (each.filename, f"redirects to {each.head.foreign or each.part.foreign}")
        for each in mirror.files
        if each.head.redirects and (each.head.foreign or each.part.foreign)
    ]
    return verdict(mirror, "answer", [*pages, *files], len(pages) + len(mirror.files))


def _leads_away(page: PageFacts, server: Server) -> Complaint:
    if page.fetch.foreign:
        return f"redirects to {page.fetch.foreign}"
    origins: dict[str, int] = {}
    for file in page.files:
        origin = "/".join(file.url.split("/", 3)[:3])
        origins[origin] = origins.get(origin, 0) + 1
    away = {origin: count for origin, count in origins.items() if not _owns(server, origin)}
    return "; ".join(f"{count} of {len(page.files)} files at {origin}" for origin, count in away.items()) or None


def _owns(server: Server, origin: str) -> bool:
    try:
        return server.owns(origin)
    except ValueError:
        return True  # no URL at all, which is another rule's matter


@RULES.rule(
    "unknown-project-forwarded",
    title="Names that the mirror does not know go to another host",
    rationale="A request for a project that is not here is redirected elsewhere: during an outage of that host it "
    "fails, and at any time the name of an internal project may be answered by a stranger's (dependency confusion).",
    remediation="Answer 404 for what is not here (pypiserver: --disable-fallback).",
    references=(f"{SPEC}", "pypiserver documentation, fallback"),
    severity=WRONG,
)
@on_probe("unknown project")
def unknown_project_forwarded(mirror: MirrorFacts, fetch: Fetch, probe: Mapping[str, Any]) -> Complaint:
    return f"redirects to {fetch.foreign}" if fetch.foreign else None


@RULES.rule(
    "unknown-project-answered",
    title="Names that nobody has are answered",
    rationale="With 404 a client goes on to the next index, or says that there is no such project. With 200, uv takes "
    "this index for the one that has the project and asks no other; pip says that there are no versions.",
    remediation="Answer 404 for a project that is not here.",
    references=(f"{SPEC}", "PEP 503"),
    severity=UNVERIFIED,
)
@on_probe("unknown project")
def unknown_project_answered(mirror: MirrorFacts, fetch: Fetch, probe: Mapping[str, Any]) -> Complaint:
    if fetch.foreign or fetch.status == 404:
        return None
    return f"status {fetch.status} instead of 404 for {fetch.url}"


@RULES.rule(
    "content-type-wrong",
    title="Pages have the wrong Content-Type",
    rationale="Clients go by the header. Without it, or with application/json, pip says that it found no versions at "
    "all; JSON that is called text/html is parsed as a page without links, in silence.",
    remediation="Send the type of the format that is served, such as application/vnd.pypi.simple.v1+json.",
    references=(NEGOTIATION, "PEP 691"),
    severity=FAILS,
)
@on_pages
def content_type_wrong(page: PageFacts, context: Context) -> Complaint:
    declared = page.fetch.content_type
    if FORMATS.get(declared) == page.evidence.format:
        return None
    return f"{page.evidence.format} as {declared or 'nothing'}"


@RULES.rule(
    "html-missing",
    title="Old clients get no HTML",
    rationale="pip before 22.2 and all else that asks for text/html reads no JSON: it gets an error, or a page without "
    "links, and finds no versions.",
    remediation="Serve HTML to who asks for text/html.",
    references=(NEGOTIATION,),
    severity=WRONG,
)
@on_probe("accept old pip")
def html_missing(mirror: MirrorFacts, fetch: Fetch, probe: Mapping[str, Any]) -> Complaint:
    return None if probe["format"] == "html" else f"text/html is answered with {_what(fetch, probe)}"


@RULES.rule(
    "json-missing",
    title="There is no JSON",
    rationale="Sizes, upload times and the list of versions exist in JSON alone, so no client can use a cut-off date. "
    "pip and uv install from HTML as well, and parse it more slowly.",
    remediation="Use a mirror that serves JSON, and negotiates.",
    references=(NEGOTIATION, "PEP 691"),
    severity=SLOWER,
)
@on_probe("accept JSON alone")
def json_missing(mirror: MirrorFacts, fetch: Fetch, probe: Mapping[str, Any]) -> Complaint:
    return None if probe["format"] == "json" else f"JSON alone is answered with {_what(fetch, probe)}"


def _what(fetch: Fetch, probe: Mapping[str, Any]) -> str:
    return f"{probe['format'] or 'nothing'} ({fetch.content_type or fetch.complaint})"


@RULES.rule(
    "preference-ignored",
    title="The order of preference is ignored",
    rationale="A client that prefers HTML, by its q-values, gets JSON, or the other way round. pip and uv of today "
    "prefer JSON and take both; others get what they read worst.",
    remediation="Negotiate by q-values; a map of regular expressions over the Accept header cannot.",
    references=(NEGOTIATION, f"{RFC9110}, section 12.4.2"),
    severity=SLOWER,
)
@on_mirror
def preference_ignored(mirror: MirrorFacts, context: Context) -> Verdict:
    formats = {name: _format_of(mirror, f"accept {name}") for name in ("pip", "uv", "HTML before JSON", "JSON alone")}
    if formats["JSON alone"] != "json" or _format_of(mirror, "accept HTML alone") != "html":
        return NOT_APPLICABLE  # there is nothing to choose between
    wanted = {"pip": "json", "uv": "json", "HTML before JSON": "html"}
    told = ((name, f"gets {formats[name]}" if formats[name] != want else None) for name, want in wanted.items())
    return verdict(mirror, "Accept header", told, len(wanted))


def _format_of(mirror: MirrorFacts, name: str) -> str | None:
    probe = mirror.probe(name)
    return probe[1]["format"] if probe else None


@RULES.rule(
    "latest-unresolved",
    title="The type of latest is not the real one",
    rationale="Who asks for the latest version has to be told which one it got. A client that meets the type latest, "
    "or an error, cannot read the page.",
    remediation="Answer latest with the Content-Type of the version that is served, or with 406.",
    references=(NEGOTIATION,),
    severity=SLOWER,
)
@on_mirror
def latest_unresolved(mirror: MirrorFacts, context: Context) -> Verdict:
    probes = [(name, mirror.probe(f"accept {name}")) for name in ("latest JSON", "latest HTML")]
    tried = [(name, probe[0]) for name, probe in probes if probe is not None]
    if not tried:
        return NOT_APPLICABLE
    has_json = _format_of(mirror, "accept JSON alone") == "json"
    told = (
        (name, None if _is_resolved(fetch, has_json and "JSON" in name) else fetch.content_type or fetch.complaint)
        for name, fetch in tried
    )
    return verdict(mirror, "Accept header", told, len(tried))


def _is_resolved(fetch: Fetch, wants_json: bool) -> bool:
    """With a type that is real, and with JSON where JSON was asked for and there is some."""
    served = FORMATS.get(fetch.content_type)
    return fetch.status == 406 or (fetch.ok and served is not None and (served == "json" or not wants_json))


@RULES.rule(
    "not-acceptable-answered",
    title="What cannot be served is answered all the same",
    rationale="A client that asks for a version or format that there is none of should be told so by 406. With 200 it "
    "parses what it did not ask for.",
    remediation="Answer 406 where no format fits the Accept header.",
    references=(NEGOTIATION, f"{RFC9110}, section 15.5.7"),
    severity=SLOWER,
)
@on_probe("accept a future version")
def not_acceptable_answered(mirror: MirrorFacts, fetch: Fetch, probe: Mapping[str, Any]) -> Complaint:
    return f"status {fetch.status} ({fetch.content_type}) instead of 406" if fetch.ok else None


@RULES.rule(
    "name-not-redirected",
    title="Names that are not normalized are not found",
    rationale="pip, uv, Poetry and PDM normalize a name before they ask. Tools that do not, and people in a browser, "
    "get 404 for Django or zope.interface.",
    remediation="Redirect names that are not normalized to those that are.",
    references=(f"{SPEC}, name normalization", "PEP 503"),
    severity=SLOWER,
)
@on_probe("name not normalized")
def name_not_redirected(mirror: MirrorFacts, fetch: Fetch, probe: Mapping[str, Any]) -> Complaint:
    return None if fetch.ok else f"{fetch.url}: {fetch.complaint}"


@RULES.rule(
    "slash-not-redirected",
    title="Addresses without the slash at their end are not found",
    rationale="The address of a project ends in a slash, and a request without it should be redirected. pip and uv "
    "ask with the slash; scripts and people often do not.",
    remediation="Redirect addresses without the slash at their end.",
    references=(f"{SPEC}", "PEP 503"),
    severity=SLOWER,
)
@on_probe("no slash")
def slash_not_redirected(mirror: MirrorFacts, fetch: Fetch, probe: Mapping[str, Any]) -> Complaint:
    return None if fetch.ok else f"{fetch.url}: {fetch.complaint}"


@RULES.rule(
    "page-head-refused",
    title="HEAD is refused for pages",
    rationale="uv and monitors ask by HEAD whether something is there. Every server has to answer HEAD as it answers "
    "GET.",
    remediation="Answer HEAD as GET, without the body.",
    references=(f"{RFC9110}, section 9.3.2",),
    severity=SLOWER,
)
@on_probe("head")
def page_head_refused(mirror: MirrorFacts, fetch: Fetch, probe: Mapping[str, Any]) -> Complaint:
    return None if fetch.ok else fetch.complaint
