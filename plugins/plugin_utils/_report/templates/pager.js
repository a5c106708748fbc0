/*
 * Copyright (c) 2026, Preflight contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
/** Shows rows a page at a time: whatever their number, only one page is in the document. */
class Pager {
  constructor({ list, nav, size, draw }) {
    Object.assign(this, { list, nav, size, draw, rows: [], page: 0 });
    this.previous = this.button('Previous', -1);
    this.where = make('span');
    this.next = this.button('Next', 1);
    nav.append(this.previous, this.where, this.next);
  }

  button(label, step) {
    const button = make('button', '', label);
    button.type = 'button';
    button.addEventListener('click', () => {
      this.turn(this.page + step);
      this.list.closest('section').scrollIntoView({ block: 'start' });
    });
    return button;
  }

  set(rows) {
    this.rows = rows;
    this.turn(0);
  }

  turn(page, size = this.size) {
    const pages = Math.max(1, Math.ceil(this.rows.length / this.size));
    this.page = Math.min(Math.max(page, 0), pages - 1);
    const first = size === this.size ? this.page * size : 0;
    this.list.replaceChildren(...this.rows.slice(first, first + size).map(this.draw));
    this.nav.hidden = pages < 2;
    this.previous.disabled = this.page === 0;
    this.next.disabled = this.page === pages - 1;
    this.where.textContent = `page ${this.page + 1} of ${grouped(pages)}`;
  }

  /** Turns to the page that the row is on. */
  show(row) {
    this.turn(Math.floor(this.rows.indexOf(row) / this.size));
  }
}
