# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract of every ``*_audit`` module: common options, one flow, one form of result."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Callable

from .bundle import BundleError, pack, unpack
from .coverage import Coverage
from .files import write_atomically
from .finding import Finding, order
from .instant import format_instant, parse_instant
from .libraries import Library
from .policy import OptionError, Policy, Setting
from .summary import summarize
from .version import COLLECTION_VERSION

CONTRACT_OPTIONS: dict[str, dict[str, Any]] = {
    "include_passes": {"type": "bool", "default": False},
    "bundle": {"type": "bool", "default": False},
    "evidence_path": {"type": "path"},
    "replay_path": {"type": "path"},
    "now": {"type": "str"},
    "severity_horizons": {"type": "dict"},
}
"""The options that every audit module has beside its targets and thresholds (doc fragment ``contract``)."""


@dataclass(frozen=True)
class Domain:
    """What one audit module brings along: its policy, and how its evidence becomes JSON and back.

    ``collect`` gets the options and the instant, does all I/O and returns the domain's evidence object; ``dump``
    gives it as plain JSON (iterators allowed, see bundle.pack), ``load`` is its inverse and raises ValueError.
    ``judge`` yields findings and counts in the coverage. ``certificates`` gives the rows of its inventory, ``results``
    what else the module returns. Without its ``libraries`` the module cannot run.
    """

    module: str
    settings: tuple[Setting, ...]
    collect: Callable[[Mapping[str, Any], datetime], Any]
    dump: Callable[[Any], dict[str, Any]]
    load: Callable[[dict[str, Any]], Any]
    judge: Callable[[Any, Policy, datetime, Coverage, bool], Iterator[Finding]]
    certificates: Callable[[Any, datetime], list[dict[str, Any]]]
    results: Callable[[Any, Policy, datetime], dict[str, Any]] = lambda *_given: {}
    libraries: tuple[Library, ...] = ()


def run(
    domain: Domain, params: Mapping[str, Any], *, check_mode: bool, clock: Callable[[], datetime]
) -> dict[str, Any]:
    """Collects or replays, judges, and returns the module's result.

    ``clock`` is asked once for when the evidence was collected, and is the judgement's now unless the option gives
    another. Raises OptionError for bad input; whatever a target does wrong is a finding instead.
    """
    policy = Policy.from_options(domain.settings, params)
    started = clock().astimezone(timezone.utc).replace(microsecond=0)
    now = _now(params.get("now"), started)
    _writable(params.get("evidence_path"))
    replay_path = params.get("replay_path")
    if replay_path:
        collected_at, evidence = _replay(domain, replay_path)
    else:
        collected_at, evidence = format_instant(started), domain.collect(params, started)
    coverage = Coverage()
    passes = bool(params.get("include_passes"))
    findings = sorted((each.to_json() for each in domain.judge(evidence, policy, now, coverage, passes)), key=order)
    counted = coverage.to_json()
    outcome = {"findings": findings, "coverage": counted, "summary": summarize(findings, counted, format_instant(now))}
    header = {
        "module": domain.module,
        "collection_version": COLLECTION_VERSION,
        "collected_at": collected_at,
        "judged_at": format_instant(now),
        "policy": dict(policy.options),
    }
    outcome.update(domain.results(evidence, policy, now))
    return _result(domain, params, evidence, now, header, outcome, check_mode)


def _result(
    domain: Domain,
    params: Mapping[str, Any],
    evidence: Any,
    now: datetime,
    header: dict[str, Any],
    outcome: dict[str, Any],
    check_mode: bool,
) -> dict[str, Any]:
    packed = None
    evidence_path = params.get("evidence_path")
    if params.get("bundle") or (evidence_path and not check_mode):
        packed = pack({**header, "evidence": domain.dump(evidence), **outcome})
    if evidence_path and packed and not check_mode:
        try:
            write_atomically(evidence_path, [packed])
        except OSError as error:
            raise OptionError.of("evidence_path", evidence_path, f"cannot be written: {error.strerror}") from None
    if params.get("bundle"):
        return {"changed": False, "bundle": packed, "summary": outcome["summary"]}
    return {"changed": False, **outcome, "certificates": domain.certificates(evidence, now)}


def _now(given: Any, started: datetime) -> datetime:
    if given is None:
        return started
    try:
        return parse_instant(given)
    except ValueError as error:
        raise OptionError.of("now", given, f"is refused: {error}") from None


def _writable(path: str | None) -> None:
    """Before anything is collected: a typing error in evidence_path must not cost a whole run."""
    if path and os.path.isdir(path):
        raise OptionError.of("evidence_path", path, "is a directory; name a file in it")
    if path and not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise OptionError.of("evidence_path", path, "lies in a directory that does not exist; create it first")


def _replay(domain: Domain, path: str) -> tuple[str, Any]:
    try:
        with open(path, "rb") as stream:
            document = unpack(stream.read())
    except OSError as error:
        raise OptionError.of("replay_path", path, f"cannot be read: {error.strerror}") from None
    except BundleError as error:
        raise OptionError.of("replay_path", path, f"cannot be replayed: {error}") from None
    if document.get("module") != domain.module:
        raise OptionError.of(
            "replay_path", path, f"was written by {document.get('module')}; replay it with that module"
        )
    try:
        return str(document["collected_at"]), domain.load(document["evidence"])
    except (KeyError, ValueError) as error:
        raise OptionError.of("replay_path", path, f"cannot be replayed: {error}; save it again") from None
