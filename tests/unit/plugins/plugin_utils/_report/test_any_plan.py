# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever findings want: nothing is forgotten, and who was asked first does not matter."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan import build, identity
from tests.support.plans import NOW, TARGET, instant, mount_row, timedelta, wish

PATHS = st.sampled_from(["config/crl", "config/auto-tidy", "roles/a", "roles/b"])
KEYS = st.sampled_from(["auto_rebuild", "max_crl_entries", "generate_lease", "max_ttl", "enabled"])
VALUES = st.sampled_from([True, False, 0, 1, 3600, 43200])
SETTINGS = st.dictionaries(PATHS, st.dictionaries(KEYS, VALUES, max_size=3), max_size=3)
TARGETS = st.sampled_from([TARGET, {**TARGET, "mount": "pki/"}, {**TARGET, "address": "10.0.0.9:8200"}])


@st.composite
def all_findings(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        settings = draw(SETTINGS)
        live = {path: {key: draw(st.sampled_from([None, 7])) for key in values} for path, values in settings.items()}
        days = draw(st.none() | st.integers(-1, 9))
        fields = {
            "rule": f"vault.rule-{number}",
            "severity": draw(st.sampled_from(["critical", "high", "medium", "low"])),
            "outage_at": None if days is None else instant(timedelta(days=days)),
            "hosts": draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True)),
        }
        found.append(wish(settings, found=live, target=draw(TARGETS), **fields))
    return found


@st.composite
def all_mounts(draw: st.DrawFn) -> list[dict[str, Any]]:
    hosts = draw(st.lists(st.sampled_from(["a", "b", "c"]), unique=True))
    return [mount_row(draw(SETTINGS), host=host, address=f"{host}.example:8200") for host in hosts]


def keys(settings: dict[str, dict[str, Any]]) -> set[tuple[str, str]]:
    return {(path, key) for path, values in settings.items() for key in values}


@given(all_findings(), all_mounts())
def test_every_setting_that_is_wanted_is_set_or_a_named_conflict(findings, mounts):
    entries = {identity(entry["target"]): entry for entry in build(findings, mounts, NOW)}
    for finding in findings:
        wanted = finding["remediation"]["settings"]
        if not keys(wanted):
            continue
        entry = entries[identity(finding["remediation"]["target"])]
        named = {(each["path"], each["key"]): each for each in entry["conflicts"]}
        assert keys(wanted) <= keys(entry["settings"]) | named.keys()
        for path, key in keys(wanted):
            value = entry["settings"].get(path, {}).get(key)
            assert (json.dumps(value) == json.dumps(wanted[path][key])) or (path, key) in named


@given(all_findings(), all_mounts())
def test_an_entry_agrees_with_itself(findings, mounts):
    for entry in build(findings, mounts, NOW):
        assert keys(entry["found"]) == keys(entry["settings"])
        steps = [keys(step["settings"]) for step in entry["steps"]]
        assert sum(map(len, steps)) == len(keys(entry["settings"]))
        assert set().union(*steps) == keys(entry["settings"])
        for conflict in entry["conflicts"]:
            set_to = entry["settings"].get(conflict["path"], {}).get(conflict["key"])
            assert json.dumps(set_to) == json.dumps(conflict["chosen"])


@given(all_findings(), all_mounts(), st.randoms(use_true_random=False))
def test_the_order_of_findings_hosts_and_mounts_changes_nothing(findings, mounts, random):
    shuffled = [{**each, "hosts": random.sample(each["hosts"], len(each["hosts"]))} for each in findings]
    random.shuffle(shuffled)
    others = random.sample(mounts, len(mounts))
    assert json.dumps(build(shuffled, others, NOW)) == json.dumps(build(findings, mounts, NOW))
