/*
 * Copyright (c) 2026, Preflight contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
const byId = (id) => document.getElementById(id);

/** An element with a class and a text; text is only ever set as text, never as markup. */
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Puts a long name, path or address into an element so that its lines end behind separators, not inside a word. */
function spell(element, text) {
  for (const piece of text.match(/[^\s/,.@]*[\s/,.@]?/g)) {
    element.append(piece.includes('-') && piece.length < 28 ? make('span', 'unit', piece) : piece, make('wbr'));
  }
  return element;
}

const grouped = (count) => count.toLocaleString('en-US');
const plural = (count, word) => `${grouped(count)} ${word}${count === 1 ? '' : 's'}`;
const byText = (left, right) => (left < right ? -1 : left > right ? 1 : 0);

const DAY = 86400;
const UNITS = [['d', DAY], ['h', 3600], ['m', 60], ['s', 1]];

/** The two largest units, as format_duration does: 3d 4h; from two years on 8.7 years. */
function span(seconds) {
  if (Math.abs(seconds) >= 730 * DAY) return `${(Math.abs(seconds) / (365.25 * DAY)).toFixed(1)} years`;
  const parts = [];
  let left = Math.floor(Math.abs(seconds));
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    left %= size;
    if (count) parts.push(count + unit);
    else if (parts.length) break;
  }
  return parts.slice(0, 2).join(' ') || '0s';
}

function relative(instant, now) {
  if (instant === now) return 'now';
  return instant > now ? `in ${span(instant - now)}` : `${span(now - instant)} ago`;
}

const utc = (instant) => `${new Date(instant * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
