# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mappings that are given to the connection's options as text, which Ansible's own parser reads."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._vault.connection import Retries, from_params

URL = "https://vault.example.com:8200"


@pytest.mark.parametrize("text", ['{"total": 2, "backoff_factor": 1}', "total=2 backoff_factor=1"])
def test_retries_may_be_text(text: str) -> None:
    assert from_params({"url": URL, "retries": text}, {}).retries == Retries(2, 1.0)


def test_half_a_mapping_is_refused() -> None:
    with pytest.raises(OptionError, match=r"^retries: "):
        from_params({"url": URL, "retries": '{"total": '}, {})


@pytest.mark.parametrize("text", ['{"https": "http://p"}', "{'https': 'http://p'}", "https=http://p"])
def test_proxies_by_scheme_may_be_text(text: str) -> None:
    assert from_params({"url": URL}, {"ANSIBLE_HASHI_VAULT_PROXIES": text}).proxies == {"https": "http://p"}
    assert from_params({"url": URL, "proxies": text}, {}).proxies == {"https": "http://p"}


def test_a_proxys_password_is_not_shown() -> None:
    with pytest.raises(OptionError, match=r"^proxies: is no mapping") as caught:
        from_params({"url": URL, "proxies": '{"https": "http://user:horse@proxy"'}, {})
    assert "horse" not in str(caught.value)
