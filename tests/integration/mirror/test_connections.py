# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mirror over TLS, with client certificates, by way of a proxy, and with each kind of login."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import unpack
from ansible_collections.sre.preflight.plugins.module_utils._audit.version import COLLECTION_VERSION
from tests.integration.mirror.test_faults import audit, rules_of
from tests.support.certificates import Made, make_ca, make_leaf
from tests.support.package_index import demo_index
from tests.support.servers import server_context, write_pair
from tests.support.simple_index import Asked, Fault, IndexServer, Page

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
CA = make_ca(not_before=NOW - 900 * DAY, not_after=NOW + 900 * DAY)


def leaf(*, days: int) -> Made:
    return make_leaf(issuer=CA, names=["127.0.0.1"], not_before=NOW - 30 * DAY, not_after=NOW + days * DAY)


def served(certificate: Made, **more: Any) -> IndexServer:
    return IndexServer(demo_index(), tls=server_context([certificate], **more))


def authority_of(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    path.write_bytes(CA.pem)
    return str(path)


def test_a_certificate_that_is_well(tmp_path: Path) -> None:
    certificate = leaf(days=300)
    with served(certificate) as mirror:
        result = audit(mirror.url, ca_path=authority_of(tmp_path))
    assert {each["status"] for each in result["findings"]} == {"unknown"}
    assert "index-unread" not in rules_of(result)
    (row,) = result["certificates"]
    assert row["fingerprint_sha256"] == certificate.fingerprint
    assert row["locations"] == [mirror.origin.replace("https", "tls")]


def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    with served(leaf(days=-1)) as mirror:
        rules = rules_of(audit(mirror.url, ca_path=authority_of(tmp_path), retries=0))
        seen = rules_of(audit(mirror.url, ca_path=authority_of(tmp_path), validate_certs=False))
    assert rules["index-unread"]["status"] == "unknown"
    assert "certificate has expired" in rules["index-unread"]["message"]
    assert (rules["certificate.expired"]["status"], rules["certificate.expired"]["severity"]) == ("fail", "critical")
    assert "index-unread" not in seen
    assert "certificate.expired" in seen


def test_a_certificate_of_nobody_known() -> None:
    with served(leaf(days=300)) as mirror:
        rules = rules_of(audit(mirror.url, retries=0))
    assert "TLS: unable to get local issuer certificate" in rules["index-unread"]["message"]


def test_client_certificates(tmp_path: Path) -> None:
    client = make_leaf(issuer=CA, not_before=NOW - DAY, not_after=NOW + 300 * DAY)
    certificate, key = write_pair(tmp_path, [client])
    with served(leaf(days=300), client_authority=CA) as mirror:
        refused = rules_of(audit(mirror.url, ca_path=authority_of(tmp_path), retries=0))
        given = {"client_certificate": certificate, "client_key": key}
        allowed = rules_of(audit(mirror.url, ca_path=authority_of(tmp_path), **given))
    assert refused["index-unread"]["status"] == "unknown"
    assert "index-unread" not in allowed
    assert "project-unread" not in allowed


def test_by_way_of_a_proxy() -> None:
    with IndexServer(demo_index(), files_url="http://mirror.invalid/files/") as proxy:
        result = audit("http://mirror.invalid/simple/", proxies=proxy.origin)
        assert {asked.headers["Host"] for asked in proxy.requests} == {"mirror.invalid"}
    rules = rules_of(result)
    assert "index-unread" not in rules
    assert rules["not-https"]["severity"] == "high"
    assert result["mirrors"][0]["projects_read"] == 2


def basic(login: str) -> str:
    return f"Basic {base64.b64encode(login.encode()).decode()}"


def refusing(login: str) -> Fault:
    """Answers nobody without that login."""

    def fault(asked: Asked, good: Page) -> Page:
        known = asked.headers.get("Authorization") == login
        return good if known else Page(401, {"WWW-Authenticate": "Basic"})

    return fault


@pytest.mark.parametrize(
    ("given", "login"),
    [
        ({"username": "ci", "password": "s3cret"}, basic("ci:s3cret")),
        ({"username": "ci"}, basic("ci:")),
        ({"token": "s3cret"}, "Bearer s3cret"),
        ({"netrc_path": "netrc"}, basic("from-netrc:s3cret")),
        ({}, basic("from-netrc:s3cret")),
    ],
    ids=["basic", "basic without a password", "bearer", "netrc", "netrc that the environment names"],
)
def test_logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], login: str) -> None:
    """Each opens both servers, and nothing of it is in the result or in the evidence."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login from-netrc password s3cret\n")
    if not given:
        monkeypatch.setenv("NETRC", str(netrc))
    given = {name: str(netrc) if name == "netrc_path" else value for name, value in given.items()}
    both = {**given, **{f"upstream_{name}": value for name, value in given.items() if name != "netrc_path"}}
    locked = refusing(login)
    with IndexServer(demo_index(), fault=locked) as upstream, IndexServer(demo_index(), fault=locked) as mirror:
        result = audit(mirror.url, upstream, **both)
        packed = audit(mirror.url, upstream, **both, bundle=True)["bundle"]
    assert rules_of(result) == {}
    assert "s3cret" not in json.dumps(result) + json.dumps(unpack(packed))
    assert login.partition(" ")[2] not in json.dumps(result) + json.dumps(unpack(packed))


def test_without_a_login_nothing_is_known() -> None:
    with IndexServer(demo_index(), fault=refusing(basic("ci:s3cret"))) as mirror:
        rules = rules_of(audit(mirror.url, username="ci", password="wrong"))
    assert rules["project-unread"]["status"] == "unknown"
    assert "demo: status 401" in rules["project-unread"]["message"]


def test_the_mirror_s_login_is_not_the_upstream_s() -> None:
    with IndexServer(demo_index()) as upstream, IndexServer(demo_index()) as mirror:
        audit(mirror.url, upstream, token="for-the-mirror", upstream_username="ci", upstream_password="other")
        assert {asked.headers.get("Authorization") for asked in mirror.requests} == {"Bearer for-the-mirror"}
        assert {asked.headers.get("Authorization") for asked in upstream.requests} == {basic("ci:other")}


def test_who_asks_is_said() -> None:
    with IndexServer(demo_index()) as mirror:
        audit(mirror.url)
        assert {asked.headers["User-Agent"] for asked in mirror.requests} == {
            f"sre.preflight/{COLLECTION_VERSION} (mirror_audit)"
        }
