# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The terminal summary, verbatim."""

from __future__ import annotations

import re
import shlex

import pytest

from ansible_collections.sre.preflight.plugins.plugin_utils._report.plan_file import remediate_command
from ansible_collections.sre.preflight.plugins.plugin_utils._report.terminal import render_terminal
from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import columns
from tests.support import extreme_reports, mirror_reports, reports

FAIL = r"""
FAIL  2 critical, 1 high, 1 medium, 1 low, 1 unknown; next outage in 3d 4h: 2026-11-26T08:00Z
      vault.example (certificate has used most of its lifespan)
      1 outage has begun, the latest 2d 2h ago: 2026-11-21T01:50Z api.example (certificate has
      expired)
      3 findings at or above high

CRITICAL  Certificate has expired
  what   The certificate of api.example at web1:/etc/pods/api/tls.crt expired at
         2026-11-21T01:50:00Z; 100.6 % of its lifespan is used.
  where  web1:/etc/pods/api/tls.crt, web2:/etc/pods/api/tls.crt and 1 more
  when   2026-11-21T01:50Z (2d 2h ago)
  do     Renew the certificate and reload the service that serves it.

CRITICAL  Certificate has used most of its lifespan
  what   The certificate of vault.example at tls://vault.example:8200 expires at
         2026-11-26T08:00:00Z; 99.1 % of its lifespan is used.
  where  tls://vault.example:8200, vault1:/etc/vault/tls/vault.pem#1
  when   2026-11-26T08:00Z (in 3d 4h)
  do     Renew the certificate of vault.example and reload Vault (SIGHUP); check the CRL's size and
         the lease count before a restart. (role sre.preflight.certificate_renewal)

HIGH  Certificate has used most of its lifespan
  what   The certificate of consul.example at tls://consul.example:8501 expires at
         2026-12-12T04:00:00Z; 94.8 % of its lifespan is used.
  where  tls://consul.example:8501
  when   2026-12-12T04:00Z (in 19d)
  do     Renew the certificate, and find out why its rotator did not.

UNKNOWN (high)  Target could not be reached
  what   smtp://mail.example:25 could not be reached: connection refused.
  where  smtp://mail.example:25
  do     Make the target reachable from the controller, or take it out of the targets.

and 2 more: 1 medium, 1 low

waived: 1 by team-storage
counts: 18 pass, 5 fail, 1 unknown, 6 not applicable, 1 waived; 6 certificates
coverage: 4 of 5 hosts, 410 of 412 targets; unknown: web4: unreachable (timed out after 10 s);
  smtp://mail.example:25 on localhost: connection refused; /etc/ssl/private on web2: permission
  denied
since 2026-11-22T04:00Z: 1 new, 1 gone, 4 unchanged
"""

PLAN = r"""
PLAN  8 settings of 2 targets would mend 3 findings; nothing is changed yet
  services/ on vault.example:8200: 7 settings; peak CRL 609.6 KiB -> 137.3 KiB
         from 2026-12-24 on; until then it stays a risk, see its interim
         measures; 1 conflict for a person to decide
  a/team/pki/ on vault.example:8200: 1 setting; what it does to the CRL is not
         known, because the CRL could not be read
  look   ansible-playbook sre.preflight.remediate -i hosts.yml \
           -e preflight_plan_path=/var/lib/preflight/preflight_plan.yml --check
  apply  the same without --check

"""

PASS = r"""
PASS  no findings; no outage known
      everything was looked at, and nothing is at or above high

counts: 3 pass, 0 fail, 0 unknown, 1 not applicable, 0 waived; 1 certificate
coverage: 1 of 1 host, 1 of 1 target
"""

UNKNOWN = r"""
UNKNOWN  30 unknown; no outage known
         nothing at or above high, but 30 could not be judged

UNKNOWN (high)  Target could not be reached
  what   Target could not be reached: web1 at web1.
  where  web1
  do     Make the target reachable from the controller, or take it out of the targets.

and 29 more: 29 unknown

counts: 0 pass, 0 fail, 30 unknown, 0 not applicable, 0 waived; 0 certificates
coverage: 0 of 30 hosts, 0 of 0 targets; unknown: web1: unreachable (Connection timed out); web2:
  unreachable (Connection timed out); web3: unreachable (Connection timed out) and 27 more
"""

HOSTILE = r"""
FAIL  10 critical, 5 high; next outage in 7d: 2026-11-30T04:00Z
      \x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J
      (\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J)
      </script><script>alert(2)</script>

CRITICAL  \x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J
  what   \x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J
  where  \x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J
  when   2026-11-30T04:00Z (in 7d)
  do     \x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J (role
         \x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J)

HIGH  first\x0asecond\x0d\x0a::error::third\x09tab\x00nul
  what   first\x0asecond\x0d\x0a::error::third\x09tab\x00nul
  where  first\x0asecond\x0d\x0a::error::third\x09tab\x00nul
  when   2026-12-01T04:00Z (in 8d)
  do     first\x0asecond\x0d\x0a::error::third\x09tab\x00nul (role
         first\x0asecond\x0d\x0a::error::third\x09tab\x00nul)

waived: 1 by </script><script>alert(2)</script>
counts: 45 pass, 15 fail, 0 unknown, 15 not applicable, 1 waived; 15
  certificates
coverage: 1 of 2 hosts, 20 of 20 targets; unknown:
  </script><script>alert(2)</script>: </script><script>alert(2)</script>;
  </script><script>alert(2)</script> on </script><script>alert(2)</script>:
  </script><script>alert(2)</script>
since 2026-11-23T04:00Z: 1 new, 1 gone, 0 unchanged
"""


def hostile() -> reports.Report:
    """The terminal's own enemies alone."""
    report = extreme_reports.hostile()
    return {**report, "findings": report["findings"][9:11], "plan": [], "mirrors": []}


SAMPLES = {
    "fail": reports.few,
    "pass": reports.zero,
    "unknown": reports.nothing_known,
    "hostile": extreme_reports.hostile,
    "many": lambda: extreme_reports.many(certificates=300, findings=60),
    "planned": reports.planned,
    "mirrored": mirror_reports.mirror_report,
}


def test_fail() -> None:
    assert render_terminal(reports.few(), limit=4) == FAIL.strip("\n")


def test_the_plan_says_how_much_what_it_does_and_how() -> None:
    command = remediate_command("/var/lib/preflight/preflight_plan.yml", ["hosts.yml"])
    text = render_terminal(reports.planned(), width=80, limit=1, command=command)
    start = text.index("PLAN")
    assert text[start : text.index("counts:")] == PLAN.lstrip("\n")


def test_the_plans_command_is_copied_whole() -> None:
    command = remediate_command("/srv/my plans/preflight_plan.yml", ["hosts.yml", "more.yml"])
    lines = render_terminal(reports.planned(), width=40, command=command).split("\n")
    first = next(number for number, line in enumerate(lines) if "ansible-playbook" in line)
    last = next(number for number, line in enumerate(lines) if line.startswith("  apply"))
    assert last - first > 2
    assert shlex.split("\n".join(lines[first:last]).replace("look", "").replace("\\\n", "")) == command


def test_of_many_targets_the_first_are_told() -> None:
    entry = reports.planned()["plan"][0]
    text = render_terminal({**reports.planned(), "plan": [entry] * 9})
    assert text.count("services/ on vault.example:8200: 7 settings") == 5
    assert "\n  and 4 more targets\n" in text


def test_pass() -> None:
    assert render_terminal(reports.zero()) == PASS.strip("\n")


def test_unknown() -> None:
    assert render_terminal(reports.nothing_known(), limit=1) == UNKNOWN.strip("\n")


def test_hostile_text_is_spelled_out() -> None:
    assert render_terminal(hostile(), width=80, limit=2) == HOSTILE.strip("\n")


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("width", [1, 40, 41, 79, 80, 100, 200])
def test_no_line_is_over_the_width_and_none_holds_a_control_character(sample: str, width: int) -> None:
    lines = render_terminal(SAMPLES[sample](), width=width, limit=100).split("\n")
    assert all(line.isprintable() for line in lines)
    # A word of a command that a person copies is never broken.
    lines = [line for line in lines if "preflight_plan_path" not in line and "ansible-playbook" not in line]
    assert max(columns(line) for line in lines) <= max(width, 40)


@pytest.mark.parametrize("sample", SAMPLES)
def test_colour_changes_nothing_but_colour(sample: str) -> None:
    colored = render_terminal(SAMPLES[sample](), color=True)
    assert re.sub("\x1b\\[[0-9;]+m", "", colored) == render_terminal(SAMPLES[sample]())
    assert len(re.findall("\x1b\\[[1-9][0-9;]*m", colored)) == len(re.findall("\x1b\\[0m", colored))


def test_colour_marks_the_verdict_and_the_severities() -> None:
    colored = render_terminal(reports.few(), color=True)
    assert colored.startswith("\x1b[1;31mFAIL\x1b[0m  2 critical")
    assert "\n\x1b[31mHIGH\x1b[0m  Certificate" in colored
    assert "\n\x1b[1;35mUNKNOWN (high)\x1b[0m  Target" in colored


def test_nothing_is_told_in_full_where_the_limit_is_zero() -> None:
    text = render_terminal(reports.few(), limit=0)
    assert "CRITICAL" not in text
    assert "and 6 more: 2 critical, 1 high, 1 medium, 1 low, 1 unknown" in text


def test_a_low_outage_alone_does_not_count_as_begun() -> None:
    report = reports.report([reports.expiring("Old Root", "x", reports.timedelta(days=-9), severity="low")], [])
    assert render_terminal(report).startswith("PASS  1 low; no outage known\n")
