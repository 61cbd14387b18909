import { expect, test } from '@jest/globals';
import { emptyState } from '../../src/core/changes.ts';
import { Partition } from '../../src/core/partition.ts';
import type { LogRecord, TrackEvent } from '../../src/core/rules/event.ts';
import { DEFAULT_RULES } from '../../src/core/rules/rules.ts';

const T = 1_767_225_600_000;
const NOTHING = {
  ...{ debug: false, profileId: null, sourceId: null, type: 'page-view', page: null, referrer: null, utm: null },
  ...{ named: null, context: [], contextPage: null, contextUtm: null, traits: [], properties: null },
};

function record(offset: number, sessionId: string): LogRecord<null> {
  const event: TrackEvent = { ...NOTHING, sessionId, eventId: `e${offset}`, t: T + offset };
  return { offset, timestamp: T + offset, entries: [event], raw: null };
}

test.each([
  ['the next that was looked up', (records: LogRecord<null>[]) => records],
  ['one behind others that are never folded', (records: LogRecord<null>[]) => records.slice(2)],
  [
    'others that say the same',
    (records: LogRecord<null>[]) => records.map(({ offset }) => record(offset, `s${offset}`)),
  ],
])('an event goes to its own session: folded is %s', (_, toFold) => {
  const partition = new Partition<null>(DEFAULT_RULES, { topic: 't', partition: 0 }, emptyState(), []);
  const records = Array.from({ length: 5 }, (_, offset) => record(offset, `s${offset}`));
  partition.prepare(records);
  const folded = toFold(records);
  for (const each of folded) partition.fold(each);
  const sessions = [...partition.visits()].map(({ sessionId, openedOffset }) => [sessionId, openedOffset]);
  expect(sessions).toEqual(folded.map(({ offset }) => [`s${offset}`, offset]));
});
