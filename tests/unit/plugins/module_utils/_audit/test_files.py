# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are written whole or not at all."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.files import write_atomically


def test_written_whole_and_for_its_owner_only(tmp_path):
    path = tmp_path / "report.json"
    write_atomically(str(path), ["a", "ö\n"])
    assert path.read_text(encoding="utf-8") == "aö\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_old_file_stays_when_writing_fails(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")

    def pieces():
        yield "half"
        raise RuntimeError("the disk is on fire")

    with pytest.raises(RuntimeError, match="on fire"):
        write_atomically(str(path), pieces())
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_names_that_are_no_unicode_do_not_stop_it(tmp_path):
    path = tmp_path / "report.json"
    write_atomically(str(path), ["caf\udce9"])
    assert path.read_text(encoding="utf-8") == "caf\\udce9"
