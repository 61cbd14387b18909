/** Tables as wide as what is in them, for output that may go to a file; the demo's picture has its own, of a fixed width. */
import type { Paint } from './style.ts';

/** Text, and how it is painted: apart, because colours take no room. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell;
  readonly align?: 'left' | 'right';
  /** Characters after which a cell is cut; without it, never. */
  readonly most?: number;
}

const BETWEEN = '  ';

/** A heading and a line per row, each with its line end. @param head how the heading is painted */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], head: Paint): string {
  const titles = columns.map(({ title }): Cell => ({ text: title, paint: head }));
  const body = rows.map((row) => columns.map(({ cell, most }) => cut(cell(row), most)));
  const all = [titles, ...body];
  const widths = columns.map((_, i) => Math.max(...all.map((line) => widthOf(textOf(line[i]!)))));
  return all.map((line) => `${lay(line, columns, widths)}\n`).join('');
}

/** Names and what they stand for, in two columns; those with nothing to say are left out. */
export function facts(pairs: readonly (readonly [name: string, value: Cell | null])[], paint: Paint): string {
  const told = pairs.filter((pair): pair is readonly [string, Cell] => pair[1] !== null && textOf(pair[1]) !== '');
  const width = Math.max(0, ...told.map(([name]) => widthOf(name)));
  return told
    .map(([name, value]) => `${paint(name)}${' '.repeat(width - widthOf(name))}  ${painted(value)}\n`)
    .join('');
}

function lay(
  cells: readonly Cell[],
  columns: readonly { readonly align?: 'left' | 'right' }[],
  widths: number[],
): string {
  // No blanks behind the last cell of a line that says something.
  const last = cells.findLastIndex((cell) => textOf(cell) !== '');
  const laid = cells.slice(0, last + 1).map((cell, i) => {
    const space = ' '.repeat(widths[i]! - widthOf(textOf(cell)));
    if (columns[i]!.align === 'right') return space + painted(cell);
    return i === last ? painted(cell) : painted(cell) + space;
  });
  return laid.join(BETWEEN);
}

function cut(cell: Cell, most: number | undefined): Cell {
  const text = textOf(cell);
  if (most === undefined || text.length <= most) return cell;
  const short = `${text.slice(0, most - 1)}…`;
  return typeof cell === 'string' ? short : { ...cell, text: short };
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

function painted(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.paint(cell.text);
}

/** Columns on a terminal: marks that combine take none, and East Asian wide characters and pictures two. */
function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;

/**
 * Text from events as it may be shown: what moves a terminal's cursor, sets its colours or turns the direction of writing
 * is written out.
 */
export function visible(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is for
    /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
