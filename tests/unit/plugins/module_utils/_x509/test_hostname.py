# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host names against certificates: RFC 9525 section 6."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._x509.hostname import matches


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (["vault.example.com"], "vault.example.com"),
        (["Vault.Example.COM"], "vault.example.com."),
        (["vault.example.com."], "VAULT.example.com"),
        (["other.example.com", "vault.example.com"], "vault.example.com"),
        (["localhost"], "localhost"),
        (["*.example.com"], "vault.example.com"),
        (["*.EXAMPLE.com"], "a.example.com"),
        (["*.example.com"], "xn--bcher-kva.example.com"),
        (["xn--bcher-kva.example"], "bücher.example"),
        (["bücher.example"], "xn--bcher-kva.example"),
        (["10.0.0.1"], "10.0.0.1"),
        (["::1"], "[::1]"),
        (["2001:db8::1"], "2001:0DB8:0:0::1"),
        (["fe80::1"], "fe80::1%eth0"),
        (["under_score.example.com"], "under_score.example.com"),
    ],
)
def test_match(names: list[str], host: str) -> None:
    assert matches(names, host)


@pytest.mark.parametrize(
    ("names", "host"),
    [
        ([], "example.com"),
        (["example.com"], "www.example.com"),
        (["*.example.com"], "example.com"),
        (["*.example.com"], "a.b.example.com"),
        (["*.example.com"], "www.example.org"),
        (["*.com"], "example.com"),
        (["*"], "localhost"),
        (["w*.example.com"], "www.example.com"),
        (["www.*.com"], "www.example.com"),
        (["*.0.0.1"], "10.0.0.1"),
        (["10.0.0.1"], "10.0.0.10"),
        (["::1"], "::2"),
        (["a..example.com"], "a.example.com"),
        (["spiffe://example.com/a"], "example.com"),
        (["vault.example.com"], ""),
        ([""], ""),
        ([".example.com"], "a.example.com"),
        (["example.com"], "example.com.."),
        (["x" * 64 + "ü.example"], "a.example"),
        (["127.0.0.1"], "localhost"),
    ],
)
def test_no_match(names: list[str], host: str) -> None:
    assert not matches(names, host)
