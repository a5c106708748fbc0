# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an older version lacks is not applicable: neither unknown nor a failure, and nothing else is judged otherwise.

The lab has one version of each product. In front of it stands what makes the answers those of an older one: the paths
and keys that came later are not there, as that version's changelog and source have it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._vault import leaves as leaves_module
from tests.integration.vault.collecting import options, policy_for, token_with
from tests.integration.vault.judging import Judged, fully_set_up
from tests.integration.vault.test_collect import fill_mount
from tests.integration.vault.test_faults import in_front_of
from tests.lab.openbao import OpenBao
from tests.lab.pki import now
from tests.support.scripted_http import Received, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.certificates import Made

NO_PATH = Reply(404, {"errors": ["1 error occurred:\n\t* unsupported path\n\n"]})
ACME_RULES = {"acme-headers-missing", "acme-off", "acme-open", "acme-without-path", "tidy-acme-off"}
REVOKED_RULES = {"crl-frozen"}


class Older(NamedTuple):
    """A version: below the mount the paths that it lacks, and the keys that it has of an answer."""

    version: str
    plugin: str
    lacks: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]
    not_applicable: set[str]


TIDY_KEYS = ("safety_buffer", "tidy_cert_store", "tidy_revoked_certs", "tidy_revoked_cert_issuer_associations")
TIDY_KEYS += ("tidy_expired_issuers", "issuer_safety_buffer", "pause_duration")
CRL_KEYS = ("expiry", "disable", "ocsp_disable", "ocsp_expiry")
CRL_KEYS += ("auto_rebuild", "auto_rebuild_grace_period", "enable_delta", "delta_rebuild_interval")
VAULT_1_12 = Older(
    "1.12.0",
    "v1.12.0+builtin.vault",
    # 1.13 brought certs/revoked and config/cluster, 1.14 ACME; certs/detailed is OpenBao's.
    ("certs/revoked", "config/cluster", "config/acme", "certs/detailed"),
    {
        "config/auto-tidy": ("enabled", "interval_duration", *TIDY_KEYS),
        "config/urls": ("issuing_certificates", "crl_distribution_points", "ocsp_servers"),
        "config/crl": CRL_KEYS,
        "tidy-status": ("state", "error", "time_started", "time_finished", "message", *TIDY_KEYS),
    },
    ACME_RULES | REVOKED_RULES,
)
OPENBAO_2_0 = Older("2.0.0", "v2.0.0+builtin.bao", ("certs/detailed",), {}, set())


@pytest.fixture(scope="module")
def server(lab_authority: Made, server_certificate: Made) -> Iterator[OpenBao]:
    with OpenBao(certificate=server_certificate, authority=lab_authority, raft=True, max_entry_size=131072) as bao:
        fully_set_up(fill_mount(bao))
        yield bao


def answers(server: OpenBao, token: str, older: Older) -> Any:
    client = server.client.with_token(token)

    def answer(request: Received) -> Reply | None:
        path = request.path.removeprefix("/v1/")
        name = path.partition("?")[0].removeprefix("pki/").rstrip("/")
        if name in older.lacks:
            return NO_PATH
        status, body = client.raw(request.method, path)
        if status != 200 or name not in (*older.keys, "sys/health", "sys/seal-status", "sys/mounts"):
            return Reply(status, body)
        return Reply(status, as_older(name, json.loads(body), older))

    return answer


def as_older(name: str, answer: dict[str, Any], older: Older) -> dict[str, Any]:
    answer.pop("commit_date", None)
    if name.startswith("sys/") and "version" in answer:
        answer["version"] = older.version
    if name == "sys/mounts":
        for mount in answer["data"].values():
            mount["running_plugin_version"] = older.plugin
    if name in older.keys:
        answer["data"] = {key: value for key, value in answer["data"].items() if key in older.keys[name]}
    return answer


def verdicts(found: Judged, *without: str) -> set[tuple[str, str, str, str]]:
    """(rule, resource, status, message) without what is of the server, whose name has its version or its port in it."""
    return {
        (each["rule"], each["resource"]["name"], each["status"], each["message"])
        for each in found.findings
        if each["rule"].removeprefix("vault.") not in without
        and each["resource"]["kind"] != "vault_server"
        and not each["resource"]["name"].startswith("vault://")
    }


def leaves(found: Judged) -> list[list[Any]]:
    (mount,) = found.evidence["mounts"]
    return list(mount["leaves"]["by_day"])


@pytest.mark.parametrize("older", [VAULT_1_12, OPENBAO_2_0], ids=lambda older: older.plugin)
def test_what_a_version_lacks_is_not_applicable(
    older: Older, server: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves_module, "PAGES_FROM", 1)
    token, moment = token_with(server, policy_for("pki")), now()
    current = Judged(options(server, tmp_path, token=token), moment)
    with in_front_of(server, token, answers(server, token, older)) as between:
        found = Judged(options(server, tmp_path, token=token, url=between.url), moment)
    told = found.evidence["server"]
    assert (told["product"], told["version"]) == ("openbao" if "bao" in older.plugin else "vault", older.version)
    assert (found.problems, found.rules("unknown")) == ([], set())
    assert leaves(found) == leaves(current)
    gone = {each[0].removeprefix("vault.") for each in verdicts(current)} - {
        each[0].removeprefix("vault.") for each in verdicts(found)
    }
    assert gone == older.not_applicable
    assert verdicts(found, *older.not_applicable) == verdicts(current, *older.not_applicable)
