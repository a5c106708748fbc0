# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's OpenBao is real: our certificate on the wire, certificates of its own PKI, and nothing left behind."""

from __future__ import annotations

import dataclasses
import signal
import socket
import ssl
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from tests.lab import server
from tests.lab.openbao import OpenBao
from tests.lab.pki import LOCAL_NAMES, lab_certificate, now
from tests.lab.process import LOOPBACK, StartError, is_running, wait_until
from tests.lab.vault_client import ApiError

if TYPE_CHECKING:
    from tests.lab.pki_mount import PkiMount
    from tests.support.certificates import Made

REPOSITORY = Path(__file__).parents[3]
GONE_WITHIN = 120.0

STARTS_AND_WAITS = """
import time
from tests.lab.openbao import OpenBao
from tests.lab.pki import LOCAL_NAMES, lab_ca, lab_certificate
authority = lab_ca()
with OpenBao(certificate=lab_certificate(authority, LOCAL_NAMES), authority=authority) as bao:
    print(bao.pid, bao.port, bao.directory, flush=True)
    time.sleep(600)
"""


def test_serves_the_certificate_it_was_given(openbao: OpenBao, server_certificate: Made) -> None:
    served = ssl.get_server_certificate((LOOPBACK, openbao.port))
    assert ssl.PEM_cert_to_DER_cert(served) == server_certificate.der


def test_is_initialised_unsealed_and_root_is_ours(openbao: OpenBao) -> None:
    status = openbao.client.request("GET", "sys/seal-status")
    assert (status["initialized"], status["sealed"], status["storage_type"]) == (True, False, "inmem")
    assert openbao.client.read("auth/token/lookup-self")["policies"] == ["root"]


def test_issues_a_certificate_that_is_at_80_percent_of_its_lifespan(pki_mount: PkiMount) -> None:
    pki_mount.create_role("pod", not_before_duration="576h")
    issued = pki_mount.issue("pod", "web.lab.internal", ttl="144h")
    certificate = x509.load_pem_x509_certificate(issued.pem)
    lifespan = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifespan == timedelta(days=30)
    assert (now() - certificate.not_valid_before_utc) / lifespan == pytest.approx(0.8, abs=0.001)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(issued.chain_pem))


def test_issues_many_in_the_order_of_their_names(pki_mount: PkiMount) -> None:
    pki_mount.create_role("pod")
    names = [f"pod-{number}.lab.internal" for number in range(200)]
    issued = pki_mount.issue_many("pod", names, ttl="720h")
    subjects = [x509.load_pem_x509_certificate(each.pem).subject.rfc4514_string() for each in issued]
    assert subjects == [f"CN={name}" for name in names]
    stored = set(pki_mount.client.keys(f"{pki_mount.path}/certs"))
    assert {each.serial_number for each in issued} <= stored


def test_serves_the_crl_of_what_was_revoked(pki_mount: PkiMount) -> None:
    pki_mount.create_role("pod")
    issued = pki_mount.issue("pod", "web.lab.internal")
    pki_mount.revoke(issued.serial_number)
    revoked = x509.load_pem_x509_crl(pki_mount.crl_pem())
    assert [entry.serial_number for entry in revoked] == [int(issued.serial_number.replace(":", ""), 16)]


def test_an_error_says_what_the_server_said(openbao: OpenBao) -> None:
    with pytest.raises(ApiError, match=r"POST nowhere/issue/pod: 404 no handler for route") as caught:
        openbao.client.write("nowhere/issue/pod")
    assert caught.value.status == 404


def test_raft_takes_the_largest_entry_it_was_given(lab_authority: Made, server_certificate: Made) -> None:
    with OpenBao(certificate=server_certificate, authority=lab_authority, raft=True, max_entry_size=131072) as bao:
        storage = bao.client.read("sys/config/state/sanitized")["storage"]
    assert (storage["type"], storage["raft"]["max_entry_size"]) == ("raft", "131072")


def test_stop_leaves_no_process_no_port_and_no_file(lab_authority: Made, server_certificate: Made) -> None:
    with OpenBao(certificate=server_certificate, authority=lab_authority) as bao:
        pid, port, directory = bao.pid, bao.port, bao.directory
        assert is_running(pid)
        assert is_listening(port)
        assert directory.is_dir()
    assert not is_running(pid)
    assert not is_listening(port)
    assert not directory.exists()
    assert "OpenBao shutdown triggered" in bao.log()


def test_the_root_token_is_never_written(lab_authority: Made, server_certificate: Made) -> None:
    with OpenBao(certificate=server_certificate, authority=lab_authority, raft=True) as bao:
        token = bao.client.token.encode()
        written = [path.read_bytes() for path in bao.directory.rglob("*") if path.is_file()]
    assert len(written) > 4
    assert not [content for content in written if token in content]
    assert token not in bao.log().encode()


def test_a_failed_start_shows_the_end_of_the_log(lab_authority: Made, server_certificate: Made) -> None:
    other = lab_certificate(lab_authority, LOCAL_NAMES)
    mismatched = dataclasses.replace(server_certificate, key_pem=other.key_pem)
    bao = OpenBao(certificate=mismatched, authority=lab_authority)
    with pytest.raises(StartError) as caught:
        bao.start()
    message = str(caught.value)
    assert message.startswith("OpenBao ended with code 1 before it was ready; the end of its log:\n")
    assert "private key does not match public key" in message
    assert "PRIVATE KEY" not in message


def test_a_port_that_was_taken_meanwhile_is_given_up(
    lab_authority: Made, server_certificate: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        offers = iter([(taken.getsockname()[1], *server.free_ports(1))])
        free_ports = server.free_ports
        monkeypatch.setattr(server, "free_ports", lambda count: next(offers, None) or free_ports(count))
        with OpenBao(certificate=server_certificate, authority=lab_authority) as bao:
            assert bao.port != taken.getsockname()[1]
            assert bao.client.read("auth/token/lookup-self")["policies"] == ["root"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_parent_is_killed(number: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_WAITS], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with parent:
        assert parent.stdout is not None
        pid, port, directory = parent.stdout.readline().decode().split()
        assert is_listening(int(port))
        parent.send_signal(number)
        parent.wait(GONE_WITHIN)
        wait_until(lambda: not is_running(int(pid)), within=GONE_WITHIN, what="the server to be gone")
        wait_until(lambda: not Path(directory).exists(), within=GONE_WITHIN, what="its directory to be gone")
    assert not is_listening(int(port))


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
