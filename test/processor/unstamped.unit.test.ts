import { expect, test } from '@jest/globals';
import pino from 'pino';
import type { LogRecord } from '../../src/core/rules/event.ts';
import { UnstampedWatch } from '../../src/processor/unstamped.ts';
import { type Log, rulesOfLog } from '../core/support/logs.ts';
import { calmWorld } from '../simulator/calm.ts';

const BEGIN = expect.stringMatching(/^records that the brokers did not stamp: /);
const END = 'the brokers stamp the records from here on';

/** Slices of a log, each a text with a letter a record: `b`, the broker stamped it, or `p`, a producer. */
function logged(...slices: string[]) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => {
    const { level, time, pid, hostname, ...rest } = JSON.parse(line);
    lines.push(rest);
  };
  const watch = new UnstampedWatch(pino({}, { write }));
  let offset = 0;
  const bySlice = slices.map((slice) => {
    const records = [...slice].map(
      (by): LogRecord<null> => ({ offset: offset++, timestamp: 0, stamped: by === 'b', entries: [], raw: null }),
    );
    watch.folded(records, records.filter(({ stamped }) => stamped === false).length);
    return lines.splice(0);
  });
  return bySlice;
}

test('where records lie that the brokers did not stamp is logged once, as soon as there is one, and where they end', () => {
  expect(logged('bb', 'bpp', 'p', 'pbp', 'p', 'b')).toEqual([
    [],
    [{ msg: BEGIN, from: 3, to: 4, records: 2 }],
    [],
    [{ msg: END, offset: 7, from: 3, to: 6, records: 4 }],
    [],
    [],
  ]);
});

test('they may lie within one slice, or end with it', () => {
  expect(logged('bpb')).toEqual([
    [
      { msg: BEGIN, from: 1, to: 1, records: 1 },
      { msg: END, offset: 2, from: 1, to: 1, records: 1 },
    ],
  ]);
  expect(logged('p', 'b')).toEqual([
    [{ msg: BEGIN, from: 0, to: 0, records: 1 }],
    [{ msg: END, offset: 1, from: 0, to: 0, records: 1 }],
  ]);
});

const LOG: Log = { config: {} as never, outputDebug: false, steps: [] };
const YEAR_2100 = Date.UTC(2100, 0, 1);

test.each([
  ['append', true, 1, 0],
  ['create', false, 0, 1],
])('with input.timestamps: %s a stamp of the year 2100 by a producer', async (_, appendTime, unstamped, late) => {
  const world = calmWorld({ ...rulesOfLog(LOG), appendTime });
  world.begin();
  const at = world.time.now;
  const event = (event_id: string, occurred_at: number) => ({ event_id, session_id: event_id, type: 'x', occurred_at });
  world.append(0, YEAR_2100, [event('e1', YEAR_2100)], false);
  world.append(0, at, [event('e2', at)]);
  await world.until(() => world.isQuiet, 'the log is folded');
  expect(world.store.tables(0).state.counts).toMatchObject({ records: 2, unstamped, late });
});
