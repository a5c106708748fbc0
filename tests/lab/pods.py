# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the embedded lab has on disk: the pods of a small package index, each with certificates of 30 days that
OpenBao's PKI issued, and the kubeconfig that deploys them.

A real PKI backdates only so far as a role's ``not_before_duration`` says. A role for each age, and a ``ttl`` that
fills up the 30 days, give certificates at any part of their lifespan.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from tests.support.certificates import make_name

from .pki import YEAR, lab_certificate, sign_authority
from .pki_mount import Issued, PkiMount

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.certificates import Made

    from .vault_client import VaultClient

LIFESPAN_HOURS = 30 * 24
FRESH = 10
LATE = 80  # percent: renewal is due at 75
SUPERSEDED = 97
DOMAIN = "packages.lab.internal"


@dataclass(frozen=True)
class Pod:
    """A host of the inventory: its directory, and the password of its keystore if it has one."""

    host: str
    directory: Path
    password: str | None = field(default=None, repr=False)


class PodIssuer:
    """OpenBao's PKI with an issuer below the lab's CA, issuing for pods."""

    def __init__(self, client: VaultClient, authority: Made) -> None:
        self.mount = PkiMount(client).enable()
        request = self.mount.generate_intermediate("Package index issuing CA")
        self.mount.set_signed(sign_authority(request, authority, lifespan=5 * YEAR, age=YEAR))
        for used in (FRESH, LATE, SUPERSEDED):
            self.mount.create_role(f"pod-{used}", not_before_duration=f"{hours(used)}h")

    def issue(self, name: str, used: int) -> Issued:
        """A certificate for ``name``.packages.lab.internal that has used so many percent of its 30 days."""
        return self.mount.issue(f"pod-{used}", f"{name}.{DOMAIN}", ttl=f"{LIFESPAN_HOURS - hours(used)}h")


def hours(percent: int) -> int:
    """That part of a pod certificate's lifespan, in hours."""
    return LIFESPAN_HOURS * percent // 100


def build_pods(directory: Path, issuer: PodIssuer) -> list[Pod]:
    """Five pods below ``directory``: two are late, and one has a superseded certificate before the current one."""
    builders = {
        "web-1": _key_and_crl_beside,
        "web-2": _late_renewal,
        "upload-1": _superseded_in_bundle,
        "worker-1": _key_in_bundle,
        "search-1": _late_keystore,
    }
    pods = []
    for host, build in builders.items():
        (directory / host).mkdir(parents=True)
        pods.append(Pod(host, directory / host, build(directory / host, issuer)))
    return pods


def _key_beside(directory: Path, issuer: PodIssuer, used: int = FRESH) -> None:
    issued = issuer.issue("simple", used)
    (directory / "simple.pem").write_bytes(issued.pem + issued.chain_pem)
    write_secret(directory / "simple.key", issued.key_pem)


def _key_and_crl_beside(directory: Path, issuer: PodIssuer) -> None:
    _key_beside(directory, issuer)
    issuer.mount.revoke(issuer.issue("retired", FRESH).serial_number)
    (directory / "clients.crl").write_bytes(issuer.mount.crl_pem())


def _late_renewal(directory: Path, issuer: PodIssuer) -> None:
    _key_beside(directory, issuer, LATE)


def _superseded_in_bundle(directory: Path, issuer: PodIssuer) -> None:
    old, new = issuer.issue("upload", SUPERSEDED), issuer.issue("upload", FRESH)
    (directory / "upload.pem").write_bytes(old.pem + new.pem + new.chain_pem)
    write_secret(directory / "upload.key", new.key_pem)


def _key_in_bundle(directory: Path, issuer: PodIssuer) -> None:
    issued = issuer.issue("worker", FRESH)
    write_secret(directory / "worker.pem", issued.key_pem + issued.pem + issued.chain_pem)


def _late_keystore(directory: Path, issuer: PodIssuer) -> str:
    issued = issuer.issue("search", LATE)
    password = secrets.token_urlsafe(12)
    keystore = pkcs12.serialize_key_and_certificates(
        name=b"search",
        key=load_pem_private_key(issued.key_pem, None),  # type: ignore[arg-type]  # OpenBao's are of the right kinds
        cert=x509.load_pem_x509_certificate(issued.pem),
        cas=x509.load_pem_x509_certificates(issued.chain_pem),
        encryption_algorithm=BestAvailableEncryption(password.encode()),
    )
    write_secret(directory / "search.p12", keystore)
    return password


def build_kubeconfig(file: Path, authority: Made) -> None:
    """A deployer's kubeconfig with a one-year client certificate that is 330 days old."""
    subject = make_name("deployer", ORGANIZATION_NAME="package-index")
    client = lab_certificate(authority, [], subject=subject, age=timedelta(days=330), client=True)
    cluster = {"server": "https://kubernetes.lab.internal:6443", "certificate-authority-data": encode(authority.pem)}
    user = {"client-certificate-data": encode(client.pem), "client-key-data": encode(client.key_pem)}
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "production",
        "clusters": [{"name": "production", "cluster": cluster}],
        "users": [{"name": "deployer", "user": user}],
        "contexts": [{"name": "production", "context": {"cluster": "production", "user": "deployer"}}],
    }
    write_secret(file, yaml.safe_dump(content, sort_keys=False).encode())


def encode(pem: bytes) -> str:
    """As a kubeconfig's ``-data`` fields hold it."""
    return base64.b64encode(pem).decode()


def write_secret(file: Path, content: bytes) -> None:
    """Writes a file that only its owner may read."""
    file.touch(mode=0o600)
    file.write_bytes(content)
