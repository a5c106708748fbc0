# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML page in a real browser: it works, is quiet, asks the network for nothing, and keeps up with the typing."""

from __future__ import annotations

import contextlib
import re
import shutil
import statistics
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from ansible_collections.sre.preflight.plugins.plugin_utils._report.html import render_html
from ansible_collections.sre.preflight.plugins.plugin_utils._report.when import relative, utc
from tests.support import extreme_reports, reports
from tests.support.mirror_reports import mirror_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Opener = Callable[..., contextlib.AbstractContextManager[Page]]

pytestmark = pytest.mark.full

# Without a sandbox Chromium starts as root too, as in a container; the rest keeps the browser itself from calling out.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
KEYSTROKE_MS = 100


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    assert executable, "no Chromium here; on Debian: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Opener:
    """Opens a report's page; afterwards nothing was said on the console, and nothing but the file was asked for."""

    @contextlib.contextmanager
    def opened(report: reports.Report, *, fragment: str = "", **context: Any) -> Iterator[Page]:
        file = tmp_path / "report.html"
        file.write_text(render_html(report), encoding="utf-8")
        address = file.as_uri()
        said: list[str] = []
        asked: list[str] = []
        page = browser.new_page(**context)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address + fragment)
        yield page
        page.close()
        assert said == []
        assert asked == [address]

    return opened


def titles(page: Page) -> list[str]:
    return page.locator("#finding-list .name").all_inner_texts()


def shown(page: Page, selector: str) -> str:
    return page.locator(selector).inner_text()


@pytest.mark.parametrize("sample", [reports.few, reports.zero, reports.nothing_known, extreme_reports.hostile])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_opens_quietly(opened: Opener, sample: Callable[[], reports.Report], scheme: str) -> None:
    report = sample()
    with opened(report, color_scheme=scheme) as page:
        expect(page.locator("h1")).to_have_text(report["verdict"].upper())
        expect(page.locator("#finding-list > .finding")).to_have_count(len(report["findings"]))
        expect(page.locator("#certificate-list > tr")).to_have_count(len(report["certificates"]))


def test_the_script_draws_a_finding_as_the_server_did(opened: Opener) -> None:
    """The first findings come without the script too: both must say the same."""

    def words(page: Page) -> list[str]:
        spaced = [
            re.sub(r"\s+", " ", text).strip() for text in page.locator("#finding-list > .finding").all_text_contents()
        ]
        return [re.sub(r" ?([,|]) ?", r"\1 ", text) for text in spaced]

    for sample in (reports.few(), extreme_reports.hostile(), far_away()):
        with opened(sample, java_script_enabled=False) as page:
            served = words(page)
        with opened(sample) as page:
            assert [text.replace(" ", "") for text in words(page)] == [text.replace(" ", "") for text in served]


def far_away() -> reports.Report:
    """Findings at distances that are hard to put into words."""
    seconds = (0, 1, -1, 59, 60, 3599, 86400, 90061, -90061, 729 * 86400 + 86399, 730 * 86400, 10**9, -(10**9))
    return reports.report([reports.expiring(f"at {each}", "x", timedelta(seconds=each)) for each in seconds], [])


def test_times_are_those_of_the_server(opened: Opener) -> None:
    report = far_away()
    with opened(report) as page:
        for each in report["findings"]:
            at = reports.datetime.strptime(each["outage_at"], "%Y-%m-%dT%H:%M:%S%z")
            summary = page.locator(f"#f-{each['id']} .when")
            expect(summary).to_contain_text(relative(at, reports.NOW))
            expect(summary).to_contain_text(utc(each["outage_at"]))


def test_filters_reduce_the_findings(opened: Opener) -> None:
    report = reports.few()
    with opened(report) as page:
        rows = page.locator("#finding-list > .finding")
        page.fill("#finding-text", "vault tls")
        expect(rows).to_have_count(1)
        expect(page.locator("#finding-status")).to_have_text("1 of 6")
        page.fill("#finding-text", "")
        page.click('[data-severity="critical"]')
        expect(rows).to_have_count(2)
        page.click('[data-severity="high"]')
        expect(rows).to_have_count(4)
        expect(page.locator('[data-severity="high"]')).to_have_attribute("aria-pressed", "true")
        page.select_option("#finding-state", "unknown")
        expect(rows).to_have_count(1)
        page.select_option("#finding-state", "")
        page.click('[data-severity="critical"]')
        page.click('[data-severity="high"]')
        page.select_option("#finding-rule", "certificate.expired")
        expect(rows).to_have_count(2)
        page.select_option("#finding-rule", "")
        page.fill("#finding-host", "web2")
        assert titles(page) == ["api.example"]


def test_sorts_findings(opened: Opener) -> None:
    report = reports.few()
    findings = report["findings"]
    with opened(report) as page:
        assert titles(page) == [each["resource"]["name"] for each in findings]
        page.select_option("#finding-sort", "outage")
        by_outage = sorted(findings, key=lambda each: each["outage_at"] or "9999")
        assert titles(page) == [each["resource"]["name"] for each in by_outage]
        page.select_option("#finding-sort", "resource")
        assert titles(page) == sorted(each["resource"]["name"] for each in findings)
        page.select_option("#finding-sort", "rule")
        by_rule = sorted(findings, key=lambda each: each["rule"])
        assert titles(page) == [each["resource"]["name"] for each in by_rule]


def test_a_finding_opens_from_the_keyboard(opened: Opener) -> None:
    with opened(reports.few()) as page:
        page.locator("#finding-list summary").first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#finding-list .remedy").first).to_be_visible()


def test_the_timeline_tells_its_details_to_the_pointer_and_to_the_keyboard(opened: Opener) -> None:
    with opened(reports.few()) as page:
        marks, tip = page.locator(".mark"), page.locator("#tip")
        expect(tip).to_be_hidden()
        marks.nth(2).hover()
        expect(tip).to_contain_text("vault.example")
        expect(tip).to_contain_text("in 3d 4h, 2026-11-26 08:00 UTC")
        page.mouse.move(0, 0)
        expect(tip).to_be_hidden()
        assert page.locator('.mark[tabindex="0"]').count() == 1
        marks.first.focus()
        expect(tip).to_be_visible()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(marks.nth(2)).to_be_focused()
        expect(tip).to_contain_text("vault.example")
        page.keyboard.press("Enter")
        finding = page.locator("#finding-list > .finding[open]")
        expect(finding).to_contain_text("reload Vault")
        expect(finding.locator("summary")).to_be_focused()


def test_a_link_finds_its_finding_behind_a_filter_and_on_another_page(opened: Opener) -> None:
    report = extreme_reports.many(certificates=200, findings=190)
    last = report["findings"][-1]
    with opened(report) as page:
        page.fill("#finding-text", "nothing matches this")
        expect(page.locator("#finding-list > .finding")).to_have_count(0)
        page.locator(".next a").click()
        expect(page.locator("#finding-list > .finding[open]")).to_have_count(1)
    with opened(report, fragment=f"#f-{last['id']}") as page:
        expect(page.locator(f"#f-{last['id']}")).to_have_attribute("open", "")
        expect(page.locator("#finding-pager")).to_contain_text("page 4 of 4")


def test_the_certificates_filter_and_sort(opened: Opener) -> None:
    report = extreme_reports.many(certificates=120, findings=0)
    ends = [row["not_after"] for row in report["certificates"]]
    fifth = next(row for row in report["certificates"] if "svc-00005.internal" in row["names"])
    with opened(report) as page:
        dates = page.locator("#certificate-list td:nth-child(4)")
        expect(page.locator("#certificate-list > tr")).to_have_count(50)
        expect(dates.first).to_contain_text(ends[0][:10])
        header = page.locator('th[data-sort="notAfter"]')
        header.locator("button").click()
        expect(header).to_have_attribute("aria-sort", "descending")
        expect(dates.first).to_contain_text(ends[-1][:10])
        page.locator('th[data-sort="subject"] button').click()
        expect(header).not_to_have_attribute("aria-sort", "descending")
        expect(page.locator("#certificate-list .subject").first).to_contain_text("svc-00000")
        page.click("#certificate-pager button:last-of-type")
        expect(page.locator("#certificate-list .subject").first).to_contain_text("svc-00050")
        page.fill("#certificate-text", "svc-00007 internal")
        expect(page.locator("#certificate-list > tr")).to_have_count(1)
        page.fill("#certificate-text", fifth["fingerprint_sha256"][:20].upper())
        expect(page.locator("#certificate-list .subject")).to_contain_text("svc-00005")
        page.locator("#certificate-list .subject").click()
        expect(page.locator("#certificate-list .detail")).to_contain_text(fifth["serial_number"])
        page.locator("#certificate-list .subject").click()
        expect(page.locator("#certificate-list .detail")).to_have_count(0)
        page.fill("#certificate-text", "")
        page.select_option("#certificate-show", "expired")
        expired = sum(end < reports.instant(reports.NOW) for end in ends)
        expect(page.locator("#certificate-status")).to_have_text(f"{expired} of 120")


def test_the_theme_follows_the_system_and_the_button(opened: Opener) -> None:
    def background(page: Page) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    with opened(reports.few(), color_scheme="light") as page:
        light = background(page)
        page.click("#theme")
        dark = background(page)
        assert light != dark
        expect(page.locator("#theme")).to_have_text("Light")
    with opened(reports.few(), color_scheme="dark") as page:
        assert background(page) == dark
        page.click("#theme")
        assert background(page) == light


OPEN_PLAN = "document.querySelectorAll('.entry').forEach((entry) => { entry.open = true; })"
CONTRAST = """() => {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const channels = (color, under) => {
    for (const fill of [under, color]) { context.fillStyle = fill; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => rgb.map((each) => each / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) layers.unshift(getComputedStyle(each).backgroundColor);
    return layers.reduce((under, layer) => `rgb(${channels(layer, under)})`, 'rgb(255,255,255)');
  };
  const poor = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const style = getComputedStyle(element);
    if (!own || !element.checkVisibility() || style.opacity < 1) continue;
    const under = behind(element);
    const ink = element.closest('svg') ? style.fill : style.color;
    const [high, low] = [luminance(channels(ink, under)), luminance(channels(under, under))].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${element.tagName} ${element.textContent.trim()}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sample", [reports.few, reports.nothing_known, reports.zero, reports.planned, mirror_report])
def test_text_has_the_contrast_of_wcag_aa(opened: Opener, sample: Callable[[], reports.Report], scheme: str) -> None:
    with opened(sample(), color_scheme=scheme) as page:
        for summary in page.locator("#finding-list summary").all()[:6]:
            summary.click()
        page.evaluate(OPEN_PLAN)
        assert page.evaluate(CONTRAST) == []


def test_every_control_has_a_name(opened: Opener) -> None:
    with opened(reports.few()) as page:
        controls = page.locator("button:visible, input:visible, select:visible, a:visible").all()
        assert len(controls) > 30
        for control in controls:
            assert accessible_name(control), control.evaluate("element => element.outerHTML")


def accessible_name(control: Locator) -> str:
    labels = "[...(element.labels ?? [])].map((label) => label.textContent).join(' ')"
    script = f"element => element.getAttribute('aria-label') || {labels} || element.textContent"
    return str(control.evaluate(script)).strip()


@pytest.mark.parametrize("width", [320, 400, 768, 1280, 1920])
def test_the_page_never_scrolls_sideways(opened: Opener, width: int) -> None:
    for sample in (reports.few(), reports.planned(), extreme_reports.hostile()):
        with opened(sample, viewport={"width": width, "height": 800}) as page:
            for summary in page.locator("#finding-list > .finding > summary").all():
                summary.click()
            page.evaluate(OPEN_PLAN)
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_prints_opened_and_without_controls(opened: Opener) -> None:
    report = extreme_reports.many(certificates=150, findings=80)
    with opened(report, color_scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        expect(page.locator("#finding-list > .finding[open]")).to_have_count(len(report["findings"]))
        expect(page.locator("#certificate-list > tr")).to_have_count(150)
        expect(page.locator("#finding-list .remedy").last).to_be_visible()
        expect(page.locator("#finding-controls")).to_be_hidden()
        expect(page.locator("#theme")).to_be_hidden()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert len(page.pdf()) > 10_000
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        expect(page.locator("#finding-list > .finding")).to_have_count(50)


def test_the_plan_leads_to_its_findings_and_opens_from_the_keyboard(opened: Opener) -> None:
    report = reports.planned()
    with opened(report) as page:
        entries = page.locator("#plan .entry")
        expect(entries).to_have_count(2)
        expect(entries.first.locator("table")).to_be_visible()
        expect(entries.last.locator("table")).to_be_hidden()
        entries.last.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(entries.last.locator("table")).to_be_visible()
        entries.last.locator('a[href^="#f-"]').click()
        expect(page.locator(f"#f-{report['plan'][1]['findings'][0]}")).to_have_attribute("open", "")


def test_the_plan_prints_opened(opened: Opener) -> None:
    for script in (True, False):
        with opened(reports.planned(), java_script_enabled=script) as page:
            page.emulate_media(media="print")
            if script:
                page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
            expect(page.locator("#plan .entry table").last).to_be_visible()


def test_prints_opened_without_the_script(opened: Opener) -> None:
    with opened(reports.few(), java_script_enabled=False) as page:
        expect(page.locator("#finding-list .remedy").first).to_be_hidden()
        page.emulate_media(media="print")
        expect(page.locator("#finding-list .remedy").first).to_be_visible()


def test_an_old_report_says_how_old_it_is(opened: Opener) -> None:
    def at(days: int) -> str:
        return reports.instant(reports.datetime.now(reports.timezone.utc) - timedelta(days=days, minutes=10))

    with opened({**reports.few(), "generated_at": at(3)}) as page:
        expect(page.locator("#age")).to_have_text("This report is 3d old.")
    with opened({**reports.few(), "generated_at": at(0)}) as page:
        expect(page.locator("#age")).to_be_empty()


TYPE = """([id, text]) => {
  const input = document.getElementById(id);
  const times = [];
  for (let length = 1; length <= text.length; length += 1) {
    const start = performance.now();
    input.value = text.slice(0, length);
    input.dispatchEvent(new Event('input', { bubbles: true }));
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times;
}"""
SORT = """() => [...document.querySelectorAll('th[data-sort] button')].map((button) => {
  const start = performance.now();
  button.click();
  document.body.getBoundingClientRect();
  return performance.now() - start;
})"""


def test_ten_thousand_certificates_filter_and_sort_without_lag(opened: Opener) -> None:
    with opened(extreme_reports.many()) as page:
        typed = page.evaluate(TYPE, ["certificate-text", "svc-0123 prod node"])
        expect(page.locator("#certificate-status")).to_contain_text("of 10,000")
        page.fill("#certificate-text", "")
        found = page.evaluate(TYPE, ["finding-text", "svc-0123 prod node"])
        sorts = page.evaluate(SORT)
    medians = {"certificates": typed, "findings": found, "sort": sorts}
    print(
        {
            name: f"median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms"
            for name, times in medians.items()
        }
    )
    assert statistics.median(typed) < KEYSTROKE_MS
    assert statistics.median(found) < KEYSTROKE_MS
    assert statistics.median(sorts) < 3 * KEYSTROKE_MS
