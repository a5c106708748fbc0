# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each interim measure on the real servers does what its consequence says, with the servers' own program."""

from __future__ import annotations

import itertools
import os
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from ansible_collections.sre.preflight.plugins.module_utils._vault.interim import interim_measures
from ansible_collections.sre.preflight.plugins.module_utils._vault.steps import Situation
from ansible_collections.sre.preflight.plugins.module_utils._vault.storage_limit import storage_limit
from tests.lab.fill import Batch, fill, revoke_many
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, set_limit, start_pairing
from tests.lab.pki import now
from tests.lab.pki_mount import PkiMount
from tests.lab.process import wait_until
from tests.lab.vault_client import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.vault_client import VaultClient
    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

LIMIT = 8192  # bytes: a CRL of some 200 entries on raft, of 140 on Consul
HOUR = timedelta(hours=1)
FEW, TOO_MANY = 20, 220
WITHIN = 60.0
_numbers = itertools.count(1)


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=() if name == OPENBAO_RAFT else pytest.mark.full) for name in PAIRINGS],
)
def server(request: pytest.FixtureRequest, lab_authority: Made, server_certificate: Made) -> Iterator[VaultServer]:
    with start_pairing(request.param, certificate=server_certificate, authority=lab_authority, limit=LIMIT) as started:
        yield started


@pytest.fixture
def mount(server: VaultServer) -> PkiMount:
    """A mount with the issuer ``old``."""
    mount = PkiMount(server.client, f"pki-{next(_numbers)}").enable()
    mount.generate_root(issuer_name="old")
    return mount


def measure(server: VaultServer, mount: PkiMount, name: str) -> dict[str, Any]:
    """As the audit's solver gives it, for a CRL of TOO_MANY entries."""
    kind = "raft" if server.raft else "consul"
    limit = storage_limit({"type": kind, "max_entry_bytes": LIMIT, "txn_max_request_bytes": LIMIT})
    product = {"product": server.title.lower(), "version": server.client.request("GET", "sys/health")["version"]}
    measures = interim_measures(Situation({"path": f"{mount.path}/"}, product, limit), 39 * TOO_MANY)
    return next(each for each in measures if each["measure"] == name)


def run(server: VaultServer, words: list[str], names: dict[str, str], *, refused: str = "") -> str:
    """What the server's own program answers to these words, with the names in angle brackets filled in.

    ``refused`` is what it says where it is to fail.
    """
    authority = server.directory / "ca.pem"
    authority.write_bytes(server.authority.pem)
    for name, value in names.items():
        words = [word.replace(f"<{name}>", value) for word in words]
    access = {"ADDR": server.url, "TOKEN": server.client.token, "CACERT": str(authority)}
    environment = {f"{product}_{name}": value for product in ("BAO", "VAULT") for name, value in access.items()}
    done = subprocess.run(
        [server.program(), *words], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert (done.returncode != 0) == bool(refused), done.stderr
    assert refused in done.stderr
    return done.stdout


def issued(mount: PkiMount, count: int) -> list[str]:
    (filled,) = fill(mount, Batch(count=count, ttl=HOUR))
    return [each.serial_number for each in filled]


def entries(mount: PkiMount, issuer: str = "old") -> int:
    return len(crl(mount, issuer))


def crl(mount: PkiMount, issuer: str = "old") -> x509.CertificateRevocationList:
    pem = mount.client.raw("GET", f"{mount.path}/issuer/{issuer}/crl/pem")[1]
    return x509.load_pem_x509_crl(pem)


def freeze(mount: PkiMount, serials: list[str]) -> None:
    """Its CRL stays at FEW entries."""
    revoke_many(mount, serials[:FEW])
    with pytest.raises(ApiError, match="too large"):
        revoke_many(mount, serials[FEW:])
    assert entries(mount) == FEW


def test_a_raised_limit_makes_a_frozen_crl_whole(server: VaultServer, mount: PkiMount) -> None:
    serials = issued(mount, TOO_MANY)
    mount.client.write(f"{mount.path}/config/crl", auto_rebuild=True)
    freeze(mount, serials)
    advice = measure(server, mount, "raise_storage_limit")
    settings = dict(advice["settings"])
    of_mount = settings.pop("config/crl", {})
    (limits,) = settings.values()
    set_limit(server, next(iter(limits.values())))
    try:
        if of_mount:  # Vault's own limit, at the value that the solver gives for the storage's
            mount.client.write(f"{mount.path}/config/crl", max_crl_entries=TOO_MANY // 2)
            with pytest.raises(ApiError, match="exceeds configured maximum"):
                mount.client.read(f"{mount.path}/crl/rotate")
            mount.client.write(f"{mount.path}/config/crl", **of_mount)
        assert entries(mount) == FEW
        for words in advice["commands"]:
            run(server, words, {})
        assert entries(mount) == TOO_MANY
    finally:
        set_limit(server, LIMIT)


def leased(mount: PkiMount, **token: Any) -> tuple[VaultClient, str]:
    """FEW certificates with leases below a new token, and that token's accessor."""
    auth = mount.client.request("POST", "auth/token/create", token)["auth"]
    service = mount.client.with_token(auth["client_token"])
    fill(mount, Batch(count=FEW, ttl=HOUR, lease=True), issuer=service)
    return service, auth["accessor"]


def test_a_renewed_token_keeps_its_leases(server: VaultServer, mount: PkiMount) -> None:
    listing, renewal = measure(server, mount, "keep_parent_tokens")["commands"]
    _kept, kept = leased(mount, ttl="10s")
    run(server, renewal, {"time": "1h", "accessor": kept})
    _capped, capped = leased(mount, ttl="5s", explicit_max_ttl="7s")
    assert capped in run(server, listing, {})
    server.client.write("auth/token/renew-accessor", accessor=capped)
    assert ttl(server, capped) <= 5  # without -increment its first TTL again
    run(server, renewal, {"time": "1h", "accessor": capped})
    assert ttl(server, capped) <= 7
    _ended, ended = leased(mount, ttl="3s")
    wait_until(lambda: entries(mount) == 2 * FEW, within=WITHIN, what="the others' leases to be revoked")
    with pytest.raises(ApiError, match="invalid accessor"):
        server.client.write("auth/token/renew-accessor", accessor=ended)  # what has ended is not helped
    assert ttl(server, kept) > 3000


def ttl(server: VaultServer, accessor: str) -> int:
    return int(server.client.write("auth/token/lookup-accessor", accessor=accessor)["ttl"])


def add_issuer(server: VaultServer, mount: PkiMount, *, refused: str = "") -> None:
    generate, make_default = measure(server, mount, "new_issuer")["commands"]
    run(server, generate, {"new name": "new", "name": "New root"}, refused=refused)
    run(server, make_default, {"new name": "new"})


def test_a_new_issuer_has_a_crl_of_its_own(server: VaultServer, mount: PkiMount) -> None:
    mount.create_role("names-it", issuer_ref="old")
    before = issued(mount, FEW)
    revoke_many(mount, before[: FEW // 2])
    add_issuer(server, mount)
    after = issued(mount, 10)
    named = mount.issue("names-it", "pod.lab.internal").serial_number
    revoke_many(mount, [*after, before[-1], named])
    assert (entries(mount, "new"), entries(mount)) == (10, FEW // 2 + 2)


def test_a_new_issuer_after_the_freeze_needs_the_old_one_to_sign_no_crl(server: VaultServer, mount: PkiMount) -> None:
    freeze(mount, issued(mount, TOO_MANY))
    frozen = crl(mount)
    add_issuer(server, mount, refused="too large" if server.title == "Vault" else "")  # it is there all the same
    first, second = issued(mount, 2)
    with pytest.raises(ApiError, match="too large"):
        mount.revoke(first)
    # A POST resets what it does not name.
    mount.client.write(f"{mount.path}/issuer/old", issuer_name="old", usage="read-only,issuing-certificates")
    mount.revoke(second)
    assert entries(mount, "new") == 2
    assert crl(mount) == frozen


def test_a_held_crl_is_empty_and_is_not_renewed(server: VaultServer, mount: PkiMount) -> None:
    config = f"{mount.path}/config/crl"
    freeze(mount, issued(mount, TOO_MANY))
    frozen = crl(mount)
    mount.client.write(config, expiry="3s", auto_rebuild_grace_period="1s")
    assert crl(mount) == frozen
    held = measure(server, mount, "hold_crl")["settings"]["config/crl"]
    mount.client.write(config, **held)
    empty = crl(mount)
    assert len(empty) == 0
    mount.revoke(issued(mount, 1)[0])  # answers well
    wait_until(lambda: now() > _end(empty), within=WITHIN, what="the empty CRL to expire")
    mount.client.read(f"{mount.path}/crl/rotate")
    mount.client.write(config, **held, expiry="1h")
    assert crl(mount) == empty

    with pytest.raises(ApiError, match="too large"):
        mount.client.write(config, disable=False)
    assert crl(mount) == empty
    mount.client.write(config, **held, expiry="2h")
    assert entries(mount) == 0
    assert _end(crl(mount)) > now() + HOUR


def _end(served: x509.CertificateRevocationList) -> Any:
    assert served.next_update_utc is not None
    return served.next_update_utc
