# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxies: which one is meant for a server, and urllib3's pools by way of it."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .library import urllib3


def parse_proxies(given: Any) -> Mapping[str, str] | None:
    """The option ``proxies``, by scheme; None where the environment's own (HTTPS_PROXY, NO_PROXY) hold."""
    if given is None or given == "":
        return None
    if isinstance(given, Mapping):
        return {str(scheme): str(url) for scheme, url in given.items()}
    return {"http": str(given), "https": str(given)}


def proxy_for(url: str, proxies: Mapping[str, str] | None) -> str | None:
    """The proxy's URL: of the option, or of the environment (HTTPS_PROXY, NO_PROXY) where the option is silent."""
    parts = urlsplit(url)
    if proxies is not None:
        return proxies.get(parts.scheme)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def proxy_manager(proxy: str, options: Mapping[str, Any]) -> Any:
    """urllib3's manager of pools by way of a proxy, with the login that its URL may have."""
    parts = urlsplit(proxy)
    headers = None
    if parts.username:
        headers = urllib3.make_headers(proxy_basic_auth=f"{parts.username}:{parts.password or ''}")
        proxy = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)
