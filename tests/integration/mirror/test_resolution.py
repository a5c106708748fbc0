# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resolution difference, against what pip itself installs from an upstream and from its mirror."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._mirror.choosing import LEGACY_PIP, PIP, UV, Client
from ansible_collections.sre.preflight.plugins.module_utils._mirror.environment import environment
from ansible_collections.sre.preflight.plugins.module_utils._mirror.resolution import Resolution, resolve
from ansible_collections.sre.preflight.plugins.module_utils._mirror.wanted import wanted
from tests.support.index_clients import old_pip, old_pip_download, pip_install, uv_compile
from tests.support.index_pairs import PAIRS, Pair
from tests.support.index_server import IndexServer

WHERE = environment("3.9", "manylinux_2_17_x86_64")

pytestmark = pytest.mark.full  # real clients, one after the other: that takes minutes


class Indexes(NamedTuple):
    upstream: IndexServer
    mirror: IndexServer

    def resolution(self, pair: Pair, client: Client) -> Resolution:
        """What the chooser says."""
        known = {
            each.filename: each.built.requires_python for index in self for each in index.files.get(pair.project, [])
        }
        pages = [index.page(pair.project) for index in self]
        (found,) = resolve(wanted(pair.requirement), [WHERE], *pages, known, clients=(client,))
        return found


@contextmanager
def serving(*, legacy: bool) -> Iterator[Indexes]:
    with IndexServer() as upstream, IndexServer() as mirror:
        for pair in PAIRS:
            for index, files in ((upstream, pair.upstream), (mirror, pair.mirror)):
                for listed in pair.listed(files, legacy=legacy):
                    index.add(listed)
        yield Indexes(upstream, mirror)


@pytest.fixture(scope="module")
def indexes() -> Iterator[Indexes]:
    with serving(legacy=False) as served:
        yield served


@pytest.fixture(scope="module")
def indexes_of_old() -> Iterator[Indexes]:
    with serving(legacy=True) as served:
        yield served


@pytest.fixture(scope="module")
def old_python() -> Path:
    return old_pip()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.title)
def test_pip(indexes: Indexes, pair: Pair) -> None:
    found = indexes.resolution(pair, PIP)
    assert found.outcome == pair.outcome
    for index, file in zip(indexes, (found.upstream_file, found.mirror_file), strict=True):
        installed = pip_install(index.url, [pair.requirement], WHERE)
        assert installed.chosen.get(pair.project) == file, installed.failed
        assert bool(installed.failed) == (file is None)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.title)
def test_uv(indexes: Indexes, pair: Pair) -> None:
    """Its versions differ where the chooser says so."""
    found = indexes.resolution(pair, UV)
    upstream, mirror = (uv_compile(index.url, [pair.requirement], WHERE).chosen for index in indexes)
    assert (found.outcome == "fails") == (bool(upstream) and not mirror)
    assert (found.outcome == "wrong_version") == (bool(mirror) and mirror != upstream)


@pytest.mark.full
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.title)
def test_old_pip(indexes_of_old: Indexes, old_python: Path, pair: Pair) -> None:
    """pip 19.2.3 gives up where METADATA excludes its Python, and installs the wrong version where nothing does."""
    found = indexes_of_old.resolution(pair, LEGACY_PIP)
    assert found.outcome == (pair.legacy or pair.outcome)
    for index, file in zip(indexes_of_old, (found.upstream_file, found.mirror_file), strict=True):
        installed = old_pip_download(old_python, index.url, pair.requirement)
        assert installed.chosen.get(pair.project) == file, installed.failed
        assert bool(installed.failed) == (file is None)
