// Tables for the keyboard: arrow keys move between the links of a column.
import { h, Keyed, replaceChildren } from './dom.js';

/** `columns`: `{ title, cell(item), num, means }`, where `cell` gives text or an element. Rows keep their place and focus. */
export class Table {
  constructor({ caption, columns, keyOf, empty = 'There is nothing here.' }) {
    this.columns = columns;
    this.filled = false;
    this.body = h('tbody', {});
    this.empty = h('p', { class: 'empty' }, empty);
    const heads = columns.map(({ title, num, means }) =>
      h('th', { scope: 'col', class: num ? 'num' : null, title: means }, title),
    );
    const table = h(
      'table',
      {},
      h('caption', { class: 'hidden' }, caption),
      h('thead', {}, h('tr', {}, heads)),
      this.body,
    );
    this.frame = h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Table: ${caption}` }, table);
    this.element = h('div', {}, this.frame, this.empty);
    this.keyed = new Keyed(this.body, keyOf, () => this.row());
    this.body.addEventListener('keydown', (event) => move(event));
    this.update([]);
  }

  row() {
    const cells = this.columns.map(({ num, title }) => h('td', { class: num ? 'num' : null, 'data-title': title }));
    const shownMarks = [];
    const update = (item) => {
      for (const [i, { cell }] of this.columns.entries()) {
        const value = cell(item);
        const mark = markOf(value);
        // A cell is written only if it differs, so that what a person has selected or focused stays.
        if (shownMarks[i] === mark) continue;
        shownMarks[i] = mark;
        replaceChildren(cells[i], value);
      }
    };
    return { element: h('tr', { class: this.filled ? 'fresh' : null }, cells), update };
  }

  update(items) {
    this.keyed.update(items);
    // Rows that come later are marked for a moment; the first ones are not news.
    this.filled ||= items.length > 0;
    this.frame.hidden = items.length === 0;
    this.empty.hidden = items.length > 0;
  }
}

/** A text by which cells are compared; it is never read as markup. */
function markOf(value) {
  if (Array.isArray(value)) return value.map(markOf).join('');
  return value instanceof Element ? value.outerHTML : String(value);
}

function move(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const link = event.target.closest('a');
  if (step === undefined || link === null) return;
  const cell = link.closest('td');
  const next = step > 0 ? 'nextElementSibling' : 'previousElementSibling';
  for (let row = cell.parentElement[next]; row !== null; row = row[next]) {
    const target = row.children[cell.cellIndex]?.querySelector('a');
    if (target) {
      event.preventDefault();
      target.focus();
      return;
    }
  }
}
