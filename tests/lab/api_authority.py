# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An authority behind an API, as the certificates that guard Vault come from one: a mount of another server."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.support.certificates import Made

from .pki import LOCAL_NAMES

if TYPE_CHECKING:
    from .pki_mount import PkiMount

SECOND = timedelta(seconds=1)
NAME = "vault.lab.internal"


class ApiAuthority:
    """Issues servers' certificates from a mount with a root; ``made`` is that root, whose key nobody has."""

    def __init__(self, mount: PkiMount) -> None:
        self.mount = mount
        self.made = _made(mount.client.raw("GET", f"{mount.path}/ca/pem")[1])

    def certificate(self, lifespan: timedelta, *, age: timedelta = timedelta(0)) -> Made:
        """A server's certificate that is ``age`` old already; a role backdates it, whole seconds."""
        role = f"aged-{age // SECOND}"
        self.mount.create_role(role, not_before_duration=f"{age // SECOND}s")
        issued = self.mount.issue(
            role, NAME, ttl=f"{(lifespan - age) // SECOND}s", alt_names=LOCAL_NAMES[0], ip_sans=LOCAL_NAMES[1]
        )
        return _made(issued.pem, issued.key_pem)


def _made(pem: bytes, key_pem: bytes = b"") -> Made:
    certificate = x509.load_pem_x509_certificate(pem)
    key = load_pem_private_key(key_pem, None) if key_pem else None
    return Made(certificate, key, pem, key_pem, certificate.public_bytes(Encoding.DER))
