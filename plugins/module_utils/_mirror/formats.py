# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats of the Simple API, and how clients ask for them."""

from __future__ import annotations

from collections.abc import Mapping

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
TEXT_TYPE = "text/html"
FORMATS: Mapping[str, str] = {JSON_TYPE: "json", HTML_TYPE: "html", TEXT_TYPE: "html"}
"""The types that a page may have, and what it then has to be."""

CURRENT = f"{JSON_TYPE}, {HTML_TYPE}; q=0.1, {TEXT_TYPE}; q=0.01"
"""What pip since 22.2, PDM and Poetry's installers of today ask with; uv's differs by a number."""

MATRIX: Mapping[str, str] = {
    "pip": CURRENT,
    "uv": f"{JSON_TYPE}, {HTML_TYPE};q=0.2, {TEXT_TYPE};q=0.01",
    "old pip": TEXT_TYPE,
    "JSON alone": JSON_TYPE,
    "HTML alone": HTML_TYPE,
    "HTML before JSON": f"{JSON_TYPE};q=0.1, {HTML_TYPE}",
    "latest JSON": "application/vnd.pypi.simple.latest+json",
    "latest HTML": "application/vnd.pypi.simple.latest+html",
    "a future version": "application/vnd.pypi.simple.v9+json",
    "anything": "*/*",
}
"""Names of the ways to ask, and their Accept headers."""
