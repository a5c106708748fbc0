# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the connection: what is given, what the environment has, and one line on what is no good."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.connection import ENVIRONMENT, options_of


def given(**options):
    return {"timeout": 30.0, **options}


def test_the_environment_stands_in_where_an_option_is_silent():
    environment = {name: f"of {option}" for option, name in ENVIRONMENT.items() if "K8S_AUTH_" in name}
    environment["K8S_AUTH_VERIFY_SSL"] = "no"
    environment["K8S_AUTH_IMPERSONATE_GROUPS"] = "one,two"
    for file in ("KUBECONFIG", "SSL_CA_CERT", "CERT_FILE", "KEY_FILE"):
        environment[f"K8S_AUTH_{file}"] = __file__
    found = options_of(given(context="own"), environment)
    assert found["context"] == "own"
    assert found["validate_certs"] is False
    assert found["impersonate_groups"] == ["one", "two"]
    assert found["api_key"] == "of api_key"
    assert found["kubeconfig"] == __file__


def test_nothing_is_given():
    found = options_of(given(), {"K8S_AUTH_HOST": ""})
    assert found.pop("timeout") == 30.0
    assert found.pop("impersonate_groups") == []
    assert set(found.values()) == {None}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeout": 0}, "timeout: 0 is out of range; give seconds, above 0 and up to 86400"),
        ({"timeout": float("nan")}, "timeout: nan is out of range; give seconds, above 0 and up to 86400"),
        ({"client_key": __file__}, "client_cert: is missing; client_key is given"),
        ({"impersonate_groups": ["a"]}, "impersonate_user: is missing; impersonate_groups needs it"),
        ({"kubeconfig": "/no/such"}, "kubeconfig: '/no/such' cannot be read, or is not there"),
        ({"ca_cert": "/no/such"}, "ca_cert: '/no/such' cannot be read, or is not there"),
        ({"validate_certs": "maybe"}, "validate_certs: 'maybe' is neither true nor false"),
    ],
)
def test_bad_options_are_one_line(options, message):
    with pytest.raises(OptionError) as error:
        options_of(given(**options), {})
    assert str(error.value) == message
