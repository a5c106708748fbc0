# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._files.names import (
    Passwords,
    Patterns,
    absolute,
    has_magic,
    printable,
)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.pem", "/etc/ssl/a.pem", True),
        ("*.pem", "/etc/ssl/a.pem.bak", False),
        ("*.PEM", "/etc/ssl/a.pem", False),
        ("a?.crt", "/x/ab.crt", True),
        ("[ab].crt", "/x/c.crt", False),
        ("ssl", "/etc/ssl/a.pem", False),
        ("/etc/ssl/*", "/etc/ssl/deep/a.pem", True),
        ("/etc/ssl/*", "/srv/etc/ssl/a.pem", False),
        ("archive/*.pem", "/etc/letsencrypt/archive/x/cert1.pem", True),
        ("*/archive/*", "/etc/letsencrypt/archive/x/cert1.pem", True),
        ("*\udcff*", "/x/a\udcffb", True),
    ],
)
def test_patterns_match_the_name_or_with_a_slash_the_path(pattern: str, path: str, expected: bool) -> None:
    assert Patterns([pattern], option="include").match(path) is expected


def test_patterns_are_alternatives() -> None:
    patterns = Patterns(["*.pem", "*.crt"], option="include")
    assert [patterns.match(path) for path in ("/a.pem", "/a.crt", "/a.key")] == [True, True, False]


def test_no_patterns_are_false() -> None:
    assert not Patterns([], option="include")
    assert Patterns(["x"], option="include")


@pytest.mark.parametrize("pattern", ["", None, 5])
def test_what_is_no_pattern_is_named_with_its_option(pattern: object) -> None:
    with pytest.raises(ValueError, match=r"^exclude: .* is not a shell pattern"):
        Patterns([pattern], option="exclude")  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/ssl", "/etc/ssl"),
        ("/etc//ssl/./certs/", "/etc/ssl/certs"),
        ("/", "/"),
        ("//", "/"),
        ("/a/../b", "/a/../b"),
    ],
)
def test_absolute_cleans_but_never_folds_parents(path: str, expected: str) -> None:
    assert absolute(path) == expected


def test_absolute_starts_at_the_working_directory(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert absolute("certs/a.pem") == f"{os.getcwd()}/certs/a.pem"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a.pem", "/a.pem"),
        ("/é.pem", "/é.pem"),
        ("/\udcff.pem", "/\\xff.pem"),
        ("/\udce9\udcc3.pem", "/\\xe9\\xc3.pem"),
        ("/\ud800.pem", "/\\ud800.pem"),
    ],
)
def test_printable_is_utf_8_for_any_name(path: str, expected: str) -> None:
    assert printable(path) == expected
    json.dumps(printable(path), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(("path", "expected"), [("/a/*", True), ("/a?", True), ("/[a]", True), ("/a]{b}", False)])
def test_has_magic(path: str, expected: bool) -> None:
    assert has_magic(path) is expected


def test_passwords_come_in_their_order() -> None:
    passwords = Passwords(
        [{"path": "*.jks", "password": "one"}, {"path": "/x/*", "password": "two"}, {"path": "no", "password": "3"}]
    )
    assert passwords.for_path("/x/a.jks") == ("one", "two")
    assert passwords.for_path("/y/a.p12") == ()


def test_passwords_do_not_show() -> None:
    assert "hunter2" not in repr(Passwords([{"path": "*", "password": "hunter2"}]))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"path": "*"}, "passwords: entry 1 must have exactly the keys path and password"),
        ({"path": "*", "password": "hunter2", "x": "y"}, "passwords: entry 1 must have exactly"),
        ("hunter2", "passwords: entry 1 must have exactly"),
        ({"path": "*", "password": 4711}, "passwords: the password of entry 1 must be text"),
        ({"path": "", "password": "hunter2"}, "passwords: '' is not a shell pattern"),
    ],
)
def test_bad_passwords_are_named_by_place_and_never_quoted(entry: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Passwords([entry])  # type: ignore[list-item]
    assert str(caught.value).startswith(message)
    assert "hunter2" not in str(caught.value)
    assert "4711" not in str(caught.value)
