# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server says with an error, in one line and told apart."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault.errors import RequestError, error_of, words_of


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"errors":["permission denied"]}', "permission denied"),
        (b'{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}', "permission denied"),
        (b'{"errors":["2 errors occurred:\\n\\t* one\\n\\t* two\\n\\n"]}', "one; two"),
        (b'{"errors":["a","b"]}', "a; b"),
        (b'{"errors":[]}', ""),
        (b'{"errors":5}', ""),
        (b"[]", ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_words(body: bytes, words: str) -> None:
    assert words_of(body) == words


def test_words_are_cut() -> None:
    assert len(words_of(json.dumps({"errors": ["x" * 5000]}).encode())) == 300


def test_a_problem_names_path_and_capability() -> None:
    error = error_of("pki/roles", "list", 403, b"{}")
    assert error.problem("roles") == {
        "part": "roles",
        "path": "pki/roles",
        "capability": "list",
        "status": 403,
        "reason": "permission denied: the token needs list on pki/roles",
    }


def test_the_same_failure_at_another_path_is_not_that_paths_right() -> None:
    moved = RequestError("sealed", "a", "the server is sealed", status=503, capability="read").at("b")
    assert (moved.path, moved.kind, moved.status, moved.capability) == ("b", "sealed", 503, None)
