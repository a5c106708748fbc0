# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outages of 2021 and 2022, replayed for real: the certificate that guards Vault expires, and a backlog returns.

One story of three mounts of one server (see story.py for what is compressed). ``unseen`` is audited at 60 % of the
certificate's lifespan, and nobody acts: all comes true on its day. ``early`` and ``late`` get the audit's plan by the
playbook: for the one it has worked when the day comes, the other needs the interim measure that the audit names. In
between stands 2022: before the next renewal the gate refuses, until the backlog is safe.

``PREFLIGHT_RECORD=FILE`` writes down what the run saw; docs/outage_replayed.md is drawn from such a file.
"""

from __future__ import annotations

import json
import os
import ssl
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import format_instant, parse_instant
from tests.integration.incident_2021.story import (
    AWAY,
    DAY,
    EARLY,
    LIMITS,
    WITHIN,
    Mount,
    Office,
    await_instant,
    failures,
    row,
)
from tests.lab.api_authority import ApiAuthority
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, VAULT_CONSUL, set_limit, start_pairing
from tests.lab.pki import now
from tests.lab.process import wait_until
from tests.lab.vault import Vault
from tests.lab.vault_client import VaultClient
from tests.support.remediating import Site

if TYPE_CHECKING:
    from tests.lab.pki_mount import PkiMount
    from tests.lab.vault_server import VaultServer

LIFESPAN = 20 * DAY  # of the certificate that expires
CALM = timedelta(hours=1)  # of the others: what the audit says of a share of a lifespan, it says of any lifespan
USED = 60  # percent
TOO_LARGE = {
    "raft": "put failed due to value being too large",
    "consul": f"too large, max size: {LIMITS['consul']} bytes",
}
CAUSES = {
    "vault.auto-tidy-disabled",
    "vault.crl-auto-rebuild-off",
    "vault.lease-backlog-overflow",
    "vault.lease-drain-long",
    "vault.role-generates-leases",
}
each_pairing = pytest.mark.parametrize(
    "pairing", [pytest.param(name, marks=() if name == OPENBAO_RAFT else pytest.mark.full) for name in PAIRINGS]
)


@each_pairing
def test_the_incident(pairing: str, pki_mount: PkiMount, tmp_path: Path) -> None:
    storage = "consul" if pairing == VAULT_CONSUL else "raft"
    guards = ApiAuthority(pki_mount)
    with start_pairing(
        pairing, certificate=guards.certificate(CALM), authority=guards.made, limit=LIMITS[storage]
    ) as server:
        unseen, early = (Mount(server.client, path) for path in ("unseen", "early"))
        late = Mount(server.client, "late", pods=200, lifespan=120 * DAY)
        office = Office(Site(server, tmp_path, ("unseen", "early", "late")), storage)
        for mount in (early, late):
            mount.furnish()
        early.month()
        service = late.month()
        known = the_plan_is_carried_out_while_the_gate_refuses_the_renewal(server, guards, office)
        told = nobody_acts_and_all_comes_true(server, guards, office, unseen)
        the_same_day_passes_and_the_gate_allows_the_renewal(server, guards, office, early, known)
        the_interim_measure_carries_it_through(server, late, service, known)
        record(server, pairing, LIMITS[storage], known | {"unseen": told}, (unseen, early, late))


def half_used(guards: ApiAuthority, lifespan: timedelta) -> Any:
    return guards.certificate(lifespan, age=lifespan * USED // 100)


def the_plan_is_carried_out_while_the_gate_refuses_the_renewal(
    server: VaultServer, guards: ApiAuthority, office: Office
) -> dict[str, dict[str, Any]]:
    """Returns the rows of both mounts as the audit saw them."""
    server.serve(half_used(guards, CALM))
    report = office.report("early", "late")
    code, line = office.gate()
    assert code == 2
    assert line.startswith("Preflight refuses, fail: ")
    assert "A backlog of leases would overflow the CRL: " in line

    known = {path: row(report, path) for path in ("early", "late")}
    entries = {entry["target"]["mount"]: entry for entry in report["plan"]}
    for path, seen in known.items():
        for part, values in seen["recommended"]["settings"].items():
            assert entries[f"{path}/"]["settings"][part].items() >= values.items()
        assert seen["recommended"]["enough"] is True
    output = office.remediate()
    assert "changed=2 " in output, output
    assert office.site.live("early/roles/pod")["generate_lease"] is False
    again = office.remediate()
    assert "early/: already as planned\n" in again, again
    assert "late/: already as planned\n" in again, again
    assert "changed=0 " in again, again
    return known


def nobody_acts_and_all_comes_true(
    server: VaultServer, guards: ApiAuthority, office: Office, mount: Mount
) -> dict[str, Any]:
    """Returns the mount's row as the audit saw it."""
    mount.furnish()
    service = mount.month()
    server.serve(half_used(guards, LIFESPAN))
    report = office.report(mount.path, max_lifespan_used=USED - 10)
    told, failed = row(report, mount.path), failures(report, mount.path)
    backlog, crl = told["forecast"]["backlog"], told["crl"]
    assert set(failed) >= CAUSES
    overflow = failed["vault.lease-backlog-overflow"]
    assert backlog["overflow_at"] is not None
    assert overflow["outage_at"] == backlog["overflow_at"]
    mount.mark("the audit")
    (guard,) = [each for each in report["findings"] if each["rule"] == "certificate.renewal-due"]
    assert guard["status"] == "fail"
    expiry = parse_instant(guard["outage_at"])
    assert expiry == server.certificate.certificate.not_valid_after_utc

    mount.days_pass(expiry - DAY, service=service)
    assert len(mount.crl()) == mount.revoked()
    assert refusal(server) == ""
    await_instant(expiry + DAY)
    assert "certificate has expired" in refusal(server)
    mount.mark("the certificate has expired")
    await_instant(max(expiry + AWAY, parse_instant(backlog["overflow_at"])))
    server.serve(guards.certificate(CALM))
    at = now()
    mount.come_back(service)
    assert TOO_LARGE[storage_of(server)] in server.log()
    foreseen = max(entries for when, entries, _bytes in backlog["series"] if parse_instant(when) <= at)
    # The service was away for up to two days more than the forecast takes: each is 3 % of the backlog.
    assert mount.revoked() == pytest.approx(foreseen, rel=0.1)
    assert len(mount.crl()) == pytest.approx(crl["capacity_entries"], rel=0.01)
    it_is_seen_to_be_frozen(office, mount)
    return told


def it_is_seen_to_be_frozen(office: Office, mount: Mount) -> None:
    afterwards = office.report(mount.path, later=timedelta(minutes=2))
    crl = row(afterwards, mount.path)["crl"]
    assert crl["frozen"] is True
    assert crl["bytes"] == pytest.approx(crl["limit_bytes"], rel=0.01)
    assert failures(afterwards, mount.path)["vault.crl-frozen"]["outage_at"] == crl["next_update"]


def the_same_day_passes_and_the_gate_allows_the_renewal(
    server: VaultServer, guards: ApiAuthority, office: Office, mount: Mount, known: dict[str, dict[str, Any]]
) -> None:
    await_instant(parse_instant(known["early"]["recommended"]["safe_from"]))
    mount.client.write(f"{mount.path}/tidy", tidy_revoked_certs=True, safety_buffer="3s")  # auto-tidy waits a minute
    wait_until(
        lambda: mount.client.read(f"{mount.path}/tidy-status")["state"] == "Finished", within=WITHIN, what="the tidy"
    )
    service = mount.month()
    mount.days_pass(now() + AWAY)
    before = mount.revoked()
    mount.come_back(service)
    mount.client.read(f"{mount.path}/crl/rotate")
    mount.note()
    assert len(mount.crl()) == mount.revoked() == before
    assert mount.highest() < known["early"]["crl"]["limit_bytes"] / 2

    server.serve(half_used(guards, CALM))
    report = office.report(mount.path)
    assert not CAUSES & set(failures(report, mount.path))
    assert row(report, mount.path)["recommended"]["settings"] == {}
    assert report["verdict"] == "pass", report["verdict_reason"]
    code, line = office.gate()
    assert (code, line.partition(":")[0]) == (0, "Preflight allows this")


def the_interim_measure_carries_it_through(
    server: VaultServer, mount: Mount, service: VaultClient, known: dict[str, dict[str, Any]]
) -> None:
    """The backlog comes due before the settings have worked; the limit is raised as the advice says."""
    advice = known["late"]["recommended"]
    assert advice["until_then"]["overflow_at"] is not None
    least = advice["interim"][0]
    assert least["measure"] == "raise_storage_limit"
    settings = dict(least["settings"])
    limit = settings.pop("storage/raft", None) or settings.pop("limits")
    set_limit(server, next(iter(limit.values())))
    mount.apply(settings)
    mount.come_back(service)
    for method, path in least["commands"]:
        assert (method, mount.client.read(path)) == ("read", {"success": True})
    mount.note()
    assert now() < parse_instant(advice["safe_from"])
    assert len(mount.crl()) == mount.revoked() == EARLY + mount.pods > known["late"]["crl"]["capacity_entries"]
    assert mount.highest() < min(limit.values()) / 2


def refusal(server: VaultServer) -> str:
    """Why a client that connects anew refuses the server; empty where it does not."""
    client = VaultClient(port=server.port, ca_pem=server.authority.pem)
    try:
        client.raw("GET", "sys/health")
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        client.close()
    return ""


def storage_of(server: VaultServer) -> str:
    return "raft" if server.raft else "consul"


def record(
    server: VaultServer, pairing: str, limit: int, known: dict[str, dict[str, Any]], mounts: tuple[Mount, ...]
) -> None:
    """Writes what the run saw, if asked to; ``after`` is in days of the story since the mount began."""
    path = os.environ.get("PREFLIGHT_RECORD")
    if not path:
        return
    consul = [server.consul.describe()] if isinstance(server, Vault) and server.consul else []
    content = {
        "recorded_at": format_instant(now()),
        "servers": [server.describe(), *consul],
        "pairing": pairing,
        "limit_setting_bytes": limit,
        "mounts": {mount.path: told_of(mount, known[mount.path]) for mount in mounts},
    }
    Path(path).write_text(json.dumps(content) + "\n")


def told_of(mount: Mount, seen: dict[str, Any]) -> dict[str, Any]:
    """What happened to the mount, beside what the audit saw coming."""
    backlog, advice = seen["forecast"]["backlog"], seen["recommended"]

    def after(instant: str) -> float:
        return (parse_instant(instant) - mount.began) / DAY

    return {
        "pods": mount.pods,
        "limit_bytes": seen["crl"]["limit_bytes"],
        "capacity_entries": seen["crl"]["capacity_entries"],
        "overflow_after": after(backlog["overflow_at"]),
        "safe_after": after(advice["safe_from"]),
        "interim": [each["measure"] for each in advice["interim"]],
        "forecast": [{"after": after(at), "entries": entries} for at, entries, _bytes in backlog["series"][:30]],
        "events": mount.events,
        "diary": mount.diary,
    }
