# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The embedded lab holds what it promises, by cryptography's and Ansible's own reading of it."""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from tests.lab.embedded import EmbeddedLab, embedded_lab
from tests.lab.openbao import OpenBao
from tests.lab.pki import now
from tests.lab.process import LOOPBACK, is_running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def lab() -> Iterator[EmbeddedLab]:
    with embedded_lab() as running:
        yield running


@pytest.fixture(scope="module")
def pods(lab: EmbeddedLab) -> dict[str, Path]:
    return {pod.host: pod.directory for pod in lab.pods}


def percent_used(certificate: x509.Certificate) -> float:
    lifespan = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return 100 * ((now() - certificate.not_valid_before_utc) / lifespan)


def days(certificate: x509.Certificate) -> float:
    return (certificate.not_valid_after_utc - certificate.not_valid_before_utc).total_seconds() / 86400


def read(file: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(file.read_bytes())


def test_openbao_is_guarded_by_a_certificate_near_its_end(lab: EmbeddedLab) -> None:
    served = ssl.get_server_certificate((LOOPBACK, lab.openbao.port))
    certificate = x509.load_pem_x509_certificate(served.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["vault.lab.internal", "localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert days(certificate) == 365
    assert percent_used(certificate) == pytest.approx(82.2, abs=0.1)
    certificate.verify_directly_issued_by(lab.authority.certificate)
    assert days(lab.authority.certificate) == 3650


@pytest.mark.parametrize(
    ("pod", "file", "used"),
    [("web-1", "simple.pem", [10]), ("web-2", "simple.pem", [80]), ("upload-1", "upload.pem", [97, 10])],
)
def test_pods_have_30_day_certificates_by_openbao(
    pods: dict[str, Path], pod: str, file: str, used: list[float]
) -> None:
    *leaves, issuer = read(pods[pod] / file)
    assert [percent_used(leaf) for leaf in leaves] == pytest.approx(used, abs=0.4)
    for leaf in leaves:
        assert days(leaf) == pytest.approx(30, abs=0.3)
        leaf.verify_directly_issued_by(issuer)
    key = load_pem_private_key((pods[pod] / file).with_suffix(".key").read_bytes(), None)
    assert key.public_key() == leaves[-1].public_key()


def test_the_bundle_s_two_certificates_are_of_one_name(pods: dict[str, Path]) -> None:
    superseded, current, _issuer = read(pods["upload-1"] / "upload.pem")
    assert superseded.subject == current.subject
    assert superseded.serial_number != current.serial_number


def test_one_pod_has_its_key_in_the_bundle(pods: dict[str, Path]) -> None:
    content = (pods["worker-1"] / "worker.pem").read_bytes()
    leaf, _issuer = x509.load_pem_x509_certificates(content)
    assert load_pem_private_key(content, None).public_key() == leaf.public_key()
    assert percent_used(leaf) == pytest.approx(10, abs=0.4)


def test_one_pod_has_a_keystore_with_a_password_and_is_late(lab: EmbeddedLab) -> None:
    pod = next(pod for pod in lab.pods if pod.host == "search-1")
    content = (pod.directory / "search.p12").read_bytes()
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_pkcs12(content, None)
    assert pod.password is not None
    keystore = pkcs12.load_pkcs12(content, pod.password.encode())
    assert keystore.cert is not None
    assert percent_used(keystore.cert.certificate) == pytest.approx(80, abs=0.1)
    assert pod.password not in repr(pod)


def test_the_crl_is_openbao_s_and_has_an_entry(pods: dict[str, Path]) -> None:
    revoked = x509.load_pem_x509_crl((pods["web-1"] / "clients.crl").read_bytes())
    issuer = read(pods["web-1"] / "simple.pem")[-1]
    assert revoked.is_signature_valid(issuer.public_key())
    assert len(list(revoked)) == 1


def test_the_issuer_is_certified_by_the_lab_s_authority(lab: EmbeddedLab, pods: dict[str, Path]) -> None:
    issuer = read(pods["web-1"] / "simple.pem")[-1]
    issuer.verify_directly_issued_by(lab.authority.certificate)
    leaf = read(pods["upload-1"] / "upload.pem")[0]
    assert issuer.not_valid_before_utc < leaf.not_valid_before_utc


def test_the_kubeconfig_s_client_certificate_is_near_its_end(lab: EmbeddedLab) -> None:
    user = yaml.safe_load(lab.kubeconfig.read_text())["users"][0]
    assert user["name"] == "deployer"
    client = x509.load_pem_x509_certificate(base64.b64decode(user["user"]["client-certificate-data"]))
    client.verify_directly_issued_by(lab.authority.certificate)
    assert percent_used(client) == pytest.approx(90.4, abs=0.1)


def test_every_file_with_a_secret_is_its_owner_s_only(lab: EmbeddedLab) -> None:
    files = [path for path in lab.directory.rglob("*") if path.is_file()]
    secret = [path for path in files if b"PRIVATE KEY" in path.read_bytes() or path.suffix in {".p12", ".yml"}]
    assert len(secret) == 6
    assert {oct(path.stat().st_mode & 0o777) for path in [*secret, lab.kubeconfig]} == {"0o600"}


def test_the_inventory_is_as_ansible_reads_it(lab: EmbeddedLab) -> None:
    command = [sys.executable, "-m", "ansible", "inventory", "-i", str(lab.inventory), "--list"]
    environment = {**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false"}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    inventory: dict[str, Any] = json.loads(answer)
    variables = inventory["_meta"]["hostvars"]
    assert inventory["pods"]["hosts"] == ["web-1", "web-2", "upload-1", "worker-1", "search-1"]
    assert {host: variables[host]["preflight_paths"] for host in inventory["pods"]["hosts"]} == {
        pod.host: [str(pod.directory)] for pod in lab.pods
    }
    assert variables["search-1"]["preflight_passwords"][0]["password"] == lab.pods[-1].password
    controller = variables["localhost"]
    assert controller["preflight_endpoints"] == [f"tls://127.0.0.1:{lab.openbao.port}"]
    assert controller["preflight_kubeconfigs"] == [str(lab.kubeconfig)]
    assert {host["ansible_connection"] for host in variables.values()} == {"local"}


def test_nothing_is_left() -> None:
    said: list[str] = []
    with embedded_lab(announce=said.append) as lab:
        pid, directories = lab.openbao.pid, [lab.directory, lab.openbao.directory]
        assert len(said) == 1
        assert re.fullmatch(rf"Starting OpenBao \d+\.\d+\.\d+ on 127\.0\.0\.1:{lab.openbao.port} \.\.\.", said[0])
    assert not is_running(pid)
    assert not any(directory.exists() for directory in directories)


def test_nothing_is_left_of_a_lab_that_cannot_be_furnished(monkeypatch: pytest.MonkeyPatch) -> None:
    directories: list[Path] = []

    def fail(directory: Path, server: OpenBao, *_more: object) -> None:
        directories.extend([directory, server.directory])
        raise OSError("disk full")

    monkeypatch.setattr("tests.lab.embedded._furnish", fail)
    with pytest.raises(OSError, match="disk full"), embedded_lab():
        pass
    assert len(directories) == 2
    assert not any(directory.exists() for directory in directories)
