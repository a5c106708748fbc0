# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No tree of files, however it was made, lets an exception out of the collectors."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sre.preflight.plugins.module_utils._files.collect import collect_files, collect_kubeconfigs
from ansible_collections.sre.preflight.plugins.module_utils._files.document import DocumentError
from ansible_collections.sre.preflight.plugins.module_utils._files.kubeconfig import read_kubeconfig
from ansible_collections.sre.preflight.plugins.module_utils._files.sniff import sniff
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from tests.support.certificates import make_ca, make_crl

from .conftest import unprivileged


@lru_cache(maxsize=1)
def samples() -> tuple[bytes, ...]:
    """Good files of several kinds, from which bad ones are made."""
    authority = make_ca()
    config = b"kind: Config\nusers:\n- name: a\n  user: {client-certificate-data: QUJD, client-certificate: ../a}\n"
    jks = b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1\0\0\0\2\0\1a" + bytes(8)
    return (authority.pem, authority.der, authority.key_pem, make_crl(authority), config, jks, b"#!/bin/sh\n")


names = st.one_of(
    st.sampled_from(["a", "b", "c.pem", "1a2b3c4d.0", "..data", "*", "[x]"]).map(os.fsencode),
    st.binary(min_size=1, max_size=8).filter(lambda name: name not in (b".", b"..") and not set(name) & {0, 47}),
)
contents = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda number, start, end, junk: samples()[number][start : end or None] + junk,
        st.integers(0, 6),
        st.integers(0, 3),
        st.integers(-40, 0),
        st.binary(max_size=20),
    ),
)
link_ends = st.sampled_from([b".", b"..", b"a", b"b", b"c.pem", b"../a", b"nowhere", b"/dev/null", b"/dev/zero"])
leaves = st.one_of(
    st.tuples(st.just("file"), contents, st.sampled_from([0o644, 0o000])),
    st.tuples(st.just("link"), link_ends),
    st.tuples(st.just("fifo")),
)
trees = st.recursive(
    st.dictionaries(names, leaves, max_size=4),
    lambda inner: st.dictionaries(
        names, st.one_of(leaves, st.tuples(st.just("directory"), inner, st.sampled_from([0o755, 0o000]))), max_size=4
    ),
    max_leaves=12,
)
options = st.fixed_dictionaries(
    {},
    optional={
        "include": st.just(["*.pem", "*/a/*"]),
        "exclude": st.just(["b"]),
        "max_depth": st.integers(1, 3),
        "max_bytes": st.integers(1, 300),
        "passwords": st.just([{"path": "*", "password": "x"}]),
    },
)


def build(directory: bytes, tree: dict[bytes, Any]) -> None:
    for name, (kind, *rest) in tree.items():
        path = os.path.join(directory, name)
        if kind == "directory":
            os.mkdir(path)
            build(path, rest[0])
            os.chmod(path, rest[1])
        elif kind == "file":
            with open(path, "wb") as stream:
                stream.write(rest[0])
            os.chmod(path, rest[1])
        elif kind == "link":
            os.symlink(rest[0], path)
        else:
            os.mkfifo(path)


def remove(top: str) -> None:
    for directory, directories, _files in os.walk(top):
        for name in directories:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755)
    shutil.rmtree(top)


def check(inventory: Inventory, count: int) -> None:
    """What holds of every inventory: no target is left out, none succeeds with nothing, all is JSON in UTF-8."""
    evidence = inventory.to_evidence()
    rows = list(evidence["certificates"])
    json.dumps({**evidence, "certificates": rows}, ensure_ascii=False).encode("utf-8")
    assert len(inventory.targets) == count
    for number, target in enumerate(inventory.targets):
        if target["status"] == "evaluated":
            assert target["certificates"] + target["crls"] > 0
        else:
            assert target["reason"]
            assert target["certificates"] + target["crls"] == 0
        assert all(problem["reason"] for problem in inventory.problems if problem["target"] == number)
    for certificate in inventory.certificates.values():
        assert certificate.locations
        assert len(set(certificate.locations)) == len(certificate.locations)


@settings(max_examples=200)
@given(tree=trees, chosen=options, root=st.booleans())
def test_any_tree_becomes_an_inventory(tree: dict[bytes, Any], chosen: dict[str, Any], root: bool) -> None:
    outside = os.path.realpath(tempfile.mkdtemp(prefix="preflight-any-"))
    os.chmod(outside, 0o755)
    # One level down: links to .. stay in reach.
    top = os.path.join(outside, "tree")
    os.mkdir(top)
    try:
        build(os.fsencode(top), tree)
        entries = sorted(os.path.join(top, os.fsdecode(name)) for name in tree)
        paths = [top, f"{top}/*", f"{top}/**", f"{top}/**/*.pem", *entries, top]
        inventory = Inventory()
        with contextlib.nullcontext() if root else unprivileged():
            collect_files(paths, inventory, **chosen)
        check(inventory, len(paths))
        configs = Inventory()
        collect_kubeconfigs(paths, configs)
        check(configs, len(paths))
    finally:
        remove(outside)


@given(path=st.one_of(st.text(max_size=30), st.binary(max_size=30).map(os.fsdecode)))
def test_any_path_becomes_a_target(path: str) -> None:
    # Not a whole file system by chance: only names in a directory that is empty.
    with tempfile.TemporaryDirectory() as empty:
        inventory = Inventory()
        collect_files([f"{empty}/x{path.replace('..', '')}"], inventory)
        collect_kubeconfigs([f"{empty}/x{path.replace('..', '')}"], inventory)
        check(inventory, 2)


@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode), contents))
def test_any_bytes_are_no_kubeconfig_or_a_good_one(data: bytes) -> None:
    sniff(data)
    try:
        entries = read_kubeconfig(data, "/x/config")
    except DocumentError as error:
        assert str(error)  # noqa: PT017 - that it is one is the point
    else:
        assert all(entry.position for entry in entries)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
bodies = st.dictionaries(
    st.sampled_from(["client-certificate", "client-certificate-data", "client-key", "certificate-authority"]),
    json_values,
    max_size=3,
)
rows = st.one_of(json_values, st.fixed_dictionaries({"name": json_values, "user": bodies, "cluster": bodies}))


@given(config=st.fixed_dictionaries({"users": st.lists(rows, max_size=3), "clusters": st.lists(rows, max_size=3)}))
def test_any_shape_of_a_kubeconfig_becomes_an_inventory(config: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "config"
        path.write_text(json.dumps({"kind": "Config", **config}), encoding="utf-8")
        inventory = Inventory()
        collect_kubeconfigs([str(path)], inventory)
        check(inventory, 1)
