# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each real mirror lacks, by the rules that fail on it; a test holds it against the servers themselves."""

from __future__ import annotations

OURS = "bandersnatch behind our nginx"
"""What the role package_mirror makes with the strategy full."""

LACKS: dict[str, tuple[str, ...]] = {
    "nginx, pages in both formats": (
        "vary-missing",
        "file-cache-control-missing",
        "latest-unresolved",
        "name-not-redirected",
        "not-acceptable-answered",
        "page-cache-control-missing",
        "preference-ignored",
    ),
    "nginx, HTML alone": (
        "page-not-simple",
        "file-cache-control-missing",
        "json-missing",
        "name-not-redirected",
        "not-acceptable-answered",
        "page-cache-control-missing",
        "page-revalidation-impossible",
    ),
    "static directory": (
        "file-cache-control-missing",
        "json-missing",
        "name-not-redirected",
        "not-acceptable-answered",
        "page-cache-control-missing",
        "range-refused",
    ),
    "Caddy": (
        "file-cache-control-missing",
        "json-missing",
        "name-not-redirected",
        "not-acceptable-answered",
        "page-cache-control-missing",
    ),
    "pypiserver": (
        "requires-python-missing",
        "unknown-project-forwarded",
        "yanked-lost",
        "api-version-missing",
        "core-metadata-missing",
        "file-cache-control-missing",
        "json-missing",
        "not-acceptable-answered",
        "page-cache-control-missing",
        "page-revalidation-impossible",
        "project-status-lost",
        "provenance-missing",
        "serial-missing",
    ),
    "simple-repository-server": (
        "upstream-dependency",
        "vary-missing",
        "page-cache-control-missing",
        "page-revalidation-impossible",
        "project-status-lost",
        "provenance-missing",
    ),
    "proxpi": (
        "upload-time-missing",
        "name-not-redirected",
        "page-cache-control-missing",
        "page-revalidation-impossible",
        "project-status-lost",
        "provenance-missing",
        "serial-missing",
        "size-missing",
        "versions-missing",
    ),
    "devpi-server": (
        "upload-time-missing",
        "api-version-missing",
        "core-metadata-missing",
        "latest-unresolved",
        "not-acceptable-answered",
        "page-cache-control-missing",
        "page-revalidation-impossible",
        "preference-ignored",
        "project-status-lost",
        "provenance-missing",
        "range-refused",
        "serial-missing",
        "size-missing",
        "versions-missing",
    ),
    "bandersnatch": (
        "vary-missing",
        "file-cache-control-missing",
        "latest-unresolved",
        "name-not-redirected",
        "not-acceptable-answered",
        "page-cache-control-missing",
        "preference-ignored",
        "project-status-lost",
        "provenance-missing",
        "yanked-reason-lost",
    ),
    OURS: (
        "project-status-lost",
        "provenance-missing",
        "yanked-reason-lost",
    ),
}
"""Without the prefix ``mirror.``, the worst first. The versions are those of tests/requirements.

bandersnatch 8 lacks what was known of it (no status, no provenance, no reason in JSON, and the sample configuration's
headers), but the empty upload-time: that comes only from an upstream that says none.
"""
