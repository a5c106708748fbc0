# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outage of 2021-04-05, replayed for real: a second for a day, 190 leased certificates for the backlog.

One story of three mounts of one server. ``frozen`` keeps its settings and freezes where the audit said. ``carried``
gets the solver's settings but cannot wait for them to work; the interim measure carries it through. ``mended`` gets
them in time: the same story leaves no trace.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from ansible_collections.sre.preflight.plugins.module_utils._audit.coverage import Coverage
from ansible_collections.sre.preflight.plugins.module_utils._audit.instant import parse_instant
from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import Policy
from ansible_collections.sre.preflight.plugins.module_utils._vault import audit as vault_audit
from tests.integration.vault.collecting import collected, policy_for, token_with
from tests.lab.fill import revoke_many
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, VAULT_CONSUL, set_limit, start_pairing
from tests.lab.pki import now
from tests.lab.pki_mount import PkiMount
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.vault_client import VaultClient
    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

DAY = timedelta(seconds=1)
LIMIT = 8192  # bytes: a CRL of some 200 entries on raft, of 140 on Consul
EARLY, LEASED = 15, 200  # revoked by people in the last month, one every other day; and with a lease
AWAY = 4  # days
CONNECTIONS = 32
WITHIN = 60.0
TOO_LARGE = {"raft": "put failed due to value being too large", "consul": f"too large, max size: {LIMIT} bytes"}
POLICY = Policy.from_options(
    vault_audit.SETTINGS, {"backlog_away": f"{AWAY}s", "backlog_token_ttl": f"{AWAY}s", "max_lease_drain": "2s"}
)
STORY = {
    "vault.auto-tidy-disabled",
    "vault.crl-auto-rebuild-off",
    "vault.lease-backlog-overflow",
    "vault.lease-drain-long",
    "vault.role-generates-leases",
}
each_pairing = pytest.mark.parametrize(
    "pairing", [pytest.param(name, marks=() if name == OPENBAO_RAFT else pytest.mark.full) for name in PAIRINGS]
)


class Mount(PkiMount):
    """A mount as it was: certificates of 30 days with leases, some revoked early, and no tidy."""

    def furnish(self) -> None:
        self.enable()
        self.generate_root()
        self.create_role("pod", generate_lease=True, max_ttl="30s", not_before_duration="1s")
        self.create_role("person", max_ttl="15s", not_before_duration="29s")

    def month(self) -> VaultClient:
        """What a month brings; returns the service, below whose token the pods' certificates are."""
        people = self.issue_many("person", _names(EARLY), connections=CONNECTIONS)
        revoke_many(self, [each.serial_number for each in people])
        service = self.client.child()
        PkiMount(service, self.path).issue_many("pod", _names(LEASED), connections=CONNECTIONS)
        return service

    def days_pass(self, until: datetime) -> None:
        """On every other day one certificate is revoked early."""
        while now() < until:
            later = min(until, now() + 2 * DAY)
            self.revoke(self.issue("person", "person.lab.internal").serial_number)
            wait_until(lambda later=later: now() >= later, within=WITHIN, what="the day after")  # type: ignore[misc]

    def come_back(self, service: VaultClient) -> None:
        """The service's token has ended while it was away: all that it leased is revoked at once."""
        due = self.revoked() + len(self.client.keys(f"sys/leases/lookup/{self.path}/issue/pod"))
        self.client.write("auth/token/revoke", token=service.token)
        wait_until(lambda: self.revoked() == due, within=WITHIN, what="the backlog to be drained", interval=0.2)

    def apply(self, settings: dict[str, dict[str, Any]]) -> None:
        """By hand, as an operator would; a role's other values are given again, since a POST resets them."""
        for path, values in settings.items():
            kept = self.client.read(f"{self.path}/{path}") if path.startswith("roles/") else {}
            self.client.write(f"{self.path}/{path}", **{**kept, **values})

    def revoked(self) -> int:
        return len(self.client.keys(f"{self.path}/certs/revoked"))

    def crl(self) -> x509.CertificateRevocationList:
        return x509.load_pem_x509_crl(self.crl_pem())


def _names(count: int) -> list[str]:
    return [f"pod-{number}.lab.internal" for number in range(count)]


class Auditor:
    """The audit of one mount with the least privilege, its dates by the second."""

    def __init__(self, server: VaultServer, mount: PkiMount, tmp_path: Path) -> None:
        self.server = server
        self.tmp_path = tmp_path
        self.path = mount.path
        self.token = token_with(server, policy_for(mount.path))

    def __call__(self, *, later: timedelta = timedelta(0)) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        """The failures by rule and the mount's row, as seen ``later`` than the collection."""
        limits = {} if self.server.raft else {"storage_max_entry_size": LIMIT, "storage_txn_max_req_len": LIMIT}
        found = collected(self.server, self.tmp_path, token=self.token, mounts=[self.path], day=DAY, **limits)
        seen = vault_audit.Audit(found.evidence, found.inventory, day=DAY)
        coverage, at = Coverage(), now() + later
        findings = [each.to_json() for each in vault_audit.judge(seen, POLICY, at, coverage, False)]
        assert {each["rule"] for each in findings if each["status"] == "unknown"} <= {"vault.tidy-not-run"}
        (row,) = vault_audit.results(seen, POLICY, at)["mounts"]
        return {each["rule"]: each for each in findings if each["status"] == "fail"}, row


@each_pairing
def test_the_incident(pairing: str, lab_authority: Made, server_certificate: Made, tmp_path: Path) -> None:
    with start_pairing(pairing, certificate=server_certificate, authority=lab_authority, limit=LIMIT) as server:
        frozen, carried, mended = (Mount(server.client, path) for path in ("frozen", "carried", "mended"))
        audits = {mount.path: Auditor(server, mount, tmp_path) for mount in (frozen, carried, mended)}
        safe_from = settings_are_applied_in_time(mended, audits["mended"])
        it_freezes_where_predicted(server, frozen, audits["frozen"], "consul" if pairing == VAULT_CONSUL else "raft")
        the_interim_measure_carries_it_through(server, carried, audits["carried"])
        set_limit(server, LIMIT)
        mended.days_pass(until=safe_from)
        the_same_story_leaves_no_trace(mended, audits["mended"])


def settings_are_applied_in_time(mount: Mount, audit: Auditor) -> datetime:
    """Returns when they will have worked."""
    mount.furnish()
    mount.month()
    _failed, row = audit()
    advice = row["recommended"]
    assert advice["enough"] is True
    mount.apply(advice["settings"])
    return parse_instant(advice["safe_from"])


def it_freezes_where_predicted(server: VaultServer, mount: Mount, audit: Auditor, storage: str) -> None:
    mount.furnish()
    service = mount.month()
    failed, row = audit()
    crl, backlog, advice = row["crl"], row["forecast"]["backlog"], row["recommended"]
    assert set(failed) >= STORY
    overflow = failed["vault.lease-backlog-overflow"]
    assert overflow["severity"] == "critical"
    assert overflow["outage_at"] == backlog["overflow_at"] is not None
    assert (overflow["remediation"]["role"], overflow["remediation"]["settings"]) == ("vault_tidy", advice["settings"])
    assert advice["settings"]["roles/pod"] == {"generate_lease": False}
    assert crl["entries"] + LEASED > crl["capacity_entries"] > crl["entries"] + AWAY

    mount.days_pass(until=parse_instant(backlog["overflow_at"]))
    assert len(mount.crl()) == mount.revoked()
    mount.come_back(service)
    assert TOO_LARGE[storage] in server.log()
    foreseen = next(entries for _at, entries, _bytes in backlog["series"] if entries > crl["capacity_entries"])
    assert mount.revoked() == pytest.approx(foreseen, rel=0.05)
    assert len(mount.crl()) == pytest.approx(crl["capacity_entries"], rel=0.01)

    failed, row = audit(later=timedelta(minutes=2))
    assert row["crl"]["frozen"] is True
    assert row["crl"]["bytes"] == pytest.approx(row["crl"]["limit_bytes"], rel=0.01)
    assert failed["vault.crl-frozen"]["outage_at"] == row["crl"]["next_update"]


def the_interim_measure_carries_it_through(server: VaultServer, mount: Mount, audit: Auditor) -> None:
    """The backlog comes due before the settings have worked; the limit is raised as the advice says."""
    mount.furnish()
    service = mount.month()
    _failed, row = audit()
    advice = row["recommended"]
    mount.apply(advice["settings"])
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
    assert now() < parse_instant(advice["safe_from"])
    assert len(mount.crl()) == mount.revoked() == EARLY + LEASED > row["crl"]["capacity_entries"]


def the_same_story_leaves_no_trace(mount: Mount, audit: Auditor) -> None:
    mount.client.write(f"{mount.path}/tidy", tidy_revoked_certs=True, safety_buffer="3s")  # auto-tidy waits a minute
    wait_until(
        lambda: mount.client.read(f"{mount.path}/tidy-status")["state"] == "Finished", within=WITHIN, what="the tidy"
    )
    service = mount.month()
    mount.days_pass(until=now() + AWAY * DAY)
    before = mount.revoked()
    mount.come_back(service)
    mount.client.read(f"{mount.path}/crl/rotate")
    assert len(mount.crl()) == mount.revoked() == before
    failed, row = audit()
    assert not STORY & set(failed)
    assert not [each for each in failed.values() if each["severity"] in ("critical", "high")]
    assert (row["crl"]["frozen"], row["recommended"]["settings"]) == (False, {})
