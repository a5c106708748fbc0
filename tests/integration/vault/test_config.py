# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vault_pki_config on real servers, with the shipped policy and no other right."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from tests.integration.vault.auditing import AuditedOpenBao, audited
from tests.integration.vault.enforcing import GROWTH_STOPPED, config_token, configured
from tests.lab.fill import Batch, fill
from tests.lab.least_privilege import CONFIG_POLICY, policy_for, token_with
from tests.lab.openbao import OpenBao
from tests.lab.pairings import OPENBAO_RAFT, PAIRINGS, start_pairing
from tests.lab.pki_mount import PkiMount
from tests.lab.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

PAIRING_PARAMS = [pytest.param(name, marks=() if name == OPENBAO_RAFT else pytest.mark.full) for name in PAIRINGS]
GOES_ALONG = {"revoked_safety_buffer"}


@pytest.fixture(scope="module", params=PAIRING_PARAMS)
def server(request: pytest.FixtureRequest, lab_authority: Made, server_certificate: Made) -> Iterator[VaultServer]:
    with start_pairing(request.param, certificate=server_certificate, authority=lab_authority) as started:
        yield started


@pytest.fixture
def mount(server: VaultServer) -> Iterator[PkiMount]:
    """A mount with a role that gives leases."""
    yield new_mount(server)
    server.client.request("DELETE", "sys/mounts/pki")


def new_mount(server: VaultServer) -> PkiMount:
    mount = PkiMount(server.client, "pki").enable()
    mount.generate_root()
    mount.create_role("pod", generate_lease=True, allowed_domains=["b.lab", "a.lab"], ttl="72h")
    return mount


@pytest.fixture(scope="module")
def token(server: VaultServer) -> str:
    return config_token(server, "pki")


def live(mount: PkiMount) -> dict[str, dict[str, Any]]:
    return {path: mount.client.read(f"{mount.path}/{path}") for path in GROWTH_STOPPED}


def crl_number(mount: PkiMount) -> int:
    crl = x509.load_pem_x509_crl(mount.crl_pem())
    number: int = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return number


def test_settings_are_written_once_and_nothing_else_is_changed(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path
) -> None:
    before = live(mount)
    first = configured(server, tmp_path, token, mount="pki", settings=GROWTH_STOPPED)
    assert (first.failure, first.result["changed"], first.result["not_applied"]) == (None, True, [])
    assert [each["path"] for each in first.result["applied"]] == [
        "roles/pod",
        "config/crl",
        "config/auto-tidy",
        "config/cluster",
        "config/urls",
    ]
    after = live(mount)
    for path, settings in GROWTH_STOPPED.items():
        others = set(before[path]) - set(settings) - GOES_ALONG
        assert {key: after[path][key] for key in others} == {key: before[path][key] for key in others}
    assert after["config/crl"]["expiry"] == "96h"
    assert after["config/urls"]["issuing_certificates"] == ["http://ca.lab/a", "http://ca.lab/b"]
    assert (after["roles/pod"]["generate_lease"], after["roles/pod"]["max_ttl"]) == (False, 2592000)
    second = configured(server, tmp_path, token, mount="pki", settings=GROWTH_STOPPED)
    assert (second.result["changed"], second.result["applied"], second.result["undo"]) == (False, [], {})
    assert second.result["before"] == second.result["after"]


def test_undo_leads_back_but_for_what_the_server_does_not_let_be_emptied(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path
) -> None:
    before = live(mount)
    first = configured(server, tmp_path, token, mount="pki", settings=GROWTH_STOPPED)
    assert first.warnings == ["pki/config/cluster: once set, the server does not let it be emptied"]
    back = configured(server, tmp_path, token, mount="pki", settings=first.result["undo"])
    assert (back.failure, back.result["not_applied"]) == (None, [])
    assert [each["path"] for each in back.result["applied"]][-2:] == ["config/crl", "roles/pod"]
    after = live(mount)
    del before["config/cluster"], after["config/cluster"]
    assert after == before


def test_check_mode_tells_the_same_and_writes_nothing(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path
) -> None:
    before = live(mount)
    checked = configured(server, tmp_path, token, check_mode=True, mount="pki", settings=GROWTH_STOPPED)
    assert live(mount) == before
    real = configured(server, tmp_path, token, mount="pki", settings=GROWTH_STOPPED)
    assert checked.result["changed"] is real.result["changed"] is True
    assert (checked.result["applied"], real.result["not_applied"]) == ([], [])
    left = [{"path": each["path"], "settings": each["settings"]} for each in checked.result["not_applied"]]
    assert left == real.result["applied"]
    for path, settings in checked.result["diff"]["after"].items():
        assert real.result["diff"]["after"][path].items() >= settings.items()
    again = configured(server, tmp_path, token, check_mode=True, mount="pki", settings=GROWTH_STOPPED)
    assert (again.result["changed"], again.result["not_applied"]) == (False, [])


def test_a_stale_plan_is_refused_with_both_values(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path
) -> None:
    seen = {"config/crl": {"expiry": "72h", "auto_rebuild": False}, "roles/pod": {"generate_lease": True}}
    wanted = {"config/crl": {"expiry": "96h", "auto_rebuild": True}, "roles/pod": {"generate_lease": False}}
    mount.client.write("pki/config/crl", expiry="48h")
    before = live(mount)
    refused = configured(server, tmp_path, token, mount="pki", settings=wanted, expected_current=seen)
    assert "config/crl expiry: '72h' was expected and it is 172800" in str(refused.failure)
    assert (refused.result["changed"], refused.result["applied"]) == (False, [])
    assert {each["path"] for each in refused.result["not_applied"]} == set(wanted)
    assert live(mount) == before


def test_a_plan_that_was_half_applied_goes_on(server: VaultServer, mount: PkiMount, token: str, tmp_path: Path) -> None:
    seen = {"config/crl": {"expiry": 259200}, "roles/pod": {"generate_lease": True}}
    wanted = {"config/crl": {"expiry": "96h"}, "roles/pod": {"generate_lease": False}}
    mount.client.write("pki/config/crl", expiry="96h")
    rest = configured(server, tmp_path, token, mount="pki", settings=wanted, expected_current=seen)
    assert rest.result["applied"] == [{"path": "roles/pod", "settings": {"generate_lease": False}}]
    again = configured(server, tmp_path, token, mount="pki", settings=wanted, expected_current=seen)
    assert (again.failure, again.result["changed"]) == (None, False)


def test_a_key_that_this_product_lacks_is_refused_with_the_known_ones(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path
) -> None:
    lacking = {"config/crl": {"max_crl_entries": 5}}
    if isinstance(server, Vault):
        lacking = {"config/crl": {"allow_expired_cert_revocation": True}}
    before = live(mount)
    settings = {"roles/pod": {"generate_lease": False}, **lacking}
    refused = configured(server, tmp_path, token, mount="pki", settings=settings)
    (key,) = lacking["config/crl"]
    name = "Vault 1" if isinstance(server, Vault) else "OpenBao 2"
    said = rf"settings.config/crl: '{key}' is not known to {name}[.\d]+; it knows [a-z_, ]*auto_rebuild, "
    assert re.match(said, str(refused.failure))
    assert refused.result["changed"] is False
    assert live(mount) == before


def test_a_value_that_the_server_ignores_in_silence_is_a_failure(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path
) -> None:
    ignored = {"roles/pod": {"no_store": True, "generate_lease": True, "ttl": "1h"}}
    outcome = configured(server, tmp_path, token, mount="pki", settings=ignored)
    said = "pki/roles/pod: the server did not take it: generate_lease was to be True and is False"
    assert str(outcome.failure).startswith(said)
    assert outcome.result["applied"] == [{"path": "roles/pod", "settings": {"no_store": True, "ttl": 3600}}]
    assert outcome.result["undo"] == {"roles/pod": {"no_store": False, "ttl": 259200, "generate_lease": True}}
    back = configured(server, tmp_path, token, mount="pki", settings=outcome.result["undo"])
    assert back.failure is None
    assert live(mount)["roles/pod"]["generate_lease"] is True


@pytest.mark.parametrize("entries", [0, -2])
def test_a_limit_that_vault_ignores_in_silence_is_a_failure(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path, entries: int
) -> None:
    outcome = configured(server, tmp_path, token, mount="pki", settings={"config/crl": {"max_crl_entries": entries}})
    if isinstance(server, Vault):
        said = f"pki/config/crl: the server did not take it: max_crl_entries was to be {entries} and is 100000"
        assert (outcome.failure, outcome.result["changed"]) == (said, False)
    else:
        assert "is not known to OpenBao" in str(outcome.failure)


def test_what_the_server_changes_along_is_told_and_undone(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path
) -> None:
    outcome = configured(server, tmp_path, token, mount="pki", settings={"roles/pod": {"no_store": True}})
    assert (outcome.failure, outcome.warnings) == (None, [])
    assert outcome.result["before"] == {"roles/pod": {"no_store": False, "generate_lease": True}}
    assert outcome.result["after"] == {"roles/pod": {"no_store": True, "generate_lease": False}}
    assert outcome.result["undo"] == outcome.result["before"]


def test_a_refusal_is_in_the_servers_words_and_stops_what_follows(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path
) -> None:
    settings = {
        "roles/pod": {"generate_lease": False},
        "config/crl": {"auto_rebuild": True, "auto_rebuild_grace_period": "100h"},
        "config/auto-tidy": {"enabled": True, "tidy_cert_store": True},
    }
    outcome = configured(server, tmp_path, token, mount="pki", settings=settings)
    assert "must be strictly shorter than CRL expiry" in str(outcome.failure)
    assert [each["path"] for each in outcome.result["applied"]] == ["roles/pod"]
    reasons = {each["path"]: each["reason"] for each in outcome.result["not_applied"]}
    assert list(reasons) == ["config/crl", "config/auto-tidy"]
    assert "(400): CRL auto-rebuilding grace period (100h)" in reasons["config/crl"]
    assert reasons["config/auto-tidy"] == "not tried, because a write before it failed"
    assert outcome.result["undo"] == {"roles/pod": {"generate_lease": True}}


def test_a_missing_right_on_one_write_of_five_leaves_nothing_unsaid(
    server: VaultServer, mount: PkiMount, tmp_path: Path
) -> None:
    policy = policy_for("pki", policy=CONFIG_POLICY)
    section = 'path "pki/config/auto-tidy" {\n  capabilities = ["read", "update"]'
    assert section in policy
    weak = token_with(server, policy.replace(section, section.replace(', "update"', "")))
    outcome = configured(server, tmp_path, weak, mount="pki", settings=GROWTH_STOPPED)
    assert str(outcome.failure).startswith("pki/config/auto-tidy: permission denied: the token needs update on ")
    assert "applied: roles/pod, config/crl; not applied: config/auto-tidy, config/cluster, config/urls" in str(
        outcome.failure
    )
    assert outcome.result["changed"] is True
    assert [each["path"] for each in outcome.result["applied"]] == ["roles/pod", "config/crl"]
    assert set(outcome.result["undo"]) == {"roles/pod", "config/crl"}
    assert live(mount)["config/auto-tidy"]["enabled"] is False
    full = configured(server, tmp_path, config_token(server, "pki"), mount="pki", settings=GROWTH_STOPPED)
    assert [each["path"] for each in full.result["applied"]] == ["config/auto-tidy", "config/cluster", "config/urls"]


@pytest.mark.parametrize(
    ("settings", "rebuilt"),
    [
        ({"expiry": "96h", "auto_rebuild": True, "ocsp_expiry": "6h"}, 0),
        ({"disable": True, "expiry": "96h", "ocsp_disable": True}, 1),
        ({"auto_rebuild": True, "enable_delta": True, "delta_rebuild_interval": "10m"}, 1),
    ],
)
def test_one_rebuild_at_most_and_it_is_announced(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path, settings: dict[str, Any], rebuilt: int
) -> None:
    number = crl_number(mount)
    checked = configured(server, tmp_path, token, check_mode=True, mount="pki", settings={"config/crl": settings})
    outcome = configured(server, tmp_path, token, mount="pki", settings={"config/crl": settings})
    assert len(checked.result["crl_rebuilds"]) == len(outcome.result["crl_rebuilds"]) == rebuilt
    # One rebuild takes two numbers: the complete CRL's and the delta's.
    assert crl_number(mount) - number == 2 * rebuilt


def test_a_rebuild_that_fails_is_not_hidden_by_a_repetition(
    request: pytest.FixtureRequest, server: VaultServer, lab_authority: Made, server_certificate: Made, tmp_path: Path
) -> None:
    """The servers keep the settings of a rebuild that fails; to write them again rebuilds nothing, and succeeds."""
    pairing = request.node.callspec.params["server"]
    with start_pairing(pairing, certificate=server_certificate, authority=lab_authority, limit=8192) as small:
        mount = PkiMount(small.client, "pki").enable()
        mount.generate_root()
        mount.client.write("pki/config/crl", auto_rebuild=True)
        (filled,) = fill(mount, Batch(count=240, ttl=timedelta(hours=1)))
        for each in filled:
            mount.revoke(each.serial_number)
        settings = {"config/crl": {"auto_rebuild": False}}
        outcome = configured(small, tmp_path, config_token(small, "pki"), mount="pki", settings=settings)
    assert str(outcome.failure).startswith("pki/config/crl: the server failed (500): ")
    assert "too large" in str(outcome.failure)
    assert "in place all the same; to see whether the CRL can be rebuilt, read pki/crl/rotate" in str(outcome.failure)
    assert outcome.result["applied"] == [{"path": "config/crl", "settings": {"auto_rebuild": False}}]
    assert len(outcome.result["crl_rebuilds"]) == 1


def test_a_mount_that_is_gone_of_another_type_or_without_the_role(
    server: VaultServer, mount: PkiMount, token: str, tmp_path: Path
) -> None:
    root, settings = server.client.token, {"config/crl": {"expiry": "96h"}}
    gone = configured(server, tmp_path, root, mount="gone", settings=settings)
    assert gone.failure == "gone/config/crl: nothing is mounted there"
    assert gone.result["not_applied"][0]["reason"] == gone.failure
    unseen = configured(server, tmp_path, token, mount="gone", settings=settings)
    assert str(unseen.failure).endswith("the token needs read on gone/config/crl, unless nothing is mounted there")
    other = configured(server, tmp_path, root, mount="cubbyhole", settings=settings)
    assert other.failure == "mount: 'cubbyhole' is of type cubbyhole, not pki"
    lacking = configured(server, tmp_path, token, mount="pki", settings={"roles/none": {"ttl": "1h"}, **settings})
    assert lacking.failure == "pki/roles/none: this role does not exist"
    assert live(mount)["config/crl"]["expiry"] == "72h"
    with pytest.raises(OptionError, match=r"^settings: 'config/acme' is no path for settings; use config/auto-tidy, "):
        configured(server, tmp_path, token, mount="pki", settings={"config/acme": {"enabled": True}})


def test_another_cluster_is_refused(server: VaultServer, mount: PkiMount, token: str, tmp_path: Path) -> None:
    cluster = server.client.request("GET", "sys/health")["cluster_id"]
    given = {"mount": "pki", "settings": {"config/crl": {"expiry": "96h"}}}
    refused = configured(server, tmp_path, token, **given, expected_cluster_id="0000")
    assert refused.failure == f"expected_cluster_id: '0000' is not this cluster, which is {cluster!r}; check the url"
    assert live(mount)["config/crl"]["expiry"] == "72h"
    assert configured(server, tmp_path, token, **given, expected_cluster_id=cluster).result["changed"] is True


def check_requests(server: VaultServer, tmp_path: Path) -> None:
    """Counted in the server's own audit log: no write in check mode, and few requests with nothing to do."""
    mount = new_mount(server)
    mount.create_role("other")
    mount.issue_many("other", [f"pod-{number}.lab" for number in range(30)])
    token = config_token(server, "pki")
    given: dict[str, Any] = {"mount": "pki", "settings": GROWTH_STOPPED, "expected_current": {}}
    with audited(server, secret=token) as checked:
        configured(server, tmp_path, token, check_mode=True, **given)
    with audited(server, secret=token) as writing:
        configured(server, tmp_path, token, **given)
    with audited(server, secret=token) as nothing:
        configured(server, tmp_path, token, **given)
    assert {request["operation"] for request in checked} == {"read"}
    written = [(request["operation"], request["path"]) for request in writing if request["operation"] != "read"]
    assert len(written) == len(set(written)) == len(GROWTH_STOPPED)
    assert ("patch", "pki/roles/pod") in written
    assert [request["path"] for request in nothing if request["operation"] != "read"] == []
    health = 1  # which needs no token, and is not in the log
    assert len(nothing) + health < 10
    assert len(nothing) == len(GROWTH_STOPPED) + 1


def test_requests_to_openbao(lab_authority: Made, server_certificate: Made, tmp_path: Path) -> None:
    with AuditedOpenBao(certificate=server_certificate, authority=lab_authority) as audited_server:
        check_requests(audited_server, tmp_path)


@pytest.mark.full
def test_requests_to_vault(lab_authority: Made, server_certificate: Made, tmp_path: Path) -> None:
    with Vault(certificate=server_certificate, authority=lab_authority) as audited_server:
        check_requests(audited_server, tmp_path)


def test_in_a_namespace(lab_authority: Made, server_certificate: Made, tmp_path: Path) -> None:
    with OpenBao(certificate=server_certificate, authority=lab_authority) as server:
        server.client.write("sys/namespaces/team")
        server.client.write("team/sys/mounts/pki", type="pki")
        cluster = server.client.request("GET", "sys/health")["cluster_id"]
        given = {"namespace": "team", "mount": "pki", "settings": {"config/crl": {"expiry": "96h"}}}
        root = server.client.token
        outcome = configured(server, tmp_path, root, expected_cluster_id=cluster, **given)
        assert (outcome.failure, outcome.result["changed"]) == (None, True)
        assert server.client.read("team/pki/config/crl")["expiry"] == "96h"
