# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The saved state leads back to what was there before the first of any runs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.plugin_utils._remediation import record

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
TARGET = {"kind": "vault_mount", "address": "a:8200", "cluster_id": "c1", "namespace": "team", "mount": "team/pki/"}
SETTINGS = {"config/crl": {"auto_rebuild": True, "expiry": 3600}, "roles/pod": {"generate_lease": False}}
UNDO = {"config/crl": {"auto_rebuild": False}, "roles/pod": {"generate_lease": True}}


def opened(directory, now=NOW, **more):
    path = record.new_path(str(directory), TARGET, now)
    record.write(path, {**record.new(TARGET, SETTINGS, UNDO, {"seen": True}, now), **more})
    return path


def test_it_is_written_for_its_owner_alone_under_a_name_that_says_whose_it_is(tmp_path):
    path = opened(tmp_path / "new" / "states")
    assert path.rpartition("/")[2] == f"team-pki-{record.name_of(TARGET)[-12:]}-20260601T000000Z.json"
    assert (tmp_path / "new" / "states").stat().st_mode & 0o777 == 0o700
    assert json.loads(Path(path).read_text()) == record.read(path)
    assert record.read(path)["status"] == "applying"


def test_an_open_one_is_found_by_its_target_and_a_closed_one_is_not(tmp_path):
    assert record.find_open(str(tmp_path / "none"), TARGET) is None
    path = opened(tmp_path)
    assert record.find_open(str(tmp_path), {**TARGET, "address": "b:8200"}) == path
    for other in ({"mount": "pki/"}, {"namespace": ""}, {"cluster_id": "c2"}):
        assert record.find_open(str(tmp_path), {**TARGET, **other}) is None
    record.write(path, record.closed(record.read(path), record.APPLIED, None, NOW))
    assert record.find_open(str(tmp_path), TARGET) is None


def test_the_newest_decides(tmp_path):
    opened(tmp_path)
    opened(tmp_path, NOW + timedelta(seconds=1), status="applied")
    assert record.find_open(str(tmp_path), TARGET) is None


def test_one_that_is_taken_up_still_knows_what_was_there_before_the_first_run(tmp_path):
    first = record.read(opened(tmp_path))
    half_done = {"config/crl": {"auto_rebuild": True, "expiry": 7200}}
    again = record.taken_up(first, {"config/crl": {"expiry": 1800}}, half_done)
    assert again["undo"] == {
        "config/crl": {"auto_rebuild": False, "expiry": 7200},
        "roles/pod": {"generate_lease": True},
    }
    assert again["settings"]["config/crl"] == {"auto_rebuild": True, "expiry": 1800}
    assert again["before"] == {"seen": True}


def test_going_back_replaces_only_what_was_set(tmp_path):
    assert record.replaced(record.read(opened(tmp_path))) == {
        "config/crl": {"auto_rebuild": True},
        "roles/pod": {"generate_lease": False},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{", "is cut short or no JSON at all"),
        ("[]", "is no saved state (its schema is not sre.preflight/vault_tidy)"),
        ('{"schema": "sre.preflight/vault_tidy", "schema_version": "2.0.0"}', "has version '2.0.0', not 1.0.0"),
        ('{"schema": "sre.preflight/vault_tidy", "schema_version": "1.0.0"}', "is not whole: it has no status"),
    ],
)
def test_what_is_no_saved_state_is_one_line(tmp_path, text, message):
    path = tmp_path / "x.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(OptionError) as caught:
        record.read(str(path))
    assert str(caught.value).startswith(f"path: {str(path)!r} {message}")


def test_nothing_is_changed_where_the_state_cannot_be_saved(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError) as caught:
        opened(tmp_path / "file")
    assert "cannot be written: " in str(caught.value)
    assert str(caught.value).endswith("; nothing was changed")
