# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make remediate` on the embedded lab: audited, mended, nothing left to do, audited again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.full
def test_the_lab_is_mended_once_and_compared() -> None:
    # Not pytest's tmp_path: ansible-core makes a socket there, whose path may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="mend-") as folder:
        completed = subprocess.run(
            [sys.executable, "-m", "tests.lab.remediate", "--report", "report"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        report = json.loads((Path(folder) / "report" / "preflight.json").read_text())
    assert completed.returncode == 0, completed.stdout + completed.stderr
    titles = re.findall(r"^== (\d)\. ", completed.stdout, re.MULTILINE)
    assert titles == ["1", "2", "3", "4", "5", "6"]
    assert "services/: would set config/auto-tidy enabled from false to true\n" in completed.stdout
    assert re.search(r"^services/: .* -> .*, peak CRL .* -> ", completed.stdout, re.MULTILINE)
    assert completed.stdout.count("services/: already as planned\n") == 1
    unanswered = r"preflight_plan\.yml: http://127\.0\.0\.1:\d+/simple/: nothing is done, because no host has it as "
    assert len(re.findall(unanswered, completed.stdout)) == 3
    gone = {finding["rule"] for finding in report["comparison"]["gone"]}
    assert {"vault.auto-tidy-disabled", "vault.crl-auto-rebuild-off", "vault.role-generates-leases"} <= gone
    assert {"vault.crl-overflow", "vault.lease-backlog-overflow"} <= gone
    assert "TASK" not in completed.stdout
    left = {finding["rule"] for finding in report["findings"] if finding["severity"] in ("critical", "high")}
    assert {rule for rule in left if not rule.startswith("mirror.")} == {"certificate.renewal-due"}
