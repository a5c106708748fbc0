# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a connection, and the environment where they are silent."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._vault.connection import (
    DEFAULT_TIMEOUT,
    ENVIRONMENT,
    Retries,
    from_params,
)

URL = "https://vault.example.com:8200"


def test_defaults() -> None:
    connection = from_params({"url": URL + "/"}, {})
    assert connection.url == URL
    assert (connection.namespace, connection.validate_certs, connection.max_connections) == ("", True, 8)
    assert (connection.timeout, connection.retries) == (DEFAULT_TIMEOUT, Retries())


@pytest.mark.parametrize("variable", ENVIRONMENT["url"])
def test_the_environment_speaks_where_the_option_is_silent(variable: str) -> None:
    assert from_params({"url": None}, {variable: URL}).url == URL
    assert from_params({"url": "https://other"}, {variable: URL}).url == "https://other"


def test_the_first_variable_wins() -> None:
    given = {"BAO_ADDR": "https://three", "VAULT_ADDR": "https://two", "ANSIBLE_HASHI_VAULT_ADDR": "https://one"}
    assert from_params({}, given).url == "https://one"
    del given["ANSIBLE_HASHI_VAULT_ADDR"]
    assert from_params({}, given).url == "https://two"


def test_there_is_no_default_server() -> None:
    with pytest.raises(OptionError, match=r"^url: is missing"):
        from_params({}, {})


@pytest.mark.parametrize(
    "url", ["vault:8200", "ftp://vault", "https://", "https://vault:port", "https://vault?x=1", "https://vault:0"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(OptionError, match=r"^url: .* is no address of a server"):
        from_params({"url": url}, {})


def test_a_password_in_the_address_is_not_shown() -> None:
    with pytest.raises(OptionError) as caught:
        from_params({"url": "https://user:horse@vault"}, {})
    assert "horse" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "variable", "verified"),
    [
        (None, None, True),
        (None, "true", False),
        (None, "1", False),
        (None, "0", True),
        (None, "", True),
        (True, "true", True),
        (False, None, False),
    ],
)
def test_validation_can_be_skipped_by_the_environment(
    option: bool | None, variable: str | None, verified: bool
) -> None:
    environment = {} if variable is None else {"VAULT_SKIP_VERIFY": variable}
    assert from_params({"url": URL, "validate_certs": option}, environment).validate_certs is verified


def test_an_environment_that_is_neither_true_nor_false() -> None:
    with pytest.raises(OptionError, match="VAULT_SKIP_VERIFY: 'maybe' is neither true nor false"):
        from_params({"url": URL}, {"VAULT_SKIP_VERIFY": "maybe"})


@pytest.mark.parametrize(
    ("given", "retries"),
    [
        (None, Retries()),
        (0, Retries(total=0)),
        ("5", Retries(total=5)),
        ({"total": 2, "backoff_factor": 1}, Retries(2, 1.0)),
        ({"status_forcelist": [503]}, Retries(statuses=frozenset({503}))),
    ],
)
def test_retries(given: object, retries: Retries) -> None:
    assert from_params({"url": URL, "retries": given}, {}).retries == retries


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("retries", -1),
        ("retries", "often"),
        ("retries", {"totl": 3}),
        ("retries", {"backoff_factor": -1}),
        ("retry_action", "shout"),
        ("timeout", 0),
        ("timeout", "soon"),
        ("max_connections", 0),
    ],
)
def test_numbers_that_are_refused(option: str, value: object) -> None:
    with pytest.raises(OptionError, match=f"^{option}: "):
        from_params({"url": URL, option: value}, {})


def test_one_proxy_is_for_both_schemes() -> None:
    proxies = from_params({"url": URL, "proxies": "http://proxy:3128"}, {}).proxies
    assert proxies == {"http": "http://proxy:3128", "https": "http://proxy:3128"}
    assert from_params({"url": URL, "proxies": {"https": "http://p"}}, {}).proxies == {"https": "http://p"}
    assert from_params({"url": URL}, {}).proxies is None


def test_a_proxy_with_an_equals_sign_is_one_proxy() -> None:
    proxies = from_params({"url": URL, "proxies": "http://user:a=b@proxy"}, {}).proxies
    assert proxies == {"http": "http://user:a=b@proxy", "https": "http://user:a=b@proxy"}


@pytest.mark.parametrize(
    ("option", "variable", "warned"), [(None, None, True), (None, "ignore", False), ("warn", "ignore", True)]
)
def test_the_environment_may_keep_retries_to_itself(option: str | None, variable: str | None, warned: bool) -> None:
    environment = {"ANSIBLE_HASHI_VAULT_RETRY_ACTION": variable} if variable else {}
    assert from_params({"url": URL, "retry_action": option}, environment).warn_of_retries is warned


def test_a_key_without_its_certificate() -> None:
    with pytest.raises(OptionError, match=r"^cert_auth_public_key: is missing"):
        from_params({"url": URL, "cert_auth_private_key": "/x.key"}, {})


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("ca_cert", {"ca_cert": "/nowhere/ca.pem"}),
        ("cert_auth_public_key", {"cert_auth_public_key": "/nowhere/client.pem"}),
    ],
)
def test_files_that_are_not_there(option: str, given: dict[str, str]) -> None:
    with pytest.raises(OptionError, match=f"^{option}: '/nowhere/"):
        from_params({"url": URL, **given}, {}).ssl_context()
