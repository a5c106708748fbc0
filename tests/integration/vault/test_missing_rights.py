# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shipped policy is enough, and each of its paths is needed: without it, exactly its rules are unknown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault import leaves as leaves_module
from ansible_collections.sre.preflight.plugins.module_utils._vault.rules import RULES
from tests.integration.vault.collecting import POLICY, options, policy_for, token_with
from tests.integration.vault.judging import Judged, fully_set_up
from tests.integration.vault.test_collect import fill_mount
from tests.lab.openbao import OpenBao
from tests.lab.pki_mount import PkiMount
from tests.lab.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

STANZA = re.compile(r'^path "([^"]+)" \{\n  capabilities = \[(.*?)\]\n\}', re.MULTILINE)
GRANTED = dict(STANZA.findall(POLICY.read_text(encoding="utf-8")))
"""Each path of the policy, and its capabilities as they are written."""


def of_subject(subject: str) -> set[str]:
    return {rule.id.removeprefix("vault.") for rule in RULES.rules.values() if rule.subject == subject}


FORECAST = {"crl-overflow", "crl-overflow-with-growth", "lease-backlog-overflow", "lease-drain-long"}
CRLS = FORECAST | of_subject("crl") | {"crl-frozen", "crl-near-limit", "max-crl-entries-unsafe", "crl-auto-rebuild-off"}
CRLS |= {"tidy-interval-long", "tidy-safety-buffer-long"}
ROLES = FORECAST | of_subject("role") | {"crl-auto-rebuild-off", "tidy-cert-store-off"}
LEAVES = FORECAST | {"role-ttl-long", "tidy-outpaced-by-restarts", "tidy-overdue"}
LOST = {
    "auth/token/lookup-self": {"token-unfit"},
    "sys/config/state/sanitized": {"storage-limit-assumed"},
    "sys/leases/count": {"irrevocable-leases"},
    "sys/mounts/pki/tune": {
        "acme-headers-missing",
        "audit-parameters-hidden",
        "audit-secrets-visible",
        "if-modified-since-off",
    },
    "sys/leases/lookup/pki/*": {"lease-backlog-overflow", "lease-drain-long"},
    "pki/config/auto-tidy": FORECAST
    | {"auto-tidy-disabled", "tidy-acme-off", "tidy-associations-off", "tidy-cert-store-off"}
    | {"tidy-expired-issuers-off", "tidy-interval-long", "tidy-outpaced-by-restarts", "tidy-overdue"}
    | {"tidy-pause-long", "tidy-revoked-certs-off", "tidy-safety-buffer-long"},
    "pki/tidy-status": {"tidy-failed", "tidy-not-run", "tidy-outpaced-by-restarts", "tidy-running-long"},
    "pki/config/crl": FORECAST
    | {"crl-auto-rebuild-off", "crl-delta-unworkable", "crl-disabled", "crl-frozen", "crl-grace-period-unworkable"}
    | {"max-crl-entries-unsafe"},
    "pki/config/urls": {
        "crl-delta-unworkable",
        "issuer-urls-missing",
        "revocation-urls-missing",
        "url-template-unfilled",
    },
    "pki/config/cluster": {"acme-without-path", "url-template-unfilled"},
    "pki/config/acme": {"acme-headers-missing", "acme-off", "acme-open", "acme-without-path", "tidy-acme-off"},
    "pki/issuer/+": CRLS
    | of_subject("issuer")
    | {"acme-off", "issuer-urls-missing", "revocation-urls-missing", "role-outlives-issuer"}
    | {"tidy-associations-off", "tidy-expired-issuers-off", "certificate.target-empty"},
    "pki/roles": ROLES,
    "pki/roles/+": ROLES,
    "pki/certs": LEAVES | {"too-many-certificates"},
    "pki/certs/revoked": FORECAST
    | {"crl-frozen", "crl-near-limit", "max-crl-entries-unsafe", "tidy-interval-long", "tidy-safety-buffer-long"},
    "pki/certs/detailed": LEAVES,
    # Those that a current server without Enterprise does not miss.
    "sys/mounts": set(),
    "pki/config/issuers": set(),
    "pki/key/+": set(),
}
"""The rules that are unknown without a path of the policy."""


@pytest.fixture(scope="module", params=[OpenBao, pytest.param(Vault, marks=pytest.mark.full)], ids=["openbao", "vault"])
def server(request: pytest.FixtureRequest, lab_authority: Made, server_certificate: Made) -> Iterator[VaultServer]:
    with request.param(
        certificate=server_certificate, authority=lab_authority, raft=True, max_entry_size=131072
    ) as started:
        fully_set_up(fill_mount(started))
        yield started


def judged(server: VaultServer, tmp_path: Path, policy: str, **more: Any) -> Judged:
    return Judged(options(server, tmp_path, token=token_with(server, policy), **more))


def test_the_policy_is_enough(server: VaultServer, tmp_path: Path) -> None:
    with_all = judged(server, tmp_path, policy_for("pki"))
    assert with_all.problems == []
    assert with_all.rules("unknown") == set()


def test_every_path_of_the_policy_is_tried() -> None:
    assert list(GRANTED) != []
    assert set(LOST) == set(GRANTED)


@pytest.mark.parametrize("path", GRANTED)
def test_without_a_right_exactly_its_rules_are_unknown(
    path: str, server: VaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves_module, "PAGES_FROM", 1)
    reduced = judged(server, tmp_path, STANZA.sub(lambda each: "" if each[1] == path else each[0], policy_for("pki")))
    if not LOST[path] or (path == "pki/certs/detailed" and isinstance(server, Vault)):
        assert (reduced.problems, reduced.rules("unknown")) == ([], set())
        return
    assert reduced.rules("unknown") == LOST[path]
    (problem,) = reduced.problems
    assert re.fullmatch(re.escape(path).replace(r"\+", "[^/]+").replace(r"\*", ".*"), problem["path"])
    assert (problem["status"], problem["capability"]) == (403, GRANTED[path].replace('"', ""))
    needed = f"permission denied: the token needs {problem['capability']} on {problem['path']}"
    assert problem["reason"].startswith(needed)
    grant = f"Grant the audit's token the capability {problem['capability']} on {problem['path']}, and audit again."
    unknown = [each for each in reduced.findings if each["status"] == "unknown" and each["rule"].startswith("vault.")]
    assert {each["remediation"]["text"] for each in unknown} == {grant}
    assert all(needed in each["message"] for each in unknown)


def test_every_capability_of_the_policy_is_needed(server: VaultServer, tmp_path: Path) -> None:
    """The only path with two: neither list nor sudo is enough alone."""
    assert [path for path, capabilities in GRANTED.items() if "," in capabilities] == ["sys/leases/lookup/pki/*"]
    for one in ('"list"', '"sudo"'):
        reduced = judged(server, tmp_path, policy_for("pki").replace('"list", "sudo"', one))
        assert reduced.rules("unknown") == LOST["sys/leases/lookup/pki/*"]


def test_the_policy_only_reads_and_lists() -> None:
    granted = {capability for each in GRANTED.values() for capability in re.findall(r"\w+", each)}
    assert granted == {"read", "list", "sudo"}  # sudo is what sys/leases/lookup wants beside list


def test_a_mount_outside_the_policy_is_seen_only_with_the_list_of_mounts(server: VaultServer, tmp_path: Path) -> None:
    PkiMount(server.client, "forgotten").enable()
    try:
        seen = judged(server, tmp_path, policy_for("pki"))
        assert [mount["path"] for mount in seen.evidence["mounts"]] == ["forgotten/", "pki/"]
        assert "auto-tidy-disabled" in seen.rules("unknown")
        without = STANZA.sub(lambda each: "" if each[1] == "sys/mounts" else each[0], policy_for("pki"))
        unseen = judged(server, tmp_path, without)
        assert [mount["path"] for mount in unseen.evidence["mounts"]] == ["pki/"]
    finally:
        server.client.request("DELETE", "sys/mounts/forgotten")
