# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan that a person has edited is carried out only if it makes sense; otherwise each reason is a line."""

from __future__ import annotations

import copy
import json

import pytest
import yaml

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.plugin_utils._remediation.mirror_entries import carried_out
from ansible_collections.sre.preflight.plugins.plugin_utils._remediation.plan_reading import read_plan
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_file import render_plan

ENTRY = {
    "id": "0123456789abcdef",
    "role": "vault_tidy",
    "host": "vault1",
    "target": {
        "kind": "vault_mount",
        "address": "127.0.0.1:8200",
        "cluster_id": "c1",
        "namespace": "",
        "mount": "pki/",
    },
    "settings": {"config/crl": {"auto_rebuild": True, "expiry": 259200}, "roles/pod": {"generate_lease": False}},
    "found": {"config/crl": {"auto_rebuild": False, "expiry": None}, "roles/pod": {"generate_lease": True}},
}
INSTANT = "2026-06-01T00:00:00Z"
REPORT = {
    "schema": "sre.preflight/report",
    "schema_version": "1.1.0",
    "generated_at": INSTANT,
    "judged_at": INSTANT,
    "findings": [],
}


def entry(**changes):
    """The entry with other parts; a part of the target goes by target__mount."""
    changed = copy.deepcopy(ENTRY)
    for key, value in changes.items():
        part, _separator, own = key.partition("__")
        if own:
            changed[part][own] = value
        else:
            changed[part] = value
    return changed


def written(tmp_path, entries, name="plan.yml"):
    path = tmp_path / name
    report = {**REPORT, "plan": entries}
    path.write_text("".join(render_plan(report)) if name.endswith("yml") else json.dumps(report))
    return str(path)


def problems(tmp_path, *entries):
    found, told = read_plan(written(tmp_path, list(entries)), {"vault1"})
    assert found == []
    return told


@pytest.mark.parametrize("name", ["plan.yml", "preflight.json"])
def test_the_file_and_the_report_give_the_same_entries_in_their_order(tmp_path, name):
    entries = [entry(), entry(target__mount="a/"), entry(target__namespace="{{ team }}")]
    assert read_plan(written(tmp_path, entries, name), {"vault1"}) == (entries, [])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"role": "reboot"}, "role: 'reboot' is not known; there is vault_tidy, package_mirror"),
        ({"host": "db"}, "host: 'db' is not in the inventory; name the host with the variables to connect with"),
        ({"target": None}, "target: needs kind, address, cluster_id, namespace and mount as the plan had them"),
        (
            {"target__cluster_id": 7},
            "target: needs kind, address, cluster_id, namespace and mount as the plan had them",
        ),
        ({"target__kind": "database"}, "target: is of kind 'database', and role vault_tidy is for vault_mount"),
        ({"settings": []}, "settings: is no mapping of paths below the mount to keys and values"),
        ({"found": {"config/crl": True}}, "found: is no mapping of paths below the mount to keys and values"),
        ({"settings__issue/pod": {}}, "settings: 'issue/pod' is no path for settings"),
        ({"settings__roles/pod": {"ttl": {}}}, "settings.roles/pod.ttl: {} is no text, number, boolean or list"),
        (
            {"settings__config/auto-tidy": {"enabled": True}},
            "found.config/auto-tidy.enabled: is missing; say which live value is to be replaced",
        ),
    ],
)
def test_each_nonsense_is_one_line_that_says_what_to_do(tmp_path, changes, problem):
    told = problems(tmp_path, entry(), entry(**changes))
    name = "entry 2" if "target" in changes and changes["target"] is None else "entry 2 (pki/)"
    assert f"{name}: {problem}" in told


def test_every_problem_is_told_at_once(tmp_path):
    assert len(problems(tmp_path, entry(role="x"), "nonsense", entry(host="x", target__kind="y"))) == 4


def test_two_entries_for_one_target_are_refused(tmp_path):
    told = problems(tmp_path, entry(), entry(target__address="10.0.0.1:8200"))
    assert told == ["entry 2 (pki/): is about the same target as entry 1; merge the two"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("preflight_plan: {", "is cut short, or neither YAML nor JSON: "),
        ('{"schema": "sre.preflight/report", ', "is cut short, or neither YAML nor JSON: "),
        ("a: !!python/object/apply:os.system [id]", "is cut short, or neither YAML nor JSON: "),
        ("- 1", "holds no plan that can be carried out: it has no preflight_plan of the schema sre.preflight/plan"),
        (
            yaml.safe_dump({"preflight_plan": {"schema": "sre.preflight/plan", "schema_version": "2.0.0"}}),
            "holds no plan that can be carried out: its schema_version is 2.0.0, not 1.1.0",
        ),
        (json.dumps(REPORT), "holds no plan that can be carried out: its entries are no list"),
    ],
    ids=["missing", "cut", "cut report", "code", "other", "major", "no entries"],
)
def test_what_is_no_plan_is_one_line(tmp_path, text, message):
    path = tmp_path / "plan.yml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(OptionError) as caught:
        read_plan(str(path), {"vault1"})
    assert str(caught.value).startswith(f"path: {str(path)!r} {message}")
    assert "\n" not in str(caught.value)


MIRROR = "https://mirror.example.com/simple/"
FOR_MIRROR = {
    "id": "0123456789abcdef",
    "role": "package_mirror",
    "host": "whoever audited it",
    "target": {"kind": "mirror", "url": MIRROR},
    "settings": {"strategy": "pull_through", "upstream_url": "https://index.example.org/simple/", "projects": ["demo"]},
    "found": {"lacks": ["requires-python"]},
}


def for_mirror(**settings):
    return {**FOR_MIRROR, "settings": {**FOR_MIRROR["settings"], **settings}}


def test_an_entry_for_a_mirror_is_read_beside_those_for_mounts(tmp_path):
    entries = [FOR_MIRROR, entry()]
    assert read_plan(written(tmp_path, entries), {"vault1"}) == (entries, [])


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({**FOR_MIRROR, "target": {"kind": "mirror"}}, "target: needs kind and url as the plan had them"),
        (
            {**FOR_MIRROR, "target": {"kind": "vault_mount", "url": MIRROR}},
            "target: is of kind 'vault_mount', and role package_mirror is for mirror",
        ),
        ({**FOR_MIRROR, "settings": None}, "settings: is no mapping of strategy, upstream_url, projects to values"),
        (for_mirror(listen=80), "settings.listen: is not known; there is strategy, upstream_url, projects"),
        (for_mirror(strategy="magic"), "settings.strategy: 'magic' is not known; give pull_through or full"),
        (for_mirror(upstream_url=None), "settings.upstream_url: is missing; say which index it is to be a mirror of"),
        (for_mirror(projects="demo"), "settings.projects: is no list of names; give names of projects"),
    ],
)
def test_each_nonsense_about_a_mirror_is_one_line(tmp_path, broken, problem):
    name = "entry 1" if "url" not in broken["target"] else f"entry 1 ({MIRROR})"
    assert problems(tmp_path, broken) == [f"{name}: {problem}"]


def test_two_entries_for_one_mirror_are_refused(tmp_path):
    told = problems(tmp_path, FOR_MIRROR, FOR_MIRROR)
    assert told == [f"entry 2 ({MIRROR}): is about the same target as entry 1; merge the two"]


def test_a_mirror_is_brought_up_on_every_host_that_serves_it():
    urls = {"node2": MIRROR, "node1": MIRROR.rstrip("/"), "other": "https://other.example/simple/", "none": None}
    placed, unanswered = carried_out([FOR_MIRROR, ENTRY], urls)
    assert [(each["role"], each["host"]) for each in placed] == [
        ("package_mirror", "node1"),
        ("package_mirror", "node2"),
        ("vault_tidy", "vault1"),
    ]
    assert unanswered == []


def test_a_mirror_that_no_host_serves_is_told_of():
    assert carried_out([FOR_MIRROR, ENTRY], {"vault1": None}) == ([ENTRY], [FOR_MIRROR])
