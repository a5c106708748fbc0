# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collector on real servers, with the shipped policy and no other right."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from ansible_collections.sre.preflight.plugins.module_utils._vault import leaves as leaves_module
from ansible_collections.sre.preflight.plugins.module_utils._vault.collect import Collector, collect
from tests.integration.vault.collecting import collected, options, policy_for, token_with
from tests.lab.openbao import OpenBao
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, start_pairing
from tests.lab.pki import now
from tests.lab.pki_mount import PkiMount
from tests.lab.process import wait_until
from tests.lab.vault_client import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

LIMIT = 8192

each_pairing = pytest.mark.parametrize(
    "pairing", [pytest.param(name, marks=() if name == OPENBAO_RAFT else pytest.mark.full) for name in PAIRINGS]
)


@pytest.fixture(scope="module")
def filled(lab_authority: Made, server_certificate: Made) -> Iterator[OpenBao]:
    """OpenBao with a mount pki: 40 leased certificates, 25 plain ones of which 6 are revoked."""
    with OpenBao(certificate=server_certificate, authority=lab_authority, raft=True, max_entry_size=131072) as server:
        fill_mount(server)
        yield server


def fill_mount(server: VaultServer) -> PkiMount:
    mount = PkiMount(server.client, "pki").enable()
    mount.generate_root(issuer_name="root")
    mount.create_role("leased", generate_lease=True, max_ttl="768h")
    mount.create_role("plain", not_before_duration="576h", max_ttl="96h")
    mount.issue_many("leased", [f"pod-{number}.lab" for number in range(40)], ttl="720h")
    issued = mount.issue_many("plain", [f"web-{number}.lab" for number in range(25)], ttl="72h")
    for each in issued[:6]:
        mount.revoke(each.serial_number)
    return mount


@pytest.fixture(scope="module")
def token(filled: OpenBao) -> str:
    return token_with(filled, policy_for("pki"))


@each_pairing
def test_evidence_of_a_mount(pairing: str, lab_authority: Made, server_certificate: Made, tmp_path: Path) -> None:
    with start_pairing(pairing, certificate=server_certificate, authority=lab_authority, limit=131072) as server:
        mount = fill_mount(server)
        mount.client.write("pki/config/auto-tidy", enabled=True, tidy_revoked_certs=True, pause_duration="200ms")
        mount.client.write("pki/config/urls", ocsp_servers=["http://ocsp.lab"])
        result = collected(server, tmp_path, token=token_with(server, policy_for("pki")))
        health = mount.client.request("GET", "sys/health")
        served = x509.load_pem_x509_crl(mount.crl_pem())
    evidence = result.evidence
    product = "openbao" if pairing == OPENBAO_RAFT else "vault"
    assert evidence["problems"] == []
    assert (evidence["server"]["product"], evidence["server"]["version"]) == (product, health["version"])
    assert evidence["server"]["cluster_id"] == health["cluster_id"]
    assert evidence["server"]["enterprise"] is False
    assert abs_age(evidence["server"]["started_at"]) < timedelta(minutes=5)
    (found,) = evidence["mounts"]
    assert found["problems"] == []
    assert (found["path"], found["namespace"], found["max_lease_ttl_seconds"]) == ("pki/", "", 315360000)
    assert found["default_lease_ttl_seconds"] == 2764800
    assert found["auto_tidy"]["pause_duration"] == 0.2
    assert (found["auto_tidy"]["interval_duration"], found["auto_tidy"]["safety_buffer"]) == (43200, 259200)
    assert (found["crl_config"]["expiry"], found["crl_config"]["delta_rebuild_interval"]) == (259200, 900)
    assert found["tidy_status"]["state"] == "Inactive"
    assert found["urls"]["ocsp_servers"] == ["http://ocsp.lab"]
    assert found["acme"]["enabled"] is False
    assert sorted(found["roles"]) == ["leased", "plain"]
    assert (found["roles"]["plain"]["max_ttl"], found["roles"]["leased"]["generate_lease"]) == (345600, True)
    (issuer,) = found["issuers"]
    assert (issuer["issuer_name"], issuer["is_default"], issuer["leaf_not_after_behavior"]) == ("root", True, "err")
    assert "crl-signing" in issuer["usage"]
    (crl,) = found["crls"]
    assert (crl["kind"], crl["entries"], crl["issuer_ids"]) == ("complete", 6, [issuer["issuer_id"]])
    assert crl["this_update"] == format_instant(served.last_update_utc)
    assert sum(count for _day, count in crl["revocation_days"]) == 6
    assert found["counts"] == {"certificates": 66, "revoked": 6, "leases": 40, "irrevocable_leases": 0}
    assert found["leases_by_role"] == {"leased": 40}
    check_leaves(found["leaves"])
    (certificate,) = result.inventory.certificates.values()
    address = server.url.partition("://")[2]
    assert certificate.fingerprint_sha256 == issuer["certificate_fingerprint_sha256"]
    assert certificate.locations == [f"vault://{address}/pki/issuer/{issuer['issuer_id']}"]
    assert [target["status"] for target in result.inventory.targets] == ["evaluated"]


def check_leaves(found: dict[str, Any]) -> None:
    assert (found["mode"], found["read"], found["expected"], found["expired"]) == ("all", 65, 65, 0)
    assert found["revoked_unexpired_missing_from_crl"] == 0
    spans: Counter[int] = Counter()
    for issued, expires, count in found["by_day"]:
        spans[(day(expires) - day(issued)).days] += count
    assert spans[27] == 25, "issued 24 days ago, for three days from now"
    assert spans[30] == 40


def day(text: str) -> Any:
    from datetime import date

    return date.fromisoformat(text)


def abs_age(instant: str) -> timedelta:
    from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant

    return abs(now() - parse_instant(instant))


def test_storage_limits(filled: OpenBao, token: str, tmp_path: Path) -> None:
    storage = collected(filled, tmp_path, token=token, leaves="none").evidence["server"]["storage"]
    assert storage == {
        "type": "raft",
        "max_entry_bytes": 131072,
        "txn_max_request_bytes": None,
        "limit_source": "measured",
    }
    own = collected(filled, tmp_path, token=token, leaves="none", storage_max_entry_size=4096)
    assert own.evidence["server"]["storage"]["max_entry_bytes"] == 4096
    assert own.evidence["server"]["storage"]["limit_source"] == "configured"


def test_pages_and_single_reads_agree(
    filled: OpenBao, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaves() -> dict[str, Any]:
        found: dict[str, Any] = collected(filled, tmp_path, token=token).evidence["mounts"][0]["leaves"]
        return found

    singly = leaves()
    monkeypatch.setattr(leaves_module, "PAGES_FROM", 1)
    for size in (1, 7, 65, 66, 1000):
        monkeypatch.setattr(leaves_module, "PAGE", size)
        assert leaves() == singly


def test_what_a_page_leaves_out_is_read_by_itself(
    filled: OpenBao, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = collected(filled, tmp_path, token=token).evidence["mounts"][0]["leaves"]
    monkeypatch.setattr(leaves_module, "PAGES_FROM", 1)
    monkeypatch.setattr(leaves_module, "PAGE", 10)
    page = leaves_module._page
    monkeypatch.setattr(leaves_module, "_page", lambda *given: dict(list(page(*given).items())[:-2]))
    assert collected(filled, tmp_path, token=token).evidence["mounts"][0]["leaves"] == whole


def test_a_sample_is_the_same_again(filled: OpenBao, token: str, tmp_path: Path) -> None:
    first, second = (
        collected(filled, tmp_path, token=token, leaves="sample", leaves_sample=20).evidence["mounts"][0]["leaves"]
        for _each in range(2)
    )
    assert first == second
    assert (first["mode"], first["read"], first["expected"]) == ("sample", 20, 65)


def test_the_cache_saves_reading(filled: OpenBao, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = str(tmp_path / "leaves.db")
    first = collected(filled, tmp_path, token=token, leaves_cache_path=cache).evidence["mounts"][0]["leaves"]
    monkeypatch.setattr(leaves_module, "_read", lambda *_given: pytest.fail("a known certificate was read"))
    second = collected(filled, tmp_path, token=token, leaves_cache_path=cache).evidence["mounts"][0]["leaves"]
    assert second == first
    assert first["read"] == 65


def test_a_frozen_crl_shows(lab_authority: Made, server_certificate: Made, tmp_path: Path) -> None:
    with OpenBao(certificate=server_certificate, authority=lab_authority, raft=True, max_entry_size=LIMIT) as server:
        mount = PkiMount(server.client, "pki").enable()
        mount.generate_root()
        mount.create_role("web")
        issued = mount.issue_many("web", [f"web-{number}.lab" for number in range(230)], ttl="72h")
        refused = sum(not revoked(mount, each.serial_number) for each in issued)
        assert refused > 5
        for mode in ("all", "none"):
            found = collected(server, tmp_path, token=token_with(server, policy_for("pki")), leaves=mode).evidence[
                "mounts"
            ][0]
            (crl,) = found["crls"]
            assert crl["bytes"] <= LIMIT
            assert (crl["entries"], found["counts"]["revoked"]) == (230 - refused, 230)
            assert found["leaves"]["revoked_unexpired_missing_from_crl"] == refused
            assert found["leaves"]["newest_revocation_missing_from_crl"] >= crl["this_update"]


def revoked(mount: PkiMount, serial_number: str) -> bool:
    try:
        mount.revoke(serial_number)
    except ApiError as error:
        if error.status != 500:
            raise
        return False
    return True


def test_named_mounts_and_one_that_is_not_there(filled: OpenBao, token: str, tmp_path: Path) -> None:
    allowed = token_with(filled, policy_for("pki", "nothing"))
    evidence = collected(filled, tmp_path, token=allowed, mounts=["nothing", "/pki"]).evidence
    missing, found = evidence["mounts"]
    assert found["problems"] == []
    assert (missing["path"], missing["issuers"], missing["counts"]["certificates"]) == ("nothing/", None, None)
    assert missing["problems"] == [
        {
            "part": "mount",
            "path": "nothing/",
            "capability": None,
            "status": None,
            "reason": "nothing is mounted there",
        }
    ]


def test_a_mount_that_vanishes_in_mid_run(filled: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = PkiMount(filled.client, "gone").enable()
    gone.generate_root()
    chosen = Collector._chosen

    def choose_and_unmount(self: Collector, *given: Any, **more: Any) -> Any:
        mounts = chosen(self, *given, **more)
        filled.client.request("DELETE", "sys/mounts/gone")
        return mounts

    monkeypatch.setattr(Collector, "_chosen", choose_and_unmount)
    result = collected(filled, tmp_path, token=token_with(filled, policy_for("gone", "pki")))
    by_path = {mount["path"]: mount for mount in result.evidence["mounts"]}
    assert [problem["part"] for problem in by_path["gone/"]["problems"]] == ["mount"]
    assert by_path["pki/"]["problems"] == []
    assert by_path["pki/"]["leaves"]["read"] == 65
    assert [target["status"] for target in result.inventory.targets] == ["unknown", "evaluated"]


def test_a_wrong_token_is_told_of_and_the_rest_evaluated(filled: OpenBao, tmp_path: Path) -> None:
    evidence = collected(filled, tmp_path, token="hvs.wrong", mounts=["pki"]).evidence
    assert [problem["part"] for problem in evidence["problems"]] == ["storage", "token", "mounts"]
    (mount,) = evidence["mounts"]
    assert {problem["status"] for problem in mount["problems"]} == {403}
    assert evidence["server"]["version"]


def test_a_wrong_token_is_never_silence(filled: OpenBao, tmp_path: Path) -> None:
    evidence = collected(filled, tmp_path, token="hvs.wrong").evidence
    assert evidence["mounts"] == []
    assert "mounts" in [problem["part"] for problem in evidence["problems"]]


def test_a_token_that_ends_in_mid_run(filled: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = token_with(filled, policy_for("pki"))
    chosen = Collector._chosen

    def choose_and_revoke(self: Collector, *given: Any, **more: Any) -> Any:
        filled.client.request("POST", "auth/token/revoke", {"token": short})
        return chosen(self, *given, **more)

    monkeypatch.setattr(Collector, "_chosen", choose_and_revoke)
    (mount,) = collected(filled, tmp_path, token=short).evidence["mounts"]
    reasons = {problem["reason"] for problem in mount["problems"]}
    assert reasons == {"the token is no longer accepted; it has expired or was revoked"}


def test_a_sealed_server(lab_authority: Made, server_certificate: Made, tmp_path: Path) -> None:
    with OpenBao(certificate=server_certificate, authority=lab_authority) as server:
        root = server.client.token
        server.client.request("PUT", "sys/seal")
        wait_until(lambda: server.client.raw("GET", "sys/health")[0] == 503, within=60, what="the server to be sealed")
        evidence = collected(server, tmp_path, token=root, mounts=["pki"]).evidence
    assert [problem["reason"] for problem in evidence["problems"]] == ["the server is sealed"]
    assert [problem["part"] for problem in evidence["mounts"][0]["problems"]] == ["mount"]


class UninitialisedOpenBao(OpenBao):
    """As it is before anybody has set it up."""

    def is_ready(self) -> bool:
        return self.client.raw("GET", "sys/health")[0] == 501

    def set_up(self) -> None:
        """Left out."""


def test_a_server_that_nobody_has_initialised(lab_authority: Made, server_certificate: Made, tmp_path: Path) -> None:
    with UninitialisedOpenBao(certificate=server_certificate, authority=lab_authority) as server:
        evidence = collected(server, tmp_path, token="hvs.any").evidence
    assert [problem["reason"] for problem in evidence["problems"]] == ["the server is not initialised"]
    assert (evidence["mounts"], evidence["server"]["storage"]["type"]) == ([], None)


def test_a_certificate_that_nobody_vouches_for_is_a_clear_error(filled: OpenBao, token: str, tmp_path: Path) -> None:
    params = options(filled, tmp_path, token=token, ca_cert=None)
    with pytest.raises(OptionError, match=r"^url: 'https://.*' cannot be asked: sys/health: TLS: ") as caught:
        collect(params, environment={}, now=now())
    assert token not in str(caught.value)
    unverified = collect({**params, "validate_certs": False}, environment={}, now=now())
    assert unverified.evidence["problems"] == []


def test_nobody_there_is_a_clear_error(filled: OpenBao, token: str, tmp_path: Path) -> None:
    params = options(filled, tmp_path, token=token, url="https://127.0.0.1:1", retries=0)
    with pytest.raises(OptionError, match="cannot be asked: sys/health: no connection: Connection refused"):
        collect(params, environment={}, now=now())


def test_a_mount_in_a_namespace(filled: OpenBao, tmp_path: Path) -> None:
    client = filled.client
    client.request("POST", "sys/namespaces/team", {})
    client.request("POST", "team/sys/mounts/web/pki", {"type": "pki"})
    client.request("POST", "team/web/pki/root/generate/internal", {"common_name": "Team root", "key_type": "ec"})
    result = collected(filled, tmp_path, token=client.token, namespaces=["team", "nowhere"])
    (mount,) = result.evidence["mounts"]
    assert (mount["namespace"], mount["path"], mount["problems"]) == ("team", "web/pki/", [])
    (certificate,) = result.inventory.certificates.values()
    assert f"/team/web/pki/issuer/{mount['issuers'][0]['issuer_id']}" in certificate.locations[0]
    assert [problem["part"] for problem in result.evidence["problems"]] == ["mounts"]


def test_one_certificate_that_nobody_can_parse(
    lab_authority: Made, server_certificate: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves_module, "PAGES_FROM", 1)
    monkeypatch.setattr(leaves_module, "PAGE", 10)
    with RawOpenBao(certificate=server_certificate, authority=lab_authority) as server:
        fill_mount(server)
        uuid = server.client.read("sys/mounts")["pki/"]["uuid"]
        for serial in ("01-02-03", "7f-ff", "no-serial"):
            server.client.request("PUT", f"sys/raw/logical/{uuid}/certs/{serial}", {"value": "no certificate"})
        token = token_with(server, policy_for("pki"))
        params = options(server, tmp_path, token=token, retries=0)
        (mount,) = collect(params, environment={}, now=now()).evidence["mounts"]
    assert (mount["leaves"]["read"], mount["leaves"]["expected"]) == (65, 68)
    (problem,) = mount["problems"]
    assert problem["part"] == "leaves"
    assert problem["path"] == "pki/cert/01:02:03"
    assert problem["reason"].endswith("(3 of 68 failed)")


class RawOpenBao(OpenBao):
    """Its storage can be written to."""

    def configuration(self, chain: Path, key: Path) -> dict[str, Any]:
        return {**super().configuration(chain, key), "raw_storage_endpoint": True}


def test_an_answer_of_another_shape_is_the_mounts_problem(
    filled: OpenBao, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.sre.preflight.plugins.module_utils._vault.mounts.read_crls", None)
    (mount,) = collected(filled, tmp_path, token=token).evidence["mounts"]
    assert [problem["part"] for problem in mount["problems"]] == ["mount"]
    assert mount["problems"][0]["reason"].startswith("the audit failed: TypeError")
