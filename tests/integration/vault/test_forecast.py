# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forecast against real servers with small limits: entries and bytes at the freeze, its date in compressed time,
and what a backlog really adds."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant
from ansible_collections.sre.preflight.plugins.module_utils._vault.crl_model import is_frozen
from ansible_collections.sre.preflight.plugins.module_utils._vault.forecast import Forecast, ForecastPolicy, forecast
from ansible_collections.sre.preflight.plugins.module_utils._vault.solver import recommend
from ansible_collections.sre.preflight.plugins.module_utils._vault.storage_limit import storage_limit
from tests.lab.fill import Batch, fill, revoke_many
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, start_pairing
from tests.lab.pki import now
from tests.lab.pki_mount import PkiMount
from tests.lab.process import wait_until
from tests.lab.vault_client import ApiError, VaultClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

LIMIT = 8192  # bytes: a CRL of some 200 entries on raft, of 140 on Consul
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DRAINED_WITHIN = 120.0
LATE = 0.5  # seconds
_numbers = itertools.count(1)


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=() if name == OPENBAO_RAFT else pytest.mark.full) for name in PAIRINGS],
)
def server(request: pytest.FixtureRequest, lab_authority: Made, server_certificate: Made) -> Iterator[VaultServer]:
    with start_pairing(request.param, certificate=server_certificate, authority=lab_authority, limit=LIMIT) as started:
        yield started


def new_mount(server: VaultServer, **root: Any) -> PkiMount:
    mount = PkiMount(server.client, f"pki-{next(_numbers)}").enable()
    mount.generate_root(**root)
    return mount


def issued(mount: PkiMount, count: int) -> list[str]:
    """Serial numbers of so many certificates without leases."""
    (batch,) = fill(mount, Batch(count=count, ttl=HOUR))
    return [each.serial_number for each in batch]


def served(mount: PkiMount) -> tuple[bytes, x509.CertificateRevocationList]:
    der = mount.client.raw("GET", f"{mount.path}/crl")[1]
    return der, x509.load_der_x509_crl(der)


def evidence(mount: PkiMount, *, leases: int = 0, valid: int = 0) -> dict[str, Any]:
    """What the audit's collector would tell of the mount, its dates by the second."""
    der, crl = served(mount)
    seconds = Counter(entry.revocation_date_utc for entry in crl)
    assert crl.next_update_utc is not None
    read = {
        "kind": "complete",
        "bytes": len(der),
        "entries": len(crl),
        "this_update": format_instant(crl.last_update_utc),
        "next_update": format_instant(crl.next_update_utc),
        "revocation_days": [[format_instant(at), seconds[at]] for at in sorted(seconds)],
    }
    begin = now()
    return {
        "path": f"{mount.path}/",
        "crls": [read],
        "auto_tidy": mount.client.read(f"{mount.path}/config/auto-tidy"),
        "crl_config": mount.client.read(f"{mount.path}/config/crl"),
        "roles": {},
        "counts": {"revoked": len(mount.client.keys(f"{mount.path}/certs/revoked")), "leases": leases},
        "leaves": {"by_day": [[format_instant(begin), format_instant(begin + HOUR), valid]] if valid else []},
    }


def storage_of(server: VaultServer) -> dict[str, Any]:
    kind = "raft" if server.raft else "consul"
    return {"type": kind, "max_entry_bytes": LIMIT, "txn_max_request_bytes": LIMIT, "limit_source": "measured"}


def product_of(server: VaultServer) -> dict[str, str]:
    return {"product": server.title.lower(), "version": "2.7.2" if server.title == "OpenBao" else "1.21.0"}


def seen(server: VaultServer, read: dict[str, Any], at: datetime, *, step: timedelta = SECOND) -> Forecast:
    policy = replace(ForecastPolicy(), step=step)
    return forecast(read, product_of(server), storage_limit(storage_of(server)), policy, at)


def is_revoked(mount: PkiMount, serial_number: str, *, lease: str = "") -> bool:
    """Tries, by its lease where one is given; False where the CRL is frozen. Any other error is raised."""
    try:
        if lease:
            mount.client.write("sys/leases/revoke", lease_id=lease, sync=True)
        else:
            mount.revoke(serial_number)
    except ApiError as error:
        if "too large" not in str(error):
            raise
        return False
    return True


@pytest.mark.parametrize(
    "root",
    [
        {"key_type": "ec"},
        {"key_type": "rsa", "organization": "Preflight laboratory " + "and so forth " * 3},
        {"key_type": "ec", "key_bits": 384, "ou": "P-384"},
    ],
    ids=["ec", "rsa", "p384"],
)
def test_the_crl_freezes_at_the_entries_and_bytes_that_were_predicted(
    server: VaultServer, root: dict[str, Any]
) -> None:
    mount = new_mount(server, **root)
    serials = issued(mount, 215)
    revoke_many(mount, serials[:30])
    frame = seen(server, evidence(mount), now()).frame
    assert frame.capacity is not None
    near = frame.capacity - 4
    revoke_many(mount, serials[30:near])
    refused = next((serial for serial in serials[near:] if not is_revoked(mount, serial)), None)
    der, crl = served(mount)
    assert refused is not None
    assert len(crl) == pytest.approx(frame.capacity, rel=0.01)
    assert len(der) == pytest.approx(frame.shape.bytes(frame.capacity), rel=0.01)
    later = now() + timedelta(minutes=2)
    assert is_frozen(evidence(mount), later) is True
    assert seen(server, evidence(mount), later).overflow_at == 0


@dataclass(frozen=True)
class Mix:
    """How a mount's entries come to be: so many on each second, again and again; by people, or by leases that end."""

    root: dict[str, Any]
    history_seconds: int
    by_second: tuple[int, ...]
    lease: bool = False

    def instants(self, pace: int) -> Iterator[float]:
        """When each certificate is revoked, in seconds from the begin; each second of the mix takes ``pace``."""
        for second, count in enumerate(itertools.cycle(self.by_second)):
            yield from (pace * (second + (number + 1) / count) for number in range(count))


@pytest.mark.parametrize(
    "mix",
    [
        pytest.param(Mix({"key_type": "ec"}, 12, (8,)), id="early"),
        pytest.param(Mix({"key_type": "rsa"}, 30, (4,), lease=True), marks=pytest.mark.full, id="rsa-leases"),
        pytest.param(Mix({"key_type": "ec"}, 30, (7, 1)), marks=pytest.mark.full, id="uneven"),
    ],
)
def test_the_date_of_the_freeze_in_compressed_time(server: VaultServer, mix: Mix) -> None:
    """A history of so many seconds tells when the same mix freezes the CRL, within 5 % of the time until then."""
    # On a machine that is too busy to keep the mix's time it is played again, more slowly.
    played = next(filter(None, (play(server, mix, pace) for pace in (1, 2, 4))), None)
    assert played is not None, "the machine is too busy to revoke in time"
    foreseen, happened = played
    assert happened == pytest.approx(foreseen, rel=0.05)


def play(server: VaultServer, mix: Mix, pace: int) -> tuple[float, float] | None:
    """When the freeze was foreseen for, and when it happened, in seconds; None if revocations came late."""
    mount = new_mount(server, **mix.root)
    (batch,) = fill(mount, Batch(count=230, ttl=HOUR, lease=mix.lease))
    instants, certificates = mix.instants(pace), iter(batch)
    late = 0.0
    time.sleep(1 - time.time() % 1)  # dates in a CRL are whole seconds
    begin = time.monotonic()

    def passed() -> float:
        return time.monotonic() - begin

    def revoke_in_time() -> bool:
        nonlocal late
        due, certificate = next(instants), next(certificates)
        wait_until(lambda: passed() >= due, within=60, what="the next revocation", interval=0.01)
        late = max(late, passed() - due)
        return late < LATE and is_revoked(mount, certificate.serial_number, lease=certificate.lease_id)

    while passed() < pace * mix.history_seconds:
        if not revoke_in_time():
            assert late >= LATE
            return None
    foreseen_at = passed()
    foreseen = seen(server, evidence(mount), datetime.now(UTC), step=pace * SECOND).as_now.overflow_at
    while revoke_in_time():
        pass
    assert foreseen is not None
    return None if late >= LATE else (foreseen_at + foreseen, passed())


def leased_backlog(server: VaultServer, mount: PkiMount, count: int) -> str:
    """Issues with leases below a token of their own, which is returned."""
    token: str = server.client.request("POST", "auth/token/create", {"policies": ["root"], "ttl": "1h"})["auth"][
        "client_token"
    ]
    issuer = VaultClient(port=server.port, ca_pem=server.authority.pem)
    issuer.token = token
    fill(mount, Batch(count=count, ttl=HOUR, lease=True), issuer=issuer)
    issuer.close()
    return token


@pytest.mark.parametrize(("leases", "freezes"), [(30, False), (190, True)])
def test_a_backlog_adds_what_the_worst_case_says(server: VaultServer, leases: int, freezes: bool) -> None:
    mount = new_mount(server)
    revoke_many(mount, issued(mount, 60))
    token = leased_backlog(server, mount, leases)
    read = evidence(mount, leases=leases, valid=leases)
    result = seen(server, read, now())
    at_once = result.worst.points[0][1]
    assert at_once == 60 + leases
    assert (result.worst.overflow_at == 0) == freezes
    server.client.write("auth/token/revoke", token=token)
    wait_until(
        lambda: len(mount.client.keys(f"{mount.path}/certs/revoked")) == at_once,
        within=DRAINED_WITHIN,
        what="the backlog to be revoked",
    )
    capacity = result.frame.capacity
    assert capacity is not None
    expected = capacity if freezes else at_once
    wait_until(lambda: len(served(mount)[1]) >= 0.99 * expected, within=DRAINED_WITHIN, what="the CRL to be built")
    assert len(served(mount)[1]) == pytest.approx(expected, rel=0.01)


def revoke_each(mount: PkiMount, serials: list[str]) -> list[int]:
    """The CRL's number, which every build raises, before and after each revocation."""

    def number() -> int:
        return served(mount)[1].extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    numbers = [number()]
    for serial in serials:
        mount.revoke(serial)
        numbers.append(number())
    return numbers


def test_each_revocation_builds_the_whole_crl_unless_auto_rebuild_is_on(server: VaultServer) -> None:
    """Why a drain is quadratic, and with auto_rebuild is not; tests/bench/bench_drain.py measures how long it takes."""
    mount = new_mount(server)
    serials = issued(mount, 20)
    assert len(set(revoke_each(mount, serials[:10]))) == 11
    mount.client.write(f"{mount.path}/config/crl", auto_rebuild=True)
    assert len(set(revoke_each(mount, serials[10:]))) == 1
    mount.client.read(f"{mount.path}/crl/rotate")
    assert len(served(mount)[1]) == 20


def test_expired_certificates_stay_in_the_crl_until_a_tidy(server: VaultServer) -> None:
    """So nothing but a tidy makes a CRL smaller, and the forecast takes it so."""
    mount = new_mount(server)
    mount.create_role("pod")
    kept, revoked = (mount.issue("pod", f"{name}.lab.internal", ttl="4s") for name in ("kept", "revoked"))
    mount.revoke(revoked.serial_number)
    not_after = x509.load_pem_x509_certificate(revoked.pem).not_valid_after_utc
    wait_until(lambda: now() > not_after + SECOND, within=30, what="the certificates to expire")
    mount.client.read(f"{mount.path}/crl/rotate")
    assert len(served(mount)[1]) == 1
    mount.revoke(kept.serial_number)  # answers well, and adds nothing
    assert len(served(mount)[1]) == 1
    mount.client.write(f"{mount.path}/tidy", tidy_revoked_certs=True, safety_buffer="1s")
    wait_until(lambda: len(served(mount)[1]) == 0, within=30, what="the tidy to be over")


def test_the_solvers_settings_are_the_servers_own(server: VaultServer) -> None:
    """Every key is accepted and read back as it was recommended."""
    mount = new_mount(server)
    mount.create_role("pod", generate_lease=True)
    mount.client.write(f"{mount.path}/config/auto-tidy", safety_buffer="2400h")
    read = evidence(mount, leases=5_000, valid=5_000)
    read["roles"] = {"pod": mount.client.read(f"{mount.path}/roles/pod")}
    read["crls"][0]["revocation_days"] = [[format_instant(now() - timedelta(days=1)), 150]]
    read["crls"][0]["entries"] = 150
    limit = storage_limit(storage_of(server))
    result = recommend(read, product_of(server), limit, ForecastPolicy(drain_seconds=60.0), now())
    assert {path.split("/")[0] for path in result["settings"]} == {"roles", "config"}
    assert {"roles/pod", "config/auto-tidy", "config/crl"} <= set(result["settings"])
    for path, values in result["settings"].items():
        found = mount.client.read(f"{mount.path}/{path}")
        assert {key: found[key] for key in values} == result["found"][path]
        mount.client.write(f"{mount.path}/{path}", **({**found, **values} if path.startswith("roles/") else values))
        changed = mount.client.read(f"{mount.path}/{path}")
        assert {key: changed[key] for key in values} == values
