import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { ProgressLine, roughly } from '../../src/cli/progress-line.ts';
import { styleFor } from '../../src/cli/style.ts';
import { type Column, factTable, table, visible } from '../../src/cli/table.ts';
import { gap } from '../../src/cli/words.ts';

const plain = (text: string) => text;

interface Row {
  readonly name: string;
  readonly count: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'name', cell: ({ name }) => name, most: 8 },
  { title: 'n', cell: ({ count }) => ({ text: String(count), paint: styleFor(true, {}).red }), align: 'right' },
  { title: 'note', cell: ({ count }) => (count > 9 ? 'many' : '') },
];

describe('tables', () => {
  test('stand straight whatever is painted, wide or cut', () => {
    const rows = [
      { name: 'a', count: 1 },
      { name: '会場', count: 10 },
      { name: 'longer than that', count: 100 },
    ];
    const lines = stripVTControlCharacters(table(COLUMNS, rows, plain)).split('\n');
    expect(lines).toEqual(['name        n  note', 'a           1', '会場       10  many', 'longer …  100  many', '']);
  });

  test('of facts leave out what is not there', () => {
    expect(
      factTable(
        [
          ['a', 'x'],
          ['long', null],
          ['bcd', ''],
          ['bc', 'y'],
        ],
        plain,
      ),
    ).toBe('a   x\nbc  y\n');
  });
});

test("text of an event moves no terminal's cursor and turns no line round", () => {
  expect(visible('a\x1b[2J\u202eb\n\u0085ç 会')).toBe('a\\u001b[2J\\u202eb\\u000a\\u0085ç 会');
});

test('there are colours on a terminal alone, and not where NO_COLOR is set', () => {
  expect(styleFor(true, {}).red('x')).toBe('\x1b[31mx\x1b[39m');
  for (const style of [styleFor(false, {}), styleFor(true, { NO_COLOR: '1' }), styleFor(true, { TERM: 'dumb' })]) {
    expect(style.red('x')).toBe('x');
  }
});

test.each([
  [400, '+0.4s'],
  [61_000, '+1m01s'],
  [3_600_000, '+1h00m'],
  [90_000_000, '+1d01h'],
])('a gap of %d ms is %s', (ms, text) => {
  expect(gap(ms)).toBe(text);
});

describe('long work', () => {
  const run = (errTerminal: boolean) => {
    const lines: string[] = [];
    let now = 0;
    const io = {
      out: plain as never,
      err: (text: string) => lines.push(text),
      env: {},
      cwd: '/',
      terminal: false,
      errTerminal,
    };
    const progress = new ProgressLine(io, 'reading', () => now);
    for (now = 0; now <= 2_000; now += 500) progress.at(now, 8_000);
    progress.end();
    return lines;
  };

  test('shows how far it is and an estimate, once it is long, and leaves no trace', () => {
    expect(run(true)).toEqual([
      '\r\x1b[Kreading: 1,000 of 8,000, about 7 s left',
      '\r\x1b[Kreading: 1,500 of 8,000, about 7 s left',
      '\r\x1b[Kreading: 2,000 of 8,000, about 6 s left',
      '\r\x1b[K',
    ]);
  });

  test('shows nothing without a terminal', () => {
    expect(run(false)).toEqual([]);
  });

  test.each([
    [10, 'about 1 s'],
    [80_000, 'about 80 s'],
    [170_000, 'about 3 min'],
    [3 * 3_600_000, 'about 3 h'],
    [3 * 86_400_000, 'about 3 days'],
  ])('an estimate of %d ms is %s', (ms, text) => {
    expect(roughly(ms)).toBe(text);
  });
});
