# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mirror over TLS, with client certificates, and by way of a proxy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.integration.mirror.test_faults import audit, rules_of
from tests.support.certificates import Made, make_ca, make_leaf
from tests.support.package_index import demo_index
from tests.support.servers import server_context, write_pair
from tests.support.simple_index import IndexServer

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
