# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bundle: what goes in comes out, and what is not whole is refused in one line."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._audit import bundle
from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import BundleError, pack, unpack
from ansible_collections.sre.preflight.plugins.module_utils._audit.json_stream import encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_encode_is_json(value):
    assert json.loads("".join(encode(value))) == value


def test_iterators_become_arrays():
    assert "".join(encode({"rows": ([n] for n in range(3)), "none": iter(())})) == '{"rows":[[0],[1],[2]],"none":[]}'


@given(st.dictionaries(st.text().filter(lambda key: key not in ("format", "version")), JSON, max_size=5))
def test_what_goes_in_comes_out(document):
    unpacked = unpack(pack({**document, "evidence": {"rows": iter([[1]])}}))
    assert unpacked == {"format": bundle.FORMAT, "version": 1, **document, "evidence": {"rows": [[1]]}}


def test_it_is_base64_of_deflated_json():
    plain = json.loads(zlib.decompress(base64.b64decode(pack({"module": "certificate_audit"}), validate=True)))
    assert plain == {"format": "sre.preflight/bundle", "version": 1, "module": "certificate_audit"}


def _packed(document):
    return base64.b64encode(zlib.compress(json.dumps(document).encode())).decode()


WHOLE = pack({"rows": list(range(10_000))})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is cut short"),
        ("not a bundle!", "not base64|not deflated JSON"),
        ("äöü", "not base64"),
        (WHOLE[: len(WHOLE) // 2 // 4 * 4], "it is cut short"),
        (WHOLE[:-4], "it is cut short"),
        (WHOLE[:100] + "AAAA" + WHOLE[104:], "damaged"),
        (base64.b64encode(zlib.compress(b"{")).decode(), "does not hold JSON"),
        (_packed([1]), "no bundle of this collection"),
        (_packed({"format": "other"}), "no bundle of this collection"),
        (
            _packed({"format": bundle.FORMAT, "version": 2}),
            "it has version 2, this collection reads version 1; audit again, or judge it with the collection",
        ),
    ],
)
def test_what_is_not_whole_is_refused(text, message):
    with pytest.raises(BundleError, match=message):
        unpack(text)


def test_a_deflate_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(bundle, "MAX_BYTES", 1 << 20)
    bomb = base64.b64encode(zlib.compress(b" " * (8 << 20))).decode()
    with pytest.raises(BundleError, match="it unpacks to more than"):
        unpack(bomb)
