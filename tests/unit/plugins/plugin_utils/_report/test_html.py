# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML page: safe, self-contained, bounded, the same every time, and readable without its script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, Callable

import pytest

from ansible_collections.sre.preflight.plugins.plugin_utils._report import page_data
from ansible_collections.sre.preflight.plugins.plugin_utils._report.html import (
    MAX_ENTRIES,
    SERVED_FINDINGS,
    render_html,
)
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan import build
from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_file import remediate_command
from ansible_collections.sre.preflight.plugins.plugin_utils._report.view import link
from tests.support import extreme_reports, mirror_reports, plans, reports

MEGABYTE = 1_000_000
SAMPLES: dict[str, Callable[[], reports.Report]] = {
    "few": reports.few,
    "zero": reports.zero,
    "nothing_known": reports.nothing_known,
    "many": lambda: extreme_reports.many(certificates=500, findings=300),
    "hostile": extreme_reports.hostile,
    "planned": reports.planned,
    "mirrored": mirror_reports.mirror_report,
}
VOID = {"meta", "link", "br", "input", "use", "path", "circle", "rect", "line"}


class Page(HTMLParser):
    """The elements of a page with their attributes, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        where = self.open[-1] if self.open else ""
        self.raw[where].append(data) if where in self.raw else self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def data(self) -> Any:
        return json.loads(self.raw["script"][0])


@pytest.fixture(scope="module", params=SAMPLES)
def sample(request: pytest.FixtureRequest) -> tuple[reports.Report, str]:
    report = SAMPLES[request.param]()
    return report, render_html(report)


def test_is_well_formed(sample: tuple[reports.Report, str]) -> None:
    page = Page(sample[1])
    assert page.open == []
    ids = [attributes["id"] for _tag, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))


def test_is_the_same_every_time(sample: tuple[reports.Report, str]) -> None:
    assert render_html(sample[0]) == sample[1]


def test_loads_nothing_and_links_to_https_alone(sample: tuple[reports.Report, str]) -> None:
    for tag, attributes in Page(sample[1]).elements:
        assert not {"src", "srcset", "action", "formaction", "background", "poster", "style"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        href = attributes.get("href") or "#"
        assert href.startswith("#") or (tag == "a" and href.startswith("https://")) or (tag, href) == ("link", "data:,")
    assert "@import" not in sample[1]
    assert "url(" not in sample[1]


def test_policy_allows_our_style_and_script_by_hash_and_nothing_else(sample: tuple[reports.Report, str]) -> None:
    page = Page(sample[1])

    def hash_of(source: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"

    (policy,) = [each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src {hash_of(page.raw['style'][0])}; script-src {hash_of(page.raw['script'][1])}"
    )
    assert [each.get("type") for each in page.all("script")] == ["application/json", None]
    assert len(page.all("style")) == 1


def test_the_script_and_style_are_ours_alone() -> None:
    pages = [Page(render_html(SAMPLES[name]())) for name in ("zero", "hostile")]
    assert pages[0].raw["script"][1] == pages[1].raw["script"][1]
    assert pages[0].raw["style"] == pages[1].raw["style"]


def test_hostile_text_adds_no_element_and_nothing_invisible() -> None:
    report = extreme_reports.hostile()
    html = render_html(report)
    tame = json.loads(json.dumps(report).replace("<", "(").replace(">", ")"))
    assert [tag for tag, _more in Page(html).elements] == [tag for tag, _more in Page(render_html(tame)).elements]
    assert {character for character in html if not character.isprintable()} == {"\n"}
    assert "</script><script>alert(2)" in "".join(Page(html).text)
    assert not re.search(r"<(img|svg/onload|script>alert)", html)
    assert not re.search(r"[<>&\u2028\u2029]", Page(html).raw["script"][0])


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ("https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5", True),
        ("RFC 5280", False),
        ("javascript:alert(1)", False),
        ("https://example.com/ onclick", False),
        ('https://example.com/"', False),
        ("http://example.com", False),
        ("JAVASCRIPT://example.com", False),
    ],
)
def test_links(reference: str, address: bool) -> None:
    assert link(reference) == (reference if address else None)


def test_reads_without_the_script() -> None:
    report = extreme_reports.many(certificates=400, findings=300)
    page = Page(render_html(report))
    text = " ".join(" ".join(page.text).split())
    assert "FAIL" in text
    assert report["verdict_reason"] in text
    findings = [each for each in page.all("details") if (each.get("id") or "").startswith("f-")]
    assert len(findings) == SERVED_FINDINGS
    assert report["findings"][SERVED_FINDINGS - 1]["message"] in text
    assert f"{len(report['findings']):,}, the first {SERVED_FINDINGS} shown" in text


def test_the_first_screen_names_the_verdict_the_next_outage_and_the_coverage() -> None:
    text = " ".join(" ".join(Page(render_html(reports.few())).text).split())
    for words in (
        "FAIL",
        "3 findings at or above high",
        "Next outage in 3d 4h 2026-11-26 08:00 UTC vault.example Certificate has used most of its lifespan",
        "Outages begun 1 latest 2d 2h ago api.example",
        "Looked at 410 of 412 targets 4 of 5 hosts reported",
        "2 critical 1 high 1 medium 1 low 1 unknown 1 waived",
    ):
        assert words in text


def test_the_rest_is_there() -> None:
    text = " ".join(" ".join(Page(render_html(reports.few())).text).split())
    for words in (
        "Since 2026-11-22 04:00 UTC 1 new, 1 gone, 4 unchanged",
        "Renewed certificate is not served ldap.example",
        "team-storage decommissioned on 2026-12-01",
        "web4 the whole host unreachable (timed out after 10 s)",
        "/etc/ssl/private permission denied",
        "sre.preflight.certificate_audit 1.0.0",
        "max_lifespan_used 75",
        "Role sre.preflight.certificate_renewal",
    ):
        assert words in text


def test_the_plan_shows_found_and_wanted_the_effect_the_risk_and_the_command() -> None:
    command = remediate_command("/srv/plan.yml", ["hosts.yml"])
    page = Page(render_html(reports.planned(), command=command))
    text = " ".join(" ".join(page.text).split())
    for words in (
        "Plan what roles can mend on 2 targets, the soonest outage first",
        "-i hosts.yml -e preflight_plan_path=/srv/plan.yml --check Make the changes",
        "-e preflight_plan_path=/srv/plan.yml critical services/ on vault.example:8200",
        "7 settings, mends 2 findings 2 conflicts peak CRL 609.6 KiB -> 137.3 KiB from 2026-12-24 on",
        "1. Stop the growth: rebuild the CRL on a schedule; give no more leases config/crl auto_rebuild false true",
        "config/auto-tidy interval_duration 12h (43,200 s) 6h (21,600 s)",
        "config/auto-tidy interval_duration wanted: 6h (21,600 s) or 12h (43,200 s). Chosen: 6h (21,600 s) : the",
        "config/auto-tidy pause_duration wanted: 0 s or 5 s. Left out : the forecast has no say",
        "Until 2026-12-24 what was issued before stays a risk",
        "keep parent tokens : Tokens stay valid.",
        "services/config/crl: read, update services/roles/pod: read, patch Downtime: none.",
        "a/team/pki/ on vault.example:8200",
        "roles/web allow_localhost unset false",
    ):
        assert words in text
    targets = {each["href"] for each in page.all("a") if (each.get("href") or "").startswith("#f-")}
    mended = {f"#f-{each}" for entry in reports.planned()["plan"] for each in entry["findings"]}
    assert mended <= targets
    assert mended <= {f"#{each.get('id')}" for each in page.all("details")}


def test_without_anything_to_mend_there_is_no_plan() -> None:
    html = render_html(reports.few())
    assert 'id="plan"' not in html
    assert 'href="#plan"' not in html
    assert "remediate" not in html


def test_a_large_plan_stays_within_bounds() -> None:
    roles = {f"roles/r{number:05d}": {"generate_lease": False} for number in range(1_000)}
    wishes = [plans.wish(roles, target={**plans.TARGET, "mount": f"m{number}/"}) for number in range(60)]
    html = render_html({**reports.report([], []), "plan": build(wishes, [], reports.NOW)})
    assert len(html.encode()) < 5 * MEGABYTE
    assert html.count('class="finding entry') == MAX_ENTRIES
    assert "and 10 more in the JSON report" in html
    assert "and 800 more in the JSON report" in html
    assert "and 950 more in the JSON report" in html


def test_a_timeline_without_a_date_does_not_look_empty_and_calm() -> None:
    html = render_html(reports.nothing_known())
    assert "No outage within 90 days is known. What could not be judged may hold one." in html
    assert 'class="timeline"' not in html
    assert "0 later, 30 without a date" in html


def test_nothing_to_complain_about_is_said_and_so_is_nothing_found() -> None:
    assert "Nothing to complain about." in render_html(reports.zero())
    empty = reports.report([], [])
    assert "Zero certificates is not success" in render_html(empty)
    unseen = reports.coverage([], 3, targets_evaluated=2, targets_unknown=1)
    assert "Nothing to complain about in what could be looked at." in render_html(
        reports.report([], [], coverage=unseen)
    )


def test_ten_thousand_certificates_stay_under_five_megabytes() -> None:
    html = render_html(extreme_reports.many())
    data = Page(html).data
    assert len(html.encode()) < 5 * MEGABYTE
    assert len(data["certificates"]["rows"]) == 10_000
    assert len(data["findings"]["rows"]) == 315
    assert "This page holds" not in html


def test_the_certificates_that_expire_first_are_kept_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_data, "MAX_CERTIFICATES", 100)
    monkeypatch.setattr(page_data, "MAX_FINDINGS", 20)
    report = extreme_reports.many(certificates=300, findings=50)
    html = render_html(report)
    data = Page(html).data
    expected = sorted(row["not_after"] for row in report["certificates"])[:100]
    place = data["certificates"]["columns"].index("notAfter")
    assert [row[place] for row in data["certificates"]["rows"]] == [page_data.epoch(each) for each in expected]
    assert "This page holds the 100 of 300 certificates that expire first." in html
    assert [row[0] for row in data["findings"]["rows"]] == [each["id"] for each in report["findings"][:20]]
    assert "This page holds the worst 20 of 52 findings." in html


def test_a_hundred_thousand_hosts_stay_under_eight_megabytes() -> None:
    hosts = [f"host{number:06d}.example.com" for number in range(100_000)]
    everywhere = [
        reports.expiring(
            f"agent-{number}.example",
            "x",
            timedelta(days=number),
            hosts=hosts,
            locations=[f"{host}:/x.pem" for host in hosts],
        )
        for number in range(10)
    ]
    alone = [
        reports.expiring(host, f"{host}:/etc/ssl/{host}.pem", timedelta(days=number % 99, seconds=number), hosts=[host])
        for number, host in enumerate(hosts[:20_000])
    ]
    rows = [reports.certificate(host, [f"{host}:/etc/ssl/{host}.pem"], timedelta(days=9)) for host in hosts[:30_000]]
    runs = [reports.provenance(host) for host in hosts]
    reasons = [{"host": host, "reason": f"unreachable ({host})"} for host in hosts]
    gaps = reports.coverage([], 0, hosts_expected=200_000, hosts_reported=100_000, hosts_unknown=reasons)
    html = render_html(reports.report([*everywhere, *alone], rows, provenance=runs, coverage=gaps))
    assert len(html.encode()) < 8 * MEGABYTE
    assert "and 99,800 more in the JSON report" in html
    assert "and 99,980 more hosts" in html
    assert re.search(r"This page holds the worst [\d,]+ of 20,010 findings", html)


def test_hostile_lengths_stay_within_the_budget() -> None:
    rows = [
        reports.certificate(f"{number}{'x' * 100_000}", [f"/{number}{'y' * 100_000}"] * 100, timedelta(days=number))
        for number in range(50)
    ]
    assert len(render_html(reports.report([], rows)).encode()) < MEGABYTE
