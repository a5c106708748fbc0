# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The doc fragments of Vault say what the argument specs are, and name the same environment variables."""

from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.sre.preflight.plugins.doc_fragments import vault_auth, vault_connection
from ansible_collections.sre.preflight.plugins.module_utils._vault import libraries
from ansible_collections.sre.preflight.plugins.module_utils._vault.auth import AUTH_OPTIONS
from ansible_collections.sre.preflight.plugins.module_utils._vault.connection import CONNECTION_OPTIONS, ENVIRONMENT

CONNECTION = yaml.safe_load(vault_connection.ModuleDocFragment.DOCUMENTATION)
AUTH = yaml.safe_load(vault_auth.ModuleDocFragment.DOCUMENTATION)
SECRET = {"token", "password", "secret_id", "jwt"}


@pytest.mark.parametrize(("documented", "spec"), [(CONNECTION, CONNECTION_OPTIONS), (AUTH, AUTH_OPTIONS)])
def test_options(documented, spec):
    told = {
        name: {key: value for key, value in option.items() if key != "description"}
        for name, option in documented["options"].items()
    }
    assert told == {
        name: {key: value for key, value in option.items() if key != "no_log"} for name, option in spec.items()
    }


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_environment(name):
    option = {**CONNECTION["options"], **AUTH["options"]}[name]
    told = re.findall(r"E\((\w+)\)", " ".join(option["description"]))
    # That the home directory is HOME goes without saying.
    expected = [variable for variable in ENVIRONMENT[name] if variable != "HOME"]
    assert [variable for variable in told if not variable.endswith("_PROXY")] == expected


HASHI_VAULT = {
    "url": ("ANSIBLE_HASHI_VAULT_ADDR", "VAULT_ADDR"),
    "proxies": ("ANSIBLE_HASHI_VAULT_PROXIES",),
    "ca_cert": ("ANSIBLE_HASHI_VAULT_CA_CERT", "VAULT_CACERT"),
    "validate_certs": (),
    "namespace": ("ANSIBLE_HASHI_VAULT_NAMESPACE", "VAULT_NAMESPACE"),
    "timeout": ("ANSIBLE_HASHI_VAULT_TIMEOUT",),
    "retries": ("ANSIBLE_HASHI_VAULT_RETRIES",),
    "retry_action": ("ANSIBLE_HASHI_VAULT_RETRY_ACTION",),
    "auth_method": ("ANSIBLE_HASHI_VAULT_AUTH_METHOD",),
    "mount_point": ("ANSIBLE_HASHI_VAULT_MOUNT_POINT",),
    "token": ("ANSIBLE_HASHI_VAULT_TOKEN", "VAULT_TOKEN"),
    "token_path": ("ANSIBLE_HASHI_VAULT_TOKEN_PATH", "HOME"),
    "token_file": ("ANSIBLE_HASHI_VAULT_TOKEN_FILE",),
    "token_validate": ("ANSIBLE_HASHI_VAULT_TOKEN_VALIDATE",),
    "username": ("ANSIBLE_HASHI_VAULT_USERNAME",),
    "password": ("ANSIBLE_HASHI_VAULT_PASSWORD",),
    "role_id": ("ANSIBLE_HASHI_VAULT_ROLE_ID",),
    "secret_id": ("ANSIBLE_HASHI_VAULT_SECRET_ID",),
    "jwt": ("ANSIBLE_HASHI_VAULT_JWT",),
    "cert_auth_public_key": ("ANSIBLE_HASHI_VAULT_CERT_AUTH_PUBLIC_KEY",),
    "cert_auth_private_key": ("ANSIBLE_HASHI_VAULT_CERT_AUTH_PRIVATE_KEY",),
}
"""community.hashi_vault 7.1.0: its options and, in their order, their variables; but for the logins of three clouds."""


@pytest.mark.parametrize("name", HASHI_VAULT)
def test_who_knows_community_hashi_vault_knows_these(name):
    spec = {**CONNECTION_OPTIONS, **AUTH_OPTIONS}
    assert name in spec
    assert spec[name].get("default") is None, "a default of Ansible's would hide the environment"
    ours = [variable for variable in ENVIRONMENT.get(name, ()) if variable in HASHI_VAULT[name]]
    assert tuple(ours) == HASHI_VAULT[name]
    assert "cacert" in spec["ca_cert"]["aliases"]


def test_secrets_are_not_logged():
    assert {name for name, option in AUTH_OPTIONS.items() if option.get("no_log")} == SECRET


def test_minimum_versions():
    told = dict(re.findall(r"(\w+) >= ([\d.]+)", " ".join(CONNECTION["requirements"])))
    assert told == {library.name: library.minimum for library in libraries.LIBRARIES}
