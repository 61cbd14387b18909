import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { tidemark } from './support/harness.ts';

const SCENARIOS = join(import.meta.dirname, '..', 'scenarios');
const cwd = mkdtempSync(join(tmpdir(), 'scenario-'));
afterAll(() => rmSync(cwd, { recursive: true }));

const GIVEN = readdirSync(join(SCENARIOS, 'given')).find((name) => name.startsWith('06-'))!;
type Expectation = Record<string, Record<string, unknown>[]>;

/** Scenario 06, with its expectation changed. */
function changed(name: string, change: (expect: Expectation) => void): string {
  const scenario = JSON.parse(readFileSync(join(SCENARIOS, 'given', GIVEN), 'utf8')) as { expect: Expectation };
  change(scenario.expect);
  writeFileSync(join(cwd, name), JSON.stringify(scenario));
  return name;
}

describe('tidemark test', () => {
  test('all scenarios that were given, and all of our own, pass', async () => {
    const files = readdirSync(SCENARIOS, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.json'),
    );
    expect(files.length).toBeGreaterThanOrEqual(42);
    const { code, out } = await tidemark(['test', SCENARIOS]);
    expect(out.split('\n').filter((line) => !line.startsWith('pass'))).toEqual([
      `${files.length} passed, 0 failed`,
      '',
    ]);
    expect(code).toBe(0);
  });

  const changes: [what: string, change: (expect: Expectation) => void, path: string][] = [
    [
      'a wrong value of a visit',
      (e) => {
        e.visits![0]!.event_count = 4;
      },
      'visits[0].event_count',
    ],
    [
      'a visit too few',
      (e) => {
        e.visits!.pop();
      },
      'visits[1]',
    ],
    [
      'a visit too many',
      (e) => {
        e.visits!.push(e.visits![0]!);
      },
      'visits[2]',
    ],
    [
      'a key that is none',
      (e) => {
        e.visits![0]!.colour = 'red';
      },
      'visits[0].colour',
    ],
    [
      'messages in another order',
      (e) => {
        e.published!.reverse();
      },
      'published[0].opened_by',
    ],
    [
      'another merge',
      (e) => {
        e.published![2]!.merged_into = 'x1';
      },
      'published[2].merged_into',
    ],
    [
      'a wrong sum of a profile',
      (e) => {
        e.profiles![0]!.event_count = 9;
      },
      'profiles[p1].event_count',
    ],
    [
      'a profile that is not there',
      (e) => {
        e.profiles![0]!.profile_id = 'p9';
      },
      'profiles[p9]',
    ],
    [
      'a profile that is not expected',
      (e) => {
        e.profiles!.pop();
      },
      'profiles[p2]',
    ],
    [
      'traits that are not there',
      (e) => {
        e.profiles![0]!.traits = { a: 1 };
      },
      'profiles[p1].traits',
    ],
    [
      'a context that is not there',
      (e) => {
        e.visits![0]!.context = { ip: '::1' };
      },
      'visits[0].context',
    ],
    [
      'an event expected to be late',
      (e) => {
        e.late = ['e3'] as never;
      },
      'late[0]',
    ],
    [
      'one expected to be dead',
      (e) => {
        e.dead = [['e3', 'invalid']] as never;
      },
      'dead[0]',
    ],
    [
      'one expected to be a duplicate',
      (e) => {
        e.duplicates = ['e3'] as never;
      },
      'duplicates[0]',
    ],
  ];
  test.each(changes)('%s is reported with its path, exit 1', async (what, change, path) => {
    const { code, out } = await tidemark(['test', changed(`${what}.json`, change)], { cwd });
    expect(out).toContain(`\n        ${path}\n          expected `);
    expect(out).toMatch(/\n0 passed, 1 failed\n$/);
    expect(code).toBe(1);
  });

  test('what an expectation leaves out is not compared', async () => {
    const file = changed('less.json', (expect) => {
      expect.visits = [{ opened_by: 'e1' }, {}];
      delete expect.profiles;
    });
    expect(await tidemark(['test', file], { cwd })).toMatchObject({ code: 0 });
  });

  test.each([
    ['no JSON', '{', /cannot be read as JSON/],
    [
      'an event without its time',
      '{"name":"x","log":[{"arrives":1,"event":{"event_id":"e","session_id":"s","type":"t"}}],"expect":{}}',
      /log\.0\.event\.occurred_at/,
    ],
    ['an unknown setting', '{"name":"x","config":{"gap":1},"log":[],"expect":{}}', /config: .*"gap"/],
  ])('%s is no scenario: exit 2, saying why', async (name, content, message) => {
    writeFileSync(join(cwd, `${name}.json`), content);
    const { code, out } = await tidemark(['test', `${name}.json`], { cwd });
    expect(code).toBe(2);
    expect(out).toMatch(message);
  });

  test('a file that is not there is wrong usage', async () => {
    const { code, err } = await tidemark(['test', 'none.json'], { cwd });
    expect(code).toBe(2);
    expect(err).toContain('none.json is not there');
  });

  test('--json gives the differences as data', async () => {
    const file = changed('json.json', (expect) => {
      expect.visits![0]!.event_count = 4;
    });
    const { code, out } = await tidemark(['test', file, '--json'], { cwd });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject([
      { file, differences: [{ path: 'visits[0].event_count', expected: 4, got: 3 }], error: null },
    ]);
  });
});
