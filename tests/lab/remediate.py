# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m tests.lab.remediate``: audits the embedded lab, carries out the plan, and audits it again."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from .audit import REPOSITORY, Options, audit, run_playbook, say, with_lab
from .backlog import MAX_ENTRY_SIZE, MOUNT
from .least_privilege import CONFIG_POLICY, policy_for
from .pairings import set_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .embedded import EmbeddedLab

REMEDIATE = REPOSITORY / "playbooks" / "remediate.yml"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the first ansible-playbook that fails, else 0; see with_lab."""
    description = "Audit the embedded lab, mend what the plan can mend, and audit again."
    policies = [policy_for(MOUNT, policy=CONFIG_POLICY)]
    return with_lab("remediate", description, remediate, arguments, policies=policies)


def remediate(lab: EmbeddedLab, options: Options) -> int:
    """Audit, check, carry out, carry out again, bridge the time until it has worked, audit again."""
    variables = {
        "preflight_plan_path": str(options.report / "preflight_plan.yml"),
        "vault_tidy_state_directory": str(options.report / "states"),
    }

    def carry_out(*more: str) -> int:
        return run_playbook(lab, options, playbook=REMEDIATE, variables=variables, more=more)

    steps: tuple[tuple[str, Callable[[], int]], ...] = (
        ("1. The audit before", lambda: audit(lab, options)),
        ("2. What the plan would change (--check)", lambda: carry_out("--check")),
        ("3. The plan, carried out", carry_out),
        ("4. The same again: nothing is left to do", carry_out),
        ("5. What the plan names for the time until then: a larger entry", lambda: raise_limit(lab, options)),
        ("6. The audit afterwards, compared with the one before", lambda: run_playbook(lab, options)),
    )
    for title, step in steps:
        say(f"\n== {title} ==")
        code = step()
        if code:
            return code
    return 0


def raise_limit(lab: EmbeddedLab, options: Options) -> int:
    """The least harmful interim measure of the plan, as an operator would take it."""
    plan = json.loads((options.report / "preflight.json").read_text())["plan"]
    entry = next(entry for entry in plan if entry["role"] == "vault_tidy")
    measure = entry["interim"][0]
    limit = measure["settings"]["storage/raft"]["max_entry_size"]
    say(f"{entry['target']['mount']}: raises max_entry_size from {MAX_ENTRY_SIZE} to {limit}, and restarts the server")
    set_limit(lab.openbao, limit)
    for method, path in measure["commands"]:
        lab.openbao.client.request({"read": "GET"}[method], path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
