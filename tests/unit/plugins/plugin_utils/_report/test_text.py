# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of others is shown, never obeyed; lines keep to their width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import (
    clip,
    columns,
    continued,
    lowered,
    visible,
    wrap,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("vault.example", "vault.example"),
        ("B\u00e4ckerei \u65e5\u672c", "B\u00e4ckerei \u65e5\u672c"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("one\ntwo\r\n\tthree\0", "one\\x0atwo\\x0d\\x0a\\x09three\\x00"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        (None, "None"),
    ],
)
def test_visible(text: object, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(alphabet=st.characters()))
def test_visible_text_is_printable(text: str) -> None:
    assert visible(text).isprintable()


@pytest.mark.parametrize(
    ("title", "inside"), [("Auto-tidy is off", "auto-tidy is off"), ("CRL is stale", "CRL is stale"), ("", "")]
)
def test_a_title_inside_a_sentence(title: str, inside: str) -> None:
    assert lowered(title) == inside


def test_clip_marks_the_cut() -> None:
    assert clip("a" * 60, 60) == "a" * 60
    assert clip("a" * 61, 60) == "a" * 36 + "... (61 characters)"
    assert len(clip("\x1b" * 60, 60)) <= 60


@given(st.text(alphabet=st.characters(exclude_categories=["Mn", "Me", "Mc"])), st.integers(min_value=40, max_value=120))
def test_wrapped_lines_keep_to_the_width_and_lose_no_letter(text: str, width: int) -> None:
    shown = visible(text)
    lines = wrap(shown, width, first="  where  ")
    assert all(columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == f"where{shown}".replace(" ", "")


def test_wide_letters_take_two_columns_and_combining_marks_none() -> None:
    assert columns("\u65e5\u672c") == 4
    assert columns("e\u0301") == 1


def test_wrap_breaks_at_spaces_first() -> None:
    assert wrap("one two three", 9, first="- ") == ["- one two", "  three"]
    assert wrap("one /a/very/long/path", 9, first="- ", rest="") == ["- one", "/a/very/l", "ong/path"]


def test_a_command_goes_on_behind_a_backslash_and_no_word_is_broken() -> None:
    assert continued(["ls", "-l", "/tmp"], 13, first="do  ") == ["do  ls -l \\", "      /tmp"]
    assert continued(["ls", "-l", "/tmp"], 14) == ["ls -l /tmp"]
    assert continued(["ls", "/a/very/long/path", "-l"], 8) == ["ls \\", "  /a/very/long/path \\", "  -l"]
