# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit beside the server's own ``pki health-check``, on mounts in every state that it looks at.

Both use the same token, which has the shipped policy only. Both verdicts are compared, check by check and place by
place, with the table in configurations.py: whichever changes turns the test red.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault import audit as vault_audit
from ansible_collections.sre.preflight.plugins.module_utils._vault.rules import RULES
from tests.integration.vault.collecting import options, policy_for, token_with
from tests.integration.vault.configurations import CONFIGURATIONS, Configuration
from tests.integration.vault.health_check import CHECKS, OURS, Audited, Refused, Verdict, health_check, named
from tests.integration.vault.mount_states import Mount, everything
from tests.lab.openbao import OpenBao
from tests.lab.pki import now
from tests.lab.process import wait_until
from tests.lab.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

BUILDERS = 4
OLD_ENOUGH = 3  # seconds, for what has to be older than one or two
MINIMA = {"min_root_validity": "730d", "min_intermediate_validity": "180d"}
"""Where the health check begins to object; ours objects a year and 60 days before the end."""
NOT_TIDIED: Verdict = {"tidy_last_run": {"": "unknown"}}
NO_ISSUERS = {
    "OpenBao": "detection of PKI mount failed",
    "Vault": "this mount lacks any configured issuers",
}
"""What the health check says of a mount without issuers."""
BY_NAME = {each.name: each for each in CONFIGURATIONS}


@dataclass(frozen=True)
class Compared:
    """Their verdict on each configuration's mount, what they said of it, and ours."""

    theirs: dict[str, Verdict]
    messages: dict[str, dict[str, list[str]]]
    ours: dict[str, Verdict]


def raw(product: type[VaultServer]) -> type[VaultServer]:
    """The product with a storage that can be written to."""

    class Raw(product):  # type: ignore[misc, valid-type] # a base that is a variable
        def configuration(self, chain: Path, key: Path) -> dict[str, Any]:
            return {**super().configuration(chain, key), "raw_storage_endpoint": True}

    return Raw


def build(server: VaultServer, authority: Made, *, before_restart: bool) -> None:
    def one(configuration: Configuration) -> None:
        configuration.build(Mount(server, configuration.name, authority))

    wanted = [each for each in CONFIGURATIONS if each.before_restart is before_restart]
    with ThreadPoolExecutor(BUILDERS) as pool:
        list(pool.map(one, wanted))


def token_for(server: VaultServer, configuration: Configuration) -> str:
    """A token with the shipped policy for the mount, without what the configuration denies."""
    policy = policy_for(configuration.name)
    for path in configuration.denied:
        stanza = f'path "{configuration.name}/{path}" {{'
        if path == "tune":
            stanza = f'path "sys/mounts/{configuration.name}/tune" {{'
        assert stanza in policy, stanza
        start = policy.index(stanza)
        policy = policy[:start] + policy[policy.index("}", start) + 1 :]
    return token_with(server, policy)


def audited(server: VaultServer, configuration: Configuration, token: str, tmp_path: Path) -> Audited:
    params = options(server, tmp_path, token=token, mounts=[configuration.name])
    moment = now()
    return Audited(vault_audit.collect(params, moment), moment)


def compare(server: VaultServer, tmp_path: Path) -> Compared:
    compared = Compared({}, {}, {})

    def one(configuration: Configuration) -> None:
        name, token = configuration.name, token_for(server, configuration)
        directory = tmp_path / name
        directory.mkdir()
        audit = audited(server, configuration, token, directory)
        issuers = audit.issuers(name)
        theirs, compared.messages[name] = health_check(
            server, name, token=token, config=configuration.config, directory=directory
        )
        assert set(theirs) == set(CHECKS)
        compared.theirs[name] = named(theirs, issuers)
        compared.ours[name] = named(audit.verdict(name, {**MINIMA, **configuration.policy}), issuers)

    with ThreadPoolExecutor(BUILDERS) as pool:
        list(pool.map(one, CONFIGURATIONS))
    return compared


@pytest.fixture(scope="module", params=[OpenBao, pytest.param(Vault, marks=pytest.mark.full)], ids=["openbao", "vault"])
def server(request: pytest.FixtureRequest, lab_authority: Made, server_certificate: Made) -> Iterator[VaultServer]:
    started = raw(request.param)(certificate=server_certificate, authority=lab_authority, raft=True)
    with ExitStack() as stack:
        yield stack.enter_context(started)


@pytest.fixture(scope="module")
def compared(server: VaultServer, lab_authority: Made, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    build(server, lab_authority, before_restart=True)
    server.restart()
    build(server, lab_authority, before_restart=False)
    built = now()
    wait_until(lambda: (now() - built).total_seconds() >= OLD_ENOUGH, within=60, what="what was built to grow old")
    return compare(server, tmp_path_factory.mktemp("audit"))


@pytest.mark.parametrize("name", BY_NAME)
def test_what_the_health_check_says(name: str, compared: Compared) -> None:
    assert compared.theirs[name] == BY_NAME[name].theirs


@pytest.mark.parametrize("name", BY_NAME)
def test_the_audit_agrees_or_the_fault_is_named(name: str, server: VaultServer, compared: Compared) -> None:
    assert compared.ours[name] == expected_of_us(BY_NAME[name], server)


def expected_of_us(configuration: Configuration, server: VaultServer) -> Verdict:
    """What follows from their verdict, and at each fault of theirs what the table says instead."""
    agreeing = {
        check: {place: OURS[status] for place, status in places.items()}
        for check, places in configuration.theirs.items()
        if check not in configuration.faults
    }
    named_faults = {
        check: dict(fault.on_vault if isinstance(server, Vault) and fault.on_vault is not None else fault.ours)
        for check, fault in configuration.faults.items()
    }
    return agreeing | {check: places for check, places in named_faults.items() if places}


def test_advice_on_too_many_certificates_is_the_wrong_way_round(compared: Compared) -> None:
    """Their fault: no_store=false is what stores them."""
    (message,) = compared.messages["too-many-certificates"]["too_many_certs"]
    assert "consider using no_store=false on roles" in message
    assert "(no_store)" in RULES.rules["vault.too-many-certificates"].remediation
    assert "no_store=false" not in RULES.rules["vault.too-many-certificates"].remediation


def test_where_they_say_it_forty_times_we_say_it_once(compared: Compared) -> None:
    assert len(compared.messages["everything-at-once"]["audit_visibility"]) > 25
    assert compared.ours["everything-at-once"]["audit_visibility"] == {"": "fail"}


def test_every_check_is_seen_at_fault_and_content() -> None:
    """And on each the two agree somewhere that something is amiss, but for hardware, which neither product has."""
    assert len(CONFIGURATIONS) >= 25
    assert len(BY_NAME) == len(CONFIGURATIONS)
    for check in CHECKS:
        assert [each for each in CONFIGURATIONS if check in each.theirs], f"{check} never objects"
        assert [each for each in CONFIGURATIONS if check not in each.theirs], f"{check} objects always"
    agreed = {check for each in CONFIGURATIONS for check in each.theirs if check not in each.faults}
    assert set(CHECKS) - agreed == {"hardware_backed_root"}


def test_a_named_fault_is_a_difference() -> None:
    for configuration in CONFIGURATIONS:
        for check, fault in configuration.faults.items():
            theirs = {place: OURS[status] for place, status in configuration.theirs.get(check, {}).items()}
            assert theirs not in (fault.ours, fault.on_vault), f"{configuration.name}: on {check} the two agree"
            assert fault.reason


def test_the_rules_say_which_check_they_stand_for() -> None:
    marker = "vault pki health-check, "
    stand_for: dict[str, set[str]] = {check: set() for check in CHECKS}
    for rule in RULES.rules.values():
        for reference in rule.references:
            if reference.startswith(marker):
                stand_for[reference.removeprefix(marker)].add(rule.id)
    # Whether a certificate has expired is judged once for all sources.
    stand_for["ca_validity_period"].add("certificate.expired")
    assert stand_for == {check: set(rules) for check, rules in CHECKS.items()}


def refusal(mount: Mount, tmp_path: Path) -> tuple[str, Verdict]:
    """What the health check says instead of a verdict, and our verdict."""
    configuration = Configuration(mount.path, build=lambda _mount: None)
    token = token_for(mount.server, configuration)
    audit = audited(mount.server, configuration, token, tmp_path)
    with pytest.raises(Refused) as refused:
        health_check(mount.server, mount.path, token=token, config={}, directory=tmp_path)
    return str(refused.value), named(audit.verdict(mount.path, MINIMA), audit.issuers(mount.path))


def test_a_mount_without_issuers_ends_the_health_check(
    server: VaultServer, lab_authority: Made, tmp_path: Path
) -> None:
    mount = Mount(server, "refused-without-issuers", lab_authority)
    mount.enable()
    message, ours = refusal(mount, tmp_path)
    assert NO_ISSUERS[server.title] in message
    assert sorted(ours) == ["allow_if_modified_since", "audit_visibility", "enable_auto_tidy"]


def test_one_unreadable_certificate_ends_the_health_check(
    server: VaultServer, lab_authority: Made, tmp_path: Path
) -> None:
    mount = Mount(server, "refused-with-an-unreadable-certificate", lab_authority)
    everything(mount)
    uuid = server.client.read("sys/mounts")[f"{mount.path}/"]["uuid"]
    server.client.request("PUT", f"sys/raw/logical/{uuid}/certs/01-02", {"value": "no certificate"})
    message, ours = refusal(mount, tmp_path)
    assert "failed to fetch resources root_issued_leaves" in message
    expected = expected_of_us(BY_NAME["everything-at-once"], server)
    # Its thresholds are the usual ones here, and how much its short-lived role issues cannot be told.
    del expected["too_many_certs"]
    expected["role_no_store_false"]["roles/bad"] = "unknown"
    assert ours == {**expected, **NOT_TIDIED}
