/*
 * Copyright (c) 2026, Preflight contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
/** Details of the mark under the pointer or the focus, above the timeline so that they cover no other mark. */
function showTip(tip, mark) {
  const [title, ...lines] = mark.dataset.details.split('\n');
  tip.replaceChildren(make('b', '', title), ...lines.map((line) => make('div', '', line)));
  tip.hidden = false;
  const place = mark.querySelector('.hit').getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  const left = Math.min(Math.max(8, place.left + place.width / 2 - tip.offsetWidth / 2), width - tip.offsetWidth - 8);
  const line = byId('timeline').getBoundingClientRect();
  const above = line.top - tip.offsetHeight;
  tip.style.left = `${left + window.scrollX}px`;
  tip.style.top = `${(above > 56 ? above : line.bottom) + window.scrollY}px`;
  mark.classList.add('shown');
}

/** One stop for the tabulator key, the arrow keys from mark to mark. */
function moveFocus(marks, event) {
  const place = marks.indexOf(event.target.closest('.mark'));
  const steps = { ArrowRight: place + 1, ArrowLeft: place - 1, ArrowUp: place + 1, ArrowDown: place - 1, Home: 0, End: marks.length - 1 };
  const next = marks[steps[event.key]];
  if (!(event.key in steps)) return;
  event.preventDefault();
  if (!next) return;
  for (const mark of marks) mark.setAttribute('tabindex', '-1');
  next.setAttribute('tabindex', '0');
  next.focus();
}

function startTimeline() {
  const tip = byId('tip');
  const marks = [...document.querySelectorAll('.mark')];
  if (!tip) return;
  document.body.append(tip);
  const hide = (mark) => {
    tip.hidden = true;
    mark.classList.remove('shown');
  };
  marks.forEach((mark, place) => {
    const title = mark.querySelector('title');
    mark.dataset.details = title.textContent;
    title.remove();
    mark.setAttribute('tabindex', place ? '-1' : '0');
    for (const event of ['mouseenter', 'focus']) mark.addEventListener(event, () => showTip(tip, mark));
    for (const event of ['mouseleave', 'blur']) mark.addEventListener(event, () => hide(mark));
  });
  byId('timeline').addEventListener('keydown', (event) => {
    if (event.key === 'Escape') tip.hidden = true;
    else if (event.target.closest('.mark')) moveFocus(marks, event);
  });
}
