# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the page's script works on: rows of small numbers beside one table of texts, within a budget of bytes.

A text occurs once in the table and by its number in the rows: issuers, rules, remedies and hosts repeat thousands of
times. The budget makes the size of the page a promise: what is left out stays in the JSON report, and the page says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from ansible_collections.sre.preflight.plugins.plugin_utils._report.text import clip
from ansible_collections.sre.preflight.plugins.plugin_utils._report.values import Row
from ansible_collections.sre.preflight.plugins.plugin_utils._report.view import FindingView, Listed
from ansible_collections.sre.preflight.plugins.plugin_utils._report.when import epoch

MAX_FINDINGS = 5_000
MAX_CERTIFICATES = 20_000
FINDINGS_BYTES = 2_500_000
CERTIFICATES_BYTES = 3_500_000
_CERTIFICATE_LOCATIONS = 20
_CERTIFICATE_NAMES = 20

FINDING_COLUMNS = (
    "id", "kind", "severity", "status", "rule", "title", "message", "resource", "name", "location", "epoch",
    "evidence", "remedy", "role", "settings", "found", "rationale", "references", "hosts", "hostsTotal",
    "locations", "locationsTotal",
)  # fmt: skip
CERTIFICATE_COLUMNS = (
    "subject", "names", "namesTotal", "issuer", "notBefore", "notAfter", "used", "ca", "serial", "fingerprint",
    "locations", "locationsTotal",
)  # fmt: skip

Cell = Any


class Texts:
    """The table of texts; ``bytes`` is what it takes as JSON."""

    def __init__(self) -> None:
        self.bytes = 0
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The text's place in the table."""
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self._numbers)
            self.bytes += len(json_block(text)) + 1
        return number

    def numbers(self, texts: Iterable[str]) -> list[int]:
        """Their places."""
        return [self.number(text) for text in texts]

    def table(self) -> list[str]:
        """All texts by their number."""
        return list(self._numbers)


def json_block(value: Any) -> str:
    """Compact JSON that is safe inside a script element: neither markup nor a line separator is left in it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def page_data(
    findings: Sequence[FindingView], certificates: Sequence[Mapping[str, Any]], judged_at: str
) -> tuple[dict[str, Any], int, int]:
    """The data block, and how many findings and certificates are in it.

    Those are the first of each, in the report's order: the worst findings, the certificates that expire first.
    """
    texts = Texts()
    finding_rows = _fill(
        (_finding(finding, texts) for finding in findings[:MAX_FINDINGS]), texts, texts.bytes + FINDINGS_BYTES
    )
    first = islice(certificates, MAX_CERTIFICATES)
    rows = _fill((_certificate(row, texts) for row in first), texts, texts.bytes + CERTIFICATES_BYTES)
    data = {
        "judgedAt": epoch(judged_at),
        "texts": texts.table(),
        "findings": {"columns": FINDING_COLUMNS, "rows": finding_rows},
        "certificates": {"columns": CERTIFICATE_COLUMNS, "rows": rows},
    }
    return data, len(finding_rows), len(rows)


def _fill(rows: Iterable[list[Cell]], texts: Texts, budget: int) -> list[list[Cell]]:
    """The rows until they and their texts fill the budget."""
    filled: list[list[Cell]] = []
    taken = 0
    for row in rows:
        taken += len(json_block(row)) + 1
        if taken + texts.bytes > budget:
            break
        filled.append(row)
    return filled


def _finding(finding: FindingView, texts: Texts) -> list[Cell]:
    return [
        finding.id,
        texts.number(finding.kind),
        texts.number(finding.severity),
        texts.number(finding.status),
        texts.number(finding.rule),
        texts.number(finding.title),
        texts.number(finding.message),
        texts.number(finding.resource_kind),
        texts.number(finding.name),
        texts.number(finding.location),
        finding.epoch,
        _pairs(finding.evidence, texts),
        texts.number(finding.remedy),
        texts.number(finding.role),
        _pairs(finding.settings, texts),
        _pairs(finding.found, texts),
        texts.number(finding.rationale),
        texts.numbers(finding.references),
        texts.numbers(finding.hosts.shown),
        finding.hosts.total,
        texts.numbers(finding.locations.shown),
        finding.locations.total,
    ]


def _pairs(rows: Iterable[Row], texts: Texts) -> list[int]:
    return [texts.number(text) for row in rows for text in row]


def _certificate(row: Mapping[str, Any], texts: Texts) -> list[Cell]:
    names = Listed.of(row["names"], _CERTIFICATE_NAMES)
    locations = Listed.of(row["locations"], _CERTIFICATE_LOCATIONS)
    return [
        texts.number(clip(row["subject"], 300)),
        texts.numbers(names.shown),
        names.total,
        texts.number(clip(row["issuer"], 300)),
        epoch(row["not_before"]),
        epoch(row["not_after"]),
        row["lifespan_used"],
        int(row["is_ca"]),
        clip(row["serial_number"], 80),
        clip(row["fingerprint_sha256"], 64),
        texts.numbers(locations.shown),
        locations.total,
    ]
