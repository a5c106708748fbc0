# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules' documentation says is what their code does."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.sre.preflight.plugins.action import (
    audit_report,
    gate,
    remediation_plan,
    remediation_record,
)
from ansible_collections.sre.preflight.plugins.module_utils._audit import module as audit_module
from ansible_collections.sre.preflight.plugins.module_utils._vault import enforcing

PLUGINS = Path(__file__).parents[4] / "plugins"
ROOT = PLUGINS.parent
NAMES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
AUDITS = [name for name in NAMES if name.endswith("_audit")]
ENFORCING = ["vault_pki_config", "vault_pki_tidy"]
ACTIONS = {"gate": gate, "remediation_plan": remediation_plan, "remediation_record": remediation_record}
BASE = "ansible_collections.sre.preflight.plugins.modules."
FRAGMENTS = "ansible_collections.sre.preflight.plugins.doc_fragments."


def _module(name):
    return importlib.import_module(BASE + name)


def _documented(name):
    documentation = yaml.safe_load(_module(name).DOCUMENTATION)
    options = dict(documentation["options"])
    for name in documentation["extends_documentation_fragment"]:
        fragment = importlib.import_module(FRAGMENTS + name.split(".")[2]).ModuleDocFragment
        options.update(yaml.safe_load(fragment.DOCUMENTATION).get("options", {}))
    return options


class _SpecSeen(Exception):
    pass


@pytest.fixture
def spec_of(monkeypatch):
    """The argument spec that a module gives to AnsibleModule."""

    def capture(name):
        seen = {}

        class Capture(AnsibleModule):
            def __init__(self, **arguments):
                seen.update(arguments)
                raise _SpecSeen

        monkeypatch.setattr(audit_module, "Module", Capture)
        monkeypatch.setattr(enforcing, "AnsibleModule", Capture)
        with pytest.raises(_SpecSeen):
            _module(name).main()
        return seen

    return capture


def _simplified(options):
    keep = ("type", "elements", "default", "required", "choices")
    return {
        name: {
            **{key: option[key] for key in keep if option.get(key) not in (None, False) or option.get(key) == 0},
            "options": _simplified(option.get("suboptions") or option.get("options") or {}),
        }
        for name, option in options.items()
    }


@pytest.mark.parametrize("name", AUDITS + ENFORCING)
def test_options_are_documented_as_they_are(name, spec_of):
    assert _simplified(_documented(name)) == _simplified(spec_of(name)["argument_spec"])


def test_every_module_is_tested_here():
    assert sorted([*AUDITS, *ENFORCING, "audit_report", *ACTIONS]) == NAMES


@pytest.mark.parametrize("name", AUDITS + ENFORCING)
def test_check_mode_is_supported(name, spec_of):
    assert spec_of(name)["supports_check_mode"] is True


@pytest.mark.parametrize("name", AUDITS)
def test_audits_document_the_same_contract(name):
    returned = yaml.safe_load(_module(name).RETURN)
    first = yaml.safe_load(_module(AUDITS[0]).RETURN)
    for key in ("findings", "certificates", "coverage", "summary", "bundle"):
        assert returned[key]["type"] == first[key]["type"]
        assert returned[key]["returned"] == first[key]["returned"]


def test_audit_report_documents_the_options_of_its_action():
    documented = _simplified(_documented("audit_report"))
    del documented["waivers"]["options"]
    actual = _simplified(audit_report.OPTIONS)
    assert actual.pop("waivers")["type"] == documented.pop("waivers")["type"]
    assert actual == documented


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_document_their_options(name):
    assert _simplified(ACTIONS[name].OPTIONS) == _simplified(_documented(name))


@pytest.mark.parametrize("role", sorted(path.name for path in (ROOT / "roles").iterdir()))
def test_role_defaults_are_in_step_with_their_argument_specs(role):
    directory = ROOT / "roles" / role
    defaults = yaml.safe_load((directory / "defaults" / "main.yml").read_text())
    specs = yaml.safe_load((directory / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    specified = {}
    for entry in specs.values():
        specified.update(entry["options"])
    assert defaults == {name: option.get("default") for name, option in specified.items()}
    readme = (directory / "README.md").read_text()
    assert [name for name in specified if f"`{name}`" not in readme] == [], "every variable is in the role's README"
