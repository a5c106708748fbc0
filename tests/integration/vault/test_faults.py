# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit makes of a real server that fails in one place, in the middle, or altogether, and of a standby."""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.policy import OptionError
from tests.integration.vault.collecting import options, policy_for, token_with
from tests.integration.vault.judging import Judged, fully_set_up
from tests.integration.vault.test_collect import fill_mount
from tests.integration.vault.test_missing_rights import LOST
from tests.lab.openbao import OpenBao
from tests.lab.pki import now
from tests.lab.standby import standby_of
from tests.lab.vault import Vault
from tests.support.scripted_http import Received, Reply, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lab.vault_server import VaultServer
    from tests.support.certificates import Made

    Fault = Callable[[Received], Reply | None]

IMPATIENT = {"timeout": 2, "retries": {"total": 1, "backoff_factor": 0}, "leaves": "sample", "leaves_sample": 5}
PATH = "pki/config/auto-tidy"


@pytest.fixture(scope="module")
def server(lab_authority: Made, server_certificate: Made) -> Iterator[OpenBao]:
    with OpenBao(certificate=server_certificate, authority=lab_authority, raft=True, max_entry_size=131072) as bao:
        fully_set_up(fill_mount(bao))
        yield bao


@pytest.fixture(scope="module")
def token(server: OpenBao) -> str:
    return token_with(server, policy_for("pki"))


@contextmanager
def in_front_of(server: VaultServer, token: str, fault: Fault) -> Iterator[ScriptedServer]:
    """What passes requests on to the server, but for those that ``fault`` answers itself."""
    client = server.client.with_token(token)

    def script(request: Received) -> Reply:
        reply = fault(request)
        return reply or Reply(*client.raw(request.method, request.path.removeprefix("/v1/")))

    with ScriptedServer(script) as between:
        yield between
    client.close()


def judged(server: VaultServer, token: str, tmp_path: Path, fault: Fault, **more: Any) -> Judged:
    """The audit through what is in front of the server. Neither token nor key is in what it finds."""
    with in_front_of(server, token, fault) as between:
        found = Judged(options(server, tmp_path, token=token, url=between.url, **IMPATIENT, **more))
    assert token not in json.dumps([found.evidence, found.findings])
    return found


def verdicts(found: Judged) -> set[tuple[str, str, str]]:
    """(rule, resource, status) without what is of the target itself, whose name has the port in it."""
    return {
        (each["rule"], each["resource"]["name"], each["status"])
        for each in found.findings
        if not each["resource"]["name"].startswith("vault://")
    }


@pytest.fixture(scope="module")
def healthy(server: OpenBao, token: str, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    found = judged(server, token, tmp_path_factory.mktemp("healthy"), lambda request: None)
    assert (found.problems, found.rules("unknown")) == ([], set())
    return found


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (
            Reply(429, {"errors": ["request path quota exceeded"]}),
            r"the server refuses more requests for now \(429\).*",
        ),
        (Reply(500, {"errors": ["internal error"]}), r"the server failed \(500\): internal error"),
        (Reply(502, b"<html>Bad gateway</html>"), r"the server failed \(502\)"),
        (Reply(503, b""), r"the server failed \(503\)"),
        (Reply(400, {"errors": ["that was not it"]}), r"the server refused the request \(400\): that was not it"),
        (Reply(200, b"<html>Please log in</html>"), r"the answer is no JSON object; is it a Vault or OpenBao\?"),
        (Reply(307, headers={"Location": "https://active/v1"}), r"the server is a standby and redirects to .*"),
        (Reply(drop=True), r"no connection: .*"),
        (Reply(pause=60), r"no answer within 2 s"),
    ],
    ids=["429", "500", "502", "503", "400", "login-page", "redirect", "dropped", "stalled"],
)
def test_one_request_that_fails_costs_its_own_rules_only(
    reply: Reply, reason: str, server: OpenBao, token: str, healthy: Judged, tmp_path: Path
) -> None:
    found = judged(server, token, tmp_path, lambda request: reply if request.path == f"/v1/{PATH}" else None)
    (problem,) = found.problems
    assert (problem["part"], problem["path"], problem["capability"]) == ("auto_tidy", PATH, None)
    assert re.fullmatch(reason, problem["reason"])
    assert found.rules("unknown") == LOST[PATH]
    told = [each for each in found.findings if each["status"] == "unknown"]
    assert all(f"{PATH} could not be read: {problem['reason']}" in each["message"] for each in told)
    others = {each for each in verdicts(healthy) if each[0].removeprefix("vault.") not in LOST[PATH]}
    assert {each for each in verdicts(found) if each[0].removeprefix("vault.") not in LOST[PATH]} == others


def test_a_passing_fault_costs_nothing(server: OpenBao, token: str, healthy: Judged, tmp_path: Path) -> None:
    failed: set[str] = set()

    def fault(request: Received) -> Reply | None:
        if request.path in failed:
            return None
        failed.add(request.path)
        return Reply(503)

    found = judged(server, token, tmp_path, fault)
    assert len(failed) > 20
    assert (found.problems, verdicts(found)) == ([], verdicts(healthy))


@pytest.mark.parametrize("last", [Reply(pause=60), Reply(drop=True), Reply(503, {"errors": ["Vault is sealed"]})])
def test_a_server_that_ends_in_mid_run_is_not_waited_for_again_and_again(
    last: Reply, server: OpenBao, token: str, tmp_path: Path
) -> None:
    started = time.monotonic()
    found = judged(server, token, tmp_path, lambda request: last if "/pki/" in request.path else None)
    assert time.monotonic() - started < 60
    assert found.rules("fail") == set()
    (mount,) = found.evidence["mounts"]
    assert mount["issuers"] is None
    assert {problem["part"] for problem in mount["problems"]} >= {"auto_tidy", "issuers", "roles", "certificates"}
    lost = found.rules("unknown")
    assert {"crl-frozen", "crl-overflow", "issuer-expiring", "role-ttl-long", "auto-tidy-disabled"} <= lost
    assert "target-empty" not in {each["rule"] for each in found.findings if each["status"] == "pass"}


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(502, b"<html/>"), Reply(200, b"<html/>"), Reply(drop=True), Reply(pause=60)]
)
def test_where_nothing_can_be_asked_there_is_one_clear_line(
    reply: Reply, server: OpenBao, token: str, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=r"^url: 'http://127\.0\.0\.1:\d+' cannot be asked: sys/health: ") as caught:
        judged(server, token, tmp_path, lambda request: reply)
    assert "\n" not in str(caught.value)
    assert token not in str(caught.value)


def test_plain_http_where_the_server_wants_tls(server: OpenBao, token: str, tmp_path: Path) -> None:
    params = options(server, tmp_path, token=token, url=server.url.replace("https", "http"), retries=0)
    with pytest.raises(OptionError, match=r"^url: .* cannot be asked: sys/health: "):
        Judged(params)


def test_a_certificate_for_another_name(server: OpenBao, token: str, tmp_path: Path) -> None:
    params = options(server, tmp_path, token=token, url=server.url.replace("127.0.0.1", "127.0.0.2"), retries=0)
    with pytest.raises(OptionError, match=r"^url: .* cannot be asked: sys/health: "):
        Judged(params)


def test_a_root_of_vault_enterprise_with_a_managed_key(server: OpenBao, tmp_path: Path) -> None:
    """The only thing that no real server here has; the policy has what it takes to see it."""
    managed: dict[str, Any] = {}
    (key_id,) = server.client.keys("pki/keys")

    def enterprise(request: Received) -> Reply | None:
        if request.path == "/v1/sys/health":
            return Reply(body={**server.client.request("GET", "sys/health"), "enterprise": True})
        if request.path == f"/v1/pki/key/{key_id}" and managed:
            return Reply(body={"data": managed})
        return None

    token = token_with(server, policy_for("pki"))
    assert "root-key-unmanaged" in judged(server, token, tmp_path, enterprise).rules("fail")
    managed.update(key_id=key_id, managed_key_id="11111111-2222")
    assert "root-key-unmanaged" in judged(server, token, tmp_path, enterprise).rules("pass")
    managed.clear()
    reduced = token_with(server, policy_for("pki").replace('path "pki/key/+"', 'path "pki/other"'))
    found = judged(server, reduced, tmp_path, enterprise)
    assert found.rules("unknown") == {"root-key-unmanaged"}
    assert [problem["path"] for problem in found.problems] == [f"pki/key/{key_id}"]


@pytest.mark.parametrize("product", [OpenBao, pytest.param(Vault, marks=pytest.mark.full)])
def test_a_standby_says_what_the_active_node_says(
    product: type[VaultServer], lab_authority: Made, server_certificate: Made, tmp_path: Path
) -> None:
    """It forwards what it is asked, or reads by itself. Only the storage's limit is each node's own, as Vault says."""
    kept = {"certificate": server_certificate, "authority": lab_authority, "raft": True, "max_entry_size": 131072}
    with product(**kept) as active, standby_of(active) as standby:
        fully_set_up(fill_mount(active))
        token = token_with(active, policy_for("pki"))
        moment = now()  # of both, or a threshold may be passed between them
        by_active = Judged(options(active, tmp_path, token=token), moment)
        by_standby = Judged(options(standby, tmp_path, token=token), moment)
    assert (by_active.evidence["server"]["standby"], by_standby.evidence["server"]["standby"]) == (False, True)
    unknown = {"storage-limit-assumed"} if product is Vault else set()
    assert (by_active.rules("unknown"), by_standby.rules("unknown")) == (set(), unknown)
    assert [problem["part"] for problem in by_standby.problems] == (["storage"] if product is Vault else [])
    if product is Vault:
        assert f"redirects to {active.url}/v1/sys/config/state/sanitized" in by_standby.problems[0]["reason"]
    # Since when the active node has been active only that node tells.
    differ = {rule for rule, _name, _status in verdicts(by_active) ^ verdicts(by_standby)}
    expected = {"vault.tidy-outpaced-by-restarts"} | {f"vault.{rule}" for rule in unknown}
    assert differ == expected
