# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the runs of the story share: the mounts as they were, what the days bring, and the audit by the second.

Compressed are time, a second for a day, and the storage's limit, 8 or 11 KB for 512: so 170 leased certificates are
the backlog of thousands. The audit's Python is told of the short day (see days.py), and its policy names the spans in
seconds. Nothing else is: servers, certificates, leases, revocations, CRLs, plan and playbooks are the real ones.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ansible_collections.sre.preflight.plugins.module_utils._vault import audit as vault_audit
from tests.integration.vault.collecting import collected
from tests.lab.fill import revoke_many
from tests.lab.pki import now
from tests.lab.pki_mount import PkiMount
from tests.lab.process import wait_until
from tests.support.plans import bundle_of, report_over
from tests.support.remediating import HOST, Site
from tests.support.runs import run_module

if TYPE_CHECKING:
    from tests.lab.vault_client import VaultClient

DAY = timedelta(seconds=1)
MONTH = 30 * DAY
LIMITS = {"raft": 8192, "consul": 11264}  # bytes: a CRL of some 200 entries
EARLY = 15  # revoked by people in the last month, one every other day
AWAY = 4 * DAY
CONNECTIONS = 32
WITHIN = 300.0
POLICY = {"backlog_away": "4s", "backlog_token_ttl": "4s", "max_lease_drain": "2s"}


class Mount(PkiMount):
    """A mount as it was: pods' certificates with leases, some certificates revoked early, and no tidy.

    ``pods`` certificates have a lease and live for ``lifespan``. ``diary`` has {after, revoked, entries, bytes}: how
    many it has revoked and what its CRL holds, so many seconds after it began; ``events`` tells the rest.
    """

    def __init__(self, client: VaultClient, path: str, *, pods: int = 170, lifespan: timedelta = MONTH) -> None:
        super().__init__(client, path)
        self.pods = pods
        self.lifespan = lifespan
        self.began = now()
        self.diary: list[dict[str, Any]] = []
        self.events: dict[str, float] = {}

    def furnish(self) -> None:
        self.began = now()
        self.enable()
        self.generate_root()
        self.create_role("pod", generate_lease=True, max_ttl=f"{self.lifespan // DAY}s", not_before_duration="1s")
        self.create_role("person", max_ttl="15s", not_before_duration="29s")

    def month(self) -> VaultClient:
        """What a month brings; returns the service, below whose token the pods' certificates are."""
        people = self.issue_many("person", _names(EARLY), connections=CONNECTIONS)
        revoke_many(self, [each.serial_number for each in people])
        service = self.client.child()
        self.deploy(service, self.pods)
        self.note()
        return service

    def deploy(self, service: VaultClient, count: int) -> None:
        """The service's pods get certificates."""
        PkiMount(service, self.path).issue_many("pod", _names(count), connections=CONNECTIONS)

    def days_pass(self, until: datetime, *, service: VaultClient | None = None) -> None:
        """On every other day one certificate is revoked early, and the service replaces some pods."""
        while now() < until:
            later = min(until, now() + 2 * DAY)
            self.revoke(self.issue("person", "person.lab.internal").serial_number)
            if service:
                self.deploy(service, -(-self.pods * ((later - now()) // DAY) // (MONTH // DAY)))
            self.note()
            await_instant(later)

    def come_back(self, service: VaultClient) -> None:
        """The service's token has ended while it was away: all that it leased is revoked at once."""
        due = self.revoked() + len(self.client.keys(f"sys/leases/lookup/{self.path}/issue/pod"))

        def drained() -> bool:
            self.note()
            return self.revoked() == due

        self.mark("the service returns")
        self.client.write("auth/token/revoke", token=service.token)
        wait_until(drained, within=WITHIN, what="the backlog to be drained", interval=0.2)
        self.note()

    def apply(self, settings: dict[str, dict[str, Any]]) -> None:
        """By hand, as an operator would."""
        for path, values in settings.items():
            self.client.write(f"{self.path}/{path}", **values)

    def revoked(self) -> int:
        return len(self.client.keys(f"{self.path}/certs/revoked"))

    def crl(self) -> x509.CertificateRevocationList:
        return x509.load_pem_x509_crl(self.crl_pem())

    def note(self) -> None:
        """An entry of the diary."""
        crl = self.crl()
        size = len(crl.public_bytes(Encoding.DER))
        self.diary.append({"after": self.after(), "revoked": self.revoked(), "entries": len(crl), "bytes": size})

    def mark(self, event: str) -> None:
        """It happens now."""
        self.events[event] = self.after()

    def after(self) -> float:
        """Seconds since it began."""
        return round((datetime.now(UTC) - self.began).total_seconds(), 1)

    def highest(self) -> int:
        """The largest CRL that the diary knows, in bytes."""
        return max(each["bytes"] for each in self.diary)


class Office:
    """Who audits and remediates: a site whose reports are made by the audit of the short days."""

    def __init__(self, site: Site, storage: str) -> None:
        self.site = site
        limit = LIMITS[storage]
        self.limits = {} if storage == "raft" else {"storage_max_entry_size": limit, "storage_txn_max_req_len": limit}

    def report(
        self, *paths: str, later: timedelta = timedelta(0), raised: bool = False, **certificate: Any
    ) -> dict[str, Any]:
        """The report over these mounts and the certificate that guards them, kept with its plan at the site.

        ``later`` is how long after the collection it is judged, ``raised`` whether the storage takes its default again,
        and ``certificate`` the policy for the certificate.
        """
        server, directory = self.site.server, self.site.directory
        limits = {} if raised else self.limits
        found = collected(server, directory, token=self.site.token, mounts=list(paths), day=DAY, **limits)
        at = now() + later
        bundles = [bundle_of(vault_audit.Audit(found.evidence, found.inventory, day=DAY), POLICY, at)]
        if not later:
            bundles.append(self._endpoint(**certificate))
        report = report_over({HOST: bundles}, now=at)
        self.site.keep(report)
        unknown = {each["rule"] for each in report["findings"] if each["status"] == "unknown"}
        assert unknown <= {"vault.tidy-not-run"}, unknown
        return report

    def _endpoint(self, **certificate: Any) -> str:
        options = {
            "endpoints": [f"127.0.0.1:{self.site.server.port}?server_name=localhost"],
            "ca_path": str(self.site.directory / "ca.pem"),
            "bundle": True,
            **certificate,
        }
        result = run_module("sre.preflight.certificate_audit", options)
        return str(result["bundle"])

    def gate(self) -> tuple[int, str]:
        """The exit code and the line of the gate before Vault is restarted, over the report that is kept."""
        completed = self.site.run(
            "sre.preflight.gate",
            "-e",
            json.dumps({"gate_report_path": str(self.site.report), "gate_targets": ["vault://*", "tls://*"]}),
        )
        lines = [line for line in completed.stdout.splitlines() if line.startswith("Preflight ")]
        assert lines, completed.stdout + completed.stderr
        return completed.returncode, lines[-1]

    def remediate(self, **variables: Any) -> str:
        """What the playbook says on carrying out the plan that is kept; it succeeds."""
        completed = self.site.remediate("-e", json.dumps(variables))
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout


def failures(report: dict[str, Any], path: str) -> dict[str, dict[str, Any]]:
    """The failed findings of that mount, by rule."""
    failed = (each for each in report["findings"] if each["status"] == "fail")
    return {each["rule"]: each for each in failed if f"/{path}/" in each["resource"]["location"]}


def row(report: dict[str, Any], path: str) -> dict[str, Any]:
    """The report's row of the mount."""
    (found,) = [each for each in report["mounts"] if each["path"] == f"{path}/"]
    return dict(found)


def await_instant(until: datetime) -> None:
    wait_until(lambda: now() >= until, within=WITHIN, what=f"it to be {until}")


def _names(count: int) -> list[str]:
    return [f"pod-{number}.lab.internal" for number in range(count)]
