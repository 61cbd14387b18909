/** The path "to add a value of a visit" of docs/DESIGN.md, walked in a copy: what it names is all that has to be changed. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Puts `added` before the only place of `before`. */
function insert(file: string, before: string, added: string): void {
  const parts = readFileSync(file, 'utf8').split(before);
  expect([file, parts.length]).toEqual([file, 2]);
  writeFileSync(file, parts.join(`${added}${before}`));
}

test('a value of each kind is added by its declaration and the schema of the message, and is in every answer', () => {
  const copy = mkdtempSync(join(tmpdir(), 'tidemark-values-'));
  try {
    for (const part of ['src', 'scripts', 'schemas', 'package.json', 'tsconfig.json', 'biome.json']) {
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    const declaration = join(copy, 'src/core/rules/values.ts');
    insert(
      declaration,
      '] as const satisfies readonly NamedValue[];',
      `  { name: 'timezone', of: ['location', 'timezone'], bound: TEXT_BYTES, label: 'time zone', shownIn: 'place' },\n`,
    );
    insert(
      declaration,
      '] as const satisfies readonly ValueGroup[];',
      `  {
    name: 'lastReferrer',
    pick: 'last',
    when: 'referrer',
    values: [{ name: 'lastReferrer', of: 'referrer', bound: TEXT_BYTES, label: 'last referrer', shownIn: 'last referrer' }],
  },\n`,
    );
    const field = (name: string) => `{ "name": "${name}", "type": ["null", "string"], "default": null },\n    `;
    const debug = '{ "name": "debug", "type": "boolean", "default": false },';
    insert(join(copy, 'schemas/VisitEnded.avsc'), debug, `${field('timezone')}${field('last_referrer')}`);

    const run = (...args: string[]) => execFileSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
    run('scripts/values.mjs');
    writeFileSync(
      join(copy, 'tsconfig.one.json'),
      JSON.stringify({ extends: './tsconfig.json', include: ['src', 'scripts/values'] }),
    );
    run('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.one.json');
    const program = `
      import { Partition, rules } from './src/library/core.ts';
      import { VALUES } from './src/console/assets/values.gen.js';
      import { SHOWN_TOGETHER } from './src/inspect/values.gen.ts';
      import { VALUE_COLUMNS } from './src/postgres/values.gen.ts';
      const partition = new Partition(rules());
      const noon = Date.parse('2026-01-31T12:00:00Z');
      const at = (minute, context) => ({
        timestamp: noon + minute * 60_000,
        event: { event_id: 'e' + minute, session_id: 's', type: 'page-view', occurred_at: noon + minute * 60_000, context },
      });
      partition.fold(at(1, { page: { path: '/', referrer: 'a' }, location: { timezone: 'UTC' } }));
      partition.fold(at(2, { page: { path: '/b', referrer: 'b' }, location: { timezone: 'CET' } }));
      partition.endDue(noon + 10 * 3_600_000);
      const [visit] = partition.visits();
      const [message] = partition.messages();
      const of = ({ timezone, last_referrer, referrer }) => ({ timezone, last_referrer, referrer });
      console.log(JSON.stringify({
        visit: of(visit),
        message: of(message),
        columns: VALUE_COLUMNS.filter((name) => ['timezone', 'last_referrer'].includes(name)),
        shown: SHOWN_TOGETHER.filter(([label]) => label === 'last referrer' || label === 'place'),
        labels: VALUES.map(([, label]) => label).filter((label) => label === 'time zone' || label === 'last referrer'),
      }));`;
    writeFileSync(join(copy, 'fold.ts'), program);
    const values = { timezone: 'UTC', last_referrer: 'b', referrer: 'a' };
    expect(JSON.parse(run('fold.ts'))).toEqual({
      visit: values,
      message: values,
      columns: ['last_referrer', 'timezone'],
      shown: [
        ['place', ['country', 'region', 'city', 'timezone']],
        ['last referrer', ['lastReferrer']],
      ],
      labels: ['time zone', 'last referrer'],
    });
  } finally {
    rmSync(copy, { recursive: true });
  }
});
