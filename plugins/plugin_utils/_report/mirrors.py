# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mirrors of a report: one row for each, whoever audited it, and what clients would install from it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant
from ansible_collections.sre.preflight.plugins.module_utils._mirror import outcome
from ansible_collections.sre.preflight.plugins.module_utils._mirror.mending import LACKS

OUTCOMES = (
    outcome.WRONG,
    outcome.FAILS,
    outcome.BUILDS,
    outcome.UNKNOWN,
    outcome.DEARER,
    outcome.SAME,
    outcome.NOT_APPLICABLE,
)
"""What can come of an install, the largest harm first. What is not known may be any of those after it, or before."""
DIFFERING = OUTCOMES[: OUTCOMES.index(outcome.SAME)]
MAX_DIFFERING = 1_000
"""So many of them a report names; the result of the module has all."""
_SHOWN = ("requirement", "python", "platform", "upstream_file", "mirror_file", "outcome", "client", "clients", "reason")
Row = dict[str, Any]
Seen = Mapping[str, Any]


def mirror_rows(seen: Sequence[Seen], findings: Iterable[Mapping[str, Any]], resolutions: Sequence[Seen]) -> list[Row]:
    """One row a mirror by URL, in the order of the URLs; of several hosts and addresses the worst that was seen.

    ``seen`` are the rows of mirror_audit with the ``host`` that ran it and its ``sample``, ``findings`` all that the
    report has, the worst first, ``resolutions`` those of ``worst_of``.
    """
    lacking: dict[str, dict[str, None]] = {}
    for finding in findings:
        if finding["status"] != "unknown" and finding["rule"] in LACKS:
            url = finding["resource"]["location"].partition("/@")[0].rstrip("/") + "/"
            lacking.setdefault(url, {})[LACKS[finding["rule"]]] = None
    groups: dict[str, list[Seen]] = {}
    for each in sorted(seen, key=lambda each: (str(each["url"]), str(each["host"]), str(each["address"]))):
        groups.setdefault(str(each["url"]), []).append(each)
    counts = {url: Counter(each["outcome"] for each in resolutions if each["mirror"] == url) for url in groups}
    return [_row(url, rows, list(lacking.get(url, {})), counts[url]) for url, rows in groups.items()]


def _row(url: str, rows: Sequence[Seen], lacks: list[str], counts: Mapping[str, int]) -> Row:
    return {
        "url": url,
        "hosts": list(dict.fromkeys(str(each["host"]) for each in rows)),
        "addresses": sorted({str(each["address"]) for each in rows if each["address"]}),
        "projects": max(each["projects"] for each in rows),
        "projects_read": min(each["projects_read"] for each in rows),
        "projects_listed": _least(each["projects_listed"] for each in rows),
        "files": min(each["files"] for each in rows),
        "formats": sorted(set.intersection(*(set(each["formats"]) for each in rows))),
        "api_versions": sorted({version for each in rows for version in each["api_versions"]}),
        "serial": _least(each["serial"] for each in rows),
        "last_changed": _least(_instant(each["last_modified"]) for each in rows),
        "lacks": lacks,
        "sample": next((dict(each["sample"]) for each in rows if each["sample"]), None),
        "outcomes": {name: counts[name] for name in OUTCOMES if counts[name]},
    }


def _least(values: Iterable[Any]) -> Any:
    """The least of those that are known; None where none is."""
    return min((each for each in values if each is not None), default=None)


def _instant(header: Any) -> str | None:
    """The instant of a header Last-Modified, which may hold anything."""
    try:
        moment = parsedate_to_datetime(str(header))
        return format_instant(moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))
    except (TypeError, ValueError, OverflowError):
        return None


def worst_of(resolutions: Iterable[Seen]) -> list[Row]:
    """One resolution for each mirror, requirement, Python and platform: the worst that any host saw at any address.

    Those with the largest harm first; then by requirement and Python.
    """
    worst: dict[tuple[str, ...], Seen] = {}
    for each in resolutions:
        key = tuple(str(each[name]) for name in ("mirror", "requirement", "python", "platform"))
        if key not in worst or _harm(each) < _harm(worst[key]):
            worst[key] = each
    ordered = sorted(worst.items(), key=lambda item: (_harm(item[1]), *item[0][:2], _version(item[0][2]), item[0]))
    return [{"mirror": each["mirror"], **{name: each[name] for name in _SHOWN}} for _key, each in ordered]


def _harm(resolution: Seen) -> int:
    return OUTCOMES.index(resolution["outcome"])


def _version(python: str) -> tuple[int, ...]:
    """To order 3.9 before 3.13."""
    return tuple(int(part) for part in python.split(".") if part.isdecimal())


def differing_of(resolutions: Sequence[Row]) -> Row:
    """{asked, outcomes, differing, left_out}: how many were asked for, and the first of those that are not the same."""
    differing = [each for each in resolutions if each["outcome"] in DIFFERING]
    counts = Counter(each["outcome"] for each in resolutions)
    return {
        "asked": len(resolutions),
        "outcomes": {name: counts[name] for name in OUTCOMES if counts[name]},
        "differing": differing[:MAX_DIFFERING],
        "left_out": max(0, len(differing) - MAX_DIFFERING),
    }


def of_document(host: str, document: Mapping[str, Any]) -> tuple[list[Row], list[Row]]:
    """(mirrors, resolutions) of one bundle, for mirror_rows and worst_of; none of another module's."""
    rows = [{**each, "host": host, "sample": document.get("sample")} for each in document.get("mirrors", ())]
    return rows, list(_resolutions(rows, document.get("resolutions", ())))


def check(document: Mapping[str, Any]) -> None:
    """Raises KeyError, TypeError, ValueError or AttributeError where a bundle has them in another shape."""
    rows, resolutions = of_document("", document)
    mirror_rows(rows, (), worst_of(resolutions))
    for each in rows:
        list(each["projects_named"])


def _resolutions(mirrors: Sequence[Row], resolutions: Iterable[Seen]) -> Iterator[Row]:
    """A run is about one mirror, which its resolutions do not name."""
    for each in resolutions if mirrors else ():
        yield {"mirror": str(mirrors[0]["url"]), **each}
