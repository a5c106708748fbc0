# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates are read to see whether a root issues leaves."""

from __future__ import annotations

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault import end_entities as module
from ansible_collections.sre.preflight.plugins.module_utils._vault import errors
from ansible_collections.sre.preflight.plugins.module_utils._vault.end_entities import end_entities
from ansible_collections.sre.preflight.plugins.module_utils._vault.errors import RequestError
from ansible_collections.sre.preflight.plugins.module_utils._vault.leaf_cache import Leaf
from ansible_collections.sre.preflight.plugins.module_utils._vault.leaves import Batch

ROOT = "CN=Root"
DATES = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")


class Parts:
    """What is told of."""

    def __init__(self):
        self.told = []

    def tell_once(self, part, failed, asked):
        self.told += [(part, len(failed), asked)] if failed else []


def leaf(is_ca, issuer=ROOT):
    return Leaf(*DATES, issuer, is_ca)


def judged(monkeypatch, leaves, server):
    """(result, serials that were read, problems); ``server`` has is_ca by serial, or no answer."""
    asked, parts = [], Parts()

    def read_singly(_parts, serials):
        asked.extend(serials)
        found = {serial: leaf(server[serial]) for serial in serials if serial in server}
        failed = [RequestError(errors.UNREADABLE, f"cert/{each}", "broken") for each in serials if each not in server]
        return Batch(found, failed)

    monkeypatch.setattr(module, "read_singly", read_singly)
    return end_entities(parts, leaves, [ROOT, ROOT]), asked, parts.told


@pytest.mark.parametrize(
    ("leaves", "server", "expected", "asked"),
    [
        ({}, {}, {}, []),
        ({"01": leaf(True)}, {}, {}, []),
        ({"01": leaf(True), "02": leaf(False)}, {}, {ROOT: "02"}, []),
        ({"01": leaf(False, "CN=Other")}, {}, {}, []),
        ({"02": leaf(None), "01": leaf(None)}, {"01": True, "02": False}, {ROOT: "02"}, ["01", "02"]),
        ({"02": leaf(None), "01": leaf(None)}, {"01": False}, {ROOT: "01"}, ["01"]),
        ({"02": leaf(False), "01": leaf(None)}, {"01": True}, {ROOT: "02"}, ["01"]),
    ],
)
def test_the_first_that_is_no_authority(leaves, server, expected, asked, monkeypatch):
    assert judged(monkeypatch, leaves, server) == (expected, asked, [])


def test_no_more_are_read_than_the_limit(monkeypatch):
    monkeypatch.setattr(module, "MAX_CANDIDATES", 3)
    leaves = {f"{number:02x}": leaf(None) for number in range(9)}
    result, asked, told = judged(monkeypatch, leaves, dict.fromkeys(leaves, True))
    assert (result, asked, told) == ({}, ["00", "01", "02"], [])


def test_what_could_not_be_read_is_told_of_where_none_was_found(monkeypatch):
    leaves = {"01": leaf(None), "02": leaf(None)}
    assert judged(monkeypatch, leaves, {"02": True}) == ({}, ["01", "02"], [("leaves", 1, 2)])
    assert judged(monkeypatch, leaves, {"02": False}) == ({ROOT: "02"}, ["01", "02"], [])
