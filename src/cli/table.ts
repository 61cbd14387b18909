/**
 * Tables for a terminal: as wide as their cells, for output that may also go to a file, or of a fixed layout, for what is
 * repainted. Invariant: no line of a fixed layout is wider than the terminal; a wrapped one would take two rows, and what
 * repaints a picture counts on one.
 */
import stringWidth from 'string-width';
import type { Paint } from './style.ts';

/** A text and its colour, which are apart because colours take no room. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell;
  readonly align?: 'left' | 'right';
  /** Columns of the terminal after which a cell is cut; never unless given. */
  readonly most?: number;
}

export interface FixedColumn {
  readonly title: string;
  readonly width: number;
  readonly align?: 'left' | 'right';
}

const BETWEEN = '  ';
const INDENT = '  ';

/** A heading and a line per row, each with its line end. @param head how the heading is painted */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], head: Paint): string {
  const titles = columns.map(({ title }): Cell => ({ text: title, paint: head }));
  const body = rows.map((row) => columns.map(({ cell, most }) => cut(cell(row), most)));
  const all = [titles, ...body];
  const widths = columns.map((_, i) => Math.max(...all.map((each) => stringWidth(textOf(each[i]!)))));
  return all.map((each) => `${laid(each, columns, widths)}\n`).join('');
}

/** A heading and a line per row. Columns without room are left out; the last one takes what room is left. */
export function fixedTable(
  columns: readonly FixedColumn[],
  rows: readonly (readonly Cell[])[],
  width: number,
  head: Paint,
): string[] {
  const widths = widthsOf(columns, width);
  const titles = columns.map(({ title }): Cell => ({ text: title, paint: head }));
  return [titles, ...rows].map((row) => {
    const cells = widths.map((each, i) => cut(row[i] ?? '', each));
    return `${INDENT}${laid(cells, columns, widths)}`.trimEnd();
  });
}

/** Pieces side by side, cut at the width. */
export function line(pieces: readonly Cell[], width: number): string {
  let left = width;
  let out = '';
  for (const piece of pieces) {
    const cell = cut(piece, left);
    left -= stringWidth(textOf(cell));
    out += painted(cell);
    if (left <= 0) break;
  }
  return out;
}

/** Names and values in two columns; names without a value are left out. */
export function factTable(pairs: readonly (readonly [name: string, value: Cell | null])[], paint: Paint): string {
  const given = pairs.filter((pair): pair is readonly [string, Cell] => pair[1] !== null && textOf(pair[1]) !== '');
  const width = Math.max(0, ...given.map(([name]) => stringWidth(name)));
  return given
    .map(([name, value]) => `${paint(name)}${' '.repeat(width - stringWidth(name))}  ${painted(value)}\n`)
    .join('');
}

function laid(
  cells: readonly Cell[],
  columns: readonly { readonly align?: 'left' | 'right' }[],
  widths: readonly number[],
): string {
  // No blanks follow the last cell of a line that is not empty.
  const last = cells.findLastIndex((cell) => textOf(cell) !== '');
  const parts = cells.slice(0, last + 1).map((cell, i) => {
    const space = ' '.repeat(widths[i]! - stringWidth(textOf(cell)));
    if (columns[i]!.align === 'right') return space + painted(cell);
    return i === last ? painted(cell) : painted(cell) + space;
  });
  return parts.join(BETWEEN);
}

function widthsOf(columns: readonly FixedColumn[], width: number): number[] {
  const widths: number[] = [];
  let left = width - INDENT.length;
  for (const [i, column] of columns.entries()) {
    const room = left - (i === 0 ? 0 : BETWEEN.length);
    const isLast = i === columns.length - 1;
    // A part of the last column is better than nothing of it.
    if (room < (isLast ? Math.min(column.width, 6) : column.width)) break;
    const taken = isLast ? Math.min(room, Math.max(column.width, 40)) : column.width;
    widths.push(taken);
    left = room - taken;
  }
  return widths;
}

/** @param most columns of the terminal; undefined: any number */
function cut(cell: Cell, most: number | undefined): Cell {
  const text = textOf(cell);
  if (most === undefined || stringWidth(text) <= most) return cell;
  let short = '';
  let left = most - 1;
  for (const { segment } of GRAPHEMES.segment(text)) {
    left -= stringWidth(segment);
    if (left < 0) break;
    short += segment;
  }
  short += '…';
  return typeof cell === 'string' ? short : { ...cell, text: short };
}

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

function painted(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.paint(cell.text);
}

/**
 * Text from events, made safe for a terminal: characters that move its cursor, set colours or change the direction of writing
 * are escaped.
 */
export function visible(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is for
    /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
