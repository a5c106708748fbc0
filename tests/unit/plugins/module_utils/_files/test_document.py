# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._files import document
from ansible_collections.sre.preflight.plugins.module_utils._files.document import DocumentError, load_document


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a: 1\nb: [x, yes, null, ~, 'null', '']\n", {"a": "1", "b": ["x", "yes", None, None, "null", ""]}),
        (b'{"a": 1, "b": [true, null, 1.50, "x"]}', {"a": "1", "b": [True, None, "1.50", "x"]}),
        (b"\xef\xbb\xbfa: b", {"a": "b"}),
        (b"{a: b}", {"a": "b"}),
        (b"a: &x {b: c}\nd: *x\n", {"a": {"b": "c"}, "d": {"b": "c"}}),
        (b"? [a, b]\n: c\n", {"": "c"}),
        (b"a: !!python/object/apply:os.system [id]\n", {"a": ["id"]}),
        (b"a: b\n---\nc: d\n", {"a": "b"}),
        (b"", None),
        (b"text", "text"),
    ],
)
def test_a_document_is_texts_lists_and_mappings(data: bytes, expected: Any) -> None:
    assert load_document(data) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: \xff", "it is not UTF-8: byte 3 is out of place"),
        (b"a: [1, 2", "it is not YAML: "),
        (b"a: b: c", "it is not YAML: mapping values are not allowed in this context in line 1"),
        (b"a: \x01", "it is not YAML: "),
        (b"a: *nobody", "it has an alias without its anchor"),
        (b"a: {<<: {b: c}}", "it has a merge key (<<), which is not read"),
        (b"[" * 60, "it is nested more than 50 deep"),
        (b"- " * 60 + b"a", "it is nested more than 50 deep"),
        pytest.param(b"[" + b"a," * 200_001 + b"]", "it has more than 200000 nodes", id="many nodes"),
    ],
)
def test_what_is_no_document_has_a_reason(data: bytes, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load_document(data)
    assert str(caught.value).startswith(message)


def test_nesting_and_numbers_in_json_do_not_break_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_import_yaml", lambda: None)
    with pytest.raises(DocumentError, match="nested too deep"):
        load_document(b'{"a":' * 100_000)
    assert load_document(b'{"a": ' + b"9" * 1_000_000 + b"}") == {"a": "9" * 1_000_000}


def test_an_alias_bomb_is_small() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 40))
    loaded = load_document(f"a0: &a0 [x]\n{levels}".encode())
    assert loaded["a39"][0] is loaded["a38"]


@pytest.mark.parametrize(
    "data",
    [b'token: "hunter2\nb: c', b"a: [hunter2", b"%hunter2", b"a: *hunter2", b"a: !hunter2!x y", b'a: "\\hunter2"'],
)
def test_a_message_never_quotes_the_text(data: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        load_document(data)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value.__cause__)


def test_without_pyyaml_json_is_read_and_yaml_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_import_yaml", lambda: None)
    assert load_document(b' {"kind": "Config"}') == {"kind": "Config"}
    with pytest.raises(DocumentError, match="needs PyYAML: install it .*" + sys.executable.rsplit("/", 1)[1]):
        load_document(b"kind: Config")
    with pytest.raises(DocumentError, match=r"it is not JSON: .* in line 1"):
        load_document(b"{kind: Config}")


def run(program: str) -> str:
    """What a program prints that has load_document in a Python of its own."""
    collections = str(document.__file__).split("/ansible_collections/", maxsplit=1)[0]
    start = f"import sys; sys.path.insert(0, {collections!r})\nfrom {document.__name__} import load_document\n"
    return subprocess.run([sys.executable, "-c", start + program], capture_output=True, text=True, check=True).stdout


def test_a_host_without_pyyaml_reads_json() -> None:
    program = "sys.modules['yaml'] = None\nprint(load_document(b'{\"a\": \"b\"}'))\nload_document(b'a: b')"
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run(program)
    assert caught.value.stdout == "{'a': 'b'}\n"
    assert "DocumentError: it is YAML, which needs PyYAML" in caught.value.stderr


def test_pyyaml_is_not_imported_before_it_is_needed() -> None:
    program = "print('yaml' in sys.modules, load_document(b'a: b'), 'yaml' in sys.modules)"
    assert run(program) == "False {'a': 'b'} True\n"
