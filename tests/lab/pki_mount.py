# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PKI mount of a lab server, filled quickly: issuers, roles and certificates by the server's own API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .vault_client import VaultClient

CONNECTIONS = 8
TEN_YEARS = "87600h"


@dataclass(frozen=True)
class Issued:
    """A certificate that the server issued, as PEM texts with a final newline; ``serial_number`` in its own form."""

    pem: bytes
    chain_pem: bytes
    key_pem: bytes = field(repr=False)
    serial_number: str


class PkiMount:
    """The mount at ``path``; every method is one request, but issue_many."""

    def __init__(self, client: VaultClient, path: str = "pki") -> None:
        self.client = client
        self.path = path

    def enable(self) -> Self:
        self.client.write(f"sys/mounts/{self.path}", type="pki", config={"max_lease_ttl": TEN_YEARS})
        return self

    def generate_root(self, common_name: str = "Lab root", *, ttl: str = TEN_YEARS, **fields: Any) -> bytes:
        """A root that never leaves the server; its certificate as PEM. ``fields`` are the API's."""
        fields = {"common_name": common_name, "ttl": ttl, "key_type": "ec", **fields}
        return _pem(self.client.write(f"{self.path}/root/generate/internal", **fields)["certificate"])

    def generate_intermediate(self, common_name: str = "Lab intermediate", **fields: Any) -> bytes:
        """The signing request (PEM) of an intermediate whose key never leaves the server; set_signed ends it."""
        fields = {"common_name": common_name, "key_type": "ec", **fields}
        return _pem(self.client.write(f"{self.path}/intermediate/generate/internal", **fields)["csr"])

    def set_signed(self, *pems: bytes) -> None:
        """Takes in the intermediate's certificate, and those above it."""
        self.client.write(f"{self.path}/intermediate/set-signed", certificate=b"".join(pems).decode())

    def create_role(self, name: str, **fields: Any) -> None:
        """A role for any name with EC keys, without leases; ``fields`` are the API's and win."""
        fields = {"allow_any_name": True, "key_type": "ec", "max_ttl": TEN_YEARS, "generate_lease": False, **fields}
        self.client.write(f"{self.path}/roles/{name}", **fields)

    def issue(self, role: str, common_name: str, **fields: Any) -> Issued:
        data = self.client.write(f"{self.path}/issue/{role}", common_name=common_name, **fields)
        return Issued(
            pem=_pem(data["certificate"]),
            chain_pem=b"".join(_pem(each) for each in data.get("ca_chain") or [data["issuing_ca"]]),
            key_pem=_pem(data["private_key"]),
            serial_number=data["serial_number"],
        )

    def issue_many(
        self, role: str, common_names: Iterable[str], *, connections: int = CONNECTIONS, **fields: Any
    ) -> list[Issued]:
        """One certificate a name, in their order, over that many connections."""
        with ThreadPoolExecutor(connections) as pool:
            return list(pool.map(lambda name: self.issue(role, name, **fields), common_names))

    def revoke(self, serial_number: str) -> None:
        self.client.write(f"{self.path}/revoke", serial_number=serial_number)

    def crl_pem(self) -> bytes:
        """The CRL as served."""
        return _pem(self.client.raw("GET", f"{self.path}/crl/pem")[1].decode())


def _pem(text: str) -> bytes:
    return text.strip().encode() + b"\n"
