/**
 * Lines of a fixed layout. Invariant: no line is wider than the terminal; a wrapped one would take two rows, and what
 * repaints the picture counts on one.
 */
import type { Paint } from '../cli/style.ts';

/** Text, and how it is painted: apart, because colours take no room. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

export interface Column {
  readonly title: string;
  readonly width: number;
  readonly align?: 'right';
}

const BETWEEN = '  ';
const INDENT = '  ';

/** A heading and a line per row. Columns that find no room are left out; the last one takes what is left. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
  head: Paint,
): string[] {
  const widths = fit(columns, width);
  const lay = (cells: readonly Cell[]) => {
    const laid = widths.map((each, i) => pad(cells[i] ?? '', each, columns[i]!.align === 'right'));
    return `${INDENT}${laid.join(BETWEEN)}`.trimEnd();
  };
  return [lay(columns.map(({ title }) => ({ text: title, paint: head }))), ...rows.map(lay)];
}

/** Pieces side by side, cut at the width. */
export function line(pieces: readonly Cell[], width: number): string {
  let left = width;
  let out = '';
  for (const piece of pieces) {
    const text = cut(textOf(piece), left);
    left -= text.length;
    out += typeof piece === 'string' ? text : piece.paint(text);
    if (left <= 0) break;
  }
  return out;
}

/** A bar of `width` characters, `share` of it full. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '■'.repeat(full) + '·'.repeat(width - full);
}

function fit(columns: readonly Column[], width: number): number[] {
  const widths: number[] = [];
  let left = width - INDENT.length;
  for (const [i, column] of columns.entries()) {
    const room = left - (i === 0 ? 0 : BETWEEN.length);
    const isLast = i === columns.length - 1;
    // Of the last column a part is better than nothing.
    if (room < (isLast ? Math.min(column.width, 6) : column.width)) break;
    const taken = isLast ? Math.min(room, Math.max(column.width, 40)) : column.width;
    widths.push(taken);
    left = room - taken;
  }
  return widths;
}

function pad(cell: Cell, width: number, right: boolean): string {
  const text = cut(textOf(cell), width);
  const painted = typeof cell === 'string' ? text : cell.paint(text);
  const space = ' '.repeat(width - text.length);
  return right ? space + painted : painted + space;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}
