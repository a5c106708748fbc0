# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the audit says of a mirror comes true: real pip, pip of 2019 and uv install from it, and from its upstream."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.index_clients import old_pip
from tests.support.install_cases import FLAWS, shop
from tests.support.mirror_catalogue import SERVERS
from tests.support.mirror_installs import DEPENDS, FAILS, READY, Installs, cases_of, failed, recorded
from tests.support.simple_index import IndexServer

pytestmark = pytest.mark.full  # hundreds of installs: that takes minutes


@pytest.fixture(scope="module")
def installs() -> Iterator[Installs]:
    with IndexServer(shop()) as upstream:
        yield Installs(upstream.url, old_pip())


@pytest.mark.parametrize("name", [*SERVERS, *FLAWS])
def test_what_is_said_of_a_mirror_comes_true(installs: Installs, name: str) -> None:
    cases, result = cases_of(name, installs)
    assert [case for case in cases if case.said == READY and case.happened != READY] == []
    assert cases == recorded()[name], f"run `python -m tests.support.mirror_installs {name!r}`"
    if any(case.said not in (READY, DEPENDS) for case in cases):
        assert failed(result, "resolution-differs")


def test_what_depends_on_another_host_fails_without_it(installs: Installs) -> None:
    with IndexServer(shop()) as upstream, SERVERS["simple-repository-server"]({}, upstream.url) as mirror:
        up = Installs(upstream.url, installs.old_pip)
        cases, _result = up.compare("", mirror.url, {"3.9": ["plain"]})
        assert {(case.said, case.happened) for case in cases} == {(DEPENDS, READY)}
        upstream.fault = lambda _asked, page: type(page)(drop=True)
        for case in cases:
            assert up.happens(mirror.url, ["plain"], case.python, case.client) == {"plain": FAILS}
