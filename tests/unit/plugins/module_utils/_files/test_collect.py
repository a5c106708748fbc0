# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From files to the inventory: targets, locations, sources, problems."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from ansible_collections.sre.preflight.plugins.module_utils._files import record
from ansible_collections.sre.preflight.plugins.module_utils._files.collect import collect_files, collect_kubeconfigs
from ansible_collections.sre.preflight.plugins.module_utils._files.reading import SeenFiles
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from tests.support import asn1
from tests.support.certificates import Made, make_ca, make_crl, make_leaf, to_pem

CA = make_ca()
LEAF = make_leaf(common_name="a.example.com", issuer=CA)
OTHER = make_leaf(common_name="b.example.com", issuer=CA)


def collect(*paths: Path | str, **options: Any) -> Inventory:
    inventory = Inventory()
    collect_files([str(path) for path in paths], inventory, **options)
    return inventory


def kubeconfigs(*paths: Path | str) -> Inventory:
    inventory = Inventory()
    collect_kubeconfigs([str(path) for path in paths], inventory)
    return inventory


def locations(inventory: Inventory, made: Made) -> list[str]:
    return inventory.certificates[made.fingerprint].locations


def statuses(inventory: Inventory) -> list[tuple[str, str | None]]:
    return [(target["status"], target["reason"]) for target in inventory.targets]


def problems(inventory: Inventory) -> list[tuple[str, str]]:
    return [(problem["location"], problem["kind"]) for problem in inventory.problems]


def encoded(*parts: bytes) -> str:
    return base64.b64encode(b"".join(parts)).decode()


def write_kubeconfig(path: Path, *, users: Any = (), clusters: Any = ()) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "users": [{"name": name, "user": body} for name, body in users],
        "clusters": [{"name": name, "cluster": body} for name, body in clusters],
    }
    path.write_text(json.dumps(config), encoding="utf-8")


def keystore(made: Made, password: bytes) -> bytes:
    encryption = serialization.BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(b"vault", made.key, made.certificate, [CA.certificate], encryption)


# Files


def test_a_certificate_is_found_where_it_lies(tree: Path) -> None:
    (tree / "a.pem").write_bytes(LEAF.pem)
    (tree / "a.der").write_bytes(LEAF.der)
    (tree / "b.crt").write_bytes(OTHER.pem)
    inventory = collect(tree)
    assert locations(inventory, LEAF) == [f"{tree}/a.der", f"{tree}/a.pem"]
    assert locations(inventory, OTHER) == [f"{tree}/b.crt"]
    assert inventory.sources == []
    assert inventory.problems == []
    assert inventory.targets == [
        {
            "kind": "path",
            "name": str(tree),
            "status": "evaluated",
            "reason": None,
            "rotator": None,
            "certificates": 3,
            "crls": 0,
        }
    ]


def test_a_bundle_is_a_source_and_numbers_its_blocks(tree: Path) -> None:
    (tree / "bundle.pem").write_bytes(LEAF.key_pem + LEAF.pem + CA.pem)
    inventory = collect(tree / "bundle.pem")
    assert locations(inventory, LEAF) == [f"{tree}/bundle.pem#2"]
    assert locations(inventory, CA) == [f"{tree}/bundle.pem#3"]
    assert inventory.sources == [
        {
            "location": f"{tree}/bundle.pem",
            "kind": "file",
            "target": 0,
            "certificates": [LEAF.fingerprint, CA.fingerprint],
            "private_key": True,
        }
    ]


def test_one_certificate_with_its_key_is_a_source(tree: Path) -> None:
    (tree / "a.pem").write_bytes(LEAF.pem + LEAF.key_pem)
    assert [(s["certificates"], s["private_key"]) for s in collect(tree).sources] == [([LEAF.fingerprint], True)]


def test_a_bad_block_does_not_hide_its_neighbours(tree: Path) -> None:
    (tree / "a.pem").write_bytes(LEAF.pem + to_pem(b"0\x03abc") + OTHER.pem)
    inventory = collect(tree)
    assert set(inventory.certificates) == {LEAF.fingerprint, OTHER.fingerprint}
    assert problems(inventory) == [(f"{tree}/a.pem#2", "unparseable")]
    assert statuses(inventory) == [("evaluated", None)]


def test_a_crl_is_a_find(tree: Path) -> None:
    (tree / "ca.crl").write_bytes(make_crl(CA))
    inventory = collect(tree / "ca.crl", tree)
    assert [crl["location"] for crl in inventory.crls] == [f"{tree}/ca.crl"]
    assert [(t["status"], t["crls"]) for t in inventory.targets] == [("evaluated", 1), ("evaluated", 1)]


def test_a_name_that_is_not_utf_8_comes_through_json(tree: Path) -> None:
    with open(os.fsencode(tree) + b"/caf\xe9.pem", "wb") as stream:
        stream.write(LEAF.pem)
    inventory = collect(tree)
    assert locations(inventory, LEAF) == [f"{tree}/caf\\xe9.pem"]
    json.dumps(list(inventory.to_evidence()["certificates"]), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"", "empty", "it holds no certificate"),
        (b"plain text", "empty", "it holds no certificate"),
        (LEAF.key_pem, "empty", "it holds a private key and no certificate"),
        (LEAF.der[:-1], "unparseable", None),
    ],
)
def test_a_named_file_without_a_certificate_is_a_problem_and_unknown(
    tree: Path, content: bytes, kind: str, reason: str | None
) -> None:
    (tree / "x").write_bytes(content)
    inventory = collect(tree / "x")
    assert problems(inventory) == [(f"{tree}/x", kind)]
    found = inventory.problems[0]["reason"]
    assert found == (reason or found)
    assert statuses(inventory) == [("unknown", f"{tree}/x: {found}")]


def test_in_a_directory_files_without_a_certificate_are_fine(tree: Path) -> None:
    (tree / "a.pem").write_bytes(LEAF.pem)
    (tree / "a.key").write_bytes(LEAF.key_pem)
    (tree / "README").write_bytes(b"text")
    assert collect(tree).problems == []


def test_zero_certificates_are_no_success(tree: Path) -> None:
    (tree / "sub").mkdir()
    (tree / "sub" / "a.key").write_bytes(LEAF.key_pem)
    inventory = collect(tree, f"{tree}/*", f"{tree}/*.pem", tree / "none")
    assert statuses(inventory) == [
        ("unknown", "holds no certificate"),
        ("unknown", "holds no certificate"),
        ("unknown", "matches nothing"),
        ("unknown", "matches nothing: there is no such file or directory"),
    ]
    assert inventory.problems == []


def test_a_target_without_a_find_tells_its_first_problem(tree: Path) -> None:
    (tree / "a.pem").write_bytes(LEAF.pem[:100])
    (inventory, again) = (collect(tree), collect(tree, tree))
    reason = f"{tree}/a.pem: {inventory.problems[0]['reason']}"
    assert statuses(inventory) == [("unknown", reason)]
    assert statuses(again) == [("unknown", reason), ("unknown", reason)]
    assert len(again.problems) == 1


def test_target_names_are_absolute(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "sub").mkdir()
    monkeypatch.chdir(tree)
    assert [t["name"] for t in collect("sub/", ".", "", "*.x").targets] == [f"{tree}/sub", str(tree), "", f"{tree}/*.x"]


@pytest.mark.parametrize("content", [LEAF.pem, LEAF.pem + CA.pem, LEAF.der])
def test_a_reader_that_fails_is_a_problem_without_its_message(
    tree: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    def fail(_data: bytes, **_options: Any) -> None:
        raise RuntimeError("hunter2")

    (tree / "a.pem").write_bytes(content)
    monkeypatch.setattr(record, "read_certificate", fail)
    monkeypatch.setattr(record, "read_items", fail)
    (problem,) = collect(tree).problems
    assert (problem["location"], problem["kind"]) == (f"{tree}/a.pem", "unparseable")
    assert problem["reason"] == "the reader failed on it (RuntimeError)"


LONE = LEAF.pem.strip() + b"\n"


@pytest.mark.parametrize(
    ("data", "lone"),
    [
        (LONE, True),
        (to_pem(LEAF.der), True),
        (LONE.strip(), False),
        (LONE + b"\n", False),
        (b"text\n" + LONE, False),
        (LONE + CA.pem, False),
        (LONE.replace(b"\n", b"\r\n"), False),
        (LONE[:90] + b"!" + LONE[90:], False),
        (LONE[:90] + b"\0\xff" + LONE[90:], False),
        (LONE[:90] + b"====" + LONE[90:], False),
        (LONE[:90] + b"-" + LONE[91:], False),
        (LONE[:92] + b"=" + LONE[93:], False),
        (to_pem(LEAF.der + b"x"), False),
        (to_pem(b"abc"), False),
        (to_pem(LEAF.der, "TRUSTED CERTIFICATE"), False),
        (LONE[:28] + LONE[-26:], False),
        (LONE[:28], False),
        (b"", False),
    ],
)
def test_the_short_way_for_one_block_says_what_the_reader_says(data: bytes, lone: bool) -> None:
    certificate = record.read_lone_certificate(data)
    assert (certificate is not None) is lone
    if certificate is not None:
        (item,) = record.read_items(data)
        assert (item.position, item.certificate.to_row()) == ("", certificate.to_row())


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_short_way_takes_any_padding(size: int) -> None:
    pem = to_pem(asn1.certificate(subject=asn1.common_name("x" * size)))
    certificate = record.read_lone_certificate(pem)
    assert certificate is not None
    assert certificate.subject == "CN=" + "x" * size


# One file, several targets


def test_a_file_is_listed_once_and_counted_for_each_target(tree: Path) -> None:
    (tree / "bundle.pem").write_bytes(LEAF.pem + CA.pem)
    inventory = collect(tree, tree, tree / "bundle.pem", f"{tree}/*.pem")
    assert locations(inventory, LEAF) == [f"{tree}/bundle.pem#1"]
    assert len(inventory.sources) == 1
    assert [(t["status"], t["certificates"]) for t in inventory.targets] == [("evaluated", 2)] * 4


def test_a_named_link_to_a_listed_file_is_a_location_of_its_own(tree: Path) -> None:
    (tree / "archive").mkdir()
    (tree / "archive" / "1.pem").write_bytes(LEAF.pem)
    (tree / "live.pem").symlink_to("archive/1.pem")
    inventory = collect(tree, tree / "live.pem", tree / "live.pem")
    assert locations(inventory, LEAF) == [f"{tree}/archive/1.pem", f"{tree}/live.pem"]


def test_calls_that_share_what_they_saw_list_a_file_once(tree: Path) -> None:
    (tree / "a.pem").write_bytes(LEAF.pem)
    inventory, seen = Inventory(), SeenFiles()
    collect_files([str(tree)], inventory, seen=seen)
    collect_files([str(tree)], inventory, seen=seen)
    assert locations(inventory, LEAF) == [f"{tree}/a.pem"]
    assert [t["certificates"] for t in inventory.targets] == [1, 1]


# Keystores


def test_a_keystore_opens_with_the_password_of_its_pattern(tree: Path) -> None:
    (tree / "a.p12").write_bytes(keystore(LEAF, b"right"))
    wrong = {"path": "*.p12", "password": "wrong"}
    right = {"path": f"{tree}/*", "password": "right"}
    inventory = collect(tree, passwords=[wrong, right, {"path": "*.jks", "password": "no"}])
    assert inventory.problems == []
    assert {LEAF.fingerprint, CA.fingerprint} == set(inventory.certificates)
    (source,) = inventory.sources
    assert (source["kind"], source["private_key"]) == ("keystore", True)


@pytest.mark.parametrize(
    "passwords", [[], [{"path": "*.p12", "password": "wr0ng"}], [{"path": "x", "password": "right"}]]
)
def test_a_keystore_without_its_password_names_the_option(tree: Path, passwords: list[dict[str, str]]) -> None:
    (tree / "a.p12").write_bytes(keystore(LEAF, b"right"))
    inventory = collect(tree, passwords=passwords)
    assert problems(inventory) == [(f"{tree}/a.p12", "password")]
    reason = inventory.problems[0]["reason"]
    assert reason.endswith(f"; add its password to the option passwords, with a path that matches {tree}/a.p12")
    assert "wr0ng" not in reason
    assert statuses(inventory)[0][0] == "unknown"


# Kubeconfigs


def test_users_and_clusters_of_a_kubeconfig(tree: Path) -> None:
    write_kubeconfig(
        tree / "config",
        users=[
            ("admin", {"client-certificate-data": encoded(LEAF.pem), "client-key-data": encoded(LEAF.key_pem)}),
            ("ci", {"token": "hunter2"}),
            ("plain", {"client-certificate-data": encoded(OTHER.pem)}),
        ],
        clusters=[("prod", {"certificate-authority-data": encoded(CA.pem, OTHER.pem)})],
    )
    inventory = kubeconfigs(tree / "config")
    place = f"{tree}/config"
    assert locations(inventory, LEAF) == [f"{place}#users/admin"]
    assert locations(inventory, OTHER) == [f"{place}#users/plain", f"{place}#clusters/prod#2"]
    assert locations(inventory, CA) == [f"{place}#clusters/prod#1"]
    assert [(s["location"], s["kind"], s["certificates"], s["private_key"]) for s in inventory.sources] == [
        (f"{place}#users/admin", "kubeconfig", [LEAF.fingerprint], True),
        (f"{place}#clusters/prod", "kubeconfig", [CA.fingerprint, OTHER.fingerprint], False),
    ]
    assert (inventory.targets[0]["kind"], inventory.targets[0]["certificates"]) == ("kubeconfig", 4)


def test_a_referenced_file_is_a_location_too_and_listed_once(tree: Path) -> None:
    (tree / "pki").mkdir()
    (tree / "pki" / "admin.pem").write_bytes(LEAF.pem)
    write_kubeconfig(
        tree / "config", users=[("admin", {"client-certificate": "pki/admin.pem", "client-key": "pki/admin.key"})]
    )
    inventory = kubeconfigs(tree / "config")
    assert locations(inventory, LEAF) == [f"{tree}/config#users/admin", f"{tree}/pki/admin.pem"]
    (source,) = inventory.sources
    assert (source["file"], source["private_key"]) == (f"{tree}/pki/admin.pem", True)
    seen = SeenFiles()
    both = Inventory()
    collect_files([str(tree / "pki")], both, seen=seen)
    collect_kubeconfigs([str(tree / "config")], both, seen=seen)
    collect_files([str(tree)], both, seen=seen)
    assert locations(both, LEAF) == [f"{tree}/pki/admin.pem", f"{tree}/config#users/admin"]
    assert [t["certificates"] for t in both.targets] == [1, 1, 2]


def test_what_is_wrong_in_a_kubeconfig_has_its_place(tree: Path) -> None:
    (tree / "bad.pem").write_bytes(b"nothing")
    write_kubeconfig(
        tree / "config",
        users=[
            ("gone", {"client-certificate": "gone.pem"}),
            ("bad", {"client-certificate": "bad.pem"}),
            ("text", {"client-certificate-data": encoded(b"nothing")}),
            ("key", {"client-certificate-data": encoded(LEAF.pem[:80])}),
            ("raw", {"client-certificate-data": "%"}),
            ("good", {"client-certificate-data": encoded(LEAF.pem)}),
        ],
    )
    inventory = kubeconfigs(tree / "config", tree / "config")
    assert [(p["location"].split("#")[1], p["kind"], p["reason"]) for p in inventory.problems] == [
        ("users/gone", "unreadable", f"{tree}/gone.pem: No such file or directory (ENOENT)"),
        ("users/bad", "empty", f"{tree}/bad.pem holds no certificate"),
        ("users/text", "empty", "its data holds no certificate"),
        ("users/key", "unparseable", inventory.problems[3]["reason"]),
        ("users/raw", "unparseable", "client-certificate-data is not base64"),
    ]
    assert locations(inventory, LEAF) == [f"{tree}/config#users/good"]
    assert statuses(inventory) == [("evaluated", None)] * 2


def test_a_walk_recognises_kubeconfigs(tree: Path) -> None:
    write_kubeconfig(tree / "admin.conf", users=[("admin", {"client-certificate-data": encoded(LEAF.pem)})])
    inventory = collect(tree, tree / "admin.conf")
    assert locations(inventory, LEAF) == [f"{tree}/admin.conf#users/admin"]
    assert statuses(inventory) == [("evaluated", None)] * 2


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"kind: Config\nusers: []\n", "empty"),
        (b"kind: Config\nusers: [{name: a, user: {token: hunter2}}]\n", "empty"),
        (b"kind: Pod\n", "unparseable"),
        (b"a: [", "unparseable"),
        (LEAF.der, "unparseable"),
    ],
)
def test_a_named_file_that_is_no_use_as_a_kubeconfig_is_a_problem(tree: Path, content: bytes, kind: str) -> None:
    (tree / "config").write_bytes(content)
    inventory = kubeconfigs(tree / "config")
    assert problems(inventory) == [(f"{tree}/config", kind)]
    assert statuses(inventory)[0][0] == "unknown"
    assert "hunter2" not in json.dumps(inventory.problems + inventory.targets)


def test_of_a_glob_only_kubeconfigs_count(tree: Path) -> None:
    write_kubeconfig(tree / "a.conf", users=[("a", {"client-certificate-data": encoded(LEAF.pem)})])
    (tree / "b.conf").write_bytes(b"kind: Other\n")
    (tree / "c.conf").write_bytes(OTHER.pem)
    inventory = kubeconfigs(tree / "*.conf", tree / "b*", tree / "none", tree)
    assert set(inventory.certificates) == {LEAF.fingerprint}
    assert [status for status, _reason in statuses(inventory)] == ["evaluated", "unknown", "unknown", "unknown"]
    assert problems(inventory) == [(str(tree), "special")]


# Options


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"include": [""]}, "include"),
        ({"exclude": [3]}, "exclude"),
        ({"max_depth": 0}, "max_depth"),
        ({"max_bytes": -1}, "max_bytes"),
        ({"passwords": [{"path": "*"}]}, "passwords"),
    ],
)
def test_a_bad_option_is_named_before_anything_is_read(tree: Path, options: dict[str, Any], name: str) -> None:
    inventory = Inventory()
    with pytest.raises(ValueError, match=f"^{name}: "):
        collect_files([str(tree)], inventory, **options)
    assert inventory.targets == []
