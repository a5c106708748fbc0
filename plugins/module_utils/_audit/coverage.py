# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Coverage: what was expected against what was evaluated, so that silence is never taken for success."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

COUNTED = ("pass", "fail", "unknown", "not_applicable")


@dataclass
class Coverage:
    """Targets and, for each rule, verdicts by status."""

    targets_expected: int = 0
    targets_evaluated: int = 0
    rules: dict[str, dict[str, int]] = field(default_factory=dict)

    def expect(self, rule: str) -> None:
        """The rule takes part; it appears in the report even where it had nothing to look at."""
        self.rules.setdefault(rule, dict.fromkeys(COUNTED, 0))

    def count_targets(self, targets: Iterable[Mapping[str, Any]]) -> None:
        """Adds targets, each evaluated where its ``status`` says so."""
        for target in targets:
            self.targets_expected += 1
            self.targets_evaluated += target["status"] == "evaluated"

    def add(self, other: Mapping[str, Any]) -> None:
        """Adds another coverage as JSON."""
        self.targets_expected += other["targets_expected"]
        self.targets_evaluated += other["targets_evaluated"]
        for rule, counts in other["rules"].items():
            self.expect(rule)
            for status, count in counts.items():
                self.rules[rule][status] += count

    def to_json(self) -> dict[str, Any]:
        """{targets_expected, targets_evaluated, targets_unknown, rules: {rule: {pass, fail, unknown, ...}}}."""
        return {
            "targets_expected": self.targets_expected,
            "targets_evaluated": self.targets_evaluated,
            "targets_unknown": self.targets_expected - self.targets_evaluated,
            "rules": {rule: dict(counts) for rule, counts in sorted(self.rules.items())},
        }
