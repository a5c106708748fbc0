# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From observations to the inventory."""

from __future__ import annotations

import json
import socket

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._tls.collect import collect_endpoints
from ansible_collections.sre.preflight.plugins.module_utils._tls.dial import Dialler
from ansible_collections.sre.preflight.plugins.module_utils._tls.observation import Observation
from ansible_collections.sre.preflight.plugins.module_utils._tls.target import Endpoint, parse_endpoint
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from tests.support.certificates import make_ca, make_leaf
from tests.support.servers import raw_server, stall, tls_server

AUTHORITY = make_ca()
LEAF = make_leaf(issuer=AUTHORITY, names=["localhost"])


def collect(*endpoints: Endpoint, **options: object) -> Inventory:
    inventory = Inventory()
    collect_endpoints(endpoints, inventory, **{"timeout": 5, **options})
    return inventory


def served(monkeypatch: pytest.MonkeyPatch, *chain: bytes) -> Inventory:
    """The inventory of an endpoint that serves what no TLS library would let a server serve."""

    def observe(_self: Dialler, endpoint: Endpoint) -> list[Observation]:
        return [Observation(endpoint, endpoint.location(), "127.0.0.1", chain)]

    monkeypatch.setattr(Dialler, "observe", observe)
    return collect(Endpoint("h", 1))


def test_a_served_chain_in_the_inventory() -> None:
    with tls_server([LEAF, AUTHORITY]) as port:
        endpoint = parse_endpoint({"host": "localhost", "port": port, "rotator": "cert-manager"})
        inventory = collect(endpoint)
    location = f"tls://localhost:{port}"
    chain_known = inventory.sources[0]["chain_known"]  # not on Python 3.9
    assert inventory.targets == [
        {
            "kind": "endpoint",
            "name": location,
            "status": "evaluated",
            "reason": None,
            "rotator": "cert-manager",
            "certificates": 1 + chain_known,
            "crls": 0,
        }
    ]
    assert inventory.certificates[LEAF.fingerprint].locations == [location]
    assert inventory.certificates[LEAF.fingerprint].rotator == "cert-manager"
    if chain_known:
        assert inventory.certificates[AUTHORITY.fingerprint].locations == [f"{location}#2"]
    assert inventory.sources == [
        {
            "location": location,
            "kind": "endpoint",
            "target": 0,
            "certificates": [LEAF.fingerprint, AUTHORITY.fingerprint][: 1 + chain_known],
            "private_key": False,
            "host": "localhost",
            "port": port,
            "server_name": None,
            "starttls": None,
            "address": "127.0.0.1",
            "tls_version": "TLSv1.3",
            "chain_known": chain_known,
            "trust": None,
            "client_certificate_requested": None,
            "handshake_error": None,
        }
    ]
    assert inventory.problems == []
    evidence = inventory.to_evidence()
    json.dumps({**evidence, "certificates": list(evidence["certificates"])})


def test_targets_keep_the_order_of_the_input_and_none_hides_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    with raw_server(stall) as stalling, tls_server([LEAF]) as good:
        endpoints = [Endpoint("127.0.0.1", port) for port in (stalling, closed, good)]
        inventory = collect(*endpoints, timeout=0.5)
    assert [(each["name"], each["status"], each["reason"]) for each in inventory.targets] == [
        (f"tls://127.0.0.1:{stalling}", "unknown", "timed out after 0.5 s during the TLS handshake"),
        (f"tls://127.0.0.1:{closed}", "unknown", "connection refused"),
        (f"tls://127.0.0.1:{good}", "evaluated", None),
    ]
    assert inventory.problems == [
        {
            "location": f"tls://127.0.0.1:{stalling}",
            "target": 0,
            "kind": "unreachable",
            "reason": "timed out after 0.5 s during the TLS handshake",
        },
        {"location": f"tls://127.0.0.1:{closed}", "target": 1, "kind": "unreachable", "reason": "connection refused"},
    ]


def test_one_certificate_served_by_many_is_one_row() -> None:
    with tls_server([LEAF]) as first, tls_server([LEAF]) as second:
        inventory = collect(Endpoint("127.0.0.1", first), Endpoint("127.0.0.1", second))
    assert list(inventory.certificates) == [LEAF.fingerprint]
    assert inventory.certificates[LEAF.fingerprint].locations == [
        f"tls://127.0.0.1:{first}",
        f"tls://127.0.0.1:{second}",
    ]


def test_of_several_addresses_one_is_enough_to_evaluate(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: answers)
    with tls_server([LEAF]) as port:
        inventory = collect(Endpoint("vault.example", port, addresses="all"))
    assert [each["status"] for each in inventory.targets] == ["evaluated"]
    assert [each["location"] for each in inventory.sources] == [f"tls://vault.example:{port}@127.0.0.1"]
    assert inventory.problems == [
        {
            "location": f"tls://vault.example:{port}@127.0.0.2",
            "target": 0,
            "kind": "unreachable",
            "reason": "connection refused",
        }
    ]


def test_an_unreadable_intermediate_does_not_hide_the_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    inventory = served(monkeypatch, LEAF.der, b"\x30\x03\x02\x01\x05", AUTHORITY.der)
    assert inventory.sources[0]["certificates"] == [LEAF.fingerprint, AUTHORITY.fingerprint]
    assert inventory.certificates[AUTHORITY.fingerprint].locations == ["tls://h:1#3"]
    (problem,) = inventory.problems
    assert (problem["location"], problem["kind"]) == ("tls://h:1#2", "unparseable")
    assert problem["reason"].startswith("the certificate is not well-formed: ")


def test_an_unreadable_leaf_is_not_replaced_by_its_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    inventory = served(monkeypatch, b"nonsense", AUTHORITY.der)
    assert inventory.sources[0]["certificates"] == []
    assert list(inventory.certificates) == [AUTHORITY.fingerprint]
    assert [(each["location"], each["kind"]) for each in inventory.problems] == [("tls://h:1", "unparseable")]


@pytest.mark.parametrize(
    ("options", "endpoint", "message"),
    [
        ({"ca_path": "/nowhere"}, Endpoint("127.0.0.1", 1), "ca_path: /nowhere cannot be read"),
        ({}, Endpoint("127.0.0.1", 1, client_certificate="/nowhere"), "client_certificate: /nowhere cannot be read"),
    ],
)
def test_files_of_no_use_are_named_before_anything_is_dialled(options: dict, endpoint: Endpoint, message: str) -> None:
    inventory = Inventory()
    with pytest.raises(ValueError, match=f"^{message}"):
        collect_endpoints([endpoint], inventory, **options)
    assert inventory.targets == []
