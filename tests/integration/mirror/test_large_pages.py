# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages without a reasonable end: the audit reads up to its limit, in bounded memory, and the rest goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.package_index import demo_index
from tests.support.simple_index import HTML, JSON, IndexServer, Page

MIB = 1 << 20
LIMIT_MIB = 64
"""The default of max_page_bytes."""
ROOM_MIB = 150
"""For the program itself, and what it takes to hold so much once."""
AUDIT = """
import json, resource, sys
from tests.integration.mirror.test_faults import audit
result = audit(sys.argv[1], **json.loads(sys.argv[2]))
print(json.dumps({"findings": result["findings"], "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
"""


def audited(mirror: IndexServer, **more: Any) -> dict[str, Any]:
    """The findings of an audit in a process of its own, and the most memory that it had in MiB."""
    command = [sys.executable, "-c", AUDIT, mirror.url, json.dumps({"timeout": 60.0, "retries": 0, **more})]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(("kind", "head"), [(JSON, b'{"files": ['), (HTML, b"<html>"), ("text/plain", b"")])
def test_a_page_of_two_gigabytes(kind: str, head: bytes) -> None:
    huge = Page(200, {"Content-Type": kind}, head + b" " * MIB, times=2048)
    with IndexServer(demo_index(), fault=lambda asked, good: huge if asked.path == "/simple/demo/" else good) as mirror:
        told = audited(mirror)
    (unread,) = [each for each in told["findings"] if each["rule"] == "mirror.project-unread"]
    assert f"demo: the answer is larger than {LIMIT_MIB * MIB} bytes" in unread["message"]
    assert unread["status"] == "unknown"
    assert "zope-demo" not in unread["evidence"]["complaints"]
    assert told["peak"] < 2 * LIMIT_MIB + ROOM_MIB  # the page is asked for in both formats, at the same time
