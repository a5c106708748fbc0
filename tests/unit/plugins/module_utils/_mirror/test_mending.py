# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which findings on a mirror carry the settings of the role package_mirror, and which stay with words."""

from __future__ import annotations

import json

import pytest

from ansible_collections.sre.preflight.plugins.module_utils._mirror.mending import FOLLOWS, LACKS, MENDED
from ansible_collections.sre.preflight.plugins.module_utils._mirror.rules import RULES
from tests.support.mirrors import MIRROR, UPSTREAM, collected_of, fetched, file_entry, json_page, verdicts

WORDS_ALONE = {
    "mirror.audit-hindered",  # of the audit itself
    "mirror.index-unread",
    "mirror.project-unread",
    "mirror.files-surplus",  # nothing is lacking
    FOLLOWS,
}


def page(**more):
    return json_page(file_entry("demo-1.0.tar.gz"), file_entry("demo-1.1-py3-none-any.whl", **more))


def remedies(ours, theirs, **index):
    """{rule: remediation} of what fails or is unknown on one page beside the upstream's, None without one."""
    upstream = None if theirs is None else fetched(json.dumps(theirs).encode(), UPSTREAM)
    collected = collected_of({"current": fetched(json.dumps(ours).encode(), MIRROR)}, upstream=upstream, **index)
    return {rule: each["remediation"] for rule, each in verdicts(collected).items()}


def test_every_rule_says_what_is_lacking_or_why_not():
    assert set(RULES.rules) - set(LACKS) == WORDS_ALONE
    assert set(LACKS) <= set(RULES.rules)


def test_what_the_upstream_has_is_mended_by_a_cache_of_its_pages():
    remedy = remedies(page(**{"requires-python": None}), page())["requires-python-missing"]
    assert remedy["role"] == "package_mirror"
    assert remedy["settings"] == {"strategy": "pull_through", "upstream_url": UPSTREAM}
    assert remedy["found"] == {"lacks": ["requires-python"]}
    assert remedy["target"] == {"kind": "mirror", "url": MIRROR}
    assert remedy["text"].startswith("Use a mirror that emits data-requires-python")


def test_without_an_upstream_there_are_words_alone():
    remedy = remedies(page(**{"upload-time": ""}), None)["upload-time-malformed"]
    assert (remedy["role"], remedy["settings"], remedy["target"]) == (None, {}, None)
    assert remedy["text"].startswith("Emit YYYY-MM-DD")


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"upload-time": ""}, "upload-time-malformed"),
        ({"hashes": {}}, "hashes-missing"),
        ({"size": -1}, "size-malformed"),
    ],
)
def test_what_the_upstream_lacks_itself_is_not_mended_by_it(fields, rule):
    assert remedies(page(**fields), page())[rule]["role"] == "package_mirror"
    assert remedies(page(**fields), page(**fields))[rule]["role"] is None


def test_links_to_other_hosts_are_mended_though_the_upstream_has_them_too():
    away = {"url": "https://files.example.org/demo-1.1-py3-none-any.whl"}
    assert remedies(page(**away), page(**away))["upstream-dependency"]["role"] == "package_mirror"


def test_an_exchanged_file_is_for_a_person_to_look_into():
    assert remedies(page(hashes={"sha256": "00"}), page())["hash-differs"]["role"] is None


def test_an_upstream_that_does_not_answer_mends_nothing():
    ours, theirs = ((json.dumps(each).encode()) for each in (page(hashes={}), page()))
    for problem, role in (({"kind": "refused", "reason": "refused"}, None), (None, "package_mirror")):
        collected = collected_of({"current": fetched(ours, MIRROR)}, upstream=fetched(theirs, UPSTREAM))
        collected.indexes[1]["problem"] = problem
        assert verdicts(collected)["hashes-missing"]["remediation"]["role"] == role


def test_json_is_not_promised_where_the_upstream_has_none():
    html = b'<!DOCTYPE html><a href="demo-1.0.tar.gz#sha256=00">demo-1.0.tar.gz</a>'
    probe = {"format": "html", "files": 1, "fetch": {"url": MIRROR, "status": 200, "redirects": []}}
    for upstream, role in ((html, None), (json.dumps(page()).encode(), "package_mirror")):
        pages = {"current": fetched(html, MIRROR)}
        collected = collected_of(pages, upstream=fetched(upstream, UPSTREAM), probes={"accept JSON alone": probe})
        assert verdicts(collected)["json-missing"]["remediation"]["role"] == role


def test_every_address_of_a_mirror_is_the_same_target():
    ours = {"current": fetched(json.dumps(page(**{"requires-python": None})).encode(), MIRROR)}
    collected = collected_of(ours, ours, upstream=fetched(json.dumps(page()).encode(), UPSTREAM))
    assert verdicts(collected)["requires-python-missing"]["remediation"]["target"]["url"] == MIRROR


def test_what_is_promised_are_rules_on_what_the_upstream_can_have():
    assert "mirror.not-https" not in MENDED
    assert "mirror.backends-disagree" not in MENDED
