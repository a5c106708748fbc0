/*
 * Copyright (c) 2026, Preflight contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
const CERTIFICATE_KEYS = {
  subject: (row) => TEXTS[row.subject].toLowerCase(),
  names: (row) => (TEXTS[row.names[0]] ?? '').toLowerCase(),
  issuer: (row) => TEXTS[row.issuer].toLowerCase(),
  notAfter: (row) => row.notAfter,
  used: (row) => row.used ?? -1,
  location: (row) => (TEXTS[row.locations[0]] ?? '').toLowerCase(),
};
let certificateSort = { key: 'notAfter', direction: 1 };

/** A cell with the first texts of a list, one a line, and how many more there are. */
function listCell(texts, total, shown) {
  const cell = make('td', 'mono');
  const list = make('ul');
  list.append(...texts.slice(0, shown).map((text) => spell(make('li'), text)));
  if (total > shown) list.append(make('li', 'muted', `and ${grouped(total - shown)} more`));
  cell.append(list);
  return cell;
}

/** What has no column of its own, as a row below. */
function detailRow(row) {
  const line = make('tr', 'detail');
  const cell = make('td');
  const list = make('dl', 'pairs');
  cell.colSpan = Object.keys(CERTIFICATE_KEYS).length;
  const facts = [
    ['sha-256', row.fingerprint], ['serial number', row.serial], ['not before', utc(row.notBefore)], ['not after', utc(row.notAfter)],
    ['names', textOf(row.names).join(', ')], ['locations', textOf(row.locations).join(', ')],
  ];
  for (const [label, text] of facts) list.append(make('dt', '', label), make('dd', '', text));
  cell.append(list);
  if (row.locationsTotal > row.locations.length || row.namesTotal > row.names.length) cell.append(make('p', 'muted', 'more in the JSON report'));
  line.append(cell);
  return line;
}

/** The subject as a button that shows and hides the details. */
function subjectCell(row) {
  const cell = make('td');
  const button = spell(make('button', 'subject'), TEXTS[row.subject] || '(no subject)');
  button.type = 'button';
  button.setAttribute('aria-expanded', 'false');
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') === 'true';
    if (open) cell.parentElement.nextElementSibling.remove();
    else cell.parentElement.after(detailRow(row));
    button.setAttribute('aria-expanded', String(!open));
  });
  cell.append(button);
  if (row.ca) cell.append(make('span', 'tag', 'CA'));
  return cell;
}

function urgency(row) {
  const left = row.notAfter - NOW;
  if (left <= 7 * DAY) return 'is-critical';
  if (left <= 30 * DAY) return 'is-high';
  return left <= 90 * DAY ? 'is-medium' : '';
}

function usedCell(row) {
  const cell = make('td', row.used >= 100 ? 'used is-expired' : row.used >= 75 ? 'used is-over' : 'used');
  cell.append(row.used === null ? 'not known' : `${row.used.toFixed(1)} %`);
  const bar = make('span', 'bar');
  const fill = make('i');
  fill.style.width = `${Math.min(100, Math.max(0, row.used ?? 0))}%`;
  bar.append(fill);
  cell.append(bar);
  return cell;
}

function drawCertificate(row) {
  const line = make('tr', urgency(row));
  const end = make('td');
  end.append(make('span', urgency(row) ? 'soon' : '', relative(row.notAfter, NOW)), make('br'), make('span', 'muted unit', utc(row.notAfter).slice(0, 16)));
  line.append(
    subjectCell(row), listCell(textOf(row.names), row.namesTotal, 3), spell(make('td'), TEXTS[row.issuer]), end, usedCell(row),
    listCell(textOf(row.locations), row.locationsTotal, 2),
  );
  return line;
}

function certificateShown(choice) {
  const within = Number(choice) * DAY;
  switch (choice) {
    case '': return () => true;
    case 'expired': return (row) => row.notAfter < NOW;
    case 'used': return (row) => row.used >= 75;
    case 'ca': return (row) => row.ca;
    case 'leaf': return (row) => !row.ca;
    default: return (row) => row.notAfter >= NOW && row.notAfter <= NOW + within;
  }
}

let certificatePager;

/** Sorting is rare and filtering is not: the sorted rows are kept, so that a keystroke only filters. */
let sortedCertificates = CERTIFICATES;

function sortCertificates() {
  const keyOf = CERTIFICATE_KEYS[certificateSort.key];
  const keyed = CERTIFICATES.map((row) => [keyOf(row), row]);
  keyed.sort((left, right) => byText(left[0], right[0]) * certificateSort.direction);
  sortedCertificates = keyed.map(([, row]) => row);
}

function applyCertificates() {
  const text = matcher(byId('certificate-text').value);
  const shown = certificateShown(byId('certificate-show').value);
  const rows = sortedCertificates.filter((row) => shown(row) && text(row.search));
  certificatePager.set(rows);
  byId('certificate-status').textContent = rows.length === CERTIFICATES.length
    ? `${grouped(rows.length)} distinct` : `${grouped(rows.length)} of ${grouped(CERTIFICATES.length)}`;
}

function chooseCertificateSort(header) {
  const key = header.dataset.sort;
  certificateSort = { key, direction: certificateSort.key === key ? -certificateSort.direction : 1 };
  for (const other of document.querySelectorAll('th[data-sort]')) other.removeAttribute('aria-sort');
  header.setAttribute('aria-sort', certificateSort.direction > 0 ? 'ascending' : 'descending');
  sortCertificates();
  applyCertificates();
}

function startCertificates() {
  if (!CERTIFICATES.length) return;
  certificatePager = new Pager({ list: byId('certificate-list'), nav: byId('certificate-pager'), size: 50, draw: drawCertificate });
  for (const header of document.querySelectorAll('th[data-sort]')) {
    header.querySelector('button').addEventListener('click', () => chooseCertificateSort(header));
  }
  const controls = byId('certificate-controls');
  controls.addEventListener('input', applyCertificates);
  controls.addEventListener('submit', (event) => event.preventDefault());
  controls.hidden = false;
  byId('certificate-table').hidden = false;
  sortCertificates();
  applyCertificates();
}
