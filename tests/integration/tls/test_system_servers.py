# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""STARTTLS as Debian's servers speak it, and plain TLS as nginx does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._tls.collect import collect_endpoints
from ansible_collections.sre.preflight.plugins.module_utils._tls.target import Endpoint
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from tests.support.certificates import make_ca, make_leaf
from tests.support.system_servers import Dovecot, MariaDB, Nginx, PostgreSQL, Prosody, Slapd

pytestmark = pytest.mark.full

ROOT_CA = make_ca(common_name="Root")
INTERMEDIATE = make_ca(common_name="Intermediate", issuer=ROOT_CA)
LEAF = make_leaf(issuer=INTERMEDIATE, names=["localhost"])
CHAIN = [LEAF, INTERMEDIATE]


def collect(protocol: str | None, port: int) -> Inventory:
    inventory = Inventory()
    collect_endpoints([Endpoint("localhost", port, starttls=protocol)], inventory, timeout=10)
    return inventory


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(CHAIN) as server:
        yield server


@pytest.mark.parametrize("protocol", Dovecot.protocols)
def test_dovecot(dovecot: Dovecot, protocol: str) -> None:
    check(collect(protocol, dovecot.port(protocol)))


@pytest.mark.parametrize(
    ("kind", "protocol"),
    [(PostgreSQL, "postgres"), (MariaDB, "mysql"), (Slapd, "ldap"), (Prosody, "xmpp"), (Nginx, None)],
)
def test_server(kind: type, protocol: str | None) -> None:
    with kind(CHAIN) as server:
        check(collect(protocol, server.ports[0]))


def check(inventory: Inventory) -> None:
    assert inventory.problems == []
    (source,) = inventory.sources
    assert source["certificates"] == [LEAF.fingerprint, INTERMEDIATE.fingerprint]
    assert source["tls_version"] in ("TLSv1.2", "TLSv1.3")
