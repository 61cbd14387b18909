import { describe, expect, test } from '@jest/globals';
import { styleFor } from '../../src/cli/style.ts';
import { fixedTable, line } from '../../src/cli/table.ts';
import { noCounts } from '../../src/core/changes.ts';
import { type Check, checks } from '../../src/demo/checks.ts';
import type { Facts, Received, ShownVisit } from '../../src/demo/parts.ts';
import { Screen } from '../../src/demo/screen.ts';
import { ScreenRows } from '../../src/demo/screen-rows.ts';
import { demoSettings } from '../../src/demo/settings.ts';
import type { Stack } from '../../src/local/stack.ts';
import { tidemark } from './support/harness.ts';

const written = { records: 5, event: 3, late: 0, resent: 1, broken: 1 };

const visit: ShownVisit = {
  visitId: 'v1',
  sessionId: 's1',
  profileId: 'p1',
  debug: false,
  status: 'ended',
  endReason: 'inactivity',
  revision: 1,
  startedAt: 1_000,
  lastEventAt: 3_000,
  eventCount: 3,
  pageViewCount: 2,
  lateEventCount: 1,
  entryPage: '/',
  exitPage: '/cart',
};

/** One visit, amended once; a duplicate and a dead letter. */
const facts: Facts = {
  visits: [visit],
  sessions: [{ sessionId: 's1', profileId: 'p1', visitCount: 1, eventCount: 3, pageViewCount: 2, durationMs: 2_000 }],
  profiles: [
    {
      profileId: 'p1',
      visitCount: 1,
      sessionCount: 1,
      eventCount: 3,
      pageViewCount: 2,
      durationMs: 2_000,
      firstSeenAt: 1_000,
      lastSeenAt: 3_000,
      traits: {},
    },
  ],
  revisions: [
    { visitId: 'v1', revision: 0, mergedInto: null },
    { visitId: 'v1', revision: 1, mergedInto: null },
  ],
  counts: { ...noCounts(), records: 5, events: 5, started: 1, joined: 2, duplicate: 1, undecodable: 1, published: 2 },
};

function message(changes: object = {}): Received {
  const { visitId, sessionId, profileId, startedAt, lastEventAt, eventCount, pageViewCount } = visit;
  const said = { visitId, sessionId, profileId, startedAt, endedAt: lastEventAt, eventCount, pageViewCount };
  const full = { ...said, revision: 1, reason: 'inactivity', retracted: false, ...changes };
  return { topic: 'output', at: 0, visit: full as unknown as Extract<Received, { topic: 'output' }>['visit'] };
}

const received: Received[] = [
  message({ revision: 0, eventCount: 2 }),
  message(),
  { topic: 'dead-letter', at: 0, key: 's1', why: 'undecodable' },
];

const failed = (checked: readonly Check[]) => checked.flatMap(({ differs }) => differs);

describe('the sums of the demo', () => {
  test('agree where everything went where it should', () => {
    expect(failed(checks(written, facts, received))).toEqual([]);
  });

  const debug = { ...visit, visitId: 'd2', debug: true };
  test('leave out debug visits, those that were merged into another too', () => {
    const withDebug: Facts = {
      ...facts,
      visits: [visit, { ...debug, eventCount: 0 }],
      revisions: [
        ...facts.revisions,
        { visitId: 'd1', revision: 0, mergedInto: null },
        { visitId: 'd1', revision: 1, mergedInto: 'd2' },
        { visitId: 'd2', revision: 0, mergedInto: null },
      ],
    };
    expect(failed(checks(written, withDebug, received))).toEqual([]);
  });

  test('a visit that was published, retracted and merged away is not missed in SQL', () => {
    const merged: Facts = {
      ...facts,
      revisions: [
        ...facts.revisions,
        { visitId: 'm', revision: 0, mergedInto: null },
        { visitId: 'm', revision: 1, mergedInto: 'v1' },
      ],
    };
    const both = [message({ visitId: 'm', revision: 0 }), message({ visitId: 'm', retracted: true }), ...received];
    expect(failed(checks(written, merged, both))).toEqual([]);
    expect(failed(checks(written, merged, both.toSpliced(1, 1)))).toContainEqual(expect.stringContaining('visit m'));
  });

  test.each<[string, Partial<Facts>, readonly Received[], RegExp]>([
    ['a record that was not folded', { counts: { ...facts.counts, records: 4 } }, received, /written 5.* 4/],
    ['an event that went nowhere', { counts: { ...facts.counts, joined: 1 } }, received, /folded 5/],
    ['an event that SQL does not show', { visits: [{ ...visit, eventCount: 2 }] }, received, /event_count in view/],
    ['a resent event that counted', { counts: { ...facts.counts, duplicate: 0, joined: 3 } }, received, /duplicates 0/],
    ['a dead letter that nobody reads', {}, received.slice(0, 2), /dead letters 1/],
    ['a late record nobody was told of', { counts: { ...facts.counts, late: 1, joined: 1 } }, received, /late 1/],
    ['a visit that is still open', { visits: [{ ...visit, status: 'open' }] }, received, /still open/],
    ['a visit whose end nobody reads', {}, received.slice(2), /no message says so/],
    ['a message of a visit that is not there', { visits: [] }, received, /not among the ended/],
    ['a revision read twice', {}, [received[0]!, received[0]!, ...received.slice(1)], /revision 0 read where 1/],
    ['a revision left out', {}, received.slice(1), /revision 1 read where 0/],
    ['a last revision never read', {}, [received[0]!, received[2]!], /revision 1 was never read/],
    ['a message that says other than SQL', {}, [received[0]!, message({ eventCount: 9 })], /not as its last message/],
    [
      'a profile that counts too much',
      { profiles: [{ ...facts.profiles[0]!, visitCount: 2 }] },
      received,
      /profile p1/,
    ],
    ['a profile seen too early', { profiles: [{ ...facts.profiles[0]!, firstSeenAt: 1 }] }, received, /first, last/],
    ['a profile that is missing', { profiles: [] }, received, /profile p1 has visits and is not there/],
    ['a session that lasts too long', { sessions: [{ ...facts.sessions[0]!, durationMs: 1 }] }, received, /session s1/],
  ])('name %s', (_, changes, messages, difference) => {
    const differences = failed(checks(written, { ...facts, ...changes }, messages));
    expect(differences).toContainEqual(expect.stringMatching(difference));
  });
});

describe('the picture', () => {
  test('no line is wider than the terminal, so that each takes one row', () => {
    const columns = [
      { title: 'one', width: 10 },
      { title: 'two', width: 20 },
      { title: 'three', width: 30 },
    ] as const;
    for (let width = 12; width < 90; width++) {
      const rows = fixedTable(columns, [['x'.repeat(50), 'y'.repeat(50), 'z'.repeat(50)]], width, (text) => text);
      for (const each of rows) expect(each.length).toBeLessThanOrEqual(width);
      expect(line(['x'.repeat(width - 3), 'yyyy', 'z'], width).length).toBe(width);
    }
  });

  test('a visit keeps its row while it is open, and for a while after it ended', () => {
    const rows = new ScreenRows();
    const open = (visitId: string): ShownVisit => ({ ...visit, visitId, status: 'open' });
    const ids = (visits: readonly ShownVisit[]) => visits.map(({ visitId }) => visitId);
    expect(ids(rows.next([open('a'), open('b')], 2, 0))).toEqual(['b', 'a']);
    expect(ids(rows.next([open('a'), open('b'), open('c')], 2, 1))).toEqual(['b', 'a']);
    const endedB = { ...visit, visitId: 'b' };
    expect(ids(rows.next([open('a'), endedB, open('c')], 2, 2))).toEqual(['b', 'a']);
    expect(ids(rows.next([open('a'), endedB, open('c')], 2, 60_000))).toEqual(['c', 'a']);
    // Merged away: its row is free at once.
    expect(ids(rows.next([open('c'), open('d')], 2, 60_001))).toEqual(['c', 'd']);
  });

  test('a line that stays is written above the picture, and the picture is taken away for it', () => {
    let out = '';
    const write = (text: string) => {
      out += text;
    };
    const screen = new Screen({ out: write, err: () => {}, env: {}, cwd: '/', terminal: true }, true);
    screen.paint(['one', 'two']);
    out = '';
    screen.line('news');
    expect(out).toBe('\x1b[2A\r\x1b[Jnews\n');
    out = '';
    screen.settle();
    expect(out).toBe('\x1b[?25h');
  });

  test.each([
    ['on a terminal', true, {}, true],
    ['with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['elsewhere', false, {}, false],
  ])('colours %s', (_, terminal, env, coloured) => {
    expect(styleFor(terminal, env).red('x') !== 'x').toBe(coloured);
  });
});

describe('what the demo touches', () => {
  const given: Stack = {
    kind: 'environment',
    brokers: ['kafka:9092'],
    registryUrl: 'http://registry:8081',
    databaseUrl: 'postgres://me@db/mine',
    describe: () => '',
    stop: async () => {},
  };
  const env = {
    KAFKA_GROUP: 'x',
    TIDEMARK_INPUT_TOPIC: 'tracks',
    TIDEMARK_VISIT_GAP: '1h',
    KAFKA_TLS: 'true',
    TIDEMARK_CONFIG: '/there/is/none.yaml',
  };

  test('with addresses of the environment every name is of this run only, whatever else is set', () => {
    const names = () => {
      const { kafka, database, input, output, deadLetter, late } = demoSettings(given, 3_000, env, '/').settings;
      return [kafka.group, database.schema, input.topic, output.topic, deadLetter.topic, late.topic];
    };
    const first = names();
    for (const name of first) expect(name).toMatch(/^tidemark[-_]demo[-_][0-9a-f]{8}/);
    const second = names();
    for (const [i, name] of first.entries()) expect(second[i]).not.toBe(name);
  });

  test('addresses and the way in are taken over, rules are the demo’s own', () => {
    const { kafka, registry, database, visit: rules } = demoSettings(given, 3_000, env, '/').settings;
    expect(kafka).toMatchObject({ brokers: ['kafka:9092'], tls: true });
    expect([registry.url, database.url]).toEqual([['http://registry:8081'], 'postgres://me@db/mine']);
    expect(rules.gap).toBe(3_000);
  });
});

describe('tidemark demo in memory', () => {
  test('says that nothing real runs, shows visits opening and ending, and exits 0 because the sums agree', async () => {
    const argv = ['demo', '--seconds', '1.5', '--rate', '60', '--gap', '300ms', '--seed', '3'];
    const { code, out, err } = await tidemark(argv, { env: { TIDEMARK_STACK: 'memory' } });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('NOTHING REAL RUNS HERE');
    expect(out).toMatch(/ opened {7}[0-9a-f]{8} /);
    expect(out).toMatch(/ Visit Ended {2}[0-9a-f]{8} {2}rev 0 /);
    expect(out).toMatch(/events written {2}9\d: /);
    expect(out).toMatch(/demo ok: \d+ sums agree\n$/);
  });

  test.each([
    ['--seconds', '0'],
    ['--rate', 'many'],
    ['--seed', '-1'],
    ['--gap', '3'],
  ])('%s %s is wrong usage', async (...argv) => {
    expect((await tidemark(['demo', ...argv], { env: { TIDEMARK_STACK: 'memory' } })).code).toBe(2);
  });
});
