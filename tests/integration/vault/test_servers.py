# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's Vault servers are real: each pairing of server and storage issues, leases, revokes, and fails as it does
in production."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from tests.lab import fixtures
from tests.lab.consul import Consul, ConsulError
from tests.lab.fill import Batch, Filled, fill
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, VAULT_CONSUL, set_limit, start_pairing
from tests.lab.pki import now
from tests.lab.pki_mount import PkiMount
from tests.lab.process import is_running, wait_until
from tests.lab.vault import Vault
from tests.lab.vault_client import ApiError

if TYPE_CHECKING:
    from tests.lab.openbao import OpenBao
    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LIMIT = 8192  # bytes: a CRL of some 200 entries
DRAINED_WITHIN = 180.0
TOO_LARGE = {
    "raft": "put failed due to value being too large",
    "consul": "too large, max size: 8192 bytes",
}
needs_builds = pytest.mark.full
each_pairing = pytest.mark.parametrize(
    "pairing", [pytest.param(name, marks=() if name == OPENBAO_RAFT else needs_builds) for name in PAIRINGS]
)


def new_mount(server: VaultServer) -> PkiMount:
    mount = PkiMount(server.client).enable()
    mount.generate_root()
    return mount


def load(mount: PkiMount, filled: Filled) -> x509.Certificate:
    pem = mount.client.read(f"{mount.path}/cert/{filled.serial_number}")["certificate"]
    return x509.load_pem_x509_certificate(pem.encode())


def crl(mount: PkiMount) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(mount.crl_pem())


def storage_of(server: VaultServer) -> dict[str, Any]:
    storage: dict[str, Any] = server.client.read("sys/config/state/sanitized")["storage"]
    return storage


@each_pairing
def test_pairing_issues_leases_and_revokes(pairing: str, lab_authority: Made, server_certificate: Made) -> None:
    with start_pairing(pairing, certificate=server_certificate, authority=lab_authority) as server:
        mount = new_mount(server)
        plain, leased, revoked = fill(
            mount,
            Batch(count=40, ttl=3 * DAY, age=27 * DAY),
            Batch(count=30, ttl=timedelta(minutes=10), lease=True),
            Batch(count=20, ttl=DAY, revoked=15),
        )
        certificate = load(mount, plain[0])
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == 30 * DAY
        assert abs(certificate.not_valid_before_utc - (now() - 27 * DAY)) < HOUR
        assert load(mount, leased[0]).not_valid_after_utc - now() <= timedelta(minutes=10)
        leases = server.client.keys("sys/leases/lookup/pki/issue/fill-30s-leased")
        assert {f"pki/issue/fill-30s-leased/{key}" for key in leases} == {each.lease_id for each in leased}
        assert {each.lease_id for each in (*plain, *revoked)} == {""}
        numbers = {int(each.serial_number.replace(":", ""), 16) for each in revoked[:15]}
        assert {entry.serial_number for entry in crl(mount)} == numbers
        assert server.client.read("pki/config/crl")["auto_rebuild"] is False


@each_pairing
def test_storage_tells_its_type_and_limit(pairing: str, lab_authority: Made, server_certificate: Made) -> None:
    with start_pairing(pairing, certificate=server_certificate, authority=lab_authority, limit=131072) as server:
        storage = storage_of(server)
        if pairing == VAULT_CONSUL:
            assert (storage["type"], "consul" in storage) == ("consul", False)  # Consul alone knows its limits
        else:
            assert (storage["type"], storage["raft"]["max_entry_size"]) == ("raft", "131072")


@each_pairing
def test_crl_freezes_in_silence_when_it_outgrows_its_storage_and_thaws_with_a_higher_limit(
    pairing: str, lab_authority: Made, server_certificate: Made
) -> None:
    """The incident in miniature: the token that issued is gone, and all that it leased is revoked at once."""
    with start_pairing(pairing, certificate=server_certificate, authority=lab_authority, limit=LIMIT) as server:
        mount = new_mount(server)
        service = server.client.child()
        (leased,) = fill(mount, Batch(count=240, ttl=HOUR, lease=True), issuer=service)
        server.client.write("auth/token/revoke", token=service.token)
        wait_until(
            lambda: len(mount.client.keys("pki/certs/revoked")) == len(leased),
            within=DRAINED_WITHIN,
            what="the backlog to be drained",
            interval=0.25,
        )
        assert len(list(crl(mount))) < len(leased)
        assert TOO_LARGE[storage_of(server)["type"]] in server.log()
        assert server.client.request("GET", "sys/health")["sealed"] is False
        set_limit(server, 8 * LIMIT)
        mount.client.read(f"{mount.path}/crl/rotate")
        assert len(list(crl(mount))) == len(leased)


@each_pairing
def test_a_restart_keeps_what_was_stored(pairing: str, lab_authority: Made, server_certificate: Made) -> None:
    with start_pairing(pairing, certificate=server_certificate, authority=lab_authority) as server:
        (filled,) = fill(new_mount(server), Batch(count=3, ttl=HOUR))
        ports, pid = server.ports, server.pid
        server.restart()
        assert (server.ports, server.pid != pid) == (ports, True)
        stored = server.client.keys("pki/certs")
        assert {each.serial_number for each in filled} <= set(stored)
        assert server.log().count("vault is unsealed") + server.log().count("core is unsealed") == 2


@each_pairing
def test_a_sealed_server_answers_that_it_is(pairing: str, lab_authority: Made, server_certificate: Made) -> None:
    with start_pairing(pairing, certificate=server_certificate, authority=lab_authority) as server:
        server.seal()
        with pytest.raises(ApiError, match="503"):
            server.client.keys("pki/certs")
        server.unseal()
        assert server.client.read("auth/token/lookup-self")["policies"] == ["root"]


@pytest.mark.parametrize("failed", [True, False])
def test_a_failing_test_shows_the_logs_of_its_servers(failed: bool, openbao: OpenBao) -> None:
    report = SimpleNamespace(failed=failed, sections=[])
    hook = fixtures.pytest_runtest_makereport()
    next(hook)
    with pytest.raises(StopIteration):
        hook.send(report)  # type: ignore[arg-type]
    assert (f"log of OpenBao on {openbao.ports}" in dict(report.sections)) is failed
    assert all(text.strip() for text in dict(report.sections).values())


@needs_builds
@pytest.mark.parametrize("acl", [False, True], ids=["open", "acl"])
def test_consul_shows_its_limits(acl: bool) -> None:
    with Consul(acl=acl, kv_max_value_size=65536, txn_max_req_len=131072) as consul:
        shown = consul.client.get("agent/self")["DebugConfig"]
        assert (shown["KVMaxValueSize"], shown["TxnMaxReqLen"]) == (65536, 131072)
        assert shown["ACLsEnabled"] is acl
        consul.client.put("kv/fits", b"x" * 65536)
        with pytest.raises(ConsulError, match=r"413 .*too large, max size: 65536 bytes.*kv_max_value_size"):
            consul.client.put("kv/does-not", b"x" * 65537)


@needs_builds
def test_consul_with_acl_lets_nobody_in_without_a_token(lab_authority: Made, server_certificate: Made) -> None:
    with (
        Consul(acl=True) as consul,
        Vault(certificate=server_certificate, authority=lab_authority, consul=consul) as vault,
    ):
        assert "vault/core/mounts" in consul.client.get("kv/vault/core/?keys")
        token, consul.client.token = consul.client.token, ""
        with pytest.raises(ConsulError) as refused:
            consul.client.get("agent/self")
        assert refused.value.status == 403
        written = [path.read_bytes() for path in vault.directory.rglob("*") if path.is_file()]
        assert not [content for content in written if token.encode() in content]
        pids = vault.pid, consul.pid
    assert not [pid for pid in pids if is_running(pid)]
    assert token not in vault.log() + consul.log()
