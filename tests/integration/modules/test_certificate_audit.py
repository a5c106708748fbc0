# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certificate_audit as a user runs it: options, contract, replay, errors."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.bundle import pack, unpack
from tests.support.certificates import make_ca, make_leaf
from tests.support.runs import ROOT, environment, run_adhoc, run_module

MODULE = "sre.preflight.certificate_audit"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A directory of one certificate at 82 % with its key, one that has expired, and one in good order."""
    path = tmp_path_factory.mktemp("tree")
    ca = make_ca(common_name="Lab CA", not_before=NOW - 300 * DAY, not_after=NOW + 3000 * DAY)
    for name, used, left in (("vault", 300, 65), ("old", 30, -1), ("fresh", 1, 89)):
        names = [f"{name}.example.com"]
        leaf = make_leaf(issuer=ca, names=names, not_before=NOW - used * DAY, not_after=NOW + left * DAY)
        (path / f"{name}.pem").write_bytes(leaf.pem + leaf.key_pem)
    (path / "ca.pem").write_bytes(ca.pem)
    return path


def test_the_contract(tree):
    result = run_module(MODULE, {"paths": [str(tree)]})
    assert {"changed", "findings", "certificates", "coverage", "summary"} <= set(result)
    assert result["changed"] is False
    assert [(each["rule"], each["resource"]["name"], each["severity"]) for each in result["findings"]] == [
        ("certificate.expired", "old.example.com", "critical"),
        ("certificate.renewal-due", "vault.example.com", "medium"),
    ]
    keys = {
        "id", "rule", "status", "severity", "title", "message", "resource", "evidence", "outage_at", "remediation",
        "references",
    }  # fmt: skip
    assert all(set(each) == keys for each in result["findings"])
    rows = {row["names"][0] if row["names"] else row["subject"]: row for row in result["certificates"]}
    assert set(rows) == {"vault.example.com", "old.example.com", "fresh.example.com", "Lab CA"}
    assert set(rows["vault.example.com"]) == {
        "fingerprint_sha256", "subject", "issuer", "serial_number", "not_before", "not_after", "lifespan_used", "is_ca",
        "names", "locations",
    }  # fmt: skip
    assert rows["vault.example.com"]["lifespan_used"] == pytest.approx(82.2, abs=0.1)
    assert result["coverage"]["targets_expected"] == result["coverage"]["targets_evaluated"] == 1
    assert result["coverage"]["rules"]["certificate.expired"] == {
        "pass": 3, "fail": 1, "unknown": 0, "not_applicable": 0,
    }  # fmt: skip
    assert result["summary"]["by_severity"] == {"critical": 1, "high": 0, "medium": 1, "low": 0}
    assert result["summary"]["next_outage"] == result["findings"][0]["outage_at"]


def test_it_is_useful_with_a_path_alone(tree):
    result = run_adhoc(MODULE, {"paths": [str(tree)]})
    assert [each["resource"]["name"] for each in result["findings"]] == ["old.example.com", "vault.example.com"]


def test_include_passes_adds_the_rest(tree):
    result = run_module(MODULE, {"paths": [str(tree)], "include_passes": True})
    counts = result["summary"]["by_status"]
    by_status = [each["status"] for each in result["findings"]]
    assert by_status.count("pass") == counts["pass"] > 15
    assert by_status.count("fail") == counts["fail"] == 2


def test_check_mode_gives_the_same(tree, tmp_path):
    at = {"paths": [str(tree)], "now": "2030-01-01T00:00:00Z", "evidence_path": str(tmp_path / "e")}
    checked = run_module(MODULE, at, check=True)
    assert not (tmp_path / "e").exists(), "check mode writes nothing"
    assert checked == run_module(MODULE, at)
    assert checked["certificates"]


def test_evidence_can_be_kept_and_judged_again_as_of_another_day(tree, tmp_path):
    kept = tmp_path / "evidence"
    first = run_module(MODULE, {"paths": [str(tree)], "evidence_path": str(kept)})
    assert kept.stat().st_mode & 0o777 == 0o600
    replayed = run_module(MODULE, {"replay_path": str(kept), "now": unpack(kept.read_text())["judged_at"]})
    assert replayed["findings"] == first["findings"]
    assert replayed["certificates"] == first["certificates"]
    later = run_module(MODULE, {"replay_path": str(kept), "now": (NOW + 70 * DAY).strftime("%Y-%m-%d")})
    expired = [each["resource"]["name"] for each in later["findings"] if each["rule"] == "certificate.expired"]
    assert sorted(expired) == ["old.example.com", "vault.example.com"]
    stricter = run_module(MODULE, {"replay_path": str(kept), "max_lifespan_used": 1})
    assert stricter["summary"]["by_status"]["fail"] > first["summary"]["by_status"]["fail"]


def test_bundle_is_one_string_that_holds_all_of_it(tree):
    at = {"paths": [str(tree)], "now": "2030-01-01"}
    result, plain = run_module(MODULE, {**at, "bundle": True}), run_module(MODULE, at)
    assert "findings" not in result
    document = unpack(result["bundle"])
    for part in ("findings", "coverage", "summary"):
        assert document[part] == plain[part]
    assert len(document["evidence"]["certificates"]) == len(plain["certificates"])


def test_an_unreachable_endpoint_is_unknown_and_the_rest_goes_on(tree):
    result = run_module(MODULE, {"paths": [str(tree)], "endpoints": ["127.0.0.1:1"], "timeout": 2})
    unknown = [each for each in result["findings"] if each["status"] == "unknown"]
    assert [each["rule"] for each in unknown] == ["certificate.target-unreachable"]
    assert "refused" in unknown[0]["message"]
    assert result["coverage"]["targets_unknown"] == 1
    assert len(result["certificates"]) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "one of the following is required: paths, kubeconfigs, endpoints, endpoints_path, replay_path"),
        ({"paths": ["/x"], "replay_path": "/y"}, "parameters are mutually exclusive: paths|replay_path"),
        ({"paths": ["/x"], "max_lifespan_used": 130}, "max_lifespan_used: 130.0 is out of range; give a percentage"),
        ({"paths": ["/x"], "now": "soon"}, "now: 'soon' is refused: 'soon' is not an instant; write it as"),
        ({"paths": ["/x"], "evidence_path": "/no/such/dir/e"}, "lies in a directory that does not exist; create it"),
        (
            {"paths": ["/x"], "rotator": "certbot"},
            "rotator: 'certbot' is not known; use one of kubelet, consul-connect",
        ),
        ({"paths": ["/x"], "passwords": [{"path": "*"}]}, "passwords: entry 1 has no password; write each as {path: "),
        ({"paths": ["/x"], "timeout": "long"}, "timeout"),
        ({"paths": ["/x"], "timeout": "inf"}, "timeout: inf is out of range; give 0.001 to 86400"),
        ({"paths": []}, "paths, kubeconfigs, endpoints, endpoints_path: they name nothing; name what is to be audited"),
        ({"paths": ["/x"], "evidence_path": "/etc"}, "evidence_path: '/etc' is a directory; name a file in it"),
        ({"paths": ["/x"], "rotators": [{"path": "*"}]}, "missing required arguments: rotator found in rotators"),
        (
            {"endpoints": ["host:0"]},
            "endpoints: 'host:0' has the port '0'; a port is a number from 1 to 65535",
        ),
        (
            {"endpoints": ["host:70000"]},
            "endpoints: 'host:70000' has the port '70000'; a port is a number from 1 to 65535",
        ),
        (
            {"endpoints": [{"host": "h", "port": 25, "starttls": "gopher"}]},
            "asks for STARTTLS by the protocol 'gopher'; known are smtp, lmtp, imap",
        ),
        (
            {"endpoints_path": "/no/such/list"},
            "endpoints_path: '/no/such/list' cannot be read: No such file or directory",
        ),
        (
            {"replay_path": "/no/such/bundle"},
            "replay_path: '/no/such/bundle' cannot be read: No such file or directory",
        ),
    ],
)
def test_bad_input_is_one_clear_line(arguments, message):
    result = run_module(MODULE, arguments)
    assert result["failed"]
    assert message in result["msg"]
    assert "\n" not in result["msg"]


@pytest.mark.parametrize(
    ("passwords", "message"),
    [
        (["key-phrase"], "passwords: entry 1 is text, and no mapping; write each as {path: '*.p12', password: ...}"),
        ("key-phrase", "passwords: entry 1 is text, and no mapping; "),
        ([{"password": "other-phrase"}, ["key-phrase"]], "passwords: entry 2 is a list, and no mapping; "),
        ([None], "passwords: entry 1 is empty, and no mapping; "),
        ([{"key-phrase": "key-phrase"}], "passwords: entry 1 has no password; "),
        ([{"password": "other-phrase", "key-phrase": ""}], "passwords: entry 1 has other keys than path and "),
        ({"*.p12": "key-phrase"}, "passwords: is no list of mappings; "),
    ],
)
def test_passwords_of_another_shape_are_one_line_and_not_shown(passwords, message):
    result = run_module(MODULE, {"paths": ["/x"], "passwords": passwords})
    assert result["failed"]
    assert result["msg"].startswith(message)
    assert result["msg"].endswith("what was given is not shown")
    assert "-phrase" not in json.dumps(result)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "cannot be replayed: it is cut short"),
        (
            lambda text: pack({**unpack(text), "version": 9}),
            "cannot be replayed: it has version 9, this collection reads version 1; audit again",
        ),
        (lambda text: "what?", "cannot be replayed: it is damaged or no bundle at all"),
        (lambda text: "", "cannot be replayed: it is cut short"),
    ],
)
def test_a_damaged_bundle_is_refused(tree, tmp_path, damage, message):
    kept = tmp_path / "evidence"
    run_module(MODULE, {"paths": [str(tree)], "evidence_path": str(kept)})
    kept.write_text(damage(kept.read_text()))
    result = run_module(MODULE, {"replay_path": str(kept)})
    assert result["failed"]
    assert message in result["msg"]


def test_importing_it_loads_no_client_library():
    code = (
        "import sys, ansible_collections.sre.preflight.plugins.modules.certificate_audit as m; "
        "print(sorted({n.partition('.')[0] for n in sys.modules} & {'hvac', 'kubernetes', 'consul', 'requests'}))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(PYTHONPATH=str(ROOT / "build" / "collections")),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(completed.stdout.replace("'", '"')) == []
