# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports as they really come out agree with the published schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.sre.preflight.plugins.module_utils._audit.json_stream import encode
from ansible_collections.sre.preflight.plugins.module_utils._x509.inventory import Inventory
from ansible_collections.sre.preflight.plugins.plugin_utils._report.document import check_schema
from tests.support.inventories import DAY, NOW, add_endpoint, authority, certificate, stored
from tests.support.merged import report_of

SCHEMA = json.loads((Path(__file__).parents[5] / "docs" / "report.schema.json").read_text(encoding="utf-8"))


def _everything():
    """A report with a finding of nearly every rule, a waiver of each kind and a previous run."""
    ca = authority("Old CA", not_before=NOW - 90 * DAY, not_after=NOW + 10 * DAY)
    inventory = stored(ca, certificate(issuer=ca), certificate("old.example.com", not_after=NOW - DAY))
    served = certificate("web.example.com", not_before=NOW + DAY)
    add_endpoint(inventory, "tls://vault.example.com:8200", served, trust={"trusted": False, "reason": "self-signed"})
    target = inventory.add_target("path", "/etc/nope")
    inventory.unknown(target, "matches nothing")
    inventory.add_problem("/etc/x.p12", kind="password", reason="needs a password", target=0)
    inventory.add_problem("/etc/y.pem", kind="unparseable", reason="bad DER", target=0)
    waiver = {"rule": "*", "resource": "old.*", "owner": "me", "reason": "why", "expires": "2026-07-01"}
    waivers = [waiver, {**waiver, "resource": "nothing"}, {**waiver, "expires": "2026-05-01"}]
    previous = report_of({"web": stored(certificate("gone.example.com", not_after=NOW - DAY))})
    return report_of({"web": inventory}, waivers=waivers, previous=previous)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "report",
    [report_of({}), report_of({"web": Inventory()}), report_of({"web": stored(certificate())}), _everything()],
    ids=["no host", "nothing seen", "all pass", "everything"],
)
def test_reports_agree_with_the_schema(report):
    plain = json.loads("".join(encode(report)))
    errors = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).iter_errors(plain)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []
    check_schema(plain)


def test_the_report_with_everything_has_it():
    rules = {finding["rule"].partition(".")[2] for finding in _everything()["findings"]}
    assert rules == {
        "not-yet-valid",
        "renewal-due",
        "untrusted",
        "hostname-mismatch",
        "target-empty",
        "target-unreadable",
        "unparseable",
        "outlives-issuer",
        "issuer-expiring",
        "waiver-expired",
        "waiver-unused",
    }


def test_every_rule_that_occurs_is_described():
    report = _everything()
    occurring = {finding["rule"] for finding in (*report["findings"], *report["waived"])}
    assert set(report["rules"]) == occurring


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ([], "its schema is None"),
        ({"schema": "other"}, "its schema is 'other', not sre.preflight/report"),
        ({"schema": "sre.preflight/report", "schema_version": "2.0.0"}, "its schema_version is 2.0.0, not 1.2.0"),
        ({"schema": "sre.preflight/report", "schema_version": "1.4.0"}, "it has no findings"),
    ],
)
def test_check_schema_refuses_other_documents(report, message):
    with pytest.raises(ValueError, match=message):
        check_schema(report)
