# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan's file of variables, and the command that carries it out."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_file import (
    applying,
    remediate_command,
    render_plan,
    shown,
)
from tests.support import extreme_reports, reports

TEXTS = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "{" not in text)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.from_regex(r"\A[0-9]e?[0-9_]{0,15}\Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def written(report: dict[str, Any]) -> str:
    return "".join(render_plan(report))


def test_holds_the_entries_of_the_report():
    report = reports.planned()
    assert yaml.safe_load(written(report)) == {
        "preflight_plan": {
            "schema": "sre.preflight/plan",
            "schema_version": "1.1.0",
            "generated_at": report["generated_at"],
            "judged_at": report["judged_at"],
            "entries": report["plan"],
        }
    }


@given(JSON)
def test_any_entry_comes_back_as_it_was(value):
    read = yaml.safe_load(written({"generated_at": "now", "judged_at": "now", "plan": [value]}))
    assert json.dumps(read["preflight_plan"]["entries"]) == json.dumps([value])


class OfAnsible(str):
    """As the names of hosts are in ansible-core 2.16."""


def test_text_of_ansibles_own_kind_is_text():
    report = {**reports.planned(), "plan": [{"host": OfAnsible("vault1")}]}
    assert yaml.safe_load("".join(render_plan(report)))["preflight_plan"]["entries"] == [{"host": "vault1"}]


def test_keys_stay_in_their_order_and_nothing_is_an_alias():
    report = reports.planned()
    text = written(report)
    keys = list(yaml.safe_load(text)["preflight_plan"]["entries"][0])
    assert keys == list(report["plan"][0])
    assert keys[:5] == ["id", "role", "host", "target", "settings"]
    assert "&id" not in text
    assert "*id" not in text


def test_a_changed_setting_changes_its_own_lines_alone():
    report = reports.planned()
    before = written(report).splitlines()
    report["plan"][0]["settings"]["roles/pod"]["max_ttl"] = 432_000
    after = written(report).splitlines()
    assert len(before) == len(after)
    assert [(one, other) for one, other in zip(before, after, strict=True) if one != other] == [
        ("          max_ttl: 864000", "          max_ttl: 432000"),
    ]


def test_says_in_comments_what_it_is_and_how_to_run_it_and_names_no_place():
    head = written(reports.planned()).partition("preflight_plan:")[0]
    command = "ansible-playbook sre.preflight.remediate -i <inventory> -e preflight_plan_path=<this-file>"
    assert f"#   {command} --check\n" in head
    assert f"#   {command}\n" in head
    assert head.startswith("---\n# What Preflight would set")
    assert all(line.startswith("#") and len(line) <= 120 for line in head.splitlines()[1:])


def test_a_plan_without_entries_is_written_too():
    assert yaml.safe_load(written(reports.zero()))["preflight_plan"]["entries"] == []


@pytest.mark.parametrize("payload", ["{{ lookup('pipe', 'id') }}/", "{% raw %}", "{# x #}", "a{{b"])
def test_ansible_takes_no_text_from_outside_for_a_template(tmp_path, payload):
    report = reports.planned()
    report["plan"][0]["target"]["mount"] = payload
    path = tmp_path / "plan.yml"
    path.write_text(written(report))
    assert "mount: !unsafe" in path.read_text()
    loaded = DataLoader().load_from_file(str(path))
    assert loaded["preflight_plan"]["entries"][0]["target"]["mount"] == payload


def test_hostile_text_stays_inside_its_scalar():
    report = extreme_reports.hostile()
    text = written(report)
    assert {character for character in text if not character.isprintable()} == {"\n"}
    assert text.isascii()
    plain = text.replace("!unsafe ", "")
    assert len(yaml.safe_load(plain)["preflight_plan"]["entries"]) == len(report["plan"])


@pytest.mark.parametrize(
    ("path", "inventories", "words"),
    [
        (None, (), "-i <inventory> -e preflight_plan_path=<plan>"),
        (
            "/srv/plan.yml",
            ("hosts.yml",),
            "-i hosts.yml -e preflight_plan_path=/srv/plan.yml",
        ),
        ("plan.yml", ("a.yml", "b c.yml"), "-i a.yml -i 'b c.yml' -e preflight_plan_path=plan.yml"),
        ("my plan.yml", ("x",), """-i x -e '{"preflight_plan_path": "my plan.yml"}'"""),
        ("$(id)", ("; reboot",), "-i '; reboot' -e 'preflight_plan_path=$(id)'"),
    ],
)
def test_the_command_is_what_a_shell_takes(path, inventories, words):
    command = remediate_command(path, inventories)
    assert shown(command) == f"ansible-playbook sre.preflight.remediate {words} --check"
    if path:
        assert shlex.split(shown(command)) == command
    assert shown(applying(command)) == f"ansible-playbook sre.preflight.remediate {words}"
