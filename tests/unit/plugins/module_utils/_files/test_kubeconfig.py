# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._files import kubeconfig
from ansible_collections.sre.preflight.plugins.module_utils._files.document import DocumentError
from ansible_collections.sre.preflight.plugins.module_utils._files.kubeconfig import Entry, read_kubeconfig

PEM = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
DATA = base64.b64encode(PEM).decode()


def read(**sections: Any) -> list[Entry]:
    text = json.dumps({"apiVersion": "v1", "kind": "Config", **sections})
    return read_kubeconfig(text.encode(), "/home/admin/.kube/config")


def user(**body: Any) -> list[Entry]:
    return read(users=[{"name": "admin", "user": body}])


def cluster(**body: Any) -> list[Entry]:
    return read(clusters=[{"name": "prod", "cluster": body}])


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (user(**{"client-certificate-data": DATA}), Entry("users/admin", PEM, None, None, False)),
        (
            user(**{"client-certificate-data": DATA, "client-key-data": "S0VZ"}),
            Entry("users/admin", PEM, None, None, True),
        ),
        (
            user(**{"client-certificate": "pki/admin.pem", "client-key": "pki/admin.key"}),
            Entry("users/admin", None, "/home/admin/.kube/pki/admin.pem", None, True),
        ),
        (user(**{"client-certificate": "/x/a.pem"}), Entry("users/admin", None, "/x/a.pem", None, False)),
        (
            user(**{"client-certificate": "../a.pem"}),
            Entry("users/admin", None, "/home/admin/.kube/../a.pem", None, False),
        ),
        (
            user(**{"client-certificate": "/x/a.pem", "client-certificate-data": DATA}),
            Entry("users/admin", PEM, None, None, False),
        ),
        (user(**{"client-key-data": "S0VZ"}), Entry("users/admin", None, None, None, True)),
        (
            user(**{"client-certificate-data": DATA[:10] + "\n " + DATA[10:]}),
            Entry("users/admin", PEM, None, None, False),
        ),
        (
            user(**{"client-certificate-data": "%%%"}),
            Entry("users/admin", None, None, "client-certificate-data is not base64", False),
        ),
        (
            user(**{"client-certificate-data": ["x"]}),
            Entry("users/admin", None, None, "client-certificate-data is not base64", False),
        ),
        (cluster(**{"certificate-authority-data": DATA}), Entry("clusters/prod", PEM, None, None, False)),
        (
            cluster(**{"certificate-authority": "ca.pem"}),
            Entry("clusters/prod", None, "/home/admin/.kube/ca.pem", None, False),
        ),
    ],
)
def test_an_entry_has_a_certificate_and_whether_there_is_a_key(entries: list[Entry], expected: Entry) -> None:
    assert entries == [expected]


@pytest.mark.parametrize(
    "entries",
    [
        user(token="hunter2"),
        user(username="admin", password="hunter2"),
        user(exec={"command": "aws"}),
        user(**{"client-certificate-data": ""}),
        cluster(server="https://10.0.0.1:6443"),
        read(users=[{"name": "admin", "user": None}]),
        read(users=None, clusters=[], contexts=[]),
    ],
)
def test_without_certificate_and_key_there_is_no_entry(entries: list[Entry]) -> None:
    assert entries == []


def test_a_bad_entry_does_not_hide_its_neighbours() -> None:
    good = {"name": "b", "user": {"client-certificate-data": DATA}}
    assert read(users=["a", good, {"user": {"client-certificate": "/c"}}, {"name": "d", "user": []}], clusters={}) == [
        Entry("users/1", None, None, "a mapping with name and user is expected", False),
        Entry("users/b", PEM, None, None, False),
        Entry("users/3", None, "/c", None, False),
        Entry("clusters", None, None, "a list is expected", False),
    ]


def test_yaml_is_read_as_json_is() -> None:
    text = f"apiVersion: v1\nkind: Config\nusers:\n- name: 1\n  user: {{client-certificate-data: {DATA}}}\n"
    assert read_kubeconfig(text.encode(), "/k") == [Entry("users/1", PEM, None, None, False)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is not a kubeconfig: a mapping with kind: Config is expected"),
        (b"- a", "it is not a kubeconfig: a mapping with kind: Config is expected"),
        (b"kind: Pod\nusers: []", "it is not a kubeconfig: a mapping with kind: Config is expected"),
        (b"a: b", "it is not a kubeconfig: it has neither users nor clusters nor contexts"),
        (b"a: [", "it is not YAML: "),
    ],
)
def test_what_is_no_kubeconfig_has_a_reason(data: bytes, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_kubeconfig(data, "/k")
    assert str(caught.value).startswith(message)


def test_its_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubeconfig, "MAX_BYTES", 10)
    assert read_kubeconfig(b"users: [ ]", "/k") == []
    with pytest.raises(DocumentError, match="it has 11 bytes; as a kubeconfig at most 10 are read"):
        read_kubeconfig(b"users: [  ]", "/k")
