# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A List is read the same in whatever pieces it comes, and never for more than came."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._kubernetes.list_stream import ListStream

ITEMS = [{"metadata": {"name": "über"}, "data": {"a": "x" * 50}}, {"n": [1, {}, "]}"]}, {}]
CORE = {"kind": "SecretList", "apiVersion": "v1", "metadata": {"continue": "next"}, "items": ITEMS}
CUSTOM = {"apiVersion": "v1", "items": ITEMS, "kind": "List", "metadata": {"continue": "next"}}


def pieces(text, size):
    data = text if isinstance(text, bytes) else text.encode()
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("document", [CORE, CUSTOM], ids=["fields before the items", "fields after the items"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_items_and_metadata_come_out_of_any_pieces(document, indent, size):
    stream = ListStream(pieces(json.dumps(document, ensure_ascii=False, indent=indent), size))
    assert list(stream) == ITEMS
    assert stream.metadata == {"continue": "next"}


@pytest.mark.parametrize("items", ["[]", "[ ]", "null"])
def test_no_items(items):
    stream = ListStream([f'{{"metadata": {{"continue": ""}}, "items": {items}}}'.encode()])
    assert list(stream) == []
    assert stream.metadata == {"continue": ""}


def test_an_item_is_there_before_the_next_has_come():
    taken = []

    def chunks():
        for chunk in (b'{"items": [{"n": 1},', b'{"n": 2}', b"]}"):
            taken.append(chunk)
            yield chunk

    stream = iter(ListStream(chunks()))
    assert next(stream) == {"n": 1}
    assert len(taken) == 1


def test_a_list_that_is_cut_short_anywhere_is_an_error():
    data = json.dumps(CORE).encode()
    for end in range(len(data)):
        with pytest.raises(ValueError, match="answer is cut short, or no JSON"):
            list(ListStream([data[:end]]))


@pytest.mark.parametrize(
    "text",
    ["[]", '"items"', '{"items": [1]}', '{"items": ["a"]}', '{"items" []}', "<html>", '{"items": [{"a": "\x01"}]}'],
)
def test_what_is_no_list_is_an_error_that_quotes_nothing(text):
    with pytest.raises(ValueError, match=r"^(the answer|an item of the list)") as error:
        list(ListStream([text.encode()]))
    assert "html" not in str(error.value)


def test_deep_nesting_is_an_error():
    with pytest.raises(ValueError, match=r"nested too deep|cut short"):
        list(ListStream([b'{"items": [{"a":' + b"[" * 200_000]))


@settings(max_examples=30, deadline=None)
@given(
    items=st.lists(st.dictionaries(st.text(max_size=3), st.one_of(st.text(), st.integers(), st.none())), max_size=4),
    size=st.integers(1, 20),
)
def test_any_objects_survive(items, size):
    text = json.dumps({"items": items, "metadata": {}}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert list(ListStream(pieces(text, size))) == json.loads(text.decode("utf-8", "replace"))["items"]
