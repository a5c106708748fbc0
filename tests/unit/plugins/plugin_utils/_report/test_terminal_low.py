# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Low findings take a line or two each: nobody was woken for them."""

from __future__ import annotations

from ansible_collections.sre.preflight.plugins.plugin_utils._report.terminal import render_terminal
from tests.support.inventories import DAY, NOW, authority, certificate, stored
from tests.support.merged import report_of


def test_low_findings_are_told_in_short_and_after_the_others():
    roots = [authority(f"Root {number}") for number in range(12)]
    old = [authority(f"Old root {number}", not_after=NOW - DAY) for number in range(2)]
    gone = stored(certificate("vault.example.com", not_after=NOW - DAY), path="/etc/vault.pem")
    report = report_of({"ca": stored(*roots, *old, path="/etc/ssl/ca.crt"), "vault": gone})
    lines = render_terminal(report).splitlines()
    order = sorted(f["evidence"]["fingerprint_sha256"] for f in report["findings"] if f["severity"] == "low")
    names = {each.fingerprint_sha256: (each.names[0], number) for number, each in enumerate(old, 13)}
    assert len(order) == 2
    start = next(number for number, line in enumerate(lines) if line.startswith("LOW"))
    told = " ".join(" ".join(lines[start : start + 4]).split())
    for fingerprint in order:
        name, position = names[fingerprint]
        assert (
            f"LOW {name} expired at 2026-05-31T00:00:00Z (1d ago); it lies in a trust store only "
            f"(ca:/etc/ssl/ca.crt#{position})"
        ) in told
    assert lines[start - 1] == ""
    assert lines[start + 2].startswith("LOW  ")
    assert any(line.startswith("CRITICAL") for line in lines[:start])
