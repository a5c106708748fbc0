# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one HTML page that needs nothing else: no network, no file beside it, and for reading no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ansible_collections.sre.preflight.plugins.module_utils._audit.finding import SEVERITIES
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.plugin_utils._report.crl_chart import charts
from ansible_collections.sre.preflight.plugins.plugin_utils._report.installs import installs
from ansible_collections.sre.preflight.plugins.plugin_utils._report.outages import in_words, outages
from ansible_collections.sre.preflight.plugins.plugin_utils._report.page_data import (
    MAX_FINDINGS,
    json_block,
    page_data,
)
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_file import (
    applying,
    remediate_command,
    shown,
)
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_view import EntryView, entry_view
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip
from ansible_collections.sre.preflight.plugins.plugin_utils._report.timeline import timeline
from ansible_collections.sre.preflight.plugins.plugin_utils._report.values import rows
from ansible_collections.sre.preflight.plugins.plugin_utils._report.view import anchor, finding_view, link
from ansible_collections.sre.preflight.plugins.plugin_utils._report.when import epoch, relative, utc

SERVED_FINDINGS = 200
"""Findings that are there without a script."""
MAX_ROWS = 200
"""Rows of the tables beside the findings and the certificates."""
MAX_ENTRIES = 50
"""Entries of the plan."""
_TEMPLATES = Path(__file__).parent / "templates"
_SCRIPTS = ("dom.js", "data.js", "pager.js", "findings.js", "certificates.js", "timeline.js", "page.js")
_STYLES = ("base.css", "report.css", "print.css")


def render_html(report: Mapping[str, Any], *, command: Sequence[str] | None = None) -> str:
    """The page of a report (docs/report.schema.json). The same report gives the same page, byte for byte.

    Of very many findings or certificates the first are on the page, and it says how many are not (page_data).
    ``command`` is the words that carry out the plan (plan_file.remediate_command).
    """
    command = command or remediate_command(None)
    now = parse_instant(report["judged_at"])
    views = [finding_view(finding, report["rules"], now) for finding in report["findings"][:MAX_FINDINGS]]
    data, findings_shown, certificates_shown = page_data(views, report["certificates"], report["judged_at"])
    views = views[:findings_shown]
    rows_of_installs = installs(_resolutions(report)["differing"])
    style, script = _style(), _script()
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            views=views,
            served=views[:SERVED_FINDINGS],
            findings_shown=findings_shown,
            certificates_shown=certificates_shown,
            timeline=timeline(views, epoch(report["judged_at"])),
            waived=[(finding_view(each, report["rules"], now), each["waiver"]) for each in report["waived"][:MAX_ROWS]],
            plan=_plan(report),
            commands=(shown(command), shown(applying(command))),
            comparison=_comparison(report),
            provenance=_provenance(report["provenance"]),
            mirrors=(report.get("mirrors") or [])[:MAX_ROWS],
            installs=rows_of_installs[:MAX_ROWS],
            installs_left=max(0, len(rows_of_installs) - MAX_ROWS) + _resolutions(report)["left_out"],
            ago=lambda instant: relative(parse_instant(instant), now),
            charts=charts(report.get("mounts") or []),
            outages=outages(report),
            in_words=lambda finding: in_words(finding, now),
            severities=SEVERITIES,
            max_rows=MAX_ROWS,
            policy=_policy_of(style, script),
            style=Markup(style),  # noqa: S704 - our own files
            script=Markup(script),  # noqa: S704 - our own files
            data=Markup(json_block(data)),  # noqa: S704 - json_block leaves no markup in it
        )
    )
    return page + "\n"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(
        utc=utc, clip=clip, rows=rows, link=link, anchor=anchor, number=lambda count: f"{count:,}"
    )
    return environment


@lru_cache(maxsize=1)
def _style() -> str:
    return "\n".join(_asset(name) for name in _STYLES)


@lru_cache(maxsize=1)
def _script() -> str:
    body = "\n".join(_asset(name) for name in _SCRIPTS)
    return f"(() => {{\n'use strict';\n{body}\n}})();"


def _asset(name: str) -> str:
    """A style sheet or script without its leading comment of the licence."""
    return (_TEMPLATES / name).read_text(encoding="utf-8").partition("*/\n")[2].strip()


def _policy_of(style: str, script: str) -> str:
    """The Content-Security-Policy: nothing but our own style and script, known by their hashes."""
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src {_hash(style)}; script-src {_hash(script)}"
    )


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _comparison(report: Mapping[str, Any]) -> dict[str, Any] | None:
    """The comparison with the new findings themselves in place of their ids."""
    comparison = report["comparison"]
    if comparison is None:
        return None
    known = {finding["id"]: finding for finding in (*report["findings"], *report["waived"])}
    new = [known[each] for each in comparison["new"] if each in known]
    return {**comparison, "new_findings": new[:MAX_ROWS], "gone_findings": comparison["gone"][:MAX_ROWS]}


def _resolutions(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """A report before 1.2 has none."""
    return report.get("resolutions") or {"asked": 0, "differing": [], "left_out": 0}


def _plan(report: Mapping[str, Any]) -> list[EntryView]:
    """The first entries of the plan."""
    known = {finding["id"]: finding for finding in report["findings"]}
    return [entry_view(entry, known) for entry in report["plan"][:MAX_ENTRIES]]


def _provenance(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row for each module and version, with the hosts that ran it and the first and last instant of collecting."""

    def kind(run: Mapping[str, Any]) -> tuple[str, str]:
        return run["module"], run["collection_version"]

    return [
        {
            "module": clip(module, 100),
            "version": clip(version, 40),
            "hosts": [clip(run["host"], 100) for run in ordered[:20]],
            "left": max(0, len(ordered) - 20),
            "first": min(run["collected_at"] for run in ordered),
            "last": max(run["collected_at"] for run in ordered),
        }
        for (module, version), ordered in (
            (key, sorted(group, key=lambda run: str(run["host"])))
            for key, group in groupby(sorted(runs, key=kind), kind)
        )
    ][:MAX_ROWS]
