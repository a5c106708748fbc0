/*
 * Copyright (c) 2026, Preflight contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
let findingTemplate;
let findingPager;
const WORDS = ['title', 'name', 'message', 'remedy', 'role', 'rule', 'severity', 'status', 'rationale'];
const LATE = Number.MAX_SAFE_INTEGER;

function fillPairs(root, name, numbers) {
  const part = root.querySelector(`[data-part="${name}"]`);
  if (!numbers.length) return part.remove();
  const list = part.querySelector('[data-pairs]');
  numbers.forEach((number, place) => list.append(make(place % 2 ? 'dd' : 'dt', '', TEXTS[number])));
  return undefined;
}

function fillRemedy(root, finding) {
  if (!TEXTS[finding.remedy]) return root.querySelector('[data-part="remedy"]').remove();
  if (!TEXTS[finding.role]) return root.querySelector('[data-part="role"]').remove();
  fillPairs(root, 'settings', finding.settings);
  fillPairs(root, 'found', finding.found);
  return undefined;
}

function reference(text) {
  const item = make('li');
  if (text.startsWith('https://')) {
    const anchor = make('a', '', text);
    anchor.href = text;
    anchor.rel = 'noopener noreferrer';
    item.append(anchor);
  } else item.textContent = text;
  return item;
}

function fillLists(root, finding) {
  const more = (name, total, shown) => {
    if (total > shown) root.querySelector(`[data-more="${name}"]`).append(make('span', 'muted', `and ${grouped(total - shown)} more in the JSON report`));
  };
  root.querySelector('[data-list="locations"]').append(...textOf(finding.locations).map((text) => make('li', '', text)));
  root.querySelector('[data-join="hosts"]').textContent = textOf(finding.hosts).join(', ');
  root.querySelector('[data-list="references"]').append(...textOf(finding.references).map(reference));
  more('locations', finding.locationsTotal, finding.locations.length);
  more('hosts', finding.hostsTotal, finding.hosts.length);
}

/** A finding as the page shows it: a copy of the template, filled. */
function drawFinding(finding) {
  const root = findingTemplate.cloneNode(true);
  const kind = TEXTS[finding.kind];
  root.id = `f-${finding.id}`;
  root.classList.add(`is-${kind}`);
  root.querySelector('.badge use').setAttribute('href', `#g-${kind}`);
  const words = { badge: kind };
  for (const name of WORDS) words[name] = TEXTS[finding[name]];
  if (finding.epoch === null) root.querySelector('[data-part="when"]').replaceChildren();
  else Object.assign(words, { relative: relative(finding.epoch, NOW), outage: utc(finding.epoch) });
  for (const element of root.querySelectorAll('[data-text]')) element.textContent = words[element.dataset.text];
  fillRemedy(root, finding);
  fillPairs(root, 'evidence', finding.evidence);
  fillLists(root, finding);
  return root;
}

const ORDERS = {
  severity: (left, right) => left.place - right.place,
  outage: (left, right) => (left.epoch ?? LATE) - (right.epoch ?? LATE),
  rule: (left, right) => byText(TEXTS[left.rule], TEXTS[right.rule]),
  resource: (left, right) => byText(TEXTS[left.name], TEXTS[right.name]),
};
const chosen = new Set();

function findingFilter() {
  const text = matcher(byId('finding-text').value);
  const host = byId('finding-host').value.trim().toLowerCase();
  const [state, rule] = [byId('finding-state').value, byId('finding-rule').value];
  return (finding) => (!chosen.size || chosen.has(TEXTS[finding.severity]))
    && (!state || TEXTS[finding.status] === state)
    && (!rule || TEXTS[finding.rule] === rule)
    && (!host || finding.hostSearch.includes(host))
    && text(finding.search);
}

function applyFindings() {
  const order = ORDERS[byId('finding-sort').value];
  const rows = FINDINGS.filter(findingFilter()).sort((left, right) => order(left, right) || left.place - right.place);
  findingPager.set(rows);
  byId('finding-status').textContent = rows.length === FINDINGS.length
    ? `${grouped(rows.length)}` : `${grouped(rows.length)} of ${grouped(FINDINGS.length)}`;
}

function offer(element, values) {
  element.append(...values.map((value) => {
    const option = make('option', '', value);
    option.value = value;
    return option;
  }));
}

function startFindings() {
  if (!FINDINGS.length) return;
  const controls = byId('finding-controls');
  findingTemplate = byId('finding-template').content.firstElementChild;
  findingPager = new Pager({ list: byId('finding-list'), nav: byId('finding-pager'), size: 50, draw: drawFinding });
  offer(byId('finding-rule'), [...new Set(FINDINGS.map((finding) => TEXTS[finding.rule]))].sort());
  offer(byId('finding-hosts'), [...new Set(FINDINGS.flatMap((finding) => textOf(finding.hosts)))].sort().slice(0, 500));
  for (const chip of controls.querySelectorAll('[data-severity]')) {
    chip.addEventListener('click', () => {
      const { severity } = chip.dataset;
      if (!chosen.delete(severity)) chosen.add(severity);
      chip.setAttribute('aria-pressed', chosen.has(severity));
      applyFindings();
    });
  }
  controls.addEventListener('input', applyFindings);
  controls.addEventListener('submit', (event) => event.preventDefault());
  controls.hidden = false;
  applyFindings();
}

function clearFindings() {
  byId('finding-controls').reset();
  chosen.clear();
  for (const chip of document.querySelectorAll('[data-severity]')) chip.setAttribute('aria-pressed', 'false');
  applyFindings();
}

/** Opens the finding, on whatever page and behind whatever filter it is. False where the page does not hold it. */
function openFinding(id) {
  const finding = FINDINGS.find((each) => each.id === id);
  if (!finding) return false;
  if (!findingPager.rows.includes(finding)) clearFindings();
  if (!byId(`f-${id}`)) findingPager.show(finding);
  const element = byId(`f-${id}`);
  element.open = true;
  for (const other of document.querySelectorAll('.found')) other.classList.remove('found');
  element.classList.add('found');
  element.scrollIntoView({ block: 'start' });
  element.querySelector('summary').focus({ preventScroll: true });
  return true;
}
