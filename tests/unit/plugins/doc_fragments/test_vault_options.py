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


def test_secrets_are_not_logged():
    assert {name for name, option in AUTH_OPTIONS.items() if option.get("no_log")} == SECRET


def test_minimum_versions():
    told = dict(re.findall(r"(\w+) >= ([\d.]+)", " ".join(CONNECTION["requirements"])))
    assert told == {library.name: library.minimum for library in libraries.LIBRARIES}
