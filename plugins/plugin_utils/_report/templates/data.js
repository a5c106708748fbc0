/*
 * Copyright (c) 2026, Preflight contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
const block = JSON.parse(byId('data').textContent);
const TEXTS = block.texts;
const NOW = block.judgedAt;

/** The rows as objects; numbers of texts stay numbers until they are shown. */
function decoded({ columns, rows }) {
  return rows.map((row) => Object.fromEntries(columns.map((column, place) => [column, row[place]])));
}

const textOf = (numbers) => numbers.map((number) => TEXTS[number]);

const FINDINGS = decoded(block.findings);
FINDINGS.forEach((finding, place) => {
  finding.place = place;
  finding.search = [
    finding.title, finding.name, finding.rule, finding.message, finding.location, ...finding.hosts, ...finding.locations,
  ].map((number) => TEXTS[number]).join('\n').toLowerCase() + finding.id;
  finding.hostSearch = textOf(finding.hosts).join('\n').toLowerCase();
});

const CERTIFICATES = decoded(block.certificates);
CERTIFICATES.forEach((certificate) => {
  certificate.search = [certificate.subject, certificate.issuer, ...certificate.names, ...certificate.locations]
    .map((number) => TEXTS[number]).join('\n').toLowerCase() + `\n${certificate.serial}\n${certificate.fingerprint}`;
});

/** Whether every word of the query occurs. */
function matcher(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return (text) => words.every((word) => text.includes(word));
}
