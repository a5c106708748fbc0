/*
 * Copyright (c) 2026, Preflight contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
const PRINTED = 1000;

function startTheme() {
  const root = document.documentElement;
  const button = byId('theme');
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);
  const label = () => { button.textContent = isDark() ? 'Light' : 'Dark'; };
  button.setAttribute('aria-label', 'Switch between light and dark');
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    label();
  });
  system.addEventListener('change', label);
  label();
  button.hidden = false;
}

/** A report that lies about for days must not be taken for today's. */
function startAge() {
  const element = byId('age');
  const age = (Date.now() - Date.parse(element.dataset.generated)) / 1000;
  if (age > DAY) element.textContent = `This report is ${span(age - (age % 3600))} old.`;
}

/** On paper there is nothing to click: the findings come opened, and more than one page of each list. */
function startPrint() {
  const pagers = [findingPager, certificatePager].filter(Boolean);
  window.addEventListener('beforeprint', () => {
    for (const pager of pagers) pager.turn(pager.page, PRINTED);
    for (const details of document.querySelectorAll('.finding')) details.open = true;
  });
  window.addEventListener('afterprint', () => {
    for (const pager of pagers) pager.turn(pager.page);
  });
}

function startLinks() {
  const follow = (hash) => hash.startsWith('#f-') && openFinding(hash.slice(3));
  document.addEventListener('click', (event) => {
    const anchor = event.target.closest('a[href^="#f-"]');
    if (anchor && follow(anchor.getAttribute('href'))) {
      event.preventDefault();
      window.history.replaceState(null, '', anchor.getAttribute('href'));
    }
  });
  window.addEventListener('hashchange', () => follow(window.location.hash));
  follow(window.location.hash);
}

startTheme();
startAge();
startFindings();
startCertificates();
startTimeline();
startPrint();
startLinks();
