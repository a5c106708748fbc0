# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What applying a plan entry does to the forecast of its mount's CRL. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant

from .plan_settings import same
from .text import some
from .values import binary

Settings = Mapping[str, Mapping[str, Any]]
_NAMED = 3


def recommended_of(mount: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What the forecast recommends for the mount; {} where it asks for nothing."""
    advice: Mapping[str, Any] = mount["recommended"] if mount else {}
    return advice if advice.get("settings") else {}


def effect(settings: Settings, mount: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    """{text, peak_bytes_before, peak_bytes_after, peak_entries_before, peak_entries_after, safe_from}.

    Before: the highest peak of all scenarios as things are. After: the highest from ``safe_from`` on, known only where
    the settings hold all that the forecast recommends. What is not known is None.
    """
    row: dict[str, Any] = dict.fromkeys(
        ("peak_bytes_before", "peak_bytes_after", "peak_entries_before", "peak_entries_after", "safe_from")
    )
    if mount is None or mount["crl"].get("entries") is None:
        return {"text": "what it does to the CRL is not known, because the CRL could not be read", **row}
    peak = max(_scenarios(mount["forecast"]), key=lambda each: (each["peak_entries"], each["peak_bytes"]))
    row.update(peak_bytes_before=peak["peak_bytes"], peak_entries_before=peak["peak_entries"])
    advice = recommended_of(mount)
    missing = list(_missing(advice.get("settings", {}), settings))
    if advice and not missing:
        row.update(
            peak_bytes_after=advice["peak_bytes"],
            peak_entries_after=advice["peak_entries"],
            safe_from=advice["safe_from"],
        )
    return {"text": _in_words(row, mount["recommended"], missing, format_instant(now)), **row}


def _scenarios(forecast: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("as_now", "growth", "backlog"):
        yield forecast[name]
    yield forecast["backlog"]["worst"]


def _missing(recommended: Settings, settings: Settings) -> Iterator[str]:
    for path, values in recommended.items():
        for key, value in values.items():
            own = settings.get(path, {})
            if key not in own or not same(own[key], value):
                yield f"{path} {key}"


def _in_words(row: Mapping[str, Any], advice: Mapping[str, Any], missing: list[str], now: str) -> str:
    before = f"peak CRL {binary(row['peak_bytes_before'])}"
    if missing:
        left_out = some(missing[:_NAMED], len(missing))
        return f"{before}; how far it comes down is not known, as {left_out} of what is recommended is left out"
    if row["safe_from"]:
        start = "now" if row["safe_from"] <= now else row["safe_from"][:10]
        return f"{before} -> {binary(row['peak_bytes_after'])} from {start} on"
    if advice["enough"] is False:
        return f"{before}; no setting of the mount brings it down to what storage should hold"
    if advice["enough"] is None:
        return f"{before}; what storage takes is not known"
    return f"{before}, which storage holds; the forecast asks for no change"
